//! The variables of one instance: written while it loads, fixed ever after, then read without a lock.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use parking_lot::Mutex;
use rhai::{Dynamic, EvalAltResult, Position};

use crate::state::StateError;

/// A variable's value.
#[derive(Clone)]
pub(crate) struct Bound {
    pub(crate) value: Dynamic,
    /// It holds callbacks of the instance itself, kept weakly so that an instance does not keep itself alive.
    pub(crate) holds_own_callback: bool,
}

pub(crate) struct Bindings {
    slots: HashMap<String, usize>,
    /// By slot.
    names: Vec<String>,
    /// Other threads read here too: a callback can be called before loading has ended (R61). Values are shared, so that
    /// none is copied, and none dropped, while the lock is held.
    loading: Mutex<Vec<Option<Arc<Bound>>>>,
    fixed: OnceLock<Box<[Option<Bound>]>>,
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
    pub(crate) fn store(&self, slot: usize, bound: Bound) {
        let new = Some(Arc::new(bound));
        let _old = match self.loading.lock().get_mut(slot) {
            Some(place) => std::mem::replace(place, new),
            None => new,
        };
    }

    /// Ends the changes. A reader that found nothing fixed just before looks again, see [`so_far`](Self::so_far).
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
    pub(crate) fn get(&self, slot: usize) -> Option<Bound> {
        match self.fixed.get() {
            Some(fixed) => fixed.get(slot)?.clone(),
            None => self.so_far(slot),
        }
    }

    #[cfg(test)]
    pub(crate) fn has_so_far(&self, slot: usize) -> bool {
        self.so_far(slot).is_some()
    }

    /// Returns the value for a reader that found nothing fixed. It may be fixed by now: the lock decides.
    fn so_far(&self, slot: usize) -> Option<Bound> {
        let value = {
            let loading = self.loading.lock();
            match self.fixed.get() {
                Some(fixed) => return fixed.get(slot)?.clone(),
                None => loading.get(slot)?.clone()?,
            }
        };
        Some(Bound::clone(&value))
    }
}

impl Drop for Bindings {
    fn drop(&mut self) {
        // Callbacks of other instances may be in them, whose variables hold callbacks of others, and so on.
        let fixed = self.fixed.take().into_iter().flatten().flatten();
        let loading = std::mem::take(self.loading.get_mut()).into_iter().flatten().filter_map(Arc::into_inner);
        crate::thread::drop_flat(fixed.chain(loading).map(|value| value.value));
    }
}

/// Why a variable, or what a callback captured, is not taken.
pub(crate) fn not_kept(what: &str, error: StateError) -> Box<EvalAltResult> {
    match error {
        StateError::OutOfTime => error.into(),
        error => EvalAltResult::ErrorRuntime(format!("{what} is refused: {error}").into(), Position::NONE).into(),
    }
}
