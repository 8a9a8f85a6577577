//! The instances whose code runs on this thread, kept at hand.
//!
//! Every read of a variable has only a number to go by. The table of all instances answers with a reference count, and
//! a count that many threads change is slow for all of them. So an instance is looked up once in a call from outside,
//! and let go when that call ends.

use std::{
    cell::{Cell, RefCell},
    sync::Arc,
};

use rhai::Dynamic;
use samovar_importer::InstanceId;

use super::{captures, stack};

/// What has variables: an instance.
pub(crate) trait Variables: Send + Sync {
    /// The value of the variable in this slot, if it has one by now.
    fn variable(&self, slot: usize) -> Option<Dynamic>;
}

thread_local! {
    static DEPTH: Cell<usize> = const { Cell::new(0) };
    static AT_HAND: RefCell<Vec<(InstanceId, Arc<dyn Variables>)>> = const { RefCell::new(Vec::new()) };
}

/// Runs a call from outside, or a load. Within another one it adds nothing. What is returned holds nothing that functions
/// captured: that ends with the call.
pub(crate) fn during<R>(run: impl FnOnce() -> R) -> R {
    /// Also when a script's native function panics.
    struct Leave;
    impl Drop for Leave {
        fn drop(&mut self) {
            DEPTH.set(DEPTH.get() - 1);
            if DEPTH.get() == 0 {
                captures::let_go();
                let_go();
            }
        }
    }
    DEPTH.set(DEPTH.get() + 1);
    let _leave = Leave;
    stack::with_room(run)
}

/// The value of a variable of the instance of this number, which `find` finds if it was not read from before.
pub(crate) fn variable<V: Variables + 'static>(
    id: InstanceId,
    slot: usize,
    find: impl FnOnce(InstanceId) -> Option<Arc<V>>,
) -> Option<Dynamic> {
    AT_HAND.with_borrow_mut(|at_hand| {
        if let Some((_, instance)) = at_hand.iter().find(|(other, _)| *other == id) {
            return instance.variable(slot);
        }
        let instance = find(id)?;
        let value = instance.variable(slot);
        if DEPTH.get() > 0 {
            at_hand.push((id, instance));
        }
        value
    })
}

/// Empties the list, and only then drops what was in it: that may run anything.
fn let_go() {
    let mut held = AT_HAND.take();
    held.clear();
    AT_HAND.with_borrow_mut(|at_hand| {
        if at_hand.is_empty() {
            *at_hand = held;
        }
    });
}
