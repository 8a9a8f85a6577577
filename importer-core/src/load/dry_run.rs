//! Dry runs: what a reload would do, without doing it.

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

/// The outcome that a requested reload would have. Texts are compiled; no text runs, and no hook is called.
#[derive(Clone, Debug)]
pub struct DryRun {
    /// The modules that would be reloaded, children first, and why. A new text may import other modules when it runs
    /// than the old one did.
    pub modules: Vec<(Arc<Path>, Reason)>,
    /// Loaded modules whose file is gone: their instances stay as long as another module imports them (R34).
    pub missing: Vec<Arc<Path>>,
    /// All compile errors: with any of these the change would be refused (R32). More errors may come up when the texts
    /// run.
    pub diagnostics: Vec<Diagnostic>,
}

/// Looks at all files, plans and compiles. Reloads wait until it is done. It changes nothing and emits no event.
pub(crate) fn dry_run<L: Loader>(rooms: &Arc<Rooms<L>>) -> DryRun {
    let _standing = rooms.standing.lock();
    let base = rooms.store.current();
    let look = Look { rooms: &**rooms, base: &base };
    let (mut changes, missing) = look.compare(base.texts());
    // A file that is being saved is no change yet.
    changes.retain(|_, change| !matches!(change.text, Err(ReadError::Empty | ReadError::BeingWritten)));
    let missing_ones = |id: &_| missing.contains(id);
    changes.retain(|id, change| {
        // Importers of missing files are reloaded only if a tree without these files is published.
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
