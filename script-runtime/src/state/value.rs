//! Copies of values that share nothing with the original but handles.

use rhai::{Array, Blob, Dynamic, FLOAT, FnPtr, INT, Map};

use super::error::StateError;
use super::holds::Stored;
use super::path::{Path, Step};
use super::walk::{handle_address, holds_nothing, type_name};
use crate::http::Html;

/// How many levels of arrays, maps and captured values a stored value may have.
pub const MAX_DEPTH: usize = 64;

/// How many parts one copy may have. Shared values that hold each other twice double with each level, so that a
/// limit on the depth alone would let a short script copy without end.
const MAX_PARTS: usize = 1_000_000;

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
    /// Something nested deeper than [`MAX_DEPTH`], or that contains itself.
    #[error("nested too deeply")]
    TooDeep,
    /// A captured variable that another thread is writing.
    #[error("captured variable that is being written")]
    InUse,
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
    DeepCopy::new(Code::Refused).of(value.clone(), 0).map_err(|fault| {
        let mut path = Path::default();
        fault.way_out.into_iter().rev().for_each(|step| path.push(step));
        Foreign { path, kind: fault.kind }
    })
}

/// A deep copy of `value` that holds no Rhai shared value: what every state type stores.
///
/// Functions and unknown types stay in it; [`neutral`] refuses them.
///
/// # Errors
///
/// [`StateError::TooDeep`] and [`StateError::InUse`].
pub fn detach(value: Dynamic) -> Result<Dynamic, StateError> {
    stored(value).map(|stored| stored.value)
}

/// As [`detach`], with what a handle has to remember of it.
pub(super) fn stored(value: Dynamic) -> Result<Stored, StateError> {
    let mut copy = DeepCopy::new(Code::Kept);
    let value = copy.of(value, 0).map_err(|fault| match fault.kind {
        ForeignKind::InUse => StateError::InUse,
        _ => StateError::TooDeep,
    })?;
    Ok(Stored { value, is_plain: copy.is_plain })
}

/// Do the values look the same to a script? Handles by identity, functions by name and captured values, arrays and
/// maps part by part; an integer equals the float of its value; a type that is not known here equals nothing.
pub(super) fn same(one: &Dynamic, other: &Dynamic) -> bool {
    if let (Some(one), Some(other)) = (handle_address(one), handle_address(other)) {
        return one == other;
    }
    match (number(one), number(other)) {
        (Some((Some(one), _)), Some((Some(other), _))) => return one == other,
        (Some((_, one)), Some((_, other))) => return one.total_cmp(&other).is_eq() || one == other,
        _ => {}
    }
    same_as::<()>(one, other, |(), ()| true)
        || same_as::<bool>(one, other, PartialEq::eq)
        || same_as::<char>(one, other, PartialEq::eq)
        || same_as::<rhai::ImmutableString>(one, other, PartialEq::eq)
        || same_as::<Html>(one, other, PartialEq::eq)
        || same_as::<Blob>(one, other, PartialEq::eq)
        || same_as::<rhai::Instant>(one, other, PartialEq::eq)
        || same_as::<std::ops::Range<INT>>(one, other, PartialEq::eq)
        || same_as::<std::ops::RangeInclusive<INT>>(one, other, PartialEq::eq)
        || same_as::<Array>(one, other, |a, b| all_same(a, b))
        || same_as::<Map>(one, other, |a, b| {
            a.keys().eq(b.keys()) && a.values().zip(b.values()).all(|(a, b)| same(a, b))
        })
        || same_as::<FnPtr>(one, other, |a, b| a.fn_name() == b.fn_name() && all_same(a.curry(), b.curry()))
}

/// Is the value of a type that Rhai itself makes, or a text that is known to be HTML?
pub(super) fn is_builtin(value: &Dynamic) -> bool {
    !value.is_variant()
        || value.is::<std::ops::Range<INT>>()
        || value.is::<std::ops::RangeInclusive<INT>>()
        || value.is::<Html>()
}

/// Is it a value that belongs to no module and to no code, nested ones apart?
pub(crate) fn is_neutral_leaf(value: &Dynamic) -> bool {
    (is_builtin(value) && !value.is_fnptr()) || handle_address(value).is_some()
}

fn same_as<T: Clone + 'static>(one: &Dynamic, other: &Dynamic, eq: impl Fn(&T, &T) -> bool) -> bool {
    match (one.read_lock::<T>(), other.read_lock::<T>()) {
        (Some(one), Some(other)) => eq(&one, &other),
        _ => false,
    }
}

fn all_same(one: &[Dynamic], other: &[Dynamic]) -> bool {
    one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
}

/// A number as an integer, if it is one, and as a float.
#[allow(clippy::cast_precision_loss)] // as Rhai compares an integer with a float
fn number(value: &Dynamic) -> Option<(Option<INT>, FLOAT)> {
    if let Ok(int) = value.as_int() {
        return Some((Some(int), int as FLOAT));
    }
    value.as_float().ok().map(|float| (None, float))
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
}

/// Why a copy failed. The path is put together on the way out, so that a copy that succeeds pays nothing for it.
struct Fault {
    kind: ForeignKind,
    way_out: Vec<Step>,
}

impl DeepCopy {
    fn new(code: Code) -> Self {
        Self { code, left: MAX_PARTS, is_plain: true }
    }

    fn of(&mut self, value: Dynamic, depth: usize) -> Result<Dynamic, Fault> {
        self.left = self.left.saturating_sub(1);
        if depth > MAX_DEPTH || self.left == 0 {
            return Err(ForeignKind::TooDeep.into());
        }
        let mut value = if value.is_shared() {
            let shared = value.read_lock::<Dynamic>().ok_or(ForeignKind::InUse)?;
            Dynamic::clone(&shared)
        } else {
            value
        };
        if value.is_shared() {
            return self.of(value, depth + 1);
        }
        if let Some(mut array) = value.write_lock::<Array>() {
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
        } else if !is_builtin(&value) {
            if self.code == Code::Refused && handle_address(&value).is_none() {
                return Err(ForeignKind::Custom(type_name(&value).to_owned()).into());
            }
            self.is_plain &= holds_nothing(&value);
        }
        Ok(value)
    }

    fn replace(&mut self, part: &mut Dynamic, depth: usize) -> Result<(), Fault> {
        *part = self.of(std::mem::take(part), depth + 1)?;
        Ok(())
    }
}

impl From<ForeignKind> for Fault {
    fn from(kind: ForeignKind) -> Self {
        Self { kind, way_out: Vec::new() }
    }
}

impl Fault {
    fn inside(mut self, step: Step) -> Self {
        self.way_out.push(step);
        self
    }
}
