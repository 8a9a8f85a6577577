//! Native functions that need to know which instance calls them.

use std::sync::Arc;

use rhai::{Dynamic, Engine, EvalAltResult, FnPtr, INT, ImmutableString, NativeCallContext, Position};

use crate::link::{
    instance::{self, Core, callback},
    run::import::import_module,
    scan::{
        name::{self, LinkedName},
        uses::{FunctionDef, IS_DEFINED_FUNCTION},
    },
};
use crate::thread::loading;

type RhaiResult<T> = Result<T, Box<EvalAltResult>>;

/// A native function that gets the calling instance.
pub(crate) struct Native {
    pub(crate) name: &'static str,
    pub(crate) args: usize,
    pub(crate) call: fn(&Arc<Core>, &NativeCallContext<'_>, &mut [&mut Dynamic]) -> RhaiResult<Dynamic>,
}

/// All of them. Scripts call them like any other.
pub(crate) const NATIVES: &[Native] = &[
    Native { name: "import_module", args: 1, call: import_module },
    Native { name: "import_module", args: 2, call: import_module },
    Native { name: "callback", args: 1, call: make_callback },
    Native { name: "on_purge", args: 1, call: on_purge },
    Native { name: IS_DEFINED_FUNCTION, args: 2, call: is_defined_function },
    Native { name: IS_DEFINED_FUNCTION, args: 3, call: is_defined_method },
];

/// Has one of them this name?
pub(crate) fn is_one(name: &str) -> bool {
    NATIVES.iter().any(|native| native.name == name)
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
            if loading::ask(|top_level| top_level.instance() == core.id()) == Some(true) {
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

/// `is_def_var(name)` is a syntax of its own: only as such it sees what is in scope. `(` is compiled as a name that tells the
/// instance.
pub(crate) fn register_syntax(engine: &mut Engine) {
    let parts = [name::IS_DEFINED, "$ident$", "$expr$", ")"];
    let registered = engine.register_custom_syntax(parts, false, |context, inputs| {
        let [instance, asked] = inputs else { return Ok(false.into()) };
        let value = asked.eval_with_context(context)?.flatten();
        let name = string(&value, context.engine(), asked.position())?;
        let in_scope = context.scope().contains(&name) || context.scope().contains(&name::caught(&name));
        let id = match instance.get_string_value().and_then(name::parse) {
            Some(LinkedName::Function { id }) => Some(id),
            _ => None,
        };
        let in_module = || {
            let core = id.and_then(instance::find)?;
            core.variable(*core.bindings().slots().get(name.as_str())?)
        };
        Ok((in_scope || in_module().is_some()).into())
    });
    debug_assert!(registered.is_ok(), "the parts of the syntax are ours");
}

/// `is_def_fn(name, params)`.
fn is_defined_function(
    core: &Arc<Core>,
    context: &NativeCallContext<'_>,
    args: &mut [&mut Dynamic],
) -> RhaiResult<Dynamic> {
    let [name, params] = args else { return Ok(false.into()) };
    defines(core, context, None, name, params)
}

/// `is_def_fn(type, name, params)`.
fn is_defined_method(
    core: &Arc<Core>,
    context: &NativeCallContext<'_>,
    args: &mut [&mut Dynamic],
) -> RhaiResult<Dynamic> {
    let [this_type, name, params] = args else { return Ok(false.into()) };
    let this_type = string(this_type, context.engine(), context.call_position())?;
    defines(core, context, Some(&this_type), name, params)
}

fn defines(
    core: &Core,
    context: &NativeCallContext<'_>,
    this_type: Option<&str>,
    name: &Dynamic,
    params: &Dynamic,
) -> RhaiResult<Dynamic> {
    let name = string(name, context.engine(), context.call_position())?;
    let params = params.as_int().map_err(|found| mismatch::<INT>(context.engine(), found, context.call_position()))?;
    let functions = core.scan().functions().iter();
    let is_it = |function: &FunctionDef| {
        function.name == *name
            && usize::try_from(params) == Ok(function.params)
            && function.this_type.as_deref() == this_type
    };
    Ok(functions.into_iter().any(is_it).into())
}

fn string(value: &Dynamic, engine: &Engine, at: Position) -> RhaiResult<ImmutableString> {
    value
        .as_immutable_string_ref()
        .map(|text| text.clone())
        .map_err(|found| mismatch::<ImmutableString>(engine, found, at))
}

/// The error that Rhai reports for an argument of another type.
fn mismatch<T>(engine: &Engine, found: &str, at: Position) -> Box<EvalAltResult> {
    let name = |name: &str| engine.map_type_name(name).to_owned();
    let wanted = name(std::any::type_name::<T>());
    Box::new(EvalAltResult::ErrorMismatchDataType(wanted, name(found), at))
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
