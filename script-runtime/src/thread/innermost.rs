//! What holds on a thread for as long as something runs there: a stack, the innermost last.

use std::{cell::RefCell, thread::LocalKey};

/// Runs `run` with `value` on top of the stack.
pub(super) fn within<T: 'static, R>(stack: &'static LocalKey<RefCell<Vec<T>>>, value: T, run: impl FnOnce() -> R) -> R {
    /// Also when a script's native function panics.
    struct Leave<T: 'static>(&'static LocalKey<RefCell<Vec<T>>>);
    impl<T> Drop for Leave<T> {
        fn drop(&mut self) {
            // Dropped when the stack is free: that may run anything.
            let left = self.0.with_borrow_mut(Vec::pop);
            drop(left);
        }
    }
    stack.with_borrow_mut(|all| all.push(value));
    let _leave = Leave(stack);
    run()
}
