//! What an interpreter is doing, as data: for the command line, for scripts, for whoever draws it (R53, R54).

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
    /// The number of the release that it is made from: every reload is one (L1).
    pub release: u64,
    /// What is wrong with the history, if one is kept (L3).
    pub history: Vec<Diagnostic>,
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

impl ModuleStatus {
    /// When the instance was loaded that is served in place of what the file says.
    #[must_use]
    pub fn last_good_since(&self) -> Option<SystemTime> {
        matches!(self.state, State::Stale(_)).then_some(self.record.as_ref()?.loaded)
    }
}
