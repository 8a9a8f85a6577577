//! When two values look the same to a script.

use rhai::{Array, Blob, Dynamic, FLOAT, FnPtr, INT, Map};

use crate::{state::walk::handle_address, value::Html};

/// Do the values, which are stored and so not deeper than [`MAX_DEPTH`](super::bounds::MAX_DEPTH), look the same to a script? Handles by identity, functions by name and captured values, arrays and
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
