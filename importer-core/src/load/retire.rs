//! Retiring instances that are no longer served: purge hooks are called, and what still holds them is found (R45, R49,
//! R51).

use std::{sync::Arc, time::Instant};

use super::draft::{Building, Ground, Served};
use crate::{
    change::{Withheld, plan},
    generation::{Load, Loader, Rooms, Snapshot, View},
    module::{Module, ModuleId},
    report::Event,
};

/// Calls the purge hook of an instance. The imports of the hook go to `modules`.
pub(super) fn purge<L: Loader>(old: &Module<L>, modules: &Arc<Building<L>>) {
    let view = Arc::new(View::new(modules.clone(), old.scope.clone()));
    let started = Instant::now();
    let rooms = &modules.rooms;
    let diagnostic = rooms.loader.purge(old, &view).err();
    let (generation, took, log) = (old.record().generation, started.elapsed(), old.log);
    rooms.emit(Event::Purged { path: old.path().clone(), generation, took, log, diagnostic });
}

/// Follows up a publication: emits warnings about the new instances, follows the replaced and dropped ones, and calls
/// the purge hooks that are due (R45).
pub(super) fn retire<L: Loader>(served: &Served<L>, dropped: &[ModuleId]) {
    let (rooms, published) = (&served.view().rooms, served.published());
    rooms.warn(published.generation, &published.new);
    let before = &published.before;
    let newest = rooms.store.current();
    let replaced = served.modules().iter().map(|module| module.id()).chain(dropped.iter().copied());
    let is_itself = |id| before.get(id).filter(|module| module.id() == id);
    let replaced = replaced.filter_map(is_itself).filter(|old| !newest.holds(old)).cloned();
    // Away instances have come back as new instances.
    let back = rooms.store.take_back(served.modules().iter());
    let replaced: Vec<_> = replaced.chain(back.iter().cloned()).collect();
    for old in &replaced {
        rooms.waits.forget(old.id());
        rooms.retention.retire(old, &rooms.loader, published.generation);
    }
    let of = |&id| before.get(id).or_else(|| back.iter().find(|old| old.id() == id));
    for old in served.to_purge().iter().filter_map(of) {
        purge(old, served.view());
    }
    for old in replaced {
        rooms.release(&old, &rooms.store.current());
    }
}

/// Discards instances that have been away for the grace (R37).
pub(super) fn discard_away<L: Loader>(rooms: &Arc<Rooms<L>>) {
    let over = Instant::now().checked_sub(rooms.grace()).map(|since| rooms.store.take_away(Some(since)));
    let over = over.unwrap_or_default();
    if over.is_empty() {
        return;
    }
    let newest = rooms.store.current();
    let modules = Building::new(Load::Reload, rooms, Ground::of(&newest, Withheld::default()));
    for old in over {
        purge(&old, &modules);
        rooms.retention.retire(&old, &rooms.loader, newest.generation());
        rooms.release(&old, &newest);
        rooms.emit(Event::Dropped { path: old.path().clone() });
    }
}

/// Shuts the interpreter down: ends reloading and calls every module's purge hook, importers first (R49).
pub(crate) fn shut_down<L: Loader>(rooms: &Arc<Rooms<L>>) {
    rooms.store.freeze();
    let (_standing, _gate) = (rooms.standing.lock(), rooms.gate.close());
    let base = rooms.store.current();
    let modules = Building::new(Load::Reload, rooms, Ground::of(&base, Withheld::default()));
    let all = base.iter().map(|module| module.id()).collect();
    let children_first = plan(&rooms.store.links().graph, &all);
    for old in children_first.iter().rev().filter_map(|&(id, _)| base.get(id)) {
        purge(old, &modules);
    }
    let away = rooms.store.take_away(None);
    away.iter().for_each(|old| purge(old, &modules));
    let nothing = Snapshot::empty(base.texts().clone());
    for old in base.iter().chain(&away) {
        rooms.release(old, &nothing);
    }
}
