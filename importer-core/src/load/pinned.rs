//! The view of a request: a pinned generation, and the modules that join it.

use std::{path::Path, sync::Arc};

use super::first_load::first_load;
use crate::{
    generation::{Loader, Modules, RegistryId, Rooms, Snapshot, View},
    module::{ImportError, ImportOptions, Importer, Located, Module, ModuleId, Scope, import::Import},
    report::{Event, ModuleStatus},
    sync::Mutex,
    text::Diagnostic,
};

/// The newest generation when a request began (R21).
struct Pinned<L: Loader> {
    rooms: Arc<Rooms<L>>,
    snapshot: Arc<Snapshot<L>>,
    joined: Mutex<Vec<Joined<L>>>,
}

/// A module that this request loaded, or failed to load, after its generation was pinned (R23, R24).
struct Joined<L: Loader> {
    id: ModuleId,
    found: Result<Arc<Module<L>>, ImportError>,
}

/// Pins the newest generation. Costs one atomic load.
pub(crate) fn pin<L: Loader>(rooms: &Arc<Rooms<L>>, scope: &Arc<Scope>) -> View<L> {
    let (rooms, snapshot) = (rooms.clone(), rooms.store.current());
    View::new(Arc::new(Pinned { rooms, snapshot, joined: Mutex::default() }), scope.clone())
}

impl<L: Loader> Pinned<L> {
    /// Returns the error of a refused change in place of the last good instance, if the scope says so (R32).
    fn unless_refused(&self, module: Arc<Module<L>>, scope: &Scope) -> Result<Arc<Module<L>>, ImportError> {
        if scope.shows_refusals()
            && let Some(wrong) = self.rooms.shown.of(module.id()).and_then(|refused| refused.first().cloned())
        {
            return Err(ImportError::Failed(Arc::new(wrong)));
        }
        Ok(module)
    }

    fn get_or_load(&self, located: &Located, scope: &Arc<Scope>) -> Result<Arc<Module<L>>, ImportError> {
        if let Some(module) = self.get(located.id) {
            return Ok(module);
        }
        let before =
            self.joined.lock().iter().find(|joined| joined.id == located.id).map(|joined| joined.found.clone());
        if let Some(found) = before {
            return found;
        }
        let found = first_load(&self.rooms, &self.snapshot, located, scope);
        self.joined.lock().push(Joined { id: located.id, found: found.clone() });
        found
    }
}

impl<L: Loader> Modules<L> for Pinned<L> {
    fn registry_id(&self) -> RegistryId {
        self.rooms.id
    }

    fn loader(&self) -> &L {
        &self.rooms.loader
    }

    fn generation(&self) -> u64 {
        self.snapshot.generation()
    }

    fn get(&self, id: ModuleId) -> Option<Arc<Module<L>>> {
        self.snapshot.get(id).cloned().or_else(|| {
            let joined = self.joined.lock();
            joined.iter().find(|joined| joined.id == id)?.found.as_ref().ok().cloned()
        })
    }

    fn all(&self) -> Vec<Arc<Module<L>>> {
        let joined = self.joined.lock();
        let joined = joined.iter().filter_map(|joined| joined.found.as_ref().ok());
        let joined = joined.filter(|module| self.snapshot.get(module.id()).is_none());
        self.snapshot.iter().chain(joined).cloned().collect()
    }

    fn replaces(&self, _: ModuleId) -> bool {
        false
    }

    fn import(
        self: Arc<Self>,
        importer: Option<&Arc<Importer>>,
        name: &str,
        options: &ImportOptions,
        scope: &Arc<Scope>,
    ) -> Result<Arc<Module<L>>, ImportError> {
        let known = importer.filter(|_| *options == ImportOptions::default());
        if let Some(module) = known.and_then(|it| it.resolved(scope.id(), name)).and_then(|id| self.get(id)) {
            return self.unless_refused(module, scope);
        }
        let import = Import { name, importer: importer.map(|it| &**it), scope, options };
        let (names, texts) = (&self.rooms.names, self.snapshot.texts());
        let located = self.rooms.lookup(texts, Some(&self.snapshot), |lookup| names.locate(lookup, import))?;
        self.rooms.precedence.wish(located.id, importer, scope, options);
        let module = self.get_or_load(&located, scope)?;
        if let Some(importer) = known {
            importer.remember(scope.id(), name, module.id());
        }
        self.unless_refused(module, scope)
    }

    fn load(self: Arc<Self>, located: &Located, scope: &Arc<Scope>) -> Result<Arc<Module<L>>, ImportError> {
        self.get_or_load(located, scope)
    }

    fn describe(&self, module: &Module<L>) -> ModuleStatus {
        self.rooms.describe(module)
    }

    fn tell_of_code(&self, path: &Arc<Path>, diagnostic: Diagnostic) {
        self.rooms.emit(Event::CodeCarried { path: path.clone(), diagnostic });
    }
}
