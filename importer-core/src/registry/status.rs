//! The current status of an interpreter (R53, R54).
//!
//! Taking a status blocks nothing: it reads the newest generation and the refused changes that the last reload has
//! published, and never waits for a reload in progress.

use std::{collections::HashMap, path::Path, sync::Arc};

use super::Registry;
use crate::{
    generation::Loader,
    module::{ImportError, Module, ModuleId},
    release::History,
    report::{ModuleStatus, State, Status},
};

impl<L: Loader> Registry<L> {
    /// Returns the current status of the interpreter.
    #[must_use]
    pub fn status(&self) -> Status {
        let (rooms, snapshot) = (&self.rooms, self.snapshot());
        let mut modules: Vec<_> = snapshot.iter().map(|module| self.describe(module)).collect();
        let failed = rooms.failures.all().into_iter().filter(|(id, _)| snapshot.get(*id).is_none());
        let unloaded = |(id, error): (ModuleId, ImportError)| {
            let path = rooms.names.path(id);
            let state = match &error {
                ImportError::Withheld { .. } if rooms.is_withheld(snapshot.texts(), &path) => {
                    State::Waiting(error.diagnostic())
                }
                // The change has been corrected: it is loaded by the next request for it.
                ImportError::Withheld { .. } => return None,
                _ => State::Failed(error.diagnostic()),
            };
            let (library, children, friends) = (rooms.names.is_library(id), Vec::new(), Vec::new());
            Some(ModuleStatus { path, state, record: None, library, children, friends })
        };
        modules.extend(failed.filter_map(unloaded));
        modules.sort_by(|a, b| a.path.cmp(&b.path));
        let tally = rooms.outbox.tally();
        Status {
            interpreter: self.name().to_owned(),
            generation: snapshot.generation(),
            release: snapshot.release(),
            history: self.history().map(History::problems).unwrap_or_default(),
            frozen: self.is_frozen(),
            modules,
            retained: self.retained(),
            refusals: rooms.shown.all(),
            latest: tally.latest(),
            counts: tally.counts(),
            watch: tally.watch(),
        }
    }

    /// Describes one instance of a module: the newest one, or an older one that is still held.
    #[must_use]
    pub fn describe(&self, module: &Module<L>) -> ModuleStatus {
        self.rooms.describe(module)
    }

    /// Returns the paths and numbers of all modules of the newest generation.
    #[must_use]
    pub fn paths(&self) -> HashMap<Arc<Path>, ModuleId> {
        self.snapshot().iter().map(|module| (module.path().clone(), module.id())).collect()
    }
}
