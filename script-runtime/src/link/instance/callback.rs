//! `callback(fn)`: a function value that holds the instance it was written in.
//!
//! Rhai's own function pointers are names. A callback can be stored anywhere and called from any module and any thread;
//! in turn it keeps its instance, and with it all its code, alive. [`owner`](crate::value::owner) tells whose it is.

use std::sync::Arc;

use rhai::{Dynamic, EvalAltResult, FnPtr, NativeCallContext, Position};

use crate::{
    link::{
        instance::{self, Core, bindings::not_kept},
        scan::name::{self, InstanceId},
    },
    state,
    value::{Callback, each_pointer},
};

type RhaiResult<T> = Result<T, Box<EvalAltResult>>;

/// Stands between the name of a callback and the numbers of arguments, in the error that says that these do not fit.
pub(crate) const GIVEN: &str = " was called with ";

/// Makes a callback of a function that was named or written in `core`.
pub(crate) fn make(core: &Arc<Core>, mut function: FnPtr) -> RhaiResult<FnPtr> {
    if Callback::behind(&function).is_some() {
        return Ok(function);
    }
    if core.arities(function.fn_name()).next().is_none() {
        let name = name::unlink(function.fn_name());
        let message = match function.is_anonymous() {
            true => "this closure was written in another module: make the callback of it there".to_owned(),
            false => format!("a callback is made of a function of this module, and it has no `{name}`"),
        };
        return Err(EvalAltResult::ErrorRuntime(message.into(), Position::NONE).into());
    }
    let base = name::of_function(&function);
    for value in function.iter_curry_mut() {
        *value = state::detach(value.take()).map_err(|error| not_kept("what the function captured", error))?;
        weaken(value, core.id());
    }
    let curried = function.curry().len();
    let arities = core.arities(function.fn_name()).filter_map(|arity| arity.checked_sub(curried)).collect();
    pointer(Callback::new(core.id(), &base, function, arities), Some(core.clone()))
}

/// Lets go of `owner` wherever the value holds a callback of it. Whether it did.
pub(crate) fn weaken(value: &mut Dynamic, owner: InstanceId) -> bool {
    replace(value, owner, &|callback| pointer(callback, None))
}

/// Undoes [`weaken`].
pub(crate) fn strengthen(value: &mut Dynamic, owner: &Arc<Core>) {
    replace(value, owner.id(), &|callback| pointer(callback, Some(owner.clone())));
}

fn replace(value: &mut Dynamic, owner: InstanceId, with: &dyn Fn(Arc<Callback>) -> RhaiResult<FnPtr>) -> bool {
    let mut replaced = false;
    each_pointer(value, &mut |found| {
        if let Some(callback) = Callback::behind(found)
            && callback.instance() == owner
            && let Ok(mut other) = with(callback)
        {
            other.set_curry(found.curry().to_vec());
            *found = other;
            replaced = true;
        }
    });
    replaced
}

/// The function value itself. Without `held` it finds its instance only while something else keeps that alive.
#[allow(deprecated, reason = "Rhai marks what may change in a later version as deprecated")]
fn pointer(callback: Arc<Callback>, held: Option<Arc<Core>>) -> RhaiResult<FnPtr> {
    let name = callback.name().to_owned();
    let call = move |context: NativeCallContext<'_>, args: &mut [&mut Dynamic]| {
        let core = held.clone().or_else(|| instance::find(callback.instance()));
        let Some(core) = core else {
            let message = format!("the instance of callback `{}` is gone", name::unlink(callback.name()));
            return Err(Box::new(EvalAltResult::ErrorRuntime(message.into(), Position::NONE)));
        };
        run(&callback, &core, &context, args)
    };
    FnPtr::from_fn(name, call)
}

fn run(
    callback: &Callback,
    core: &Arc<Core>,
    context: &NativeCallContext<'_>,
    args: &mut [&mut Dynamic],
) -> RhaiResult<Dynamic> {
    let given = args.len();
    let (this, args) = if callback.arities().contains(&given) {
        (None, args)
    } else if given > 0 && callback.arities().contains(&(given - 1)) {
        // Called in method style: what stands before the dot comes first.
        let (this, args) = args.split_at_mut(1);
        (this.first_mut().map(|this| &mut **this), args)
    } else {
        // Natives such as `map` try again with an index when they see this error about the name they called.
        let takes: Vec<_> = callback.arities().iter().map(ToString::to_string).collect();
        let signature = format!("{}{GIVEN}{given} arguments, but takes {}", callback.name(), takes.join(" or "));
        return Err(Box::new(EvalAltResult::ErrorFunctionNotFound(signature, Position::NONE)));
    };
    // Copies: natives such as `filter` pass an item of their array here, and still need it.
    let args: Vec<Dynamic> = args.iter().map(|arg| Dynamic::clone(arg)).collect();
    core.call_nested(context, callback.function(), this, args)
}
