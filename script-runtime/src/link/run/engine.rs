//! The one place where engines are built: limits, names, imports, output.

use std::sync::Arc;
use std::time::Duration;

use rhai::{
    Dynamic, Engine, EvalAltResult, EvalContext, FnPtr, LexError, Module, OptimizationLevel, Position, Scope, Token,
};

use crate::{
    link::{
        instance,
        message::{account, words as message},
        run::{
            import::{ModuleValue, Resolver},
            limits::{self, Limits},
            natives, top_level, written,
        },
        scan::{
            name::{self, InstanceId, LinkedName},
            uses::{ForeignWrite, FunctionDef},
        },
    },
    standard, state,
    thread::{at_hand, captures, compiling, ending, loading, stack},
};

/// Text that a script wrote with `print` or `debug`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Printed<'a> {
    /// The text.
    pub text: &'a str,
    /// For `debug`: the file and line it was written in.
    pub place: Option<(&'a str, usize)>,
}

/// Takes what scripts print.
pub type Output = Arc<dyn Fn(Printed<'_>) + Send + Sync>;

type RhaiResult<T> = Result<T, Box<EvalAltResult>>;

/// The engine that scripts run on.
pub(crate) fn running(limits: &Limits, output: &Output) -> Engine {
    let mut engine = Engine::new_raw();
    standard::register(&mut engine);
    compile_alike(&mut engine, limits);
    #[allow(deprecated, reason = "Rhai marks what may change in a later version as deprecated")]
    engine.on_missing_function(missing_function);
    let most = limits.operations;
    #[allow(deprecated, reason = "Rhai marks what may change in a later version as deprecated")]
    engine.on_var(move |name, index, context| {
        if ending::is_ending() {
            ending::end_here(context.global_runtime_state().num_operations(), most)?;
        }
        variable(name, index, context)
    });
    engine.on_progress(move |operations| ending::look(operations, most));
    engine.set_module_resolver(Resolver);
    engine.register_fn("sleep", |seconds: i64| sleep(u64::try_from(seconds).ok().map(Duration::from_secs)));
    engine.register_fn("sleep", |seconds: f64| sleep(Duration::try_from_secs_f64(seconds).ok()));
    ModuleValue::register(&mut engine);
    natives::register_syntax(&mut engine);
    written::register(&mut engine);
    show_functions_as_written(&mut engine);
    let out = output.clone();
    engine.on_print(move |text| out(Printed { text, place: None }));
    let out = output.clone();
    engine.on_debug(move |text, source, at| {
        let file = source.and_then(|tag| tag.rsplit_once('#')).map(|(file, _)| file);
        out(Printed { text, place: file.zip(at.line()) });
    });
    engine
}

/// Function values would show their linked names.
fn show_functions_as_written(engine: &mut Engine) {
    let shown = |function: &mut FnPtr| format!("Fn({})", name::of_function(function));
    for function in ["to_string", "to_debug", "print", "debug"] {
        engine.register_fn(function, shown);
    }
    engine.register_get("name", |function: &mut FnPtr| name::unlink(function.fn_name()));
}

/// The engine of the first compilation: it keeps everything where it was written.
pub(crate) fn scanning(limits: &Limits) -> Engine {
    let mut engine = Engine::new_raw();
    compile_alike(&mut engine, limits);
    engine
}

fn compile_alike(engine: &mut Engine, limits: &Limits) {
    limits.set_on(engine);
    // Interned strings sit behind a lock that threads would wait for.
    engine.set_max_strings_interned(0);
    engine.disable_symbol("eval");
    // Rhai's optimiser drops imports whose names are not used, panics when a script changes a constant map, and made no
    // call measurably faster.
    engine.set_optimization_level(OptimizationLevel::None);
    let most_variables = limits::counted(limits.variables);
    #[allow(deprecated, reason = "Rhai marks what may change in a later version as deprecated")]
    engine.on_parse_token(move |token, at, _| match stack::is_low() {
        false => compiling::map(state::unreserve(token), at, most_variables),
        true => Token::LexError(LexError::Runtime(message::TOO_DEEP_TO_COMPILE.to_owned()).into()),
    });
}

/// Resolves linked names. Called for every variable that is read, so it turns the others away at once.
#[allow(clippy::needless_pass_by_value, reason = "Rhai's signature")]
fn variable(name: &str, index: usize, mut context: EvalContext<'_, '_, '_, '_, '_, '_>) -> RhaiResult<Option<Dynamic>> {
    if name::is_caught(name) {
        account::show_as_written(context.scope_mut(), name);
        return Ok(None);
    }
    if captures::is_expected(name) {
        captures::note(context.scope_mut(), name)?;
    }
    if index == 0
        && let Some(step) = top_level::step(name)
    {
        loading::ask(|top_level| top_level.take_step(step, &context)).transpose()?;
        return Ok(Some(Dynamic::UNIT));
    }
    let (value, steps) = match name::parse(name) {
        Some(LinkedName::Variable { shared: true, .. }) if is_shared(name, context.scope_mut())? => return Ok(None),
        Some(LinkedName::Variable { id, slot, steps, .. }) => (at_hand::variable(id, slot, instance::find), steps),
        Some(LinkedName::ForeignWrite { id, write }) => return foreign(name, id, write, &context).map(Some),
        // What a closure captured it has as a local.
        Some(LinkedName::Function { .. }) if index == 0 => return Ok(Some(FnPtr::new(name)?.into())),
        // At the top level a function has the name until a variable takes it.
        None if index == 0 && !context.scope().contains(name) => {
            return loading::ask(|top_level| top_level.function(name)).transpose().map(Option::flatten);
        }
        Some(LinkedName::Function { .. }) | None => return Ok(None),
    };
    match (value, steps) {
        (Some(value), None) => Ok(Some(value)),
        (Some(value), Some(steps)) => written::target(name, value, steps, Position::NONE).map(Some),
        (None, _) => Err(EvalAltResult::ErrorVariableNotFound(name.to_owned(), Position::NONE).into()),
    }
}

/// What a write gets that begins with `alias::X` or `global::X`.
fn foreign(
    name: &str,
    id: InstanceId,
    write: usize,
    context: &EvalContext<'_, '_, '_, '_, '_, '_>,
) -> RhaiResult<Dynamic> {
    let gone = || EvalAltResult::ErrorVariableNotFound(name.to_owned(), Position::NONE);
    let core = instance::find(id).ok_or_else(gone)?;
    let ForeignWrite { path, name: variable, steps, at } = core.scan().foreign(write).ok_or_else(gone)?;
    let value = match core.scan().foreign(write).is_some_and(ForeignWrite::is_global) {
        true => core.bindings().slots().get(variable).and_then(|slot| core.variable(*slot)),
        false => {
            let module = module_at(path, id, context);
            module.ok_or_else(|| EvalAltResult::ErrorModuleNotFound(path.join("::"), *at))?.get_var(variable)
        }
    };
    let missing = || EvalAltResult::ErrorVariableNotFound(format!("{}::{variable}", path.join("::")), *at);
    written::target(name, value.ok_or_else(missing)?, *steps, *at)
}

/// The module that a path means in code of an instance.
fn module_at<'a>(
    path: &[String],
    id: InstanceId,
    context: &'a EvalContext<'_, '_, '_, '_, '_, '_>,
) -> Option<&'a Module> {
    let (alias, through) = path.split_first()?;
    let alias = name::function(alias, id);
    let imports = context.global_runtime_state().scan_imports_raw();
    let module: &Module = imports.filter(|(name, _)| **name == *alias).last()?.1;
    through.iter().try_fold(module, |module, name| module.get_sub_module(name))
}

