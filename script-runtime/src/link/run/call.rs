//! Calling a function of an instance from the host: the path that every request takes.

use std::sync::Arc;

use rhai::{Dynamic, Engine, EvalAltResult, FnPtr, NativeCallContext, Position};

use crate::{
    link::{
        instance::{self, Core, Instance},
        scan::{
            error::{ErrorKind, ScriptError},
            name,
        },
    },
    state,
    thread::at_hand,
    value::Callback,
};

/// A function of one instance, found once. Cheap to clone, and it keeps the instance alive.
#[derive(Clone)]
pub(crate) struct Function {
    instance: Arc<Instance>,
    pointer: FnPtr,
}

impl Instance {
    /// The function of this name and number of parameters, private ones included.
    #[must_use]
    pub(crate) fn function(self: &Arc<Self>, function: &str, params: usize) -> Option<Function> {
        let linked = name::function(function, self.id());
        let definition = self.core().code()?.module.get_script_fn(&linked, params)?.clone();
        Some(Function { instance: self.clone(), pointer: FnPtr::from(definition) })
    }
}

impl Function {
    /// Calls it. The arguments are as many as it has parameters, and nothing in them is shared.
    pub(crate) fn call(&self, engine: &Engine, mut args: impl AsMut<[Dynamic]>) -> Result<Dynamic, ScriptError> {
        let core = self.instance.core();
        let Some(start) = core.start() else {
            return Err(ScriptError::new(ErrorKind::Runtime, "the module is still loading"));
        };
        let name = self.pointer.fn_name();
        let context = NativeCallContext::new_with_all_fields(engine, name, None, start, Position::NONE);
        let params = args.as_mut().len();
        at_hand::during(|| outcome(self.pointer.call_raw(&context, None, args), core, name, params))
    }
}

/// Calls a callback from outside of all scripts.
pub(crate) fn call_callback(engine: &Engine, callback: &FnPtr, args: &mut [Dynamic]) -> Result<Dynamic, ScriptError> {
    let found = Callback::behind(callback).and_then(|behind| Some((instance::find(behind.instance())?, behind)));
    let (core, behind) =
        found.ok_or_else(|| ScriptError::new(ErrorKind::Runtime, "it is no callback, or its instance is gone"))?;
    let params = args.len() + behind.function().curry().len();
    let start = core.callback_state().unwrap_or_else(|| engine.new_global_runtime_state());
    let context = NativeCallContext::new_with_all_fields(engine, callback.fn_name(), None, &start, Position::NONE);
    at_hand::during(|| outcome(callback.call_raw(&context, None, args), &core, behind.function().fn_name(), params))
}

/// What has come of calling a function of `core` from outside: nothing in it is shared. To be asked while the call lasts.
fn outcome(
    result: Result<Dynamic, Box<EvalAltResult>>,
    core: &Core,
    function: &str,
    params: usize,
) -> Result<Dynamic, ScriptError> {
    let outcome = match result {
        Ok(value) => state::detach(value).map_err(|error| ScriptError::returned(&error)),
        Err(error) => Err(ScriptError::translate(*error, core)),
    };
    outcome.map_err(|error| error.or_in(core, function, params))
}
