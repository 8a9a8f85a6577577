//! The top levels that run on this thread: a module that is loading imports others, whose top levels run meanwhile.

use std::cell::RefCell;

use rhai::{Dynamic, EvalAltResult, EvalContext};
use samovar_importer::InstanceId;

use super::innermost::within;

/// A top level that is running.
pub(crate) trait TopLevel {
    /// Of which instance it is.
    fn instance(&self) -> InstanceId;

    /// Takes the step of this number, after the statement that has just run.
    fn take_step(
        &mut self,
        step: usize,
        context: &EvalContext<'_, '_, '_, '_, '_, '_>,
    ) -> Result<(), Box<EvalAltResult>>;

    /// The function of this name that the module has.
    fn function(&self, name: &str) -> Result<Option<Dynamic>, Box<EvalAltResult>>;
}

thread_local! {
    static LOADING: RefCell<Vec<Box<dyn TopLevel>>> = const { RefCell::new(Vec::new()) };
}

/// Runs the statements of a top level.
pub(crate) fn during<R>(top_level: Box<dyn TopLevel>, run: impl FnOnce() -> R) -> R {
    within(&LOADING, top_level, run)
}

/// What the top level says that runs on this thread, if one does.
pub(crate) fn ask<R>(question: impl FnOnce(&mut dyn TopLevel) -> R) -> Option<R> {
    LOADING.with_borrow_mut(|loading| loading.last_mut().map(|top_level| question(&mut **top_level)))
}
