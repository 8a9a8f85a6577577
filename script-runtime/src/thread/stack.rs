//! Room on the stack. A script may nest calls, expressions and imports as it likes, and each level takes from the stack of
//! the thread that runs it: in an embedding program, from whatever thread calls. Rhai also goes through values by recursion
//! (it copies, drops and hashes an array in an array), and a script nests these as deeply as its time allows.
//!
//! Texts are compiled, and calls begin, [`with_room`]: where a thread has little stack left, on another stack,
//! which the thread keeps for the next time. Within that room, every operation and every token asks whether the stack
//! [`is_low`], and the script is ended rather than the process. What is left then is for the last operation.
//!
//! What a level takes was measured with Rhai 1.27 on x86-64, in kilobytes:
//!
//! | | optimised | not |
//! |---|---|---|
//! | a call in an expression, `1 + f(n - 1)` | 8.5 | 50 |
//! | a call in a closure that `map` calls | 13 | 80 |
//! | a nested expression, `1 + (..)` | 1.8 | 7 |
//! | a nested expression, when it is compiled | 4 | 26 |
//! | from one operation to the next, at most | 3 | 24 |
//! | an array in an array, when it is copied or dropped | 0.4 | 1.5 |

use std::cell::{Cell, RefCell};

use corosensei::stack::{DefaultStack, Stack};

/// Rhai's frames are this much larger without optimisation. It is not known of a dependency, but likely if we have none.
const FACTOR: usize = if cfg!(debug_assertions) { 8 } else { 1 };

/// What a script finds when it begins: enough for 64 calls within each other, each in a closure.
const ROOM: usize = FACTOR << 20;

/// The size of a stack of ours, and of those threads that only run scripts. It is address space until it is used.
const SIZE: usize = 64 << 20;

/// What is left to the last operation. In ten seconds a script nests some 20,000 arrays, since each step costs it a walk
/// through all.
const RESERVE: usize = SIZE / 2;

/// What is left to it where the system gives no stack.
const SMALL_RESERVE: usize = FACTOR * (128 << 10);

thread_local! {
    /// The address below which the stack is low. 0: nothing runs that was given room.
    static LOWEST: Cell<usize> = const { Cell::new(0) };
    /// A stack that this thread has used before.
    static SPARE: RefCell<Option<DefaultStack>> = const { RefCell::new(None) };
}

/// Runs what compiles or runs scripts, with at least [`ROOM`] to do so.
pub(crate) fn with_room<R>(run: impl FnOnce() -> R) -> R {
    let (here, lowest) = (here(), LOWEST.get());
    if lowest > 0 {
        return if here >= lowest + ROOM { run() } else { on_other_stack(lowest, run) };
    }
    // The first on this thread: nothing of ours is below.
    let left = stacker::remaining_stack().unwrap_or_default();
    match left.checked_sub(RESERVE) {
        Some(room) if room >= ROOM => within(here - room, run),
        _ => on_other_stack(here.saturating_sub(left) + SMALL_RESERVE, run),
    }
}

/// Runs on a stack of ours; where the system gives none, on this one, which is low below `lowest`.
fn on_other_stack<R>(lowest: usize, run: impl FnOnce() -> R) -> R {
    /// Keeps the stack for the next time, also when a script's native function panics.
    struct Kept(Option<DefaultStack>);
    impl Drop for Kept {
        fn drop(&mut self) {
            let stack = self.0.take();
            // A thread that is ending needs none.
            let _ = SPARE.try_with(|spare| *spare.borrow_mut() = stack);
        }
    }
    let spare = SPARE.try_with(|spare| spare.borrow_mut().take()).ok().flatten();
    match spare.map_or_else(|| DefaultStack::new(SIZE), Ok) {
        Ok(stack) => {
            let lowest = stack.limit().get() + RESERVE;
            let mut kept = Kept(Some(stack));
            match &mut kept.0 {
                Some(stack) => corosensei::on_stack(stack, || within(lowest, run)),
                None => run(),
            }
        }
        Err(_) => within(lowest, run),
    }
}

/// Notes below which address the stack is low, while `run` runs.
fn within<R>(lowest: usize, run: impl FnOnce() -> R) -> R {
    /// Puts back what held outside, also when a script's native function panics.
    struct Outside(usize);
    impl Drop for Outside {
        fn drop(&mut self) {
            LOWEST.set(self.0);
        }
    }
    let _outside = Outside(LOWEST.replace(lowest));
    run()
}

/// Is there too little stack left for another level?
pub(crate) fn is_low() -> bool {
    here() < LOWEST.get()
}

/// About where the stack is now.
fn here() -> usize {
    let mark = 0_u8;
    (&raw const mark).addr()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Goes down the stack until it is low; how many levels that took.
    fn descend(level: usize) -> usize {
        let used = [level; 64];
        if is_low() { level } else { descend(std::hint::black_box(used)[63] + 1) }
    }

    #[test]
    fn it_is_low_before_it_ends_on_any_thread() {
        for stack in [64 << 10, 2 << 20, 64 << 20] {
            let thread = std::thread::Builder::new().stack_size(stack);
            let levels = thread.spawn(|| with_room(|| descend(0))).expect("a thread").join().expect("no overflow");
            assert!(levels > 100, "{levels}");
            // As good as the first time.
            let nested = || with_room(|| with_room(|| (descend(0), with_room(|| descend(0)))));
            assert!(nested().1 > 100);
        }
        assert!(!is_low(), "outside, nobody asks");
    }
}
