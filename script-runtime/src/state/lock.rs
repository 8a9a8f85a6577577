//! Mutual exclusion between script calls.

use std::collections::VecDeque;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::thread::{self, ThreadId};
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};
use rhai::{Dynamic, Engine, EvalAltResult, FnPtr, FuncRegistration, NativeCallContext};

use crate::{
    state::{
        error::{DeadlineReached, StateError, waiting_at},
        handle::{self, Handle, rust_traits},
        place::ScriptPlace,
    },
    thread::call::{self, Held},
};

/// A lock that at most one script call holds. In a script: `lock()`.
///
/// | in a script | |
/// |---|---|
/// | `l.with(\|\| ..)` | runs the function while holding the lock, and returns what it returns |
/// | `l.acquire()` | waits until the lock is free, and takes it for this call |
/// | `l.release()` | gives it back |
/// | `l.is_held()` | does anyone hold it? For logs: the answer may be old before it is read |
///
/// Use `with`: it releases also when the function raises. What `acquire` took and `release` did not give back is
/// released when the call ends, for whatever reason, and reported as a mistake.
///
/// A wait ends at the deadline of the call, or after a minute, with a termination that `try`
/// cannot catch; so two calls that wait for each other end, and nothing hangs. A lock is not re-entrant: a call that
/// asks for a lock that it holds gets an error at once. Waiting calls get the lock in order of arrival; only a
/// call that has waited for less than a millisecond may be overtaken by a new one.
///
/// A host can take part:
///
/// ```
/// use samovar_rhai::state::Lock;
///
/// let lock = Lock::new();
/// let held = lock.hold(None)?;
/// assert!(lock.is_held());
/// drop(held);
/// assert!(!lock.is_held());
/// # Ok::<(), samovar_rhai::state::StateError>(())
/// ```
#[derive(Clone, Default)]
pub struct Lock {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    holder: Option<Holder>,
    /// The waiting calls, in order of arrival.
    waiting: VecDeque<Arc<Waiter>>,
}

struct Waiter {
    since: Instant,
    released: Condvar,
}

/// A new call may take a free lock before a waiting one, since waking a thread takes longer than most steps under a lock.
/// No call is overtaken for longer than this: a clone hook could starve where many requests use the lock.
const PASSED_BY: Duration = Duration::from_millis(1);

impl State {
    /// Returns whether a new call may take the lock.
    fn is_free_for_newcomer(&self) -> bool {
        self.holder.is_none() && self.waiting.front().is_none_or(|first| first.since.elapsed() < PASSED_BY)
    }

    fn is_free_for(&self, waiter: &Arc<Waiter>) -> bool {
        self.holder.is_none() && self.waiting.front().is_some_and(|first| Arc::ptr_eq(first, waiter))
    }

    fn wake_first(&self) {
        if let (None, Some(first)) = (&self.holder, self.waiting.front()) {
            first.released.notify_one();
        }
    }
}

impl Held for Shared {
    fn let_go(&self) -> Option<String> {
        let mut state = self.state.lock();
        let holder = state.holder.take();
        state.wake_first();
        drop(state);
        holder.map(|holder| holder.since.to_string())
    }
}

/// The holder of a lock.
#[derive(Clone)]
struct Holder {
    /// A thread that holds the lock would wait for itself: whatever call it runs now.
    thread: ThreadId,
    /// Taken by `acquire`, so that `release` may give it back.
    by_acquire: bool,
    since: Taker,
}

/// What took a lock.
#[derive(Clone)]
enum Taker {
    Host,
    Script(ScriptPlace),
}

/// Holds a [`Lock`] until it is dropped.
///
/// It stays on its thread, since a lock belongs to the thread that took it.
#[must_use = "the lock is released when the guard is dropped"]
#[derive(Debug)]
pub struct LockGuard<'l> {
    lock: &'l Lock,
    not_send: PhantomData<*const ()>,
}

