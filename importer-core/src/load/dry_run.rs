//! What a reload would do, without doing it.

use std::{path::Path, sync::Arc};

use super::{
    draft::{Draft, Ground},
    look::Look,
};
use crate::{
    change::{Cause, Withheld, plan},
    generation::{Loader, Rooms},
    module::Reason,
    text::{Diagnostic, ReadError},
};

/// What a reload that is asked for would come to. Texts are compiled; none is run, and no hook is called.
#[derive(Clone, Debug)]
pub struct DryRun {
    /// The modules that would be loaded anew, children first, and why. A text that runs may import others than the one
    /// before it did.
    pub modules: Vec<(Arc<Path>, Reason)>,
    /// Loaded modules whose file is gone: their instances stay as long as somebody imports them (R34).
    pub missing: Vec<Arc<Path>>,
    /// Everything that does not compile: with one of these the change would be refused (R32). More may be wrong when the
    /// texts run.
    pub diagnostics: Vec<Diagnostic>,
}

/// Looks at all files, plans and compiles. Others wait for it as for a reload; nothing is changed and nothing is told.
pub(crate) fn dry_run<L: Loader>(rooms: &Arc<Rooms<L>>) -> DryRun {
    let _standing = rooms.standing.lock();
    let base = rooms.store.current();
    let look = Look { rooms: &**rooms, base: &base };
    let (mut changes, missing) = look.compare(base.texts());
    // What is being saved is no change yet.
    changes.retain(|_, change| !matches!(change.text, Err(ReadError::Empty | ReadError::BeingWritten)));
    let missing_ones = |id: &_| missing.contains(id);
    changes.retain(|id, change| {
        // Importers of what is missing are loaded anew only if a tree without it is published.
        let loaded = base.get(*id).and_then(|module| module.source.as_ref());
        let is_own = loaded.is_none_or(|loaded| change.hash() != Some(loaded.hash));
        let may_be_met = base.get(*id).is_some_and(|module| rooms.may_be_met(base.texts(), module));
        (is_own || may_be_met) && !missing_ones(id)
    });
    let plan = plan(&rooms.store.links().graph, &changes.keys().copied().collect());
    let path = |id| rooms.names.path(id);
    let reason = |id, cause| match cause {
        Cause::Itself => changes.get(&id).map_or(Reason::Changed, |change| change.reason.clone()),
        Cause::Child(child) => Reason::Child(path(child)),
    };
    let modules = plan.iter().map(|&(id, cause)| (path(id), reason(id, cause))).collect();
    let on = Ground::of(&base, Withheld::default());
    let wrong = Draft::of(rooms, on, plan, &changes).compile().err();
    let missing = missing.into_iter().map(path).collect();
    DryRun { modules, missing, diagnostics: wrong.map(|wrong| wrong.diagnostics).unwrap_or_default() }
}
