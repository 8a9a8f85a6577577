//! The call that runs on this thread: its number, its deadline, and the locks it must give back.
//!
//! Every call of a script runs inside a [`CallScope`]. The state types look the call up by thread, since a script
//! runs on one thread from its start to its end. Entering and leaving allocate nothing once a thread has run a call.

use std::cell::RefCell;
use std::marker::PhantomData;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::thread::tick;

/// How long a call without deadline waits, so that a deadlock ends even there.
pub(crate) const WAIT_WITHOUT_DEADLINE: Duration = Duration::from_secs(60);

/// A script call that runs on this thread, from [`CallScope::enter`] until the value is dropped.
///
/// Dropping releases the locks that the call acquired and did not release, whether it returned, raised or panicked.
/// Scopes nest: an inner call has a number of its own, and its deadline is never later than the outer one's.
#[must_use = "the call ends when the scope is dropped"]
pub(crate) struct CallScope<'r> {
    id: u64,
    report: Option<&'r dyn Fn(&StillHeld)>,
    /// The call is known to this thread only.
    not_send: PhantomData<*const ()>,
}

/// A lock that its call did not release: what [`CallScope::enter_reporting`] passes to its callback, ready for a log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "a lock acquired at {since} was still held when its call ended and was released: use with(..) instead of acquire()"
)]
pub(crate) struct StillHeld {
    /// The number of the call.
    pub(crate) call: u64,
    /// Where the lock was acquired: `cart.rhai:3:5`.
    pub(crate) since: String,
}

/// What a call gives back when it ends, if it has not done so itself: a lock.
pub(crate) trait Held: Send + Sync {
    /// Releases it, also if another thread took it. Returns where it was taken.
    fn let_go(&self) -> Option<String>;
}

/// What a thread knows about one of its calls.
struct Frame {
    id: u64,
    deadline: Option<Instant>,
    held: Vec<Arc<dyn Held>>,
}

thread_local! {
    static FRAMES: RefCell<Vec<Frame>> = const { RefCell::new(Vec::new()) };
}

static NEXT_ID: AtomicU64 = AtomicU64::new(1);

#[cfg(test)]
impl CallScope<'static> {
    /// Starts a call that must end by `deadline`. Locks that it leaves behind are released silently.
    pub(crate) fn enter(deadline: Option<Instant>) -> Self {
        Self::start(deadline, None)
    }
}

impl<'r> CallScope<'r> {
    /// Starts a call that must end by `deadline`; `report` hears of each lock that it leaves behind.
    pub(crate) fn enter_reporting(deadline: Option<Instant>, report: &'r dyn Fn(&StillHeld)) -> Self {
        Self::start(deadline, Some(report))
    }

    /// Has the deadline of the call that runs on this thread passed?
    #[must_use]
    pub(crate) fn is_over() -> bool {
        deadline().is_some_and(|deadline| Instant::now() >= deadline)
    }

    fn start(deadline: Option<Instant>, report: Option<&'r dyn Fn(&StillHeld)>) -> Self {
        tick::keep_counting();
        let id = NEXT_ID.fetch_add(1, Ordering::Relaxed);
        FRAMES.with_borrow_mut(|frames| {
            let outer = frames.last().and_then(|frame| frame.deadline);
            let deadline = deadline.into_iter().chain(outer).min();
            frames.push(Frame { id, deadline, held: Vec::new() });
        });
        Self { id, report, not_send: PhantomData }
    }
}

impl Drop for CallScope<'_> {
    fn drop(&mut self) {
        let held = FRAMES.with_borrow_mut(|frames| {
            // Scopes may be dropped in any order, so the frame is not always the last.
            let at = frames.iter().rposition(|frame| frame.id == self.id)?;
            Some(frames.remove(at).held)
        });
        for lock in held.into_iter().flatten().rev() {
            let since = lock.let_go();
            if let (Some(report), Some(since)) = (self.report, since) {
                report(&StillHeld { call: self.id, since });
            }
        }
    }
}

/// The number of the call that runs on this thread.
#[must_use]
pub(crate) fn id() -> Option<u64> {
    FRAMES.with_borrow(|frames| frames.last().map(|frame| frame.id))
}

/// The deadline of the call that runs on this thread. `None`: no call, or a call without deadline.
#[must_use]
pub(crate) fn deadline() -> Option<Instant> {
    FRAMES.with_borrow(|frames| frames.last().and_then(|frame| frame.deadline))
}

/// When a wait that starts now must end.
pub(crate) fn wait_until() -> Instant {
    deadline().unwrap_or_else(|| Instant::now() + WAIT_WITHOUT_DEADLINE)
}

/// Hands a lock that was just acquired to the running call, which releases it when it ends. False: no call runs.
pub(crate) fn keep(lock: Arc<dyn Held>) -> bool {
    FRAMES.with_borrow_mut(|frames| match frames.last_mut() {
        Some(frame) => {
            frame.held.push(lock);
            true
        }
        None => false,
    })
}

/// Takes a lock, by its address, back from the running call. False: the running call does not have it.
pub(crate) fn give_back(address: usize) -> bool {
    FRAMES.with_borrow_mut(|frames| {
        let Some(frame) = frames.last_mut() else { return false };
        let is_it = |held: &Arc<dyn Held>| Arc::as_ptr(held).addr() == address;
        let Some(at) = frame.held.iter().position(is_it) else { return false };
        frame.held.remove(at);
        true
    })
}
