//! What a piece of running code sees of the modules: a pinned generation, or a draft that is being built.

use std::{path::Path, sync::Arc};

use crate::{
    diagnostic::Diagnostic,
    draft::Draft,
    error::ImportError,
    event::Event,
    id::{InstanceId, ModuleId},
    import::ImportOptions,
    importer::Importer,
    loader::Loader,
    locate::Located,
    registry::Registry,
    scope::Scope,
    snapshot::{Module, Snapshot},
    sync::Mutex,
};

/// The modules as one request sees them (R21), or as one loading module does (R29).
///
/// A view holds a whole generation alive: keep it for the length of a call.
pub struct View<L: Loader> {
    registry: Arc<Registry<L>>,
    scope: Arc<Scope>,
    base: Base<L>,
}

enum Base<L: Loader> {
    Pinned { snapshot: Arc<Snapshot<L>>, joined: Arc<Mutex<Vec<Joined<L>>>> },
    Draft(Arc<Draft<L>>),
}

/// What this request loaded first, or failed to load, after its generation was pinned (R23, R24).
struct Joined<L: Loader> {
    id: ModuleId,
    found: Result<Arc<Module<L>>, ImportError>,
}

impl<L: Loader> View<L> {
    pub(crate) fn pinned(registry: Arc<Registry<L>>, scope: Arc<Scope>, snapshot: Arc<Snapshot<L>>) -> Self {
        Self { registry, scope, base: Base::Pinned { snapshot, joined: Arc::default() } }
    }

    pub(crate) fn draft(registry: Arc<Registry<L>>, scope: Arc<Scope>, draft: Arc<Draft<L>>) -> Self {
        Self { registry, scope, base: Base::Draft(draft) }
    }

    /// The same modules under another policy: one request may run code of several places of a configuration.
    #[must_use]
    pub fn under(&self, scope: Arc<Scope>) -> Self {
        let base = match &self.base {
            Base::Pinned { snapshot, joined } => Base::Pinned { snapshot: snapshot.clone(), joined: joined.clone() },
            Base::Draft(draft) => Base::Draft(draft.clone()),
        };
        Self { registry: self.registry.clone(), scope, base }
    }

    /// The registry behind the view.
    #[must_use]
    pub fn registry(&self) -> &Arc<Registry<L>> {
        &self.registry
    }

    /// The policy under which imports are made here.
    #[must_use]
    pub fn scope(&self) -> &Arc<Scope> {
        &self.scope
    }

    /// The pinned generation, or the one that a draft will become.
    #[must_use]
    pub fn generation(&self) -> u64 {
        match &self.base {
            Base::Pinned { snapshot, .. } => snapshot.generation(),
            Base::Draft(draft) => draft.generation(),
        }
    }

    /// The module, if it is there without loading anything.
    #[must_use]
    pub fn get(&self, id: ModuleId) -> Option<Arc<Module<L>>> {
        match &self.base {
            Base::Pinned { snapshot, joined } => snapshot.get(id).cloned().or_else(|| {
                let joined = joined.lock();
                joined.iter().find(|joined| joined.id == id)?.found.as_ref().ok().cloned()
            }),
            Base::Draft(draft) => draft.get(id),
        }
    }

    /// All modules of the view: those of the generation, and those that joined it. In a draft those of the generation
    /// that it starts from.
    #[must_use]
    pub fn modules(&self) -> Vec<Arc<Module<L>>> {
        match &self.base {
            Base::Pinned { snapshot, joined } => {
                let joined = joined.lock();
                let joined = joined.iter().filter_map(|joined| joined.found.as_ref().ok());
                let joined = joined.filter(|module| snapshot.get(module.id()).is_none());
                snapshot.iter().chain(joined).cloned().collect()
            }
            Base::Draft(_) => self.registry.snapshot().iter().cloned().collect(),
        }
    }

    /// The instance of that number, if it is part of the view.
    #[must_use]
    pub fn instance(&self, id: ModuleId, instance: InstanceId) -> Option<Arc<Module<L>>> {
        self.get(id).filter(|module| module.instance() == instance)
    }

    /// Is this instance on its way out: older than the one that the view has, or one that its draft replaces?
    #[must_use]
    pub fn is_leaving(&self, id: ModuleId, instance: InstanceId) -> bool {
        match &self.base {
            Base::Pinned { .. } => self.instance(id, instance).is_none(),
            Base::Draft(draft) => draft.replaces(id) || self.instance(id, instance).is_none(),
        }
    }

    /// Tells that state which was carried over for the module at `path` holds what it should not (R50).
    pub fn tell_of_code(&self, path: &Arc<Path>, diagnostic: Diagnostic) {
        self.registry.emit(Event::CodeCarried { path: path.clone(), diagnostic });
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
        let Base::Pinned { .. } = &self.base else {
            return self.locate_and_load(importer, name, options);
        };
        let known = importer.filter(|_| *options == ImportOptions::default());
        if let Some(module) = known.and_then(|it| it.resolved(self.scope.id(), name)).and_then(|id| self.get(id)) {
            return self.unless_refused(module);
        }
        let module = self.locate_and_load(importer, name, options)?;
        if let Some(importer) = known {
            importer.remember(self.scope.id(), name, module.id());
        }
        self.unless_refused(module)
    }

    /// Who wants to see what is wrong with a change gets that in place of the last good instance (R32).
    fn unless_refused(&self, module: Arc<Module<L>>) -> Result<Arc<Module<L>>, ImportError> {
        if self.scope.shows_refusals()
            && let Some(wrong) = self.registry.refusal(module.id()).and_then(|refused| refused.first().cloned())
        {
            return Err(ImportError::Failed(Arc::new(wrong)));
        }
        Ok(module)
    }

    /// Loads a module that was located before: the way of a handler.
    ///
    /// # Errors
    /// See [`ImportError`].
    pub fn load(&self, located: &Located) -> Result<Arc<Module<L>>, ImportError> {
        match self.get(located.id) {
            Some(module) => Ok(module),
            None => self.first_load(located),
        }
    }

    fn locate_and_load(
        &self,
        importer: Option<&Arc<Importer>>,
        name: &str,
        options: &ImportOptions,
    ) -> Result<Arc<Module<L>>, ImportError> {
        match &self.base {
            Base::Draft(draft) => draft.import(importer, name, options, &self.scope),
            Base::Pinned { snapshot, .. } => {
                let importing = importer.map(|it| &**it);
                let located = self.registry.locate_in(Some(snapshot), name, importing, &self.scope, options)?;
                self.registry.wish(located.id, importer, &self.scope, options);
                self.load(&located)
            }
        }
    }

    fn first_load(&self, located: &Located) -> Result<Arc<Module<L>>, ImportError> {
        let Base::Pinned { joined, .. } = &self.base else {
            return Err(ImportError::BadName(located.path.display().to_string()));
        };
        let before = joined.lock().iter().find(|joined| joined.id == located.id).map(|joined| joined.found.clone());
        if let Some(found) = before {
            return found;
        }
        let found = self.registry.first_load(located, &self.scope);
        joined.lock().push(Joined { id: located.id, found: found.clone() });
        found
    }
}
