//! A shared value that any number of threads read and replace.

use std::sync::Arc;

use arc_swap::ArcSwap;
use rhai::{Dynamic, Engine, EvalAltResult, FnPtr, FuncRegistration, NativeCallContext};

use crate::{
    state::{
        copy::{detach, stored},
        error::{StateError, waiting_at},
        handle::{self, Handle, rust_traits, within_limits},
        holds::{Noted, OnlyPlain},
        retry::Attempts,
        value::same,
    },
    thread::{
        changing::{Changing, refuse_inside},
        drop_flat,
    },
};

/// A shared value. In a script: `cell(v)`.
///
/// | in a script | |
/// |---|---|
/// | `c.get()`, `c.value` | a copy of the value |
/// | `c.set(v)`, `c.value = v` | replaces it |
/// | `c.swap(v)` | replaces it and returns the old value |
/// | `c.update(\|old\| ..)` | replaces it by what the function returns, and returns that |
/// | `c.compare_and_set(old, new)` | replaces it if it equals `old`; true if it did |
///
/// A reader never waits, and sees a value as one of these put it there, never a mixture. `update` loses nothing: if
/// another replaced the value while the function ran, the function runs again with the new one, so it should do
/// nothing but compute; to change this very cell in it is an error. `c.value += 1` and `c.value.x = 1` are a read and a write: what others do in between is lost.
///
/// ```
/// use samovar_rhai::state::Cell;
///
/// let motto = Cell::new("tea".into())?;
/// let shared = motto.clone();
/// shared.update(|old| Ok::<_, samovar_rhai::state::StateError>(format!("{old}, please").into()))?;
/// assert_eq!(motto.get().into_string().unwrap(), "tea, please");
/// # Ok::<(), samovar_rhai::state::StateError>(())
/// ```
#[derive(Clone)]
pub struct Cell {
    shared: Arc<Shared>,
}

struct Shared {
    value: ArcSwap<Dynamic>,
    only_plain: OnlyPlain,
}

impl Cell {
    /// Creates a cell that holds a copy of `value`.
    ///
    /// # Errors
    ///
    /// [`StateError::TooDeep`] and [`StateError::InUse`], as for all that is stored.
    pub fn new(value: Dynamic) -> Result<Self, StateError> {
        let only_plain = OnlyPlain::default();
        let (value, noted) = only_plain.note(stored(value)?);
        drop(noted);
        let value = ArcSwap::from_pointee(value);
        Ok(Self { shared: Arc::new(Shared { value, only_plain }) })
    }

    /// Returns a copy of the value.
    pub fn get(&self) -> Dynamic {
        Dynamic::clone(&self.shared.value.load())
    }

    /// Replaces the value by a copy of `value`.
    ///
    /// # Errors
    ///
    /// As [`Cell::new`]; [`StateError::ChangedInUpdate`] if this thread is updating the cell.
    pub fn set(&self, value: Dynamic) -> Result<(), StateError> {
        let (value, _noted) = self.copy_of(value)?;
        self.shared.value.store(Arc::new(value));
        Ok(())
    }

    /// Replaces the value by a copy of `value` and returns the old one.
    ///
    /// # Errors
    ///
    /// As [`Cell::set`].
    pub fn swap(&self, value: Dynamic) -> Result<Dynamic, StateError> {
        let (value, _noted) = self.copy_of(value)?;
        let old = self.shared.value.swap(Arc::new(value));
        Ok(Arc::try_unwrap(old).unwrap_or_else(|old| Dynamic::clone(&old)))
    }

    /// Replaces the value by what `change` makes of it, and returns the new value.
    ///
    /// `change` runs again if another thread replaced the value meanwhile. If it fails, nothing changes.
    ///
    /// # Errors
    ///
    /// Those of `change`; those of [`Cell::new`]; [`StateError::Deadline`] if it was overtaken until the deadline;
    /// [`StateError::ChangedInUpdate`] if this thread is updating the cell already.
    pub fn update<E: From<StateError>>(
        &self,
        mut change: impl FnMut(Dynamic) -> Result<Dynamic, E>,
    ) -> Result<Dynamic, E> {
        let _updating = Changing::start(self.address(), None).map_err(StateError::from)?;
        let mut attempts = Attempts::default();
        loop {
            let old = self.shared.value.load_full();
            let (new, _noted) = self.stored(change(Dynamic::clone(&old))?)?;
            if self.replace(&old, &new) {
                return Ok(new);
            }
            attempts.overtaken().map_err(StateError::from)?;
        }
    }

