//! The progress of a draft.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    path::Path,
    sync::Arc,
};

use super::prepared::Prepared;
use crate::{
    generation::Loader,
    module::{Child, ImportError, Located, Module, ModuleId, Unmet},
    text::Diagnostic,
};

/// The deepest chain of imports. Deeper ones are a mistake, and loading recurses on the stack.
const DEPTH: usize = 64;

/// The progress of a draft. Taken out when building is done.
pub(crate) struct Progress<L: Loader> {
    pub(super) planned: HashMap<ModuleId, Prepared<L>>,
    pub(super) built: BTreeMap<ModuleId, Arc<Module<L>>>,
    /// The built modules by device and inode of their files.
    pub(super) files: HashMap<(u64, u64), ModuleId>,
    /// The built modules in the order of completion: children first.
    pub(crate) order: Vec<Arc<Module<L>>>,
    pub(super) loading: Vec<Loading>,
    pub(super) failed: HashMap<ModuleId, ImportError>,
    /// Failures of modules that are in the base: with any of these, nothing is published (R31).
    pub(crate) regressions: Vec<Diagnostic>,
    /// Old instances whose clone hook failed: purged after publication (R45).
    pub(crate) purge: Vec<ModuleId>,
    /// Names that were found to lead to modules of other names (R19).
    pub(crate) aliases: Vec<(ModuleId, ModuleId)>,
    /// The imports that failed, caught or not: once one of these paths has another text, building may succeed.
    pub(crate) unmet: Vec<Unmet>,
    /// Whether it has met an instance that does not fit its base. Such a draft is not published.
    pub(crate) moved: bool,
}

/// A module whose text is running.
pub(super) struct Loading {
    pub(super) id: ModuleId,
    pub(super) path: Arc<Path>,
    pub(super) children: Vec<Child>,
    pub(super) unmet: Vec<Unmet>,
}

impl<L: Loader> Default for Progress<L> {
    fn default() -> Self {
        Self {
            planned: HashMap::new(),
            built: BTreeMap::new(),
            files: HashMap::new(),
            order: Vec::new(),
            loading: Vec::new(),
            failed: HashMap::new(),
            regressions: Vec::new(),
            purge: Vec::new(),
            aliases: Vec::new(),
            unmet: Vec::new(),
            moved: false,
        }
    }
}

impl<L: Loader> Progress<L> {
    pub(super) fn insert(&mut self, module: Module<L>) -> Arc<Module<L>> {
        let module = Arc::new(module);
        self.take(module.clone());
        module
    }

    pub(super) fn take(&mut self, module: Arc<Module<L>>) {
        self.files.extend(module.source.as_ref().map(|source| (source.stamp.file, module.id())));
        self.built.insert(module.id(), module.clone());
        self.order.push(module);
    }

    pub(super) fn unmet(&mut self, unmet: Unmet) {
        match self.loading.last_mut() {
            Some(loading) => loading.unmet.push(unmet),
            None => self.unmet.push(unmet),
        }
    }

    /// Fails for an import cycle. The error lists the chain in the order of import, from the module that is imported
    /// again back to itself (R35).
    pub(super) fn check_cycle(&self, located: &Located) -> Result<(), ImportError> {
        let paths = |from: usize| self.loading[from..].iter().map(|loading| loading.path.clone());
        if let Some(from) = self.loading.iter().position(|loading| loading.id == located.id) {
            return Err(ImportError::Cycle(paths(from).chain([located.path.clone()]).collect()));
        }
        if self.loading.len() >= DEPTH {
            let distinct: HashSet<_> = self.loading.iter().map(|loading| loading.id).collect();
            let message = format!("imports are nested {} deep; {DEPTH} is the limit", distinct.len() + 1);
            return Err(ImportError::Failed(Arc::new(Diagnostic::error(message))));
        }
        Ok(())
    }
}
