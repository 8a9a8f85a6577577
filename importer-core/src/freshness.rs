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
    /// Pins a generation for a call of `located`. Under a strict scope, the files of the module and of all that it imports
    /// are looked at first, and what changed is reloaded; what is refused is not waited for again.
    #[must_use]
    pub fn pin_for(self: &Arc<Self>, scope: &Arc<Scope>, located: &Located) -> View<L> {
        // A call made by a text that is being loaded cannot wait for what may be waiting for that text.
        if scope.is_strict() && !self.is_frozen() && !Inside::is() {
            let stale = self.stale(&self.snapshot(), located.id);
            if !stale.is_empty() {
                self.check(&Hint::Paths(stale), false);
            }
        }
        self.pin(scope)
    }

    /// Files behind a module whose stamp is not the one under which they were read, or one too young to be trusted.
    fn stale(&self, snapshot: &Snapshot<L>, id: ModuleId) -> Vec<PathBuf> {
        let stamps = self.stamps.read();
        let is_stale = |module: &&Arc<Module<L>>| {
            let now = self.tree().stamp(module.path()).ok();
            module.kind == Kind::Reloadable && (now.is_none() || now.as_ref() != stamps.get(&module.id()))
        };
        let modules = closure(snapshot, id).into_iter().filter_map(|id| snapshot.get(id));
        modules.filter(is_stale).map(|module| module.path().to_path_buf()).collect()
    }
}

/// A module with everything that it imports, while loading and while requests ran.
fn closure<L: Loader>(snapshot: &Snapshot<L>, id: ModuleId) -> BTreeSet<ModuleId> {
    let mut found = BTreeSet::new();
    let mut todo = vec![id];
    while let Some(id) = todo.pop() {
        if let (true, Some(module)) = (found.insert(id), snapshot.get(id)) {
            todo.extend(module.children().chain(module.friends()));
        }
    }
    found
}
