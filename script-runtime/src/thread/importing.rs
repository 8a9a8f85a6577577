//! What resolves the imports of the scripts that run on this thread, and says which modules they see.

use std::{any::Any, cell::RefCell, sync::Arc};

use rhai::EvalAltResult;
use samovar_importer::{ImportOptions, Importer, InstanceId, ModuleStatus, RegistryId};

use super::innermost::within;

/// Decides which instance an import means. One request, or one load, has one.
pub(crate) trait Importing: Send + Sync {
    /// The instance that `specifier` means in a script of instance `from`.
    ///
    /// # Errors
    ///
    /// If there is no such module, or it cannot be loaded. The importing script may catch it, unless it ends the script.
    fn import(
        &self,
        from: Option<InstanceId>,
        specifier: &str,
        options: &ImportOptions,
    ) -> Result<Imported, Box<EvalAltResult>>;

    /// The registry whose modules these are, if they are of one.
    fn interpreter(&self) -> Option<RegistryId> {
        None
    }

    /// The modules among which it decides.
    fn modules(&self) -> Vec<ModuleStatus> {
        Vec::new()
    }

    /// One of them: this very instance.
    fn module(&self, of: &Importer) -> Option<ModuleStatus> {
        let _ = of;
        None
    }
}

/// A loaded module, of a type that only the linker knows.
pub(crate) type Imported = Arc<dyn Any + Send + Sync>;

thread_local! {
    /// What resolves imports on this thread, the innermost last.
    static DECIDING: RefCell<Vec<Arc<dyn Importing>>> = const { RefCell::new(Vec::new()) };
}

/// Runs scripts whose imports `importing` decides.
pub(crate) fn with_importing<R>(importing: Arc<dyn Importing>, run: impl FnOnce() -> R) -> R {
    within(&DECIDING, importing, run)
}

/// Returns what resolves imports now.
pub(crate) fn deciding() -> Option<Arc<dyn Importing>> {
    DECIDING.with_borrow(|deciding| deciding.last().cloned())
}

/// The registry whose code runs on this thread.
pub(crate) fn interpreter() -> Option<RegistryId> {
    deciding().and_then(|deciding| deciding.interpreter())
}

/// The modules that the running code sees.
pub(crate) fn modules() -> Vec<ModuleStatus> {
    deciding().map(|deciding| deciding.modules()).unwrap_or_default()
}

/// What the running code sees of an instance.
pub(crate) fn module(of: &Importer) -> Option<ModuleStatus> {
    deciding()?.module(of)
}
