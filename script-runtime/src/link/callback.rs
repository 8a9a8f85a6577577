//! `callback(fn)`: a function value that holds the instance it was written in.
//!
//! Rhai's own function pointers are names. A callback can be stored anywhere and called from any module and any thread;
//! in turn it keeps its instance, and with it all its code, alive. [`owner`] tells whose a callback is.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, Weak};

use rhai::{Dynamic, Engine, EvalAltResult, FnPtr, NativeCallContext, Position};

use super::bindings::{each_pointer, not_kept};
use super::call::outcome;
use super::error::{Kind, ScriptError};
use super::instance::{self, Core};
use super::name::{self, InstanceId};
use super::running;
use crate::state;

type RhaiResult<T> = Result<T, Box<EvalAltResult>>;

/// A script's function, ready to be called from anywhere while its instance lives.
struct Target {
    id: InstanceId,
    name: String,
    function: FnPtr,
    /// How many arguments it takes beyond the curried ones.
    arities: Vec<usize>,
}

/// Stands between the name of a callback and the numbers of arguments, in the error that says that these do not fit.
pub(crate) const GIVEN: &str = " was called with ";

/// Every callback that lives. A pointer's own content cannot be asked, its name can.
static ALL: LazyLock<papaya::HashMap<u64, Weak<Target>>> = LazyLock::new(papaya::HashMap::new);

impl Drop for Target {
    fn drop(&mut self) {
        // It may have captured a callback that captured a callback, and so on.
        state::drop_flat(self.function.iter_curry_mut().map(std::mem::take));
        if let Some(serial) = serial(&self.name) {
            ALL.pin().remove(&serial);
        }
    }
}

/// Makes a callback of a function that was named or written in `core`.
pub(crate) fn make(core: &Arc<Core>, mut function: FnPtr) -> RhaiResult<FnPtr> {
    if target(&function).is_some() {
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
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let serial = NEXT.fetch_add(1, Ordering::Relaxed);
    let base = if function.is_anonymous() { "closure".to_owned() } else { name::unlink(function.fn_name()) };
    for value in function.iter_curry_mut() {
        *value = state::detach(value.take()).map_err(|error| not_kept("what the function captured", error))?;
        weaken(value, core.id());
    }
    let curried = function.curry().len();
    let arities = core.arities(function.fn_name()).filter_map(|arity| arity.checked_sub(curried)).collect();
    let name = format!("{base}__mp{serial}c");
    let target = Arc::new(Target { id: core.id(), name, function, arities });
    ALL.pin().insert(serial, Arc::downgrade(&target));
    pointer(target, Some(core.clone()))
}

/// The instance that a callback keeps alive, if the value is a callback.
pub(crate) fn owner(value: &Dynamic) -> Option<InstanceId> {
    let pointer = value.read_lock::<FnPtr>()?;
    target(&pointer).map(|target| target.id)
}

/// What a callback captured, which does not show on the pointer itself, and an address that it shares with its copies.
pub(crate) fn captured(pointer: &FnPtr) -> Option<(usize, Vec<Dynamic>)> {
    let target = target(pointer)?;
    Some((Arc::as_ptr(&target) as usize, target.function.curry().to_vec()))
}

/// Calls a callback from outside of all scripts.
pub(crate) fn call(engine: &Engine, callback: &FnPtr, args: &mut [Dynamic]) -> Result<Dynamic, ScriptError> {
    let found = target(callback).and_then(|target| Some((instance::find(target.id)?, target)));
    let (core, target) =
        found.ok_or_else(|| ScriptError::new(Kind::Runtime, "it is no callback, or its instance is gone"))?;
    let params = args.len() + target.function.curry().len();
    let start = core.callback_state().unwrap_or_else(|| engine.new_global_runtime_state());
    let context = NativeCallContext::new_with_all_fields(engine, callback.fn_name(), None, &start, Position::NONE);
    running::during(|| outcome(callback.call_raw(&context, None, args), &core, target.function.fn_name(), params))
}

/// Lets go of `owner` wherever the value holds a callback of it. Whether it did.
pub(crate) fn weaken(value: &mut Dynamic, owner: InstanceId) -> bool {
    replace(value, owner, &|target| pointer(target, None))
}

/// Undoes [`weaken`].
pub(crate) fn strengthen(value: &mut Dynamic, owner: &Arc<Core>) {
    replace(value, owner.id(), &|target| pointer(target, Some(owner.clone())));
}

fn replace(value: &mut Dynamic, owner: InstanceId, with: &dyn Fn(Arc<Target>) -> RhaiResult<FnPtr>) -> bool {
    let mut replaced = false;
    each_pointer(value, &mut |found| {
        if let Some(target) = target(found)
            && target.id == owner
            && let Ok(mut other) = with(target)
        {
            other.set_curry(found.curry().to_vec());
            *found = other;
            replaced = true;
        }
    });
    replaced
}

fn serial(name: &str) -> Option<u64> {
    let (_, serial) = name.strip_suffix('c')?.rsplit_once("__mp")?;
    serial.parse().ok()
}

fn target(pointer: &FnPtr) -> Option<Arc<Target>> {
    let serial = serial(pointer.fn_name())?;
    ALL.pin().get(&serial)?.upgrade()
}

/// The function value itself. Without `held` it finds its instance only while something else keeps that alive.
#[allow(deprecated, reason = "Rhai marks what may change in a later version as deprecated")]
fn pointer(target: Arc<Target>, held: Option<Arc<Core>>) -> RhaiResult<FnPtr> {
    let name = target.name.clone();
    let call = move |context: NativeCallContext<'_>, args: &mut [&mut Dynamic]| {
        let core = held.clone().or_else(|| instance::find(target.id));
        let Some(core) = core else {
            let message = format!("the instance of callback `{}` is gone", name::unlink(&target.name));
            return Err(Box::new(EvalAltResult::ErrorRuntime(message.into(), Position::NONE)));
        };
        target.call(&core, &context, args)
    };
    FnPtr::from_fn(name, call)
}

impl Target {
    fn call(
        &self,
        core: &Arc<Core>,
        context: &NativeCallContext<'_>,
        args: &mut [&mut Dynamic],
    ) -> RhaiResult<Dynamic> {
        let given = args.len();
        let (this, args) = if self.arities.contains(&given) {
            (None, args)
        } else if given > 0 && self.arities.contains(&(given - 1)) {
            // Called in method style: what stands before the dot comes first.
            let (this, args) = args.split_at_mut(1);
            (this.first_mut().map(|this| &mut **this), args)
        } else {
            // Natives such as `map` try again with an index when they see this error about the name they called.
            let takes: Vec<_> = self.arities.iter().map(ToString::to_string).collect();
            let signature = format!("{}{GIVEN}{given} arguments, but takes {}", self.name, takes.join(" or "));
            return Err(Box::new(EvalAltResult::ErrorFunctionNotFound(signature, Position::NONE)));
        };
        // Copies: natives such as `filter` pass an item of their array here, and still need it.
        let args: Vec<Dynamic> = args.iter().map(|arg| Dynamic::clone(arg)).collect();
        core.call_nested(context, &self.function, this, args)
    }
}
