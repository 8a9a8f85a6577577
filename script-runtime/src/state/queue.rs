//! Values that one script leaves for another, first in, first out.

use std::collections::VecDeque;
use std::sync::Arc;

use parking_lot::Mutex;
use rhai::{Array, Dynamic, Engine, EvalAltResult, FuncRegistration, INT, NativeCallContext};

use crate::{
    state::{
        copy::stored,
        error::StateError,
        handle::{self, Handle, room_for, rust_traits, within_limits},
        holds::OnlyPlain,
    },
    thread::drop_flat,
};

/// A shared queue of bounded length. In a script: `queue(capacity)`.
///
/// | in a script | |
/// |---|---|
/// | `q.push(v)` | true if it was taken; false, and nothing happened, if the queue is full |
/// | `q.pop()` | the oldest value, or `()` if there is none |
/// | `q.drain()` | all values, oldest first, taken out in one step |
/// | `q.len`, `q.is_empty`, `q.is_full`, `q.capacity` | also as `q.len()` .. |
///
/// Each value that was taken is given to exactly one `pop` or `drain`. Nothing waits: a full queue is a thing to
/// expect, so it is an answer and not an error. Since `pop` says `()` for an empty queue, ask `is_empty` first if `()`
/// itself is pushed.
///
/// A mutex around a ring buffer, because a lock-free queue can neither be drained in one step nor looked at, which
/// a walk through it needs. It is held for one push or pop, never while script code runs.
///
/// ```
/// use samovar_rhai::state::Queue;
///
/// let jobs = Queue::new(1)?;
/// assert!(jobs.push("sweep".into())?);
/// assert!(!jobs.push("wash".into())?);
/// assert_eq!(jobs.pop().unwrap().into_string().unwrap(), "sweep");
/// assert!(jobs.pop().is_none());
/// # Ok::<(), samovar_rhai::state::StateError>(())
/// ```
#[derive(Clone)]
pub struct Queue {
    shared: Arc<Shared>,
}

struct Shared {
    capacity: usize,
    values: Mutex<VecDeque<Dynamic>>,
    only_plain: OnlyPlain,
}

impl Queue {
    /// The largest capacity.
    pub const MAX_CAPACITY: usize = 1_000_000;

    /// A queue for `capacity` values.
    ///
    /// # Errors
    ///
    /// [`StateError::Capacity`] if it is 0 or over [`Queue::MAX_CAPACITY`].
    pub fn new(capacity: usize) -> Result<Self, StateError> {
        if capacity == 0 || capacity > Self::MAX_CAPACITY {
            let found = INT::try_from(capacity).unwrap_or(INT::MAX);
            return Err(StateError::Capacity { found, most: Self::MAX_CAPACITY });
        }
        let (values, only_plain) = (Mutex::default(), OnlyPlain::default());
        Ok(Self { shared: Arc::new(Shared { capacity, values, only_plain }) })
    }

    /// Appends a copy of `value`. Returns false, and drops it, if the queue is full.
    ///
    /// # Errors
    ///
    /// [`StateError::TooDeep`] and [`StateError::InUse`], as for all that is stored.
    pub fn push(&self, value: Dynamic) -> Result<bool, StateError> {
        let (value, _noted) = self.shared.only_plain.note(stored(value)?);
        let mut values = self.shared.values.lock();
        let taken = values.len() < self.shared.capacity;
        if taken {
            values.push_back(value);
        }
        Ok(taken)
    }

    /// Takes the oldest value. `None`: there is none.
    #[must_use = "the value is gone from the queue"]
    pub fn pop(&self) -> Option<Dynamic> {
        self.shared.values.lock().pop_front()
    }

    /// Takes all values, oldest first, in one step.
    #[must_use = "the values are gone from the queue"]
    pub fn drain(&self) -> Vec<Dynamic> {
        std::mem::take(&mut *self.shared.values.lock()).into()
    }

    /// How many values wait.
    #[must_use]
    pub fn len(&self) -> usize {
        self.shared.values.lock().len()
    }

    /// Is there none?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Would `push` return false?
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.len() == self.shared.capacity
    }

    /// How many values it holds at most.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.shared.capacity
    }

    /// Can there be no function and no other handle in it?
    pub(super) fn only_plain(&self) -> &OnlyPlain {
        &self.shared.only_plain
    }

    /// As [`Table::rewrite`](super::Table), in one step.
    pub(super) fn rewrite(&self, change: &mut dyn FnMut(&mut Dynamic) -> bool) {
        // What is replaced is dropped when the lock is free again.
        let mut replaced = Vec::new();
        for value in self.shared.values.lock().iter_mut() {
            let mut new = value.clone();
            if change(&mut new) {
                replaced.push(std::mem::replace(value, new));
            }
        }
    }

    /// Copies of the values that wait, oldest first.
    pub(super) fn waiting(&self) -> Vec<Dynamic> {
        self.shared.values.lock().iter().cloned().collect()
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        drop_flat(self.values.get_mut().drain(..));
    }
}

impl Handle for Queue {
    const NAME: &'static str = "queue";

    fn address(&self) -> usize {
        Arc::as_ptr(&self.shared) as usize
    }

    fn describe(&self) -> String {
        format!("queue({} of {})", self.len(), self.capacity())
    }
}

rust_traits!(Queue);

/// Makes `queue` known to `engine`.
#[allow(clippy::needless_pass_by_value)] // Rhai hands arguments over by value
pub(super) fn register(engine: &mut Engine) {
    type Fallible<T> = Result<T, Box<EvalAltResult>>;

    fn new(capacity: INT) -> Fallible<Queue> {
        let out_of_range = StateError::Capacity { found: capacity, most: Queue::MAX_CAPACITY };
        let capacity = usize::try_from(capacity).map_err(|_| out_of_range)?;
        Ok(Queue::new(capacity)?)
    }
    fn pop(context: NativeCallContext<'_>, queue: &mut Queue) -> Fallible<Dynamic> {
        within_limits(context.engine(), queue.pop().unwrap_or_default())
    }
    fn drain(context: NativeCallContext<'_>, queue: &mut Queue) -> Fallible<Array> {
        // Refused before anything is taken out, so that the values can still be popped one by one.
        room_for(context.engine(), queue.len())?;
        Ok(queue.drain())
    }
    #[allow(clippy::cast_possible_wrap)] // at most MAX_CAPACITY
    fn count(len: usize) -> INT {
        len as INT
    }

    handle::register::<Queue>(engine);
    // Volatile: no optimiser may make one queue of two calls.
    FuncRegistration::new("queue").with_volatility(true).register_into_engine(engine, new);
    engine
        .register_fn("push", |queue: &mut Queue, value: Dynamic| -> Fallible<bool> { Ok(queue.push(value)?) })
        .register_fn("pop", pop)
        .register_fn("drain", drain)
        .register_fn("len", |queue: &mut Queue| count(queue.len()))
        .register_get("len", |queue: &mut Queue| count(queue.len()))
        .register_fn("is_empty", |queue: &mut Queue| queue.is_empty())
        .register_get("is_empty", |queue: &mut Queue| queue.is_empty())
        .register_fn("is_full", |queue: &mut Queue| queue.is_full())
        .register_get("is_full", |queue: &mut Queue| queue.is_full())
        .register_fn("capacity", |queue: &mut Queue| count(queue.capacity()))
        .register_get("capacity", |queue: &mut Queue| count(queue.capacity()));
}
