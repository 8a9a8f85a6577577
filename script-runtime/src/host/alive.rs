//! The registry of an interpreter, shut down with its last owner.

use std::{ops::Deref, sync::Arc};

use samovar_importer::Registry;

use crate::module::scripts::Scripts;

/// The registry, held by interpreters and handlers. When the last of them is dropped, the modules are purged (R49).
pub(crate) struct Alive(pub(crate) Arc<Registry<Scripts>>);

impl Alive {
    pub(crate) fn registry(&self) -> &Arc<Registry<Scripts>> {
        &self.0
    }
}

impl Deref for Alive {
    type Target = Arc<Registry<Scripts>>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl Drop for Alive {
    fn drop(&mut self) {
        self.0.shut_down();
    }
}
