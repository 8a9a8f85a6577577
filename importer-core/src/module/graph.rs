//! Which module imports which while loading, in both directions.
//!
//! Kept beside the snapshots and updated at each publication, so that finding the importers of one module among ten
//! thousand does not mean searching all of them.

use std::collections::{BTreeSet, HashMap};

use super::id::ModuleId;

#[derive(Default)]
pub(crate) struct Graph {
    children: HashMap<ModuleId, Vec<ModuleId>>,
    importers: HashMap<ModuleId, BTreeSet<ModuleId>>,
}

impl Graph {
    /// Replaces the children of a module.
    pub(crate) fn set(&mut self, id: ModuleId, children: Vec<ModuleId>) {
        for child in self.children.remove(&id).unwrap_or_default() {
            if let Some(importers) = self.importers.get_mut(&child) {
                importers.remove(&id);
            }
        }
        for &child in &children {
            self.importers.entry(child).or_default().insert(id);
        }
        self.children.insert(id, children);
    }

    /// Removes a module that nothing imports.
    pub(crate) fn remove(&mut self, id: ModuleId) {
        self.set(id, Vec::new());
        self.children.remove(&id);
        self.importers.remove(&id);
    }

    pub(crate) fn children(&self, id: ModuleId) -> &[ModuleId] {
        self.children.get(&id).map_or(&[], Vec::as_slice)
    }

    pub(crate) fn importers(&self, id: ModuleId) -> impl Iterator<Item = ModuleId> + '_ {
        self.importers.get(&id).into_iter().flatten().copied()
    }
}
