//! Room on the stack. A script may nest calls, expressions and imports as it likes, and each level takes from the stack of
//! the thread that runs it: in an embedding program, from whatever thread calls.
//!
//! Whoever compiles a text, or begins to run one, does so [`with_room`]: where a thread has little stack left, on a new one,
//! so that imports within imports never come to an end of it. Within that room, every operation and every token
//! asks whether the stack [`is_low`], and the script is ended rather than the process.
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

use std::cell::Cell;

/// Rhai's frames are this much larger without optimisation. It is not known of a dependency, but likely if we have none.
const FACTOR: usize = if cfg!(debug_assertions) { 8 } else { 1 };

/// What a script finds when it begins: enough for 64 calls within each other, each in a closure. Threads of Rust's usual
/// two megabytes have it in optimised programs.
const ROOM: usize = FACTOR << 20;

/// The size of a new stack. It is address space until it is used.
const SEGMENT: usize = 8 * ROOM;

/// What is left to the last operation, which may be a native function.
const RESERVE: usize = FACTOR * (128 << 10);

thread_local! {
    /// The address below which the stack is low. 0: nothing runs that was given room.
    static LOWEST: Cell<usize> = const { Cell::new(0) };
}

/// Runs what compiles or runs scripts, with at least [`ROOM`] to do so.
pub(crate) fn with_room<R>(run: impl FnOnce() -> R) -> R {
    /// Puts back what held outside, also when a script's native function panics.
    struct Outside(usize);
    impl Drop for Outside {
        fn drop(&mut self) {
            LOWEST.set(self.0);
        }
    }
    stacker::maybe_grow(ROOM, SEGMENT, || {
        let left = stacker::remaining_stack();
        let lowest = left.map_or(0, |left| here().saturating_sub(left) + RESERVE);
        let _outside = Outside(LOWEST.replace(lowest));
        run()
    })
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
