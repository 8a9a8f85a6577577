//! Dropping values that hold handles that hold values, without recursion.
//!
//! A script can make a chain of any length: `let c = cell(()); loop { c = cell(c); }`. Dropped the ordinary way it
//! would take a stack frame or two for each link, overflow the stack, and abort the process.

use std::cell::RefCell;

use rhai::Dynamic;

thread_local! {
    /// What is to be dropped by the outermost [`drop_flat`] of this thread. `None`: there is none.
    static PENDING: RefCell<Option<Vec<Dynamic>>> = const { RefCell::new(None) };
}

/// Drops `values` now, or, inside of a drop that came this way, as soon as that has returned.
pub(super) fn drop_flat(values: impl IntoIterator<Item = Dynamic>) {
    let mut deep: Vec<Dynamic> = values.into_iter().filter(may_hold_handles).collect();
    if deep.is_empty() {
        return;
    }
    // A thread that is ending may have no list any more: then the values are dropped as `deep` is.
    let outermost = PENDING.try_with(|pending| match &mut *pending.borrow_mut() {
        Some(list) => {
            list.append(&mut deep);
            false
        }
        none => {
            *none = Some(std::mem::take(&mut deep));
            true
        }
    });
    if outermost == Ok(true) {
        let _reset = Reset;
        while let Some(value) = PENDING.with_borrow_mut(|pending| pending.as_mut().and_then(Vec::pop)) {
            drop(value);
        }
    }
}

/// Ends the outermost drop, also if a value panics while it is dropped.
struct Reset;

impl Drop for Reset {
    fn drop(&mut self) {
        let rest = PENDING.with_borrow_mut(Option::take);
        drop(rest);
    }
}

fn may_hold_handles(value: &Dynamic) -> bool {
    value.is_array() || value.is_map() || value.is_fnptr() || value.is_variant()
}
