//! Views: the modules as running code sees them, in a pinned generation or in a draft.

use std::{path::Path, sync::Arc};

use super::registry_id::RegistryId;
use crate::{
    module::{ImportError, ImportOptions, Importer, InstanceId, Language, Located, Module, ModuleId, Scope},
    report::ModuleStatus,
    text::Diagnostic,
};

/// The modules as one request sees them (R21), or as one loading module does (R29).
///
/// A view keeps a whole generation alive: keep it only during a call.
pub struct View<L: Language> {
    modules: Arc<dyn Modules<L>>,
    scope: Arc<Scope>,
}

/// The source of a view's modules: a pinned generation or a draft.
pub(crate) trait Modules<L: Language>: Send + Sync {
    fn registry_id(&self) -> RegistryId;
    fn loader(&self) -> &L;
    fn generation(&self) -> u64;
    fn get(&self, id: ModuleId) -> Option<Arc<Module<L>>>;
    fn all(&self) -> Vec<Arc<Module<L>>>;
    /// Returns whether the draft replaces the module.
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

    /// Returns the same modules in another scope: one request may run code of several places of a configuration.
    #[must_use]
    pub fn under(&self, scope: Arc<Scope>) -> Self {
        Self { modules: self.modules.clone(), scope }
    }

    /// Returns the id of the registry that the modules belong to.
    #[must_use]
    pub fn registry_id(&self) -> RegistryId {
        self.modules.registry_id()
    }

    /// Returns the loader of the modules.
    #[must_use]
    pub fn loader(&self) -> &L {
        self.modules.loader()
    }

    /// Returns the scope in which imports are made.
    #[must_use]
    pub fn scope(&self) -> &Arc<Scope> {
        &self.scope
    }

    /// Returns the number of the pinned generation, or of the one that a draft will become.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.modules.generation()
    }

    /// Returns the module if the view has it without loading anything.
    #[must_use]
    pub fn get(&self, id: ModuleId) -> Option<Arc<Module<L>>> {
        self.modules.get(id)
    }

    /// Returns all modules of the view: those of the generation, and those that joined it. In a draft, those of the
    /// newest generation.
    #[must_use]
    pub fn modules(&self) -> Vec<Arc<Module<L>>> {
        self.modules.all()
    }

    /// Returns this instance, if it is part of the view.
    #[must_use]
    pub fn instance(&self, id: ModuleId, instance: InstanceId) -> Option<Arc<Module<L>>> {
        self.get(id).filter(|module| module.instance() == instance)
    }

    /// Returns whether this instance is being replaced: it is older than the one in the view, or the draft replaces it.
    #[must_use]
    pub fn is_leaving(&self, id: ModuleId, instance: InstanceId) -> bool {
        self.modules.replaces(id) || self.instance(id, instance).is_none()
    }

    /// Emits the event [`CodeCarried`](crate::Event::CodeCarried): the state carried over for the module at `path`
    /// holds a value that it should not (R50).
    pub fn tell_of_code(&self, path: &Arc<Path>, diagnostic: Diagnostic) {
        self.modules.tell_of_code(path, diagnostic);
    }

    /// Imports a module on behalf of `importer`; `None` for a handler.
    ///
    /// In a request, a known module is one look-up; a module that was never loaded is loaded on this thread (R23).
    ///
    /// # Errors
    /// See [`ImportError`]. The same import fails in the same way again as long as the view lasts (R24).
    pub fn import(
        &self,
        importer: Option<&Arc<Importer>>,
        name: &str,
        options: &ImportOptions,
    ) -> Result<Arc<Module<L>>, ImportError> {
        self.modules.clone().import(importer, name, options, &self.scope)
    }

    /// Loads a module that was located before, as a handler is.
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

    /// Describes one module of the view.
    #[must_use]
    pub fn describe_one(&self, module: &Module<L>) -> ModuleStatus {
        self.modules.describe(module)
    }
}
