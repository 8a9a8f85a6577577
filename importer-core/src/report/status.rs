//! The status of an interpreter, as data, for the command line, scripts and graphs (R53, R54).

use std::{path::Path, sync::Arc, time::SystemTime};

use super::{
    retained::Retained,
    tally::{Counts, Latest, Watch},
};
use crate::{module::Record, text::Diagnostic};

/// An interpreter at one moment.
#[derive(Clone, Debug)]
pub struct Status {
    /// The interpreter's name.
    pub interpreter: String,
    /// The newest generation; 0 before anything was loaded.
    pub generation: u64,
    /// The number of the release that it is made from: every reload is a release (L1).
    pub release: u64,
    /// The problems of the history, if one is kept (L3).
    pub history: Vec<Diagnostic>,
    /// Whether reloading has ended (R40).
    pub frozen: bool,
    /// The modules of the newest generation, and those whose first load failed, by path.
    pub modules: Vec<ModuleStatus>,
    /// Replaced instances that are still held, and what holds them (R51).
    pub retained: Vec<Retained>,
    /// The changes that are currently refused (R32), each with everything that is wrong with it.
    pub refusals: Vec<Arc<[Diagnostic]>>,
    /// The newest change that was published, if there was any.
    pub latest: Option<Latest>,
    /// Counts of events.
    pub counts: Counts,
    /// How changes are found.
    pub watch: Watch,
}

/// A module at one moment.
#[derive(Clone, Debug)]
pub struct ModuleStatus {
    /// The normalised path; `registered:name` for what the host registered.
    pub path: Arc<Path>,
    /// Whether the module is up to date with its file.
    pub state: State,
    /// The record of the instance; `None` if there is none.
    pub record: Option<Record>,
    /// Whether the module is loaded once and never reloaded (R14).
    pub library: bool,
    /// The modules that it imported while it loaded, in the order of import.
    pub children: Vec<Arc<Path>>,
    /// The modules that it imported while requests ran, and not while it loaded.
    pub friends: Vec<Arc<Path>>,
}

/// Whether the module is up to date with its file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum State {
    /// Up to date, as far as is known. Where reloading is off, files are not checked.
    UpToDate,
    /// A change of the module, or of a module that it imports, was refused for these reasons: the last good instance is
    /// served (R32).
    Stale(Arc<[Diagnostic]>),
    /// It could not be loaded, and there is no older instance (R33).
    Failed(Diagnostic),
    /// It was saved together with a change that is refused for this reason, and is loaded once that is corrected (L2).
    Waiting(Diagnostic),
}

impl ModuleStatus {
    /// Returns when the last good instance was loaded, if the module is stale.
    #[must_use]
    pub fn last_good_since(&self) -> Option<SystemTime> {
        matches!(self.state, State::Stale(_)).then_some(self.record.as_ref()?.loaded)
    }
}
