//! What an interpreter is doing, as data: for the command line, for scripts, for whoever draws it (R53, R54).
//!
//! Taking a status stops nobody: it reads the newest generation and what the writer has published of its troubles, and
//! never waits for a reload that is under way.

use std::{path::Path, sync::Arc, time::SystemTime};

use crate::{
    diagnostic::Diagnostic,
    id::ModuleId,
    loader::Loader,
    registry::Registry,
    retention::Retained,
    snapshot::{Module, Record},
    tally::{Counts, Latest, Watch},
    view::View,
};

/// An interpreter at one moment.
#[derive(Clone, Debug)]
pub struct Status {
    /// The interpreter's name.
    pub interpreter: String,
    /// The newest generation; 0 before anything was loaded.
    pub generation: u64,
    /// Has reloading ended (R40)?
    pub frozen: bool,
    /// The modules of that generation, and those whose first load failed, by path.
    pub modules: Vec<ModuleStatus>,
    /// Replaced instances that somebody still holds, and who (R51).
    pub retained: Vec<Retained>,
    /// The changes that are refused at the moment (R32), with everything that is wrong with each.
    pub refusals: Vec<Arc<[Diagnostic]>>,
    /// The newest change that was published, if there was any.
    pub latest: Option<Latest>,
    /// How often what happened.
    pub counts: Counts,
    /// How changes are found.
    pub watch: Watch,
}

/// A module at one moment.
#[derive(Clone, Debug)]
pub struct ModuleStatus {
    /// The normalised path; `registered:name` for what the host registered.
    pub path: Arc<Path>,
    /// Is what is served what the file says?
    pub state: State,
    /// How the instance came about; `None` if there is none.
    pub record: Option<Record>,
    /// Is it one that is loaded once and never reloaded (R14)?
    pub library: bool,
    /// The modules that it imported while it loaded, in the order of import.
    pub children: Vec<Arc<Path>>,
    /// The modules that it imported while requests ran, and not while it loaded.
    pub friends: Vec<Arc<Path>>,
}

/// Is what is served what the file says?
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum State {
    /// As far as is known. Where reloading is off, nobody asks.
    UpToDate,
    /// A change of it, or of what it imports, was refused for these reasons: the last good instance is served (R32).
    Stale(Arc<[Diagnostic]>),
    /// It could not be loaded, and there is no older instance (R33).
    Failed(Diagnostic),
}

impl<L: Loader> Registry<L> {
    /// Describes the interpreter as it is now.
    #[must_use]
    pub fn status(self: &Arc<Self>) -> Status {
        let snapshot = self.snapshot();
        let mut modules: Vec<_> = snapshot.iter().map(|module| self.describe(module)).collect();
        let failed = self.failed_loads().into_iter().filter(|(id, _)| snapshot.get(*id).is_none());
        modules.extend(failed.map(|(id, diagnostic)| ModuleStatus {
            path: self.path(id),
            state: State::Failed(diagnostic),
            record: None,
            library: self.is_library(id),
            children: Vec::new(),
            friends: Vec::new(),
        }));
        modules.sort_by(|a, b| a.path.cmp(&b.path));
        Status {
            interpreter: self.name().to_owned(),
            generation: snapshot.generation(),
            frozen: self.is_frozen(),
            modules,
            retained: self.retained(),
            refusals: self.refusals(),
            latest: self.tally.latest(),
            counts: self.tally.counts(),
            watch: self.tally.watch(),
        }
    }

    /// Describes one instance of a module: the newest one, or another that somebody still holds.
    #[must_use]
    pub fn describe(&self, module: &Module<L>) -> ModuleStatus {
        let children: Vec<ModuleId> = module.children().collect();
        let mut friends = module.friends();
        friends.retain(|friend| !children.contains(friend));
        let paths = |ids: Vec<ModuleId>| {
            let mut paths: Vec<_> = Vec::with_capacity(ids.len());
            for path in ids.into_iter().map(|id| self.path(id)) {
                if !paths.contains(&path) {
                    paths.push(path);
                }
            }
            paths
        };
        ModuleStatus {
            path: module.path().clone(),
            state: self.refusal(module.id()).map_or(State::UpToDate, State::Stale),
            record: Some(module.record()),
            library: module.is_library(),
            children: paths(children),
            friends: paths(friends),
        }
    }

    fn failed_loads(&self) -> Vec<(ModuleId, Diagnostic)> {
        let failures = self.failures.lock();
        failures.iter().map(|(id, error)| (id, error.diagnostic())).collect()
    }

    fn path(&self, id: ModuleId) -> Arc<Path> {
        self.ids.read().path(id)
    }

    /// One entry for each change that is refused, though each stands with every module that waits for it.
    fn refusals(&self) -> Vec<Arc<[Diagnostic]>> {
        let mut refusals: Vec<Arc<[Diagnostic]>> = Vec::new();
        for refusal in self.refused.load().values() {
            if !refusals.iter().any(|known| Arc::ptr_eq(known, refusal)) {
                refusals.push(refusal.clone());
            }
        }
        refusals.sort_by_key(|refusal| refusal.first().map(ToString::to_string));
        refusals
    }
}

impl<L: Loader> View<L> {
    /// Describes the modules of the view: those of the pinned generation, and those that joined it (R53).
    #[must_use]
    pub fn describe(&self) -> Vec<ModuleStatus> {
        let mut modules: Vec<_> = self.modules().iter().map(|module| self.registry().describe(module)).collect();
        modules.sort_by(|a, b| a.path.cmp(&b.path));
        modules
    }
}

impl ModuleStatus {
    /// When the instance was loaded that is served in place of what the file says.
    #[must_use]
    pub fn last_good_since(&self) -> Option<SystemTime> {
        matches!(self.state, State::Stale(_)).then_some(self.record.as_ref()?.loaded)
    }
}