impl Lock {
    /// Creates a free lock.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Waits until the lock is free, and takes it. `None`: until the deadline of the call that runs on this
    /// thread, or a minute.
    ///
    /// # Errors
    ///
    /// [`StateError::Deadline`] if the deadline passed first; [`StateError::AlreadyHeld`] if this thread holds it.
    pub fn hold(&self, deadline: Option<Instant>) -> Result<LockGuard<'_>, StateError> {
        self.hold_at(Taker::Host, deadline)
    }

    /// Does anyone hold the lock?
    #[must_use]
    pub fn is_held(&self) -> bool {
        self.shared.state.lock().holder.is_some()
    }

    /// Takes the lock for the running call, which releases it when it ends.
    fn acquire(&self, since: Taker) -> Result<(), StateError> {
        // Asked first, for a lock taken outside of a call would never be released.
        if call::id().is_none() {
            return Err(StateError::NoCall);
        }
        self.take(true, since, None)?;
        call::keep(self.shared.clone());
        Ok(())
    }

    /// Gives back what `acquire` took.
    fn release(&self) -> Result<(), StateError> {
        if call::give_back(self.address()) {
            self.shared.let_go();
            return Ok(());
        }
        let me = thread::current().id();
        match &self.shared.state.lock().holder {
            Some(holder) if holder.thread == me && !holder.by_acquire => Err(StateError::HeldByWith),
            _ => Err(StateError::NotHeld),
        }
    }

    fn hold_at(&self, since: Taker, deadline: Option<Instant>) -> Result<LockGuard<'_>, StateError> {
        self.take(false, since, deadline)?;
        Ok(LockGuard { lock: self, not_send: PhantomData })
    }

    fn take(&self, by_acquire: bool, since: Taker, deadline: Option<Instant>) -> Result<(), StateError> {
        let me = thread::current().id();
        let mut state = self.shared.state.lock();
        if let Some(other) = state.holder.as_ref().filter(|other| other.thread == me) {
            return Err(StateError::AlreadyHeld { since: other.since.to_string() });
        }
        if !state.is_free_for_newcomer() {
            let until = deadline.unwrap_or_else(call::wait_until);
            let waiter = Arc::new(Waiter { since: Instant::now(), released: Condvar::new() });
            state.waiting.push_back(waiter.clone());
            let mut timed_out = false;
            while !state.is_free_for(&waiter) && !timed_out {
                timed_out = waiter.released.wait_until(&mut state, until).timed_out();
            }
            // Released in the last moment is released: only who would still wait has reached the deadline.
            let has_turn = state.is_free_for(&waiter);
            state.waiting.retain(|other| !Arc::ptr_eq(other, &waiter));
            if !has_turn {
                // It was woken too late, so the turn goes to the next one.
                state.wake_first();
                let held = state.holder.as_ref().map(|other| format!("held since {}", other.since));
                let held = held.unwrap_or_else(|| "that others wait for".to_owned());
                let waited_for = format!("a lock {held}");
                return Err(DeadlineReached { on_lock: true, ..DeadlineReached::new(waited_for) }.into());
            }
        }
        state.holder = Some(Holder { thread: me, by_acquire, since });
        Ok(())
    }
}

impl Drop for LockGuard<'_> {
    fn drop(&mut self) {
        self.lock.shared.let_go();
    }
}

impl fmt::Display for Taker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Host => f.write_str("a step of the host"),
            Self::Script(place) => place.fmt(f),
        }
    }
}

impl Handle for Lock {
    const NAME: &'static str = "lock";

    fn address(&self) -> usize {
        Arc::as_ptr(&self.shared) as usize
    }

    fn describe(&self) -> String {
        if self.is_held() { "lock(held)" } else { "lock(free)" }.to_owned()
    }
}

rust_traits!(Lock);

/// Makes `lock` known to `engine`.
#[allow(clippy::needless_pass_by_value)] // Rhai hands arguments over by value
pub(super) fn register(engine: &mut Engine) {
    type Fallible<T> = Result<T, Box<EvalAltResult>>;

    fn taker(context: &NativeCallContext<'_>) -> Taker {
        Taker::Script(ScriptPlace::of(context))
    }
    fn with(context: NativeCallContext<'_>, lock: &mut Lock, work: FnPtr) -> Fallible<Dynamic> {
        let _held = lock.hold_at(taker(&context), None).map_err(|error| waiting_at(&context, error.into()))?;
        work.call_within_context(&context, ())
    }
    fn acquire(context: NativeCallContext<'_>, lock: &mut Lock) -> Fallible<()> {
        lock.acquire(taker(&context)).map_err(|error| waiting_at(&context, error.into()))
    }
    fn release(lock: &mut Lock) -> Fallible<()> {
        Ok(lock.release()?)
    }

    handle::register::<Lock>(engine);
    // Volatile: no optimiser may make one lock of two calls.
    FuncRegistration::new("lock").with_volatility(true).register_into_engine(engine, Lock::new);
    engine
        .register_fn("with", with)
        .register_fn("acquire", acquire)
        .register_fn("release", release)
        .register_fn("is_held", |lock: &mut Lock| lock.is_held());
}
