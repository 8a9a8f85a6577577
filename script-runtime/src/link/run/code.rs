//! The functions of an instance under their linked names: its own, the methods that may mean these, and the natives that
//! need to know the instance.

use std::any::TypeId;
use std::collections::{HashMap, HashSet};

use rhai::{
    AST, Dynamic, EvalAltResult, FnPtr, FuncRegistration, Module, NativeCallContext, Position, RhaiFunc, Shared,
};

use crate::link::{
    instance::{self, CompiledCode, Core},
    run::{
        natives::{NATIVES, Native},
        written,
    },
    scan::{
        Scan,
        name::{self, InstanceId},
        uses::{CALL, IS_DEFINED_FUNCTION, Use},
    },
};

type RhaiResult<T> = Result<T, Box<EvalAltResult>>;

/// Of the tree of a linked text.
/// The functions of the tree under their linked names, and the natives that need to know the instance.
pub(crate) fn of(core: &Core, ast: &AST) -> CompiledCode {
    let mut module = Module::new();
    let mut arities: HashMap<String, Vec<usize>> = HashMap::new();
    for (_, _, name, params, definition) in ast.shared_lib().iter_script_fn_info() {
        arities.entry(name.to_owned()).or_default().push(params);
        module.set_script_fn(definition.clone());
    }
    for (name, args) in core.scan().methods() {
        add_method(&mut module, core.id(), name, args, core.scan().defines(name, args), false);
    }
    for (name, args) in core.scan().fixed_methods() {
        add_method(&mut module, core.id(), name, args, core.scan().defines(name, args), true);
    }
    for function in NATIVES {
        if core.scan().calls(function.name, function.args) {
            add_native(&mut module, core.id(), function);
        }
    }
    module.set_id(core.tag().clone());
    CompiledCode { module: Shared::new(module), arities }
}

fn add_native(module: &mut Module, id: InstanceId, function: &Native) {
    let call = function.call;
    let native =
        move |context: Option<NativeCallContext<'_>>, args: &mut [&mut Dynamic]| match (context, instance::find(id)) {
            (Some(context), Some(core)) => call(&core, &context, args),
            _ => Err("the calling instance is gone".into()),
        };
    let native = RhaiFunc::Pure { func: Shared::new(native), has_context: true, is_pure: true, is_volatile: true };
    let params = vec![TypeId::of::<Dynamic>(); function.args];
    FuncRegistration::new(name::function(function.name, id)).set_into_module_raw(module, params, native);
}

/// What `x.name(..)` calls where the module itself has a function `name`: an entry of the map `x`, else the module's
/// function, else a native one, as it would be without linking. `fixed`: it may not change `x`, a variable of the module.
fn add_method(module: &mut Module, id: InstanceId, name: &str, args: usize, for_all_types: bool, fixed: bool) {
    let linked = name::function(name, id);
    let method = name.to_owned();
    let call = move |context: &NativeCallContext<'_>, args: &mut [&mut Dynamic]| {
        if method == CALL {
            return call_value(context, args);
        }
        let entry = args.first().and_then(|this| this.as_map_ref().ok()?.get(method.as_str())?.clone().try_cast());
        if let (Some(entry), Some((this, rest))) = (entry, args.split_first_mut()) {
            let entry: FnPtr = entry;
            let rest: Vec<Dynamic> = rest.iter_mut().map(|arg| std::mem::take(&mut **arg)).collect();
            return entry.call_raw(context, Some(this), rest);
        }
        match context.call_fn_raw(&linked, true, true, args) {
            Err(error) if !for_all_types && is_missing(&error, &linked) => {
                context.call_native_fn_raw(&method, true, args)
            }
            result => result,
        }
    };
    let native = move |context: Option<NativeCallContext<'_>>, args: &mut [&mut Dynamic]| {
        let Some(context) = context else { return Err("a method call needs its context".into()) };
        if !fixed {
            return call(&context, args);
        }
        let before = args.first().map(|this| Dynamic::clone(this));
        let result = call(&context, args)?;
        match (before, args.first()) {
            (Some(before), Some(after)) if !written::same(&before, after) => {
                Err(written::constant("this", Position::NONE))
            }
            _ => Ok(result),
        }
    };
    let native = RhaiFunc::Method { func: Shared::new(native), has_context: true, is_pure: true, is_volatile: true };
    let params = vec![TypeId::of::<Dynamic>(); args + 1];
    let linked = if fixed { name::fixed_method(name, id) } else { name::method(name, id) };
    FuncRegistration::new(linked).set_into_module_raw(module, params, native);
}

/// `function.call(..)`, or `x.call(function, ..)`, in which `x` is `this`.
fn call_value(context: &NativeCallContext<'_>, args: &mut [&mut Dynamic]) -> RhaiResult<Dynamic> {
    let take = |args: &mut [&mut Dynamic]| args.iter_mut().map(|arg| std::mem::take(&mut **arg)).collect::<Vec<_>>();
    let Some((this, given)) = args.split_first_mut() else { return Ok(Dynamic::UNIT) };
    let function = this.read_lock::<FnPtr>().map(|function| function.clone());
    if let Some(function) = function {
        return function.call_raw(context, None, take(given));
    }
    let mut given = take(given).into_iter();
    let function = given.next().unwrap_or_default();
    let found = context.engine().map_type_name(function.type_name()).to_owned();
    match function.try_cast::<FnPtr>() {
        Some(function) => function.call_raw(context, Some(this), given.collect::<Vec<_>>()),
        None => {
            let at = context.call_position();
            Err(EvalAltResult::ErrorMismatchDataType("Fn".to_owned(), found, at).into())
        }
    }
}

fn is_missing(error: &EvalAltResult, function: &str) -> bool {
    matches!(error, EvalAltResult::ErrorFunctionNotFound(signature, _) if signature.starts_with(function))
}

impl Scan {
    /// The methods called that the text itself may define, each once.
    fn methods(&self) -> impl Iterator<Item = (&str, usize)> {
        let mut found: Vec<(&str, usize)> = Vec::new();
        for (_, used) in self.uses() {
            if let Use::Method(name, args) | Use::FixedMethod(name, args) = used
                && self.functions().iter().any(|f| f.name == *name && f.params == *args)
                && !found.contains(&(name, *args))
            {
                found.push((name, *args));
            }
        }
        found.into_iter()
    }

    /// The methods called on variables of the module that may write to them, each once.
    fn fixed_methods(&self) -> HashSet<(&str, usize)> {
        let fixed = self.uses().iter().filter_map(|(_, used)| match used {
            Use::FixedMethod(name, args) if self.may_change_this(name, *args) => Some((name.as_str(), *args)),
            _ => None,
        });
        fixed.collect()
    }

    fn calls(&self, name: &str, args: usize) -> bool {
        self.uses().iter().any(|(_, used)| match used {
            Use::Call(called, given) => called == name && *given == args,
            Use::IsDefinedFunction(given) => name == IS_DEFINED_FUNCTION && *given == args,
            _ => false,
        })
    }
}
