//! Strict freshness: a request that has to see every save that returned before it began checks the files itself.

use std::{collections::BTreeSet, path::PathBuf, sync::Arc};

use super::{
    inside::Inside,
    reload::{Occasion, check},
};
use crate::{
    generation::{Loader, Rooms, Snapshot},
    module::{Kind, Located, Module, ModuleId, Scope},
    watch::Hint,
};

/// Checks the files behind the calls that a request may make, as far as their scopes are strict: the modules and
/// everything that they import. Changed files are reloaded, as one change. A change that was refused is not tried
/// again.
pub(crate) fn freshen<'a, L: Loader>(
    rooms: &Arc<Rooms<L>>,
    calls: impl IntoIterator<Item = (&'a Arc<Scope>, &'a Located)>,
) {
    let strict = calls.into_iter().filter(|(scope, _)| scope.is_strict());
    let called: Vec<ModuleId> = strict.map(|(_, located)| located.id).collect();
    // A call made by a text that is being loaded must not wait for a load that may be waiting for that text.
    if called.is_empty() || rooms.store.is_frozen() || Inside::is() {
        return;
    }
    let snapshot = rooms.store.current();
    let behind = closure(&snapshot, called);
    let stale = stale(rooms, &snapshot, &behind);
    if !stale.is_empty() || any_parted(rooms, &snapshot, &behind) {
        check(rooms, &Hint::Paths(stale), Occasion::Noticed);
    }
}

/// Returns the files whose stamp has changed or is too young to trust, and those of modules that wait for a failed
/// import.
fn stale<L: Loader>(rooms: &Rooms<L>, snapshot: &Snapshot<L>, behind: &BTreeSet<ModuleId>) -> Vec<PathBuf> {
    let is_stale = |module: &&Arc<Module<L>>| {
        let now = snapshot.texts().tree().stamp(module.path()).ok();
        now.is_none() || now != rooms.store.stamp(module.id()) || rooms.may_be_met(snapshot.texts(), module)
    };
    let modules = behind.iter().filter_map(|id| snapshot.get(*id));
    let reloadable = modules.filter(|module| module.kind == Kind::Reloadable);
    reloadable.filter(is_stale).map(|module| module.path().to_path_buf()).collect()
}

fn any_parted<L: Loader>(rooms: &Rooms<L>, snapshot: &Snapshot<L>, behind: &BTreeSet<ModuleId>) -> bool {
    let aliases = rooms.store.links().aliases.clone();
    let parted = |(alias, module)| rooms.names.has_parted(snapshot.texts().tree(), alias, module);
    aliases.into_iter().any(|(alias, module)| behind.contains(&module) && parted((alias, module)))
}

/// Returns the modules and everything that they import, while loading and while requests ran. A module that was never
/// loaded may import anything.
fn closure<L: Loader>(snapshot: &Snapshot<L>, called: Vec<ModuleId>) -> BTreeSet<ModuleId> {
    if called.iter().any(|id| snapshot.get(*id).is_none()) {
        return snapshot.iter().map(|module| module.id()).collect();
    }
    let mut found = BTreeSet::new();
    let mut todo = called;
    while let Some(id) = todo.pop() {
        if let (true, Some(module)) = (found.insert(id), snapshot.get(id)) {
            todo.extend(module.children().chain(module.friends()));
        }
    }
    found
}
