//! The result of resolving a name.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use super::id::ModuleId;

/// The module that a name was resolved to.
#[derive(Clone, Debug)]
pub struct Located {
    pub(crate) id: ModuleId,
    pub(crate) path: Arc<Path>,
    pub(crate) registered: Option<String>,
    /// Whether the load is logged, if this import loads the module (R52).
    pub(crate) log: bool,
    /// The initial `__mp_path__`, if this import loads the module (R15).
    pub(crate) initial_path: Vec<PathBuf>,
}

impl Located {
    /// Wraps a module that is already known.
    pub(crate) fn known(id: ModuleId, path: Arc<Path>) -> Self {
        Self { id, path, registered: None, log: false, initial_path: Vec::new() }
    }

    /// Returns the module's number.
    #[must_use]
    pub fn id(&self) -> ModuleId {
        self.id
    }

    /// Returns the module's normalised path.
    #[must_use]
    pub fn path(&self) -> &Arc<Path> {
        &self.path
    }

    /// Returns whether the host registered the module, so that it has no file.
    #[must_use]
    pub fn is_registered(&self) -> bool {
        self.registered.is_some()
    }
}
