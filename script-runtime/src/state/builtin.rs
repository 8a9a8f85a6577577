//! The types of values that Rhai itself makes.

use rhai::{Dynamic, INT};

use crate::value::Html;

/// Is the value of a type that Rhai itself makes, or a text that is known to be HTML?
pub(super) fn is_builtin(value: &Dynamic) -> bool {
    !value.is_variant()
        || value.is::<std::ops::Range<INT>>()
        || value.is::<std::ops::RangeInclusive<INT>>()
        || value.is::<Html>()
}
