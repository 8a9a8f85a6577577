//! The instances whose code runs on this thread, kept at hand.
//!
//! Every read of a variable has only a number to go by. The table of all instances answers with a reference count, and
//! a count that many threads change is slow for all of them. So an instance is looked up once in a call from outside,
//! and let go when that call ends.

use std::cell::{Cell, RefCell};
use std::sync::Arc;

use crate::{
    link::{
        instance::{self, Core},
        scan::name::InstanceId,
    },
    thread::{captures, stack},
};

thread_local! {
    static DEPTH: Cell<usize> = const { Cell::new(0) };
    static AT_HAND: RefCell<Vec<Arc<Core>>> = const { RefCell::new(Vec::new()) };
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

/// What `read` finds in the live instance of this number.
pub(crate) fn with<R>(id: InstanceId, read: impl FnOnce(&Arc<Core>) -> Option<R>) -> Option<R> {
    AT_HAND.with_borrow_mut(|at_hand| {
        if let Some(core) = at_hand.iter().find(|core| core.id() == id) {
            return read(core);
        }
        let core = instance::find(id)?;
        let found = read(&core);
        if DEPTH.get() > 0 {
            at_hand.push(core);
        }
        found
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
