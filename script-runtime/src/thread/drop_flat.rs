//! Dropping values that hold values, without recursion.
//!
//! A script can make a chain of any length: `let c = cell(()); loop { c = cell(c); }`, or of functions that captured each
//! other. Dropped the ordinary way it would take a stack frame or two for each link, overflow the stack, and abort the
//! process.

use std::cell::RefCell;
use std::mem::ManuallyDrop;

use rhai::{Array, Dynamic, FnPtr, Map};

thread_local! {
    /// What is to be dropped by the outermost [`drop_flat`] of this thread. `None`: there is none, so nothing is left when
    /// the thread ends; and values are dropped flat until its very end.
    static PENDING: ManuallyDrop<RefCell<Option<Vec<Dynamic>>>> = const { ManuallyDrop::new(RefCell::new(None)) };
}

/// Drops `values` now, or, inside of a drop that came this way, as soon as that has returned.
pub(crate) fn drop_flat(values: impl IntoIterator<Item = Dynamic>) {
    let mut deep: Vec<Dynamic> = values.into_iter().filter(may_hold_values).collect();
    if deep.is_empty() {
        return;
    }
    let is_outermost = PENDING.with(|pending| match &mut *pending.borrow_mut() {
        Some(list) => {
            list.append(&mut deep);
            false
        }
        none => {
            *none = Some(Vec::new());
            true
        }
    });
    let _reset = is_outermost.then(|| Reset);
    while let Some(value) = deep.pop() {
        take_apart(value, &mut deep);
        if deep.is_empty() {
            // What was dropped meanwhile, by handles and callbacks in it.
            deep = PENDING.with(|pending| pending.borrow_mut().as_mut().map(std::mem::take)).unwrap_or_default();
        }
    }
}

/// Drops a value that is not shared, but for what may hold values in turn.
fn take_apart(mut value: Dynamic, rest: &mut Vec<Dynamic>) {
    if value.is_shared() {
        return;
    }
    if let Some(mut array) = value.write_lock::<Array>() {
        rest.extend(array.drain(..).filter(may_hold_values));
    } else if let Some(mut map) = value.write_lock::<Map>() {
        rest.extend(std::mem::take(&mut *map).into_values().filter(may_hold_values));
    } else if let Some(mut function) = value.write_lock::<FnPtr>() {
        rest.extend(function.iter_curry_mut().map(std::mem::take).filter(may_hold_values));
    }
}

/// Ends the outermost drop, also if a value panics while it is dropped.
struct Reset;

impl Drop for Reset {
    fn drop(&mut self) {
        let rest = PENDING.with(|pending| pending.borrow_mut().take());
        drop(rest);
    }
}

/// Is it of a type whose values may hold others?
pub(crate) fn may_hold_values(value: &Dynamic) -> bool {
    value.is_array() || value.is_map() || value.is_fnptr() || value.is_variant() || value.is_shared()
}
