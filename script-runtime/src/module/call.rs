//! One call from outside into scripts: its view of the modules, its deadline, its locks, its panics.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Weak},
    time::{Duration, Instant},
};

use rhai::{Dynamic, EvalAltResult, Position};
use samovar_importer::{Diagnostic, ImportOptions, Importer, InstanceId, ModuleStatus, RegistryId, View};

use crate::{
    link::{self, ErrorKind, ScriptError},
    module::{diagnostic::diagnostic, scripts::Scripts},
    thread::{
        call::{CallScope, StillHeld},
        importing::{Imported, Importing, with_importing},
        stack,
        under_way::{self, Purpose, SeenModules},
    },
};

/// A call that did not come to its end.
pub(crate) struct Failed {
    pub(crate) diagnostic: Box<Diagnostic>,
    /// Its time was over.
    pub(crate) is_late: bool,
    /// It waited for a lock when its time was over.
    pub(crate) on_lock: bool,
    /// What the script threw, see [`ScriptError::thrown`].
    pub(crate) thrown: Option<Dynamic>,
}

impl From<Diagnostic> for Failed {
    fn from(diagnostic: Diagnostic) -> Self {
        Self { diagnostic: Box::new(diagnostic), is_late: false, on_lock: false, thrown: None }
    }
}

/// Runs script code with everything that a call needs around it.
pub(crate) fn call<R>(
    view: &Arc<View<Scripts>>,
    time: Duration,
    purpose: Purpose,
    run: impl FnOnce() -> Result<R, ScriptError>,
) -> Result<R, Diagnostic> {
    attempt(view, time, purpose, run).map_err(|failed| *failed.diagnostic)
}

/// As [`call`], for those who want to know more of a failure.
///
/// A panic in a native function costs this call only (the engine keeps no state between calls that it could spoil).
pub(crate) fn attempt<R>(
    view: &Arc<View<Scripts>>,
    time: Duration,
    purpose: Purpose,
    run: impl FnOnce() -> Result<R, ScriptError>,
) -> Result<R, Failed> {
    let started = Instant::now();
    let _noted = under_way::note(seen(view), purpose, started);
    let left_locked = |held: &StillHeld| tracing::warn!("{held}");
    let scope = CallScope::enter_reporting(Some(started + time), &left_locked);
    let result = catch_unwind(AssertUnwindSafe(|| stack::with_room(|| with_importing(view.clone(), run))));
    let over = CallScope::is_over();
    drop(scope);
    match result {
        // Some of Rhai's own functions go on when a function that they were given is ended: `sort` does.
        Ok(Ok(_)) if over => Err(Failed { is_late: true, ..Failed::from(diagnostic(&ScriptError::past_deadline())) }),
        Ok(result) => result.map_err(|error| {
            let (is_limit, on_lock) = (error.kind() == ErrorKind::Limit, error.kind() == ErrorKind::LockWait);
            let thrown = error.thrown().filter(|_| !over).cloned();
            Failed { diagnostic: Box::new(diagnostic(&error)), is_late: over && (is_limit || on_lock), on_lock, thrown }
        }),
        Err(panic) => {
            let said = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
            let said = said.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
            Err(Diagnostic::error(format!("a native function panicked: {said}")).into())
        }
    }
}

/// What a call sees, for those who ask who keeps old code.
pub(crate) fn seen(view: &Arc<View<Scripts>>) -> SeenModules {
    // Named with its type first, since a weak pointer does not become one to `dyn Any` inside of a call.
    let view: Weak<View<Scripts>> = Arc::downgrade(view);
    view as _
}

impl Importing for View<Scripts> {
    fn import(
        &self,
        from: Option<InstanceId>,
        specifier: &str,
        options: &ImportOptions,
    ) -> Result<Imported, Box<EvalAltResult>> {
        let importer = from.and_then(link::importer);
        let error = match Self::import(self, importer.as_ref(), specifier, options) {
            Ok(module) => return Ok(module.value().instance().clone()),
            Err(error) if CallScope::is_over() => ScriptError::new(ErrorKind::Limit, error.to_string()),
            Err(error) => ScriptError::refused(error.diagnostic()),
        };
        Err(error.into_rhai(specifier, Position::NONE))
    }

    fn interpreter(&self) -> Option<RegistryId> {
        Some(self.registry_id())
    }

    fn modules(&self) -> Vec<ModuleStatus> {
        self.describe()
    }

    fn module(&self, of: &Importer) -> Option<ModuleStatus> {
        self.instance(of.id(), of.instance()).map(|module| self.describe_one(&module))
    }
}
