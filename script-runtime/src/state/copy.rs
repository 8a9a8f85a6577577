//! Copies of values that share nothing with the original but handles.
//!
//! A script builds values without end: arrays in arrays, functions that captured what captured them, one part in a
//! million places. So a copy is measured while it is made, and stops where it is too deep or too large, or its call has
//! no time left. What a function captured is measured *before* it is copied: it may contain itself, and parts that are
//! shared make a copy far larger than the value.

use rhai::{Array, Dynamic, FnPtr, Map};

use crate::{
    state::{
        error::StateError,
        extent::{Extents, check_depth},
        holds::Stored,
        path::{Path, Step},
        value::is_builtin,
        walk::{handle_address, holds_nothing, type_name},
    },
    thread::{Meter, drop_flat, may_hold_values},
};

/// How many levels of arrays, maps and captured values a value may have that outlives its call: as many as JSON that is
/// read.
pub const MAX_DEPTH: usize = 128;

/// How many parts one copy may have.
pub const MAX_PARTS: usize = 1_000_000;

/// A part of a value that [`neutral`] cannot copy, or that [`walk`](super::walk()) could not enter.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {kind}")]
pub struct Foreign {
    /// Where it is, from the value that was given.
    pub path: Path,
    /// What it is.
    pub kind: ForeignKind,
}

/// What [`Foreign`] is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ForeignKind {
    /// A function pointer or closure, by the name of its function.
    #[error("function {0}")]
    Function(String),
    /// A type that is none of Rhai's and none of the state types, by its name in Rust.
    #[error("value of type {0}")]
    Custom(String),
    /// Something nested deeper than [`MAX_DEPTH`].
    #[error("nested too deeply")]
    TooDeep,
    /// A captured variable that holds the very function that captured it.
    #[error("captured variable that contains itself")]
    ContainsItself,
    /// More parts than one copy may have.
    #[error("too large")]
    TooLarge,
    /// A captured variable that another thread is writing.
    #[error("captured variable that is being written")]
    InUse,
    /// What the call had no time left for.
    #[error("not looked at: the deadline has passed")]
    OutOfTime,
}

/// A deep copy of `value` that holds no Rhai shared value and no code.
///
/// Handles of state types are neutral themselves: the copy shares them, and what they hold is not looked at
/// (see [`walk`](super::walk()) for that).
///
/// # Errors
///
/// [`Foreign`] names the first part that is a function, an unknown type, or too deep.
///
/// ```
/// use rhai::{Dynamic, Engine};
/// use samovar_rhai::state;
///
/// let value: Dynamic = Engine::new().eval("#{ on_done: [1, 2, || 3] }")?;
/// let foreign = state::neutral(&value).unwrap_err();
/// assert_eq!(format!("cache{}", foreign.path), r#"cache["on_done"][2]"#);
/// # Ok::<(), Box<rhai::EvalAltResult>>(())
/// ```
pub fn neutral(value: &Dynamic) -> Result<Dynamic, Foreign> {
    let mut copy = DeepCopy::new(Code::Refused);
    // A clone of a deep value goes down as far as that does.
    let depth = check_depth(value, &mut copy.meter);
    depth.and_then(|()| copy.of(value.clone(), 0)).map_err(Fault::into_foreign)
}

/// A deep copy of `value` that holds no Rhai shared value: what every state type stores.
///
/// Functions and unknown types stay in it; [`neutral`] refuses them.
///
/// # Errors
///
/// [`StateError::TooDeep`], [`StateError::ContainsItself`], [`StateError::TooLarge`], [`StateError::InUse`], and
/// [`StateError::OutOfTime`] if the deadline of the call passes meanwhile.
pub fn detach(value: Dynamic) -> Result<Dynamic, StateError> {
    stored(value).map(|stored| stored.value)
}

/// As [`detach`], with what a handle has to remember of it.
pub(super) fn stored(value: Dynamic) -> Result<Stored, StateError> {
    // Most values are numbers and texts, and each call returns one.
    if !may_hold_values(&value) {
        return Ok(Stored { value, is_plain: true });
    }
    let mut copy = DeepCopy::new(Code::Kept);
    let value = copy.of(value, 0).map_err(|fault| StateError::from(fault.into_foreign()))?;
    Ok(Stored { value, is_plain: copy.is_plain })
}

/// What a copy does with functions and unknown types.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Code {
    Kept,
    Refused,
}

/// One deep copy.
struct DeepCopy {
    code: Code,
    /// How many more parts it may have.
    left: usize,
    /// No function, no unknown type, and no handle that holds values has been met.
    is_plain: bool,
    /// What is copied now has been measured with the captured variable that holds it.
    is_measured: bool,
    extents: Extents,
    meter: Meter,
}

/// Why a copy failed. The path is put together on the way out, so that a copy that succeeds pays nothing for it.
pub(super) struct Fault {
    kind: ForeignKind,
    way_out: Vec<Step>,
}

impl DeepCopy {
    fn new(code: Code) -> Self {
        let (left, extents, meter) = (MAX_PARTS, Extents::default(), Meter::new());
        Self { code, left, is_plain: true, is_measured: false, extents, meter }
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
        self.left = self.left.checked_sub(1).ok_or(ForeignKind::TooLarge)?;
        self.meter.step().map_err(|_| ForeignKind::OutOfTime)?;
        if depth > MAX_DEPTH {
            return Err(ForeignKind::TooDeep.into());
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
            if self.code == Code::Refused {
                return Err(ForeignKind::Function(function.fn_name().to_owned()).into());
            }
            self.is_plain = false;
            for (index, part) in function.iter_curry_mut().enumerate() {
                self.replace(part, depth).map_err(|fault| fault.inside(Step::Captured(index)))?;
            }
        } else if !is_builtin(value) {
            if self.code == Code::Refused && handle_address(value).is_none() {
                return Err(ForeignKind::Custom(type_name(value).to_owned()).into());
            }
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
                return Err(ForeignKind::TooLarge.into());
            }
            if depth + extent.levels > MAX_DEPTH {
                return Err(ForeignKind::TooDeep.into());
            }
        }
        let held = variable.read_lock::<Dynamic>().map(|held| Dynamic::clone(&held));
        let copy = self.of(held.ok_or(ForeignKind::InUse)?, depth)?;
        self.is_measured = !is_outermost;
        Ok(copy)
    }
}

impl From<ForeignKind> for Fault {
    fn from(kind: ForeignKind) -> Self {
        Self { kind, way_out: Vec::new() }
    }
}

impl Fault {
    pub(super) fn inside(mut self, step: Step) -> Self {
        self.way_out.push(step);
        self
    }

    fn into_foreign(self) -> Foreign {
        let mut path = Path::default();
        self.way_out.into_iter().rev().for_each(|step| path.push(step));
        Foreign { path, kind: self.kind }
    }
}

impl From<Foreign> for StateError {
    fn from(Foreign { path, kind }: Foreign) -> Self {
        match kind {
            ForeignKind::InUse => Self::InUse,
            ForeignKind::ContainsItself => Self::ContainsItself { path: path.to_string() },
            ForeignKind::TooLarge => Self::TooLarge,
            ForeignKind::OutOfTime => Self::OutOfTime,
            ForeignKind::TooDeep | ForeignKind::Function(_) | ForeignKind::Custom(_) => Self::TooDeep,
        }
    }
}
