//! Strict freshness: a request that must see every save that returned before it began looks at the files itself.

use std::{collections::BTreeSet, path::PathBuf, sync::Arc};

use crate::{
    first_load::Inside,
    id::ModuleId,
    loader::Loader,
    locate::Located,
    registry::Registry,
    reload::Hint,
    scope::Scope,
    snapshot::{Kind, Module, Snapshot},
    view::View,
};

impl<L: Loader> Registry<L> {
    /// Pins a generation for a call of `located`, see [`freshen`](Self::freshen).
    #[must_use]
    pub fn pin_for(self: &Arc<Self>, scope: &Arc<Scope>, located: &Located) -> View<L> {
        self.freshen([(scope, located)]);
        self.pin(scope)
    }

    /// Looks at the files behind the calls that a request may make, as far as their scopes are strict: the modules and all
    /// that they import. What changed is reloaded, as one change; what is refused is not waited for again.
    pub fn freshen<'a>(self: &Arc<Self>, calls: impl IntoIterator<Item = (&'a Arc<Scope>, &'a Located)>) {
        let strict = calls.into_iter().filter(|(scope, _)| scope.is_strict());
        let called: Vec<ModuleId> = strict.map(|(_, located)| located.id).collect();
        // A call made by a text that is being loaded cannot wait for what may be waiting for that text.
        if called.is_empty() || self.is_frozen() || Inside::is() {
            return;
        }
        let snapshot = self.snapshot();
        let behind = closure(&snapshot, called);
        let stale = self.stale(&snapshot, &behind);
        if !stale.is_empty() || self.any_parted(&behind) {
            self.check(&Hint::Paths(stale), false);
        }
    }

    /// Files that are not what was read of them, or whose stamp is too young to be trusted; and those of modules that wait
    /// for something else to appear.
    fn stale(&self, snapshot: &Snapshot<L>, behind: &BTreeSet<ModuleId>) -> Vec<PathBuf> {
        let stamps = self.stamps.read();
        let is_stale = |module: &&Arc<Module<L>>| {
            let now = self.tree().stamp(module.path()).ok();
            now.is_none() || now.as_ref() != stamps.get(&module.id()) || self.may_be_met(module)
        };
        let modules = behind.iter().filter_map(|id| snapshot.get(*id));
        let reloadable = modules.filter(|module| module.kind == Kind::Reloadable);
        reloadable.filter(is_stale).map(|module| module.path().to_path_buf()).collect()
    }

    fn any_parted(&self, behind: &BTreeSet<ModuleId>) -> bool {
        let aliases = self.links.lock().aliases.clone();
        aliases.into_iter().any(|(alias, module)| behind.contains(&module) && self.has_parted(alias, module))
    }
}

/// Modules with everything that they import, while loading and while requests ran. What was never loaded may import
/// anything.
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
