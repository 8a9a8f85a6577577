//! How a script is ended that has used up what it may.

use std::cell::Cell;
use std::time::{Duration, Instant};

use rhai::{Dynamic, EvalAltResult, Position};

use crate::thread::{call, stack, tick};

/// What a script has used up: the token that ends it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Spent {
    Time,
    Operations,
    Stack,
}

impl Spent {
    /// What is left of neither, if anything is.
    fn of(operations: u64, most: u64) -> Option<Self> {
        if most > 0 && operations > most {
            return Some(Self::Operations);
        }
        call::deadline().is_some_and(|deadline| Instant::now() >= deadline).then_some(Self::Time)
    }

    pub(crate) fn message(self) -> &'static str {
        match self {
            Self::Time => "the deadline has passed",
            Self::Operations => "too many operations",
            Self::Stack => "calls are nested more deeply than the stack of this thread allows",
        }
    }
}

/// How far the script on this thread is with being ended.
///
/// Rhai can end it between any two operations, but then forgets where, once a function was called. So the first look
/// that finds something spent only says so. The next variable that is read raises an error, which Rhai follows back
/// through all calls; were it caught, nothing is done any more. A script that reads none is ended at the next tick, or
/// after some operations.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ending {
    No,
    /// This number of operations ago.
    Noticed(u8),
    Raised,
}

thread_local! {
    static ENDING: Cell<Ending> = const { Cell::new(Ending::No) };
    /// The tick that was seen last.
    static SEEN: Cell<u64> = const { Cell::new(0) };
}

/// For `Engine::on_progress`: ends the script if it has to be.
pub(crate) fn look(operations: u64, most: u64) -> Option<Dynamic> {
    if stack::is_low() {
        return Some(Dynamic::from(Spent::Stack));
    }
    let tick = tick::now();
    let has_ticked = SEEN.replace(tick) != tick;
    let too_many = most > 0 && operations > most;
    if has_ticked || too_many || ENDING.get() != Ending::No { look_closely(has_ticked, operations, most) } else { None }
}

#[cold]
fn look_closely(has_ticked: bool, operations: u64, most: u64) -> Option<Dynamic> {
    tick::keep_counting();
    let spent = Spent::of(operations, most);
    let next = match (spent, ENDING.get()) {
        // What an earlier call left behind means nothing: this one has time.
        (None, _) => Ending::No,
        (Some(_), Ending::No) => Ending::Noticed(0),
        (Some(_), Ending::Noticed(ago)) if ago < u8::MAX && !has_ticked => Ending::Noticed(ago + 1),
        (Some(_), _) => Ending::Raised,
    };
    ENDING.set(next);
    spent.filter(|_| next == Ending::Raised).map(Dynamic::from)
}

/// Is the script to be ended at the next place that is known?
pub(crate) fn is_ending() -> bool {
    matches!(ENDING.get(), Ending::Noticed(_))
}

/// Ends the script here, if it has to be.
pub(crate) fn end_here(operations: u64, most: u64) -> Result<(), Box<EvalAltResult>> {
    match Spent::of(operations, most) {
        Some(spent) => Err(end(spent)),
        None => Ok(()),
    }
}

/// The name of the call in which a script was ended, as its error has it: one that Rhai takes for an ordinary error of
/// a function keeps its place.
pub(crate) const ENDED: &str = "(ended)";

fn end(spent: Spent) -> Box<EvalAltResult> {
    ENDING.set(Ending::Raised);
    let ended = EvalAltResult::ErrorTerminated(Dynamic::from(spent), Position::NONE);
    EvalAltResult::ErrorInFunctionCall(ENDED.to_owned(), String::new(), ended.into(), Position::NONE).into()
}

/// Ends the script here if its deadline has passed: for native functions, which Rhai cannot interrupt.
///
/// # Errors
///
/// The deadline has passed. `try` in a script gets nothing done after that.
pub(crate) fn look_here() -> Result<(), Box<EvalAltResult>> {
    match Spent::of(0, 0) {
        Some(spent) => Err(end(spent)),
        None => Ok(()),
    }
}

/// The error that ends a script whose deadline has passed, as a native function found.
pub(crate) fn out_of_time() -> Box<EvalAltResult> {
    end(Spent::Time)
}

/// Looks at the clock while a native function goes through something long: whenever a tick has passed.
///
/// To be asked at least once in a millisecond of work. Asking costs about two nanoseconds.
pub(crate) struct Meter {
    seen: u64,
}

impl Meter {
    pub(crate) fn new() -> Self {
        Self { seen: tick::now() }
    }

    /// Ends the script if its deadline has passed.
    ///
    /// # Errors
    ///
    /// As [`look_here`].
    pub(crate) fn step(&mut self) -> Result<(), Box<EvalAltResult>> {
        let tick = tick::now();
        if tick == self.seen {
            return Ok(());
        }
        self.seen = tick;
        tick::keep_counting();
        look_here()
    }
}

/// Sleeps, but not beyond the deadline, which ends the script.
pub(crate) fn sleep(time: Duration) -> Result<(), Box<EvalAltResult>> {
    let left = call::deadline().map(|deadline| deadline.saturating_duration_since(Instant::now()));
    match left {
        Some(left) if left < time => {
            std::thread::sleep(left);
            Err(end(Spent::Time))
        }
        _ => {
            std::thread::sleep(time);
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::thread::call::CallScope;

    #[test]
    fn a_native_function_notices_that_its_time_is_over_and_otherwise_nothing() {
        let now = Instant::now();
        for deadline in [None, Some(now + Duration::from_secs(600))] {
            let _call = CallScope::enter(deadline);
            let (mut meter, start) = (Meter::new(), Instant::now());
            while start.elapsed() < 4 * tick::TICK {
                assert!(meter.step().is_ok());
            }
        }
        let _call = CallScope::enter(Some(now));
        assert!(look_here().is_err());
        let mut meter = Meter::new();
        while meter.step().is_ok() {
            assert!(now.elapsed() < Duration::from_secs(30));
        }
    }
}
