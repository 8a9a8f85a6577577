//! What a piece of running code sees of the modules: a pinned generation, or a draft that is being built.

use std::{path::Path, sync::Arc};

use super::registry_id::RegistryId;
use crate::{
    module::{ImportError, ImportOptions, Importer, InstanceId, Language, Located, Module, ModuleId, Scope},
    report::ModuleStatus,
    text::Diagnostic,
};

/// The modules as one request sees them (R21), or as one loading module does (R29).
///
/// A view holds a whole generation alive: keep it for the length of a call.
pub struct View<L: Language> {
    modules: Arc<dyn Modules<L>>,
    scope: Arc<Scope>,
}

/// What stands behind a view.
pub(crate) trait Modules<L: Language>: Send + Sync {
    fn registry_id(&self) -> RegistryId;
    fn loader(&self) -> &L;
    fn generation(&self) -> u64;
    fn get(&self, id: ModuleId) -> Option<Arc<Module<L>>>;
    fn all(&self) -> Vec<Arc<Module<L>>>;
    /// Is the module about to be replaced by what is being built?
    fn replaces(&self, id: ModuleId) -> bool;
    fn import(
        self: Arc<Self>,
        importer: Option<&Arc<Importer>>,
        name: &str,
        options: &ImportOptions,
        scope: &Arc<Scope>,
    ) -> Result<Arc<Module<L>>, ImportError>;
    fn load(self: Arc<Self>, located: &Located, scope: &Arc<Scope>) -> Result<Arc<Module<L>>, ImportError>;
    fn describe(&self, module: &Module<L>) -> ModuleStatus;
    fn tell_of_code(&self, path: &Arc<Path>, diagnostic: Diagnostic);
}

impl<L: Language> View<L> {
    pub(crate) fn new(modules: Arc<dyn Modules<L>>, scope: Arc<Scope>) -> Self {
        Self { modules, scope }
    }

    /// The same modules in another scope: one request may run code of several places of a configuration.
    #[must_use]
    pub fn under(&self, scope: Arc<Scope>) -> Self {
        Self { modules: self.modules.clone(), scope }
    }

    /// The registry whose modules these are.
    #[must_use]
    pub fn registry_id(&self) -> RegistryId {
        self.modules.registry_id()
    }

    /// The language of the modules.
    #[must_use]
    pub fn loader(&self) -> &L {
        self.modules.loader()
    }

    /// The scope in which imports are made here.
    #[must_use]
    pub fn scope(&self) -> &Arc<Scope> {
        &self.scope
    }

    /// The pinned generation, or the one that a draft will become.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.modules.generation()
    }

    /// The module, if it is there without loading anything.
    #[must_use]
    pub fn get(&self, id: ModuleId) -> Option<Arc<Module<L>>> {
        self.modules.get(id)
    }

    /// All modules of the view: those of the generation, and those that joined it. In a draft those of the newest
    /// generation.
    #[must_use]
    pub fn modules(&self) -> Vec<Arc<Module<L>>> {
        self.modules.all()
    }

    /// The instance of that number, if it is part of the view.
    #[must_use]
    pub fn instance(&self, id: ModuleId, instance: InstanceId) -> Option<Arc<Module<L>>> {
        self.get(id).filter(|module| module.instance() == instance)
    }

    /// Is this instance on its way out: older than the one that the view has, or one that its draft replaces?
    #[must_use]
    pub fn is_leaving(&self, id: ModuleId, instance: InstanceId) -> bool {
        self.modules.replaces(id) || self.instance(id, instance).is_none()
    }

    /// Emits the event that state which was carried over for the module at `path` holds what it should not (R50).
    pub fn tell_of_code(&self, path: &Arc<Path>, diagnostic: Diagnostic) {
        self.modules.tell_of_code(path, diagnostic);
    }

    /// Imports a module on behalf of `importer`, or of nobody: a handler.
    ///
    /// In a request, a module that is known is one look-up; one that was never loaded is loaded here and now (R23).
    ///
    /// # Errors
    /// See [`ImportError`]. The same import fails again in the same way as long as the view lasts (R24).
    pub fn import(
        &self,
        importer: Option<&Arc<Importer>>,
        name: &str,
        options: &ImportOptions,
    ) -> Result<Arc<Module<L>>, ImportError> {
        self.modules.clone().import(importer, name, options, &self.scope)
    }

    /// Loads a module that was located before: the way of a handler.
    ///
    /// # Errors
    /// See [`ImportError`].
    pub fn load(&self, located: &Located) -> Result<Arc<Module<L>>, ImportError> {
        match self.get(located.id) {
            Some(module) => Ok(module),
            None => self.modules.clone().load(located, &self.scope),
        }
    }

    /// Describes the modules of the view: those of the pinned generation, and those that joined it (R53).
    #[must_use]
    pub fn describe(&self) -> Vec<ModuleStatus> {
        let mut modules: Vec<_> = self.modules().iter().map(|module| self.describe_one(module)).collect();
        modules.sort_by(|a, b| a.path.cmp(&b.path));
        modules
    }

    /// Describes one of them.
    #[must_use]
    pub fn describe_one(&self, module: &Module<L>) -> ModuleStatus {
        self.modules.describe(module)
    }
}
