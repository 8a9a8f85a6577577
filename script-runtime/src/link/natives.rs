//! Native functions that need to know which instance calls them, but for imports.

use std::sync::Arc;

use rhai::{Dynamic, EvalAltResult, FnPtr, NativeCallContext};

use super::callback;
use super::instance::Core;
use super::load::{self, Linker};
use super::sites::IS_DEFINED;

type RhaiResult<T> = Result<T, Box<EvalAltResult>>;

pub(crate) fn register(linker: &mut Linker) {
    linker.register("callback", 1, Arc::new(make_callback));
    linker.register("on_purge", 1, Arc::new(on_purge));
    linker.register(IS_DEFINED, 1, Arc::new(is_defined));
}

fn make_callback(core: &Arc<Core>, context: &NativeCallContext<'_>, args: &mut [&mut Dynamic]) -> RhaiResult<Dynamic> {
    make("callback", core, context, args).map(Dynamic::from)
}

/// The callback that the native function `name` was given, or is to make of a function.
fn make(name: &str, core: &Arc<Core>, context: &NativeCallContext<'_>, args: &mut [&mut Dynamic]) -> RhaiResult<FnPtr> {
    let value = args.first_mut().map(|arg| std::mem::take(&mut **arg)).unwrap_or_default();
    let found = context.engine().map_type_name(value.type_name());
    match value.try_cast::<FnPtr>() {
        Some(function) => {
            if load::is_loading(core) {
                core.note_imports(context.engine(), context.global_runtime_state());
            }
            callback::make(core, function)
        }
        None => {
            let message = format!("{name} expects a function, not {found}");
            Err(Box::new(EvalAltResult::ErrorRuntime(message.into(), context.call_position())))
        }
    }
}

/// `is_def_var("X")` where `X` is a variable of the module: has its definition run?
fn is_defined(core: &Arc<Core>, _: &NativeCallContext<'_>, args: &mut [&mut Dynamic]) -> RhaiResult<Dynamic> {
    let name = args.first().map(ToString::to_string).unwrap_or_default();
    let slot = core.bindings().slots().get(&name);
    Ok(slot.is_some_and(|slot| core.variable(*slot).is_some()).into())
}

/// `on_purge(f)`: `f` is called after `__mp_purge__` of the module in which this is written.
fn on_purge(core: &Arc<Core>, context: &NativeCallContext<'_>, args: &mut [&mut Dynamic]) -> RhaiResult<Dynamic> {
    let callback = make("on_purge", core, context, args)?;
    if !core.add_cleanup(callback) {
        let message = "on_purge was called a thousand times by this module: call it once, when the module loads";
        return Err(Box::new(EvalAltResult::ErrorRuntime(message.into(), context.call_position())));
    }
    Ok(Dynamic::UNIT)
}
