//! What a script may use up, and by when it must be done.

use std::cell::Cell;
use std::time::{Duration, Instant};

use rhai::{Dynamic, Engine, EvalAltResult, Position};

use crate::{stack, state::call, tick};

/// What scripts may use up, for each call from outside. In each field, 0 means without limit.
///
/// How long a call may take is said with [`Builder::time`](crate::Builder::time) and [`Handler::time`](crate::Handler::time).
/// What would overflow the stack of the thread that runs it raises, whatever the limits are.
///
/// ```
/// use samovar_rhai::{Interpreter, Limits, importer::MemoryTree};
///
/// let tree = MemoryTree::default();
/// tree.write("/site/count.rhai", "fn to(n) { let count = 0; while count < n { count += 1; } count }");
/// let limits = Limits { operations: 1_000, ..Limits::default() };
/// let interpreter = Interpreter::builder("site").limits(limits).build_on(tree, Some("/site".as_ref()));
/// let count = interpreter.handler("count::to")?;
/// assert_eq!(count.call::<i64>((10,))?, 10);
/// assert!(count.call::<i64>((1_000_000,)).is_err());
///
/// let count = count.limits(&Limits { operations: 0, ..Limits::default() }).ok_or("one engine")?;
/// assert_eq!(count.call::<i64>((10_000,))?, 10_000);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Operations, as Rhai counts them: about one for each expression and each statement. 50 million by default; 0 is no
    /// limit.
    pub operations: u64,
    /// Calls within each other, of scripts' functions and of native ones. 64 by default; 0 is no limit, but what the stack
    /// allows.
    pub call_depth: usize,
    /// Expressions and blocks within each other, counted when a text is compiled. 64 by default; 0, and more than 256, is
    /// 256.
    pub expression_depth: usize,
    /// Bytes of one string, or of all those in one array or map. 16 MiB by default; 0 is no limit.
    pub string_bytes: usize,
    /// Items of one array, or bytes of one blob, nested ones included. A million by default; 0 is no limit.
    pub array_items: usize,
    /// Entries of one map, nested ones included. Half a million by default; 0 is no limit.
    pub map_entries: usize,
    /// Modules that one call imports by statement, as often as it does. 1,000 by default; 0 is no limit.
    pub modules: usize,
    /// Variables in scope at one time, in one function or at the top level. 10,000 by default; 0 is no limit.
    pub variables: usize,
    /// Functions of one script, closures included, counted when it is compiled. 10,000 by default; 0 is no limit.
    pub functions: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            operations: 50_000_000,
            call_depth: 64,
            expression_depth: 64,
            string_bytes: 16 << 20,
            array_items: 1_000_000,
            map_entries: 500_000,
            modules: 1_000,
            variables: 10_000,
            functions: 10_000,
        }
    }
}

/// Whoever compiled a text had room to do so. Whoever lets go of it, on whatever thread, needs some as well, about half a
/// kilobyte for each level.
const MOST_NESTED: usize = 256;

impl Limits {
    pub(crate) fn set_on(&self, engine: &mut Engine) {
        let nested = match self.expression_depth {
            0 => MOST_NESTED,
            depth => depth.min(MOST_NESTED),
        };
        engine
            .set_max_call_levels(counted(self.call_depth))
            .set_max_expr_depths(nested, nested)
            .set_max_string_size(self.string_bytes)
            .set_max_array_size(self.array_items)
            .set_max_map_size(self.map_entries)
            .set_max_modules(counted(self.modules))
            .set_max_variables(counted(self.variables))
            .set_max_functions(counted(self.functions));
    }
}

/// Rhai takes 0 for no limit in some of its limits, and for none at all in others.
pub(crate) fn counted(limit: usize) -> usize {
    if limit == 0 { usize::MAX } else { limit }
}

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
    /// So many operations ago.
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
    use crate::state::CallScope;

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
