//! The current status of an interpreter (R53, R54).
//!
//! Taking a status blocks nothing: it reads the newest generation and the refused changes that the last reload has
//! published, and never waits for a reload in progress.

use std::{collections::HashMap, path::Path, sync::Arc};

use super::Registry;
use crate::{
    generation::Loader,
    module::{Module, ModuleId},
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
        modules.extend(failed.map(|(id, error)| ModuleStatus {
            path: rooms.names.path(id),
            state: State::Failed(error.diagnostic()),
            record: None,
            library: rooms.names.is_library(id),
            children: Vec::new(),
            friends: Vec::new(),
        }));
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
