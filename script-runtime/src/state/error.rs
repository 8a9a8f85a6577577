//! The errors of the state types.

use rhai::{Dynamic, EvalAltResult, NativeCallContext, Position};

use crate::{
    state::{
        bounds::{MAX_DEPTH, MAX_PARTS},
        place::ScriptPlace,
    },
    thread::changing::ChangedAlready,
};

/// An error of one of the state types. Every message says what to do instead.
///
/// In a script all are errors that `try` catches, but [`StateError::Deadline`] and
/// [`StateError::OutOfTime`], which end the call.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StateError {
    /// The deadline of the call passed during a wait.
    #[error(transparent)]
    Deadline(#[from] DeadlineReached),
    /// This thread holds the lock already, so that it would wait for itself.
    #[error(
        "this lock is held already, since {since}: a lock is not re-entrant, release() it first or do all under one with(..)"
    )]
    AlreadyHeld {
        /// Where it was acquired.
        since: String,
    },
    /// `release()` of a lock that the call does not hold.
    #[error(
        "release() of a lock that this call does not hold: acquire() it first, or use with(..), which releases by itself"
    )]
    NotHeld,
    /// `release()` inside `with`.
    #[error("release() inside with(..), which releases the lock by itself: leave it out")]
    HeldByWith,
    /// `acquire()` where no call is known, so that nothing would release the lock.
    #[error("acquire() outside of a call, where nothing would release the lock at the end: use with(..)")]
    NoCall,
    /// A value is nested too deeply.
    #[error("a value nested deeper than {MAX_DEPTH} levels cannot outlive its call: keep its parts in a table")]
    TooDeep,
    /// A value contains itself, through what a function in it captured.
    #[error(
        "a value that contains itself cannot outlive its call, and {} does: a method of an object does not capture \
         the object, it has it as `this`",
        if path.is_empty() { "this one".to_owned() } else { format!("the one at {}", path.trim_start()) }
    )]
    ContainsItself {
        /// The way to where it begins anew.
        path: String,
    },
    /// A copy would have too many parts. What functions captured is copied for each of them.
    #[error(
        "a value of more than {MAX_PARTS} parts cannot outlive its call, and what is captured several times counts each time"
    )]
    TooLarge,
    /// The deadline of the call passed while a value was copied.
    #[error("the deadline has passed")]
    OutOfTime,
    /// A captured variable that another thread was writing.
    #[error("a captured variable is being written by another thread: copy its value before storing it")]
    InUse,
    /// A key that is neither string nor integer.
    #[error("a key is a string or an integer, not {found}: write `${{key}}` to make it a string")]
    KeyType {
        /// The type of the key.
        found: String,
    },
    /// `incr` of an entry that holds something else.
    #[error("incr(\"{key}\") needs an integer, but the entry holds {found}: set it to 0 first, or use update(..)")]
    NotAnInteger {
        /// The key of the entry.
        key: String,
        /// The type of its value.
        found: String,
    },
    /// A total that no integer can hold. It was left as it is.
    #[error("{total} + {step} does not fit an integer: the total was left as it is, set it to a smaller number")]
    Overflow {
        /// The total so far.
        total: rhai::INT,
        /// What was to be added.
        step: rhai::INT,
    },
    /// A capacity that is out of range.
    #[error("capacity {found}: give a number from 1 to {most}")]
    Capacity {
        /// The capacity asked for.
        found: rhai::INT,
        /// The largest that is allowed.
        most: usize,
    },
    /// A time to live that is out of range.
    #[error("a cache keeps values for more than 0 and at most 31536000 seconds (a year), not {found}")]
    Seconds {
        /// The seconds asked for.
        found: String,
    },
    /// The function given to `update` changes what it updates.
    #[error(
        "{} is changed inside the function that update(..) runs for it, which would overtake itself: return the new value instead",
        key.as_ref().map_or("the cell".to_owned(), |key| format!("the entry {key:?}"))
    )]
    ChangedInUpdate {
        /// The key of the entry; a cell has none.
        key: Option<String>,
    },
    /// The function given to `get_or` asks for the key that it is to make.
    #[error("get_or(\"{key}\") inside its own function, which would wait for itself: use another key, or get(..)")]
    GetOrInside {
        /// The key.
        key: String,
    },
}

/// The deadline of a call passed while it waited.
///
/// It is the token of the [`EvalAltResult::ErrorTerminated`] that ends the script; [`DeadlineReached::in_error`] finds
/// it there, which tells this from a script that computed for too long.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the deadline passed while waiting for {waited_for}")]
pub struct DeadlineReached {
    /// What it waited for, with the place where that was taken if known: `a lock held since cart.rhai:3:5`.
    pub waited_for: String,
    /// Whether that was a [`Lock`](super::Lock). Its holder releases it in the end, so that a later attempt may succeed.
    pub on_lock: bool,
    /// Where the script waited, if one did.
    pub(crate) at: Option<ScriptPlace>,
}

impl DeadlineReached {
    pub(super) fn new(waited_for: impl Into<String>) -> Self {
        Self { waited_for: waited_for.into(), on_lock: false, at: None }
    }

    /// The end of a wait that ended `error`'s script, however deep inside it.
    #[must_use]
    pub fn in_error(error: &EvalAltResult) -> Option<Self> {
        match error.unwrap_inner() {
            EvalAltResult::ErrorTerminated(token, _) => token.clone().try_cast::<Self>(),
            _ => None,
        }
    }
}

impl From<ChangedAlready> for StateError {
    fn from(ChangedAlready(key): ChangedAlready) -> Self {
        Self::ChangedInUpdate { key: key.map(|key| key.to_string()) }
    }
}

impl From<StateError> for Box<EvalAltResult> {
    fn from(error: StateError) -> Self {
        match error {
            // `try` in a script cannot swallow a termination: a call never outlives its deadline by retrying.
            StateError::Deadline(reached) => {
                EvalAltResult::ErrorTerminated(Dynamic::from(reached), Position::NONE).into()
            }
            StateError::OutOfTime => crate::thread::out_of_time(),
            other => EvalAltResult::ErrorRuntime(other.to_string().into(), Position::NONE).into(),
        }
    }
}

/// Notes in an error that ended a wait where the script waited, unless something inside of that has noted it already.
/// Rhai itself forgets the place of what ends a script.
pub(super) fn waiting_at(context: &NativeCallContext<'_>, mut error: Box<EvalAltResult>) -> Box<EvalAltResult> {
    if let EvalAltResult::ErrorTerminated(token, _) = &mut *error
        && let Some(mut reached) = token.write_lock::<DeadlineReached>()
    {
        reached.at.get_or_insert_with(|| ScriptPlace::of(context));
    }
    error
}