/// Whether a closure that the top level made still shares the variable with it, by the name that this has in the closure.
///
/// The top level has an entry of that name for the closures that it makes, and puts the variable into it whenever it makes one.
/// What is kept when a module has been loaded shares nothing any more.
fn is_shared(name: &str, scope: &mut Scope<'_>) -> RhaiResult<bool> {
    let variable = name::as_written(name);
    if let Some(value) = scope.get_mut(variable) {
        if !value.is_shared() && !written::is_plain(value) {
            return Ok(false);
        }
        *value = value.take().into_shared();
        captures::note(scope, variable)?;
        let shared = scope.get(variable).cloned().unwrap_or_default();
        if let Some(entry) = scope.get_mut(name) {
            *entry = shared;
        }
    }
    Ok(scope.get(name).is_some_and(Dynamic::is_shared))
}

/// Finds functions whose names were only known at run time: those of the module that is executing.
fn missing_function(
    name: &str,
    args: &mut [&mut Dynamic],
    method: bool,
    mut context: EvalContext<'_, '_, '_, '_, '_, '_>,
) -> RhaiResult<Option<Dynamic>> {
    let Some(id) = context.source().and_then(instance::by_tag) else { return Ok(None) };
    let Some(core) = instance::find(id) else { return Ok(None) };
    let linked = name::function(name, id);
    let given = args.len() - usize::from(method);
    // A function for one type is called with a value of that type before a dot, and in no other way.
    let is_typed = |function: &FunctionDef| function.name == name && function.params == given && function.typed();
    if !core.arities(&linked).any(|arity| arity == given)
        || (!method && !core.scan().defines(name, given) && core.scan().functions().iter().any(is_typed))
    {
        return Ok(None);
    }
    context.call_fn_raw(&linked, method, method, args).map(Some)
}

fn sleep(time: Option<Duration>) -> RhaiResult<()> {
    match time {
        None => Err("sleep expects a number of seconds that is not negative".into()),
        Some(time) => ending::sleep(time),
    }
}
