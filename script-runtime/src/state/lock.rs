//! Mutual exclusion between script calls.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::thread::{self, ThreadId};
use std::time::Instant;

use parking_lot::{Condvar, Mutex};
use rhai::{Dynamic, Engine, EvalAltResult, FnPtr, FuncRegistration, NativeCallContext, Position};

use super::call;
use super::error::{DeadlineReached, StateError};
use super::handle::{self, Handle, rust_traits};

/// A lock that at most one script call holds. In a script: `lock()`.
///
/// | in a script | |
/// |---|---|
/// | `l.with(\|\| ..)` | runs the function while holding the lock, and returns what it returns |
/// | `l.acquire()` | waits until nobody holds the lock, and takes it for this call |
/// | `l.release()` | gives it back |
/// | `l.is_held()` | does anyone hold it? For logs: the answer may be old before it is read |
///
/// Use `with`: it releases also when the function raises. What `acquire` took and `release` did not give back is
/// released when the call ends, for whatever reason, and reported as a mistake
/// ([`CallScope::enter_reporting`](super::CallScope::enter_reporting)).
///
/// A wait ends at the deadline of the call, or after [`call::WAIT_WITHOUT_DEADLINE`], with a termination that `try`
/// cannot catch; so two calls that wait for each other end, and nothing hangs. A lock is not re-entrant: a call that
/// asks for a lock that it holds gets an error at once. Who waits is not served in order of arrival.
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
    holder: Mutex<Option<Holder>>,
    released: Condvar,
}

/// Who holds a lock.
#[derive(Clone)]
struct Holder {
    /// A thread that holds the lock would wait for itself: whatever call it runs now.
    thread: ThreadId,
    /// Taken by `acquire`, so that `release` may give it back.
    by_acquire: bool,
    since: Place,
}

/// Where in a script a lock was taken.
#[derive(Clone)]
enum Place {
    Host,
    Script { source: Option<String>, position: Position },
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
    /// A lock that nobody holds.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Waits until nobody holds the lock, and takes it. `None`: until the deadline of the call that runs on this
    /// thread, or [`call::WAIT_WITHOUT_DEADLINE`].
    ///
    /// # Errors
    ///
    /// [`StateError::Deadline`] if the deadline passed first; [`StateError::AlreadyHeld`] if this thread holds it.
    pub fn hold(&self, deadline: Option<Instant>) -> Result<LockGuard<'_>, StateError> {
        self.hold_at(Place::Host, deadline)
    }

    /// Does anyone hold the lock?
    #[must_use]
    pub fn is_held(&self) -> bool {
        self.shared.holder.lock().is_some()
    }

    /// Takes the lock for the running call, which releases it when it ends.
    fn acquire(&self, since: Place) -> Result<(), StateError> {
        // Asked first, for a lock taken outside of a call would never be released.
        if call::id().is_none() {
            return Err(StateError::NoCall);
        }
        self.take(true, since, None)?;
        call::keep(self);
        Ok(())
    }

    /// Gives back what `acquire` took.
    fn release(&self) -> Result<(), StateError> {
        if call::give_back(self) {
            self.let_go();
            return Ok(());
        }
        let me = thread::current().id();
        let holder = self.shared.holder.lock();
        match &*holder {
            Some(holder) if holder.thread == me && !holder.by_acquire => Err(StateError::HeldByWith),
            _ => Err(StateError::NotHeld),
        }
    }

    /// Releases the lock, whoever holds it. Returns where it was taken.
    pub(super) fn let_go(&self) -> Option<String> {
        let holder = self.shared.holder.lock().take();
        self.shared.released.notify_one();
        holder.map(|holder| holder.since.to_string())
    }

    fn hold_at(&self, since: Place, deadline: Option<Instant>) -> Result<LockGuard<'_>, StateError> {
        self.take(false, since, deadline)?;
        Ok(LockGuard { lock: self, not_send: PhantomData })
    }

    fn take(&self, by_acquire: bool, since: Place, deadline: Option<Instant>) -> Result<(), StateError> {
        let me = thread::current().id();
        let mut until = deadline;
        let mut holder = self.shared.holder.lock();
        while let Some(other) = &*holder {
            if other.thread == me {
                return Err(StateError::AlreadyHeld { since: other.since.to_string() });
            }
            let until = *until.get_or_insert_with(call::wait_until);
            let timed_out = self.shared.released.wait_until(&mut holder, until).timed_out();
            // Released in the last moment is released: only who would still wait has reached the deadline.
            if let (true, Some(other)) = (timed_out, &*holder) {
                let waited_for = format!("a lock held since {}, wanted at {since}", other.since);
                return Err(DeadlineReached { waited_for, on_lock: true }.into());
            }
        }
        *holder = Some(Holder { thread: me, by_acquire, since });
        Ok(())
    }
}

impl Drop for LockGuard<'_> {
    fn drop(&mut self) {
        self.lock.let_go();
    }
}

impl Place {
    fn of(context: &NativeCallContext<'_>) -> Self {
        // Code of modules is called by its file and the number of its instance, `cart.rhai#17`.
        let file = |source: &str| match source.rsplit_once('#') {
            Some((file, instance)) if instance.bytes().all(|byte| byte.is_ascii_digit()) => file.to_owned(),
            _ => source.to_owned(),
        };
        Self::Script { source: context.call_source().map(file), position: context.call_position() }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Host => f.write_str("a step of the host"),
            Self::Script { source, position } => {
                let source = source.as_deref().unwrap_or("script");
                match (position.line(), position.position()) {
                    (Some(line), Some(column)) => write!(f, "{source}:{line}:{column}"),
                    (Some(line), None) => write!(f, "{source}:{line}"),
                    _ => f.write_str(source),
                }
            }
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

    fn with(context: NativeCallContext<'_>, lock: &mut Lock, work: FnPtr) -> Fallible<Dynamic> {
        let _held = lock.hold_at(Place::of(&context), None)?;
        work.call_within_context(&context, ())
    }
    fn acquire(context: NativeCallContext<'_>, lock: &mut Lock) -> Fallible<()> {
        Ok(lock.acquire(Place::of(&context))?)
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
