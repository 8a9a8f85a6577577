//! One call from outside into scripts: its view of the modules, its deadline, its locks, its panics.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    time::{Duration, Instant},
};

use rhai::Dynamic;
use samovar_importer::{Diagnostic, Importer, ModuleStatus, Registry, View};

use crate::{
    link::{self, Importing, Instance, InstanceId, Kind, ScriptError, with_importing},
    module::{
        diagnostic::diagnostic,
        scripts::Scripts,
        under_way::{self, Purpose},
    },
    state::CallScope,
    thread::stack,
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
    let _noted = under_way::note(view, purpose, started);
    let left_locked = |held: &crate::state::call::StillHeld| tracing::warn!("{held}");
    let scope = CallScope::enter_reporting(Some(started + time), &left_locked);
    let result = catch_unwind(AssertUnwindSafe(|| stack::with_room(|| with_importing(view.clone(), run))));
    let over = CallScope::is_over();
    drop(scope);
    match result {
        // Some of Rhai's own functions go on when a function that they were given is ended: `sort` does.
        Ok(Ok(_)) if over => Err(Failed { is_late: true, ..Failed::from(diagnostic(&ScriptError::past_deadline())) }),
        Ok(result) => result.map_err(|error| {
            let (is_limit, on_lock) = (error.kind() == Kind::Limit, error.kind() == Kind::LockWait);
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

/// A number for an interpreter, for as long as that lives.
pub(crate) fn number(registry: &Arc<Registry<Scripts>>) -> usize {
    Arc::as_ptr(registry) as usize
}

impl Importing for View<Scripts> {
    fn import(
        &self,
        from: Option<InstanceId>,
        specifier: &str,
        options: &link::ImportOptions,
    ) -> Result<Arc<Instance>, ScriptError> {
        let importer = from.and_then(link::importer);
        let options = samovar_importer::ImportOptions {
            autoreload: options.autoreload,
            log: options.log,
            path: options.path.iter().flatten().map(Into::into).collect(),
        };
        match Self::import(self, importer.as_ref(), specifier, &options) {
            Ok(module) => Ok(module.value().instance().clone()),
            Err(error) if CallScope::is_over() => Err(ScriptError::new(Kind::Limit, error.to_string())),
            Err(error) => Err(ScriptError::refused(error.diagnostic())),
        }
    }

    fn interpreter(&self) -> usize {
        number(self.registry())
    }

    fn modules(&self) -> Vec<ModuleStatus> {
        self.describe()
    }

    fn module(&self, of: &Importer) -> Option<ModuleStatus> {
        self.instance(of.id(), of.instance()).map(|module| self.registry().describe(&module))
    }
}
