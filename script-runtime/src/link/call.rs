//! Calling a function of an instance from the host: the path that every request takes.

use std::sync::Arc;

use rhai::{Dynamic, Engine, FnPtr, NativeCallContext, Position};

use super::bindings::plain;
use super::error::{Kind, ScriptError};
use super::instance::Instance;
use super::{name, running};

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
            return Err(ScriptError::new(Kind::Runtime, "the module is still loading"));
        };
        let name = self.pointer.fn_name();
        let context = NativeCallContext::new_with_all_fields(engine, name, None, start, Position::NONE);
        let params = args.as_mut().len();
        match running::during(|| self.pointer.call_raw(&context, None, args)) {
            Ok(value) => Ok(plain(value)),
            Err(error) => Err(ScriptError::translate(*error, core).or_in(core, name, params)),
        }
    }
}
