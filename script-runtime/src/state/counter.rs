//! A shared integer that any number of threads add to.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use rhai::{Engine, EvalAltResult, FuncRegistration, INT};

use crate::state::{
    error::StateError,
    handle::{self, Handle, rust_traits},
};

/// A shared integer. In a script: `counter()`, `counter(n)`.
///
/// | in a script | |
/// |---|---|
/// | `c.get()`, `c.value` | the total |
/// | `c.incr()`, `c.add(n)` | adds 1 or `n` and returns the new total |
/// | `c.set(n)` | starts from `n` |
/// | `c.swap(n)` | starts from `n` and returns the old total |
///
/// No addition is lost, and no total passes the largest or smallest integer: that is an error, which leaves the total
/// as it is. `c.value += 1` is an error that says so, since a read and a write are two steps between which others add.
///
/// ```
/// use samovar_rhai::{Interpreter, importer::MemoryTree, state::Counter};
///
/// let tree = MemoryTree::default();
/// tree.write("/site/m.rhai", "fn visit(visits) { visits.incr(); visits.add(1) }");
/// let visit = Interpreter::builder("site").build_on(tree, Some("/site".as_ref())).handler("m::visit")?;
/// let visits = Counter::new(40);
/// assert_eq!(visit.call::<i64>((visits.clone(),))?, 42);
/// assert_eq!(visits.get(), 42);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Default)]
pub struct Counter {
    total: Arc<AtomicI64>,
}

impl Counter {
    /// Creates a counter that starts from `total`.
    #[must_use]
    pub fn new(total: INT) -> Self {
        Self { total: Arc::new(AtomicI64::new(total)) }
    }

    /// Returns the total.
    #[must_use]
    pub fn get(&self) -> INT {
        self.total.load(Ordering::SeqCst)
    }

    /// Adds `step`, which may be negative, and returns the new total.
    ///
    /// # Errors
    ///
    /// [`StateError::Overflow`] if the new total fits no integer; the total is left as it is.
    pub fn add(&self, step: INT) -> Result<INT, StateError> {
        self.total
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |total| total.checked_add(step))
            .map(|total| total.wrapping_add(step))
            .map_err(|total| StateError::Overflow { total, step })
    }

    /// Sets the total.
    pub fn set(&self, total: INT) {
        self.total.store(total, Ordering::SeqCst);
    }

    /// Sets the total and returns the old one, in one step.
    #[must_use = "use `set` if the old total is of no interest"]
    pub fn swap(&self, total: INT) -> INT {
        self.total.swap(total, Ordering::SeqCst)
    }
}

impl Handle for Counter {
    const NAME: &'static str = "counter";

    fn address(&self) -> usize {
        Arc::as_ptr(&self.total) as usize
    }

    fn describe(&self) -> String {
        format!("counter({})", self.get())
    }
}

rust_traits!(Counter);

/// Makes `counter` known to `engine`.
pub(super) fn register(engine: &mut Engine) {
    type Fallible<T> = Result<T, Box<EvalAltResult>>;

    handle::register::<Counter>(engine);
    // Volatile: no optimiser may make one counter of two calls.
    FuncRegistration::new("counter").with_volatility(true).register_into_engine(engine, Counter::default);
    FuncRegistration::new("counter").with_volatility(true).register_into_engine(engine, Counter::new);
    engine
        .register_fn("get", |counter: &mut Counter| counter.get())
        .register_get("value", |counter: &mut Counter| counter.get())
        .register_fn("incr", |counter: &mut Counter| -> Fallible<INT> { Ok(counter.add(1)?) })
        .register_fn("add", |counter: &mut Counter, step: INT| -> Fallible<INT> { Ok(counter.add(step)?) })
        .register_fn("set", |counter: &mut Counter, total: INT| counter.set(total))
        .register_fn("swap", |counter: &mut Counter, total: INT| counter.swap(total));
    FuncRegistration::new_setter("value").with_purity(true).register_into_engine(
        engine,
        |_: &mut Counter, _: rhai::Dynamic| -> Fallible<()> {
            Err("`value` of a counter cannot be assigned, for others may add meanwhile: use incr(), add(n) or set(n)"
                .into())
        },
    );
}
