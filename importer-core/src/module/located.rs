//! What a name was found to mean.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use super::id::ModuleId;

/// A name that was looked up: which module it means.
#[derive(Clone, Debug)]
pub struct Located {
    pub(crate) id: ModuleId,
    pub(crate) path: Arc<Path>,
    pub(crate) registered: Option<String>,
    /// Is it told to the log, if this is what loads it (R52)?
    pub(crate) log: bool,
    /// What its `__mp_path__` begins with, if this is what loads it (R15).
    pub(crate) initial_path: Vec<PathBuf>,
}

impl Located {
    /// A module that is known.
    pub(crate) fn known(id: ModuleId, path: Arc<Path>) -> Self {
        Self { id, path, registered: None, log: false, initial_path: Vec::new() }
    }

    /// The module's number.
    #[must_use]
    pub fn id(&self) -> ModuleId {
        self.id
    }

    /// The module's normalised path.
    #[must_use]
    pub fn path(&self) -> &Arc<Path> {
        &self.path
    }

    /// Did the host register it? Then there is no file.
    #[must_use]
    pub fn is_registered(&self) -> bool {
        self.registered.is_some()
    }
}