    /// Replaces the value by a copy of `new` if it equals `old`. Returns whether it did.
    ///
    /// Handles are equal by identity, arrays and maps part by part, functions by name and captured values. A value of
    /// a type that is neither Rhai's nor a state type equals none.
    ///
    /// # Errors
    ///
    /// As [`Cell::set`].
    pub fn compare_and_set(&self, old: &Dynamic, new: Dynamic) -> Result<bool, StateError> {
        let (old, (new, _noted)) = (detach(old.clone())?, self.copy_of(new)?);
        loop {
            let current = self.shared.value.load_full();
            if !same(&current, &old) {
                return Ok(false);
            }
            if self.replace(&current, &new) {
                return Ok(true);
            }
        }
    }

    /// Can there be no function and no other handle in it?
    pub(super) fn only_plain(&self) -> &OnlyPlain {
        &self.shared.only_plain
    }

    /// As [`Table::rewrite`](super::Table).
    pub(super) fn rewrite(&self, change: &mut dyn FnMut(&mut Dynamic) -> bool) {
        let old = self.shared.value.load_full();
        let mut new = Dynamic::clone(&old);
        if change(&mut new) {
            self.replace(&old, &new);
        }
    }

    /// A copy that is about to be put in.
    fn copy_of(&self, value: Dynamic) -> Result<(Dynamic, Noted<'_>), StateError> {
        refuse_inside(self.address(), None)?;
        self.stored(value)
    }

    fn stored(&self, value: Dynamic) -> Result<(Dynamic, Noted<'_>), StateError> {
        Ok(self.shared.only_plain.note(stored(value)?))
    }

    /// Replaces the value if it is still the one that `old` points to.
    fn replace(&self, old: &Arc<Dynamic>, new: &Dynamic) -> bool {
        let found = self.shared.value.compare_and_swap(old, Arc::new(new.clone()));
        Arc::ptr_eq(old, &found)
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        let value = self.value.swap(Arc::new(Dynamic::UNIT));
        drop_flat(Arc::into_inner(value));
    }
}

impl Handle for Cell {
    const NAME: &'static str = "cell";

    fn address(&self) -> usize {
        Arc::as_ptr(&self.shared) as usize
    }

    fn describe(&self) -> String {
        "cell(..)".to_owned()
    }
}

rust_traits!(Cell);

/// Makes `cell` known to `engine`.
#[allow(clippy::needless_pass_by_value)] // Rhai hands arguments over by value
pub(super) fn register(engine: &mut Engine) {
    type Fallible<T> = Result<T, Box<EvalAltResult>>;

    fn get(context: NativeCallContext<'_>, cell: &mut Cell) -> Fallible<Dynamic> {
        within_limits(context.engine(), cell.get())
    }
    fn set(cell: &mut Cell, value: Dynamic) -> Fallible<()> {
        Ok(cell.set(value)?)
    }

    handle::register::<Cell>(engine);
    // Volatile: no optimiser may make one cell of two calls.
    FuncRegistration::new("cell")
        .with_volatility(true)
        .register_into_engine(engine, |value: Dynamic| -> Fallible<Cell> { Ok(Cell::new(value)?) });
    engine
        .register_fn("get", get)
        .register_get("value", get)
        .register_fn("set", set)
        .register_fn("swap", |cell: &mut Cell, value: Dynamic| -> Fallible<Dynamic> { Ok(cell.swap(value)?) })
        .register_fn("update", |context: NativeCallContext<'_>, cell: &mut Cell, change: FnPtr| -> Fallible<Dynamic> {
            let new = cell.update(|old| change.call_within_context(&context, (old,)));
            new.map_err(|error| waiting_at(&context, error))
        })
        .register_fn("compare_and_set", |cell: &mut Cell, old: Dynamic, new: Dynamic| -> Fallible<bool> {
            Ok(cell.compare_and_set(&old, new)?)
        });
    FuncRegistration::new_setter("value").with_purity(true).register_into_engine(engine, set);
}
