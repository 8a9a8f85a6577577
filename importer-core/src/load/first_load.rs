//! First loads: a module is loaded once, on the thread that imports it first, for all that import it (R23, R24, R33),
//! from the texts of the generation that it joins (L1).

use std::{collections::BTreeSet, sync::Arc, time::Instant};

use super::{
    draft::{Built, First},
    inside::Inside,
    reload::{Occasion, Outcome, check},
    retire::retire,
};
use crate::{
    generation::{Disagreement, Loader, Published, Rooms, Snapshot, Unpublished},
    module::{Because, ImportError, Located, Module, ModuleId, Scope, Unmet},
    release::ReleaseCause,
    report::Event,
    text::Diagnostic,
    watch::Hint,
};

type Found<L> = Result<Arc<Module<L>>, ImportError>;

/// How often a first load is tried. A load that is alone is outrun only if its files keep changing.
const ATTEMPTS: usize = 16;

/// Why a first load is tried again.
enum Outrun {
    /// Another draft was published meanwhile that replaces what it was built from, or files have changed.
    Moved,
    /// These modules are served without a module that it has loaded (R62).
    Disagrees(BTreeSet<ModuleId>),
}

/// Loads a module that the generation `seen` does not have, on the calling thread.
///
/// It is built in parallel to other loads. If another draft is published meanwhile that replaces what it was built
/// from, or files change, it is tried again, then alone.
pub(super) fn first_load<L: Loader>(
    rooms: &Arc<Rooms<L>>,
    seen: &Arc<Snapshot<L>>,
    located: &Located,
    scope: &Arc<Scope>,
) -> Found<L> {
    let inside = Inside::enter();
    if seen.texts().id() != rooms.store.current().texts().id() {
        return late_load(rooms, seen, located, scope);
    }
    if let Some(error) = rooms.failures.recent(located.id, |unmet| rooms.is_still(seen.texts(), unmet)) {
        return Err(error);
    }
    // A load that is part of another load is counted at the gate already, and would wait for itself.
    let mut agreed = !inside.again;
    for attempt in 0..ATTEMPTS {
        let outrun = {
            let alone = attempt > 0 && !inside.again;
            let _reloads = alone.then(|| rooms.standing.lock());
            let _others = alone.then(|| rooms.gate.close());
            let _beside = (attempt == 0 && !inside.again).then(|| rooms.gate.enter());
            let base = rooms.store.current();
            if base.texts().id() != seen.texts().id() {
                break;
            }
            attempt_on(rooms, &base, located, scope, agreed && !rooms.store.is_frozen())
        };
        match outrun {
            Ok(found) => return found,
            Err(Outrun::Moved) => {}
            Err(Outrun::Disagrees(others)) => {
                // If that is refused, the other modules are served as they are, and this load does not wait for them
                // again.
                let nowhere = Hint::Paths(Vec::new());
                agreed = matches!(check(rooms, &nowhere, Occasion::Joining(&others)).0, Outcome::Published { .. });
            }
        }
    }
    if seen.texts().id() != rooms.store.current().texts().id() {
        return late_load(rooms, seen, located, scope);
    }
    Err(kept_changing(located))
}

fn kept_changing(located: &Located) -> ImportError {
    let message = format!("`{}` kept changing while it was loaded; try again", located.path.display());
    ImportError::Failed(Arc::new(Diagnostic::error(message)))
}

fn attempt_on<L: Loader>(
    rooms: &Arc<Rooms<L>>,
    base: &Arc<Snapshot<L>>,
    located: &Located,
    scope: &Arc<Scope>,
    agreed: bool,
) -> Result<Found<L>, Outrun> {
    let started = Instant::now();
    if let Some(module) = base.get(located.id) {
        return Ok(Ok(module.clone()));
    }
    let begun = *base.texts().tree().moment().start();
    match Built::first(rooms, base, located, scope) {
        First::Moved => Err(Outrun::Moved),
        First::Loaded(module, built) => {
            match built.publish(&[], agreed, (ReleaseCause::Load, started)) {
                Ok(served) => {
                    retire(&served, &[]);
                    warn_of_unknown(rooms, served.published());
                }
                Err(Unpublished::Disagrees(Disagreement(others))) => return Err(Outrun::Disagrees(others)),
                Err(Unpublished::Frozen | Unpublished::Moved) => return Err(Outrun::Moved),
            }
            rooms.failures.forget(located.id);
            if base.generation() == 0 {
                // Nothing was served before from which the files could have differed.
                rooms.begun.lock().get_or_insert(begun);
            }
            Ok(Ok(module))
        }
        First::Failed { error, unmet, _flights } => {
            failed(rooms, base, located, &error, unmet);
            Ok(Err(error))
        }
    }
}

/// Warns of modules that were not known when reloading ended, and are loaded as they are now (L2).
fn warn_of_unknown<L: Loader>(rooms: &Rooms<L>, published: &Published<L>) {
    let current = rooms.store.current();
    let unknown =
        published.new.iter().filter(|module| module.source.is_some() && current.texts().is_unknown(module.path()));
    let diagnostics: Vec<_> = unknown
        .map(|module| {
            let message =
                format!("`{}` was not known when reloading ended: it is loaded as it is now", module.path().display());
            Diagnostic::error(message).help("restart to load all modules from one state of the files")
        })
        .collect();
    if !diagnostics.is_empty() {
        rooms.emit(Event::Warned { generation: published.generation, diagnostics });
    }
}

fn failed<L: Loader>(
    rooms: &Rooms<L>,
    base: &Snapshot<L>,
    located: &Located,
    error: &ImportError,
    mut unmet: Vec<Unmet>,
) {
    let hash = rooms.read(base.texts(), &located.path).ok().map(|source| source.hash);
    unmet.push(Unmet { path: located.path.clone(), hash, because: Because::of(error) });
    rooms.sweep_failures();
    // Loads that waited for the same flight have the same error: it is reported once. The error of a refused change has
    // been reported already.
    if rooms.failures.insert(located.id, error, unmet) && !matches!(error, ImportError::Withheld { .. }) {
        rooms.emit(Event::LoadFailed { path: located.path.clone(), diagnostic: error.diagnostic() });
    }
}

/// Loads a module for views of a generation whose texts are no longer the newest: from its own texts, without
/// publishing.
fn late_load<L: Loader>(
    rooms: &Arc<Rooms<L>>,
    seen: &Arc<Snapshot<L>>,
    located: &Located,
    scope: &Arc<Scope>,
) -> Found<L> {
    for _ in 0..ATTEMPTS {
        if let Some(module) = seen.late(located.id) {
            return Ok(module);
        }
        match Built::first(rooms, seen, located, scope) {
            First::Loaded(module, built) if seen.add_late(built.modules()) => return Ok(module),
            First::Loaded(..) | First::Moved => {}
            First::Failed { error, .. } => return Err(error),
        }
    }
    Err(kept_changing(located))
}
