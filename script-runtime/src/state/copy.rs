//! Copies of values that share nothing with the original but handles.
//!
//! A script builds values without end: arrays in arrays, functions that captured what captured them, one part in a
//! million places. So a copy is measured while it is made, and stops where it is too deep or too large, or its call has
//! no time left. What a function captured is measured *before* it is copied: it may contain itself, and parts that are
//! shared make a copy far larger than the value.

use rhai::{Array, Dynamic, FnPtr, Map};

use crate::{
    state::{
        bounds::{MAX_DEPTH, MAX_PARTS},
        builtin::is_builtin,
        error::StateError,
        extent::Extents,
        holds::Stored,
        missed::{Fault, Missed, MissedKind},
        path::Step,
        walk::holds_nothing,
    },
    thread::{Meter, drop_flat, may_hold_values},
};

/// A deep copy of `value` that holds no Rhai shared value: what every state type stores.
///
/// Functions and unknown types stay in it.
///
/// # Errors
///
/// [`StateError::TooDeep`], [`StateError::ContainsItself`], [`StateError::TooLarge`], [`StateError::InUse`], and
/// [`StateError::OutOfTime`] if the deadline of the call passes meanwhile.
pub(crate) fn detach(value: Dynamic) -> Result<Dynamic, StateError> {
    stored(value).map(|stored| stored.value)
}

/// As [`detach`], with what a handle has to remember of it.
pub(super) fn stored(value: Dynamic) -> Result<Stored, StateError> {
    // Most values are numbers and texts, and each call returns one.
    if !may_hold_values(&value) {
        return Ok(Stored { value, is_plain: true });
    }
    let mut copy = DeepCopy::new();
    let value = copy.of(value, 0).map_err(|fault| StateError::from(fault.into_missed()))?;
    Ok(Stored { value, is_plain: copy.is_plain })
}

/// One deep copy.
struct DeepCopy {
    /// How many more parts it may have.
    left: usize,
    /// No function, no unknown type, and no handle that holds values has been met.
    is_plain: bool,
    /// What is copied now has been measured with the captured variable that holds it.
    is_measured: bool,
    extents: Extents,
    meter: Meter,
}

impl DeepCopy {
    fn new() -> Self {
        let (left, extents, meter) = (MAX_PARTS, Extents::default(), Meter::new());
        Self { left, is_plain: true, is_measured: false, extents, meter }
    }

    /// Recursion ends at [`MAX_DEPTH`].
    fn of(&mut self, mut value: Dynamic, depth: usize) -> Result<Dynamic, Fault> {
        match self.make_plain(&mut value, depth) {
            Ok(()) => Ok(value),
            Err(fault) => {
                // The rest of it may be of any depth.
                drop_flat([value]);
                Err(fault)
            }
        }
    }

    fn make_plain(&mut self, value: &mut Dynamic, depth: usize) -> Result<(), Fault> {
        self.left = self.left.checked_sub(1).ok_or(MissedKind::TooLarge)?;
        self.meter.step().map_err(|_| MissedKind::OutOfTime)?;
        if depth > MAX_DEPTH {
            return Err(MissedKind::TooDeep.into());
        }
        if value.is_shared() {
            *value = self.captured(value, depth)?;
        } else if let Some(mut array) = value.write_lock::<Array>() {
            for (index, part) in array.iter_mut().enumerate() {
                self.replace(part, depth).map_err(|fault| fault.inside(Step::Index(index)))?;
            }
        } else if let Some(mut map) = value.write_lock::<Map>() {
            for (key, part) in map.iter_mut() {
                self.replace(part, depth).map_err(|fault| fault.inside(Step::Key(key.as_str().into())))?;
            }
        } else if let Some(mut function) = value.write_lock::<FnPtr>() {
            self.is_plain = false;
            for (index, part) in function.iter_curry_mut().enumerate() {
                self.replace(part, depth).map_err(|fault| fault.inside(Step::Captured(index)))?;
            }
        } else if !is_builtin(value) {
            self.is_plain &= holds_nothing(value);
        }
        Ok(())
    }

    fn replace(&mut self, part: &mut Dynamic, depth: usize) -> Result<(), Fault> {
        *part = self.of(std::mem::take(part), depth + 1)?;
        Ok(())
    }

    /// A copy of what a captured variable holds.
    fn captured(&mut self, variable: &Dynamic, depth: usize) -> Result<Dynamic, Fault> {
        let is_outermost = !std::mem::replace(&mut self.is_measured, true);
        if is_outermost {
            let extent = self.extents.of(variable, &mut self.meter)?;
            if extent.parts > self.left {
                return Err(MissedKind::TooLarge.into());
            }
            if depth + extent.levels > MAX_DEPTH {
                return Err(MissedKind::TooDeep.into());
            }
        }
        let held = variable.read_lock::<Dynamic>().map(|held| Dynamic::clone(&held));
        let copy = self.of(held.ok_or(MissedKind::InUse)?, depth)?;
        self.is_measured = !is_outermost;
        Ok(copy)
    }
}

impl From<Missed> for StateError {
    fn from(Missed { path, kind }: Missed) -> Self {
        match kind {
            MissedKind::InUse => Self::InUse,
            MissedKind::ContainsItself => Self::ContainsItself { path: path.to_string() },
            MissedKind::TooLarge => Self::TooLarge,
            MissedKind::OutOfTime => Self::OutOfTime,
            MissedKind::TooDeep => Self::TooDeep,
        }
    }
}
