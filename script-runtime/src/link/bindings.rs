//! The variables of one instance: written while it loads, fixed ever after, then read without a lock.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use parking_lot::Mutex;
use rhai::{Array, Dynamic, EvalAltResult, FnPtr, Map, Position};

use super::callback;
use super::instance::Core;
use super::name::InstanceId;
use crate::state::{self, StateError};

/// A variable's value.
#[derive(Clone)]
struct Value {
    value: Dynamic,
    /// It holds callbacks of the instance itself, kept weakly so that an instance does not keep itself alive.
    holds_own_callback: bool,
}

pub(crate) struct Bindings {
    slots: HashMap<String, usize>,
    /// By slot.
    names: Vec<String>,
    /// Other threads read here too: a callback can be called before loading has ended (R61). Values are shared, so that
    /// none is copied, and none dropped, while the lock is held.
    loading: Mutex<Vec<Option<Arc<Value>>>>,
    fixed: OnceLock<Box<[Option<Value>]>>,
}

impl Bindings {
    /// Slots for these names, in this order; a name given twice gets one.
    pub(crate) fn new<'a>(names: impl Iterator<Item = &'a str>) -> Self {
        let (mut slots, mut by_slot) = (HashMap::new(), Vec::new());
        for name in names {
            slots.entry(name.to_owned()).or_insert_with(|| {
                by_slot.push(name.to_owned());
                by_slot.len() - 1
            });
        }
        let loading = Mutex::new(vec![None; slots.len()]);
        Self { slots, names: by_slot, loading, fixed: OnceLock::new() }
    }

    /// The name of the variable in a slot.
    pub(crate) fn name(&self, slot: usize) -> Option<&str> {
        self.names.get(slot).map(String::as_str)
    }

    pub(crate) fn slots(&self) -> &HashMap<String, usize> {
        &self.slots
    }

    /// Takes a value that the top level computed. Once the variables are fixed it is ignored.
    ///
    /// # Errors
    ///
    /// As for all that outlives a call: the value is too deep or too large, or contains itself.
    pub(crate) fn store(&self, slot: usize, value: &Dynamic, owner: InstanceId) -> Result<(), StateError> {
        let mut value = state::detach(value.clone())?;
        let holds_own_callback = callback::weaken(&mut value, owner);
        let new = Some(Arc::new(Value { value, holds_own_callback }));
        let _old = match self.loading.lock().get_mut(slot) {
            Some(place) => std::mem::replace(place, new),
            None => new,
        };
        Ok(())
    }

    /// Ends the changes. Whoever has seen before that nothing was fixed looks again, see [`so_far`](Self::so_far).
    pub(crate) fn fix(&self) {
        let mut loading = self.loading.lock();
        let values = std::mem::take(&mut *loading).into_iter().map(|value| value.map(Arc::unwrap_or_clone));
        self.fixed.get_or_init(|| values.collect());
    }

    /// All values as they are kept: callbacks of the instance itself do not hold it.
    pub(crate) fn stored(&self) -> impl Iterator<Item = Dynamic> + '_ {
        self.fixed.get().into_iter().flatten().flatten().map(|value| value.value.clone())
    }

    /// As [`stored`](Self::stored), one of them.
    pub(crate) fn stored_at(&self, slot: usize) -> Option<Dynamic> {
        Some(self.fixed.get()?.get(slot)?.as_ref()?.value.clone())
    }

    /// The value, or `None` while the top level has not come to its definition.
    pub(crate) fn get(&self, slot: usize, owner: &Arc<Core>) -> Option<Dynamic> {
        let value = match self.fixed.get() {
            Some(fixed) => fixed.get(slot)?.clone()?,
            None => self.so_far(slot)?,
        };
        let Value { mut value, holds_own_callback } = value;
        if holds_own_callback {
            callback::strengthen(&mut value, owner);
        }
        Some(value)
    }

    #[cfg(test)]
    pub(crate) fn has_so_far(&self, slot: usize) -> bool {
        self.so_far(slot).is_some()
    }

    /// The value for whoever has found nothing fixed, which it may be by now: the lock decides.
    fn so_far(&self, slot: usize) -> Option<Value> {
        let value = {
            let loading = self.loading.lock();
            match self.fixed.get() {
                Some(fixed) => return fixed.get(slot)?.clone(),
                None => loading.get(slot)?.clone()?,
            }
        };
        Some(Value::clone(&value))
    }
}

impl Drop for Bindings {
    fn drop(&mut self) {
        // Callbacks of other instances may be in them, whose variables hold callbacks of others, and so on.
        let fixed = self.fixed.take().into_iter().flatten().flatten();
        let loading = std::mem::take(self.loading.get_mut()).into_iter().flatten().filter_map(Arc::into_inner);
        state::drop_flat(fixed.chain(loading).map(|value| value.value));
    }
}

/// Why a variable, or what a callback captured, is not taken.
pub(super) fn not_kept(what: &str, error: StateError) -> Box<EvalAltResult> {
    match error {
        StateError::OutOfTime => error.into(),
        error => EvalAltResult::ErrorRuntime(format!("{what} is refused: {error}").into(), Position::NONE).into(),
    }
}

/// Calls `visit` on every function value inside, also curried ones. What is kept is not deep, see [`state::MAX_DEPTH`].
pub(crate) fn each_pointer(value: &mut Dynamic, visit: &mut dyn FnMut(&mut FnPtr)) {
    if let Some(mut array) = value.write_lock::<Array>() {
        array.iter_mut().for_each(|item| each_pointer(item, visit));
    } else if let Some(mut map) = value.write_lock::<Map>() {
        map.values_mut().for_each(|item| each_pointer(item, visit));
    } else if let Some(mut pointer) = value.write_lock::<FnPtr>() {
        visit(&mut pointer);
        pointer.iter_curry_mut().for_each(|item| each_pointer(item, visit));
    }
}
