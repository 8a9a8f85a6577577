//! The shape of the value of a directive: one value, an `Option`, a list, or one for each name.

use std::iter::Map;
use std::marker::PhantomData;

use crate::schema::lines::{Line, Lines};
use crate::schema::merge::Merge;
use crate::schema::value::Value;

/// The shape of the value of a directive after its lines are merged.
///
/// | key | [`Resolved::get`](crate::Resolved::get) returns |
/// |---|---|
/// | `Key<bool>` | `bool`; the key has a default |
/// | `Key<Option<String>>` | `Option<&str>`; `None` where no line sets it |
/// | `Key<List<Address>>` | an iterator of `&Address`, outermost first |
/// | `Key<PerKey<String>>` | an iterator of `(&str, &str)`, name and value |
///
/// Every [`Value`] has these four shapes; programs need not implement this trait.
pub trait Shape: 'static {
    /// The value of one line.
    type Value: Value;

    /// What [`Resolved::get`](crate::Resolved::get) returns.
    type Given<'c>;

    /// How lines are merged unless the key sets another rule.
    const MERGE: Merge;

    /// Returns the value of the lines that hold.
    fn merged(lines: Lines<'_, Self::Value>) -> Self::Given<'_>;
}

/// The [`Shape`] of a directive of which several lines hold together.
#[derive(Debug)]
pub struct List<V>(PhantomData<fn() -> V>);

/// The [`Shape`] of a directive with a value for each name.
#[derive(Debug)]
pub struct PerKey<V>(PhantomData<fn() -> V>);

impl<V: Value> Shape for V {
    type Value = V;
    type Given<'c> = V::Given<'c>;
    const MERGE: Merge = Merge::Innermost;

    fn merged(mut lines: Lines<'_, V>) -> Self::Given<'_> {
        lines.next_back().expect("a key of this shape is only made with a default").value()
    }
}

impl<V: Value> Shape for Option<V> {
    type Value = V;
    type Given<'c> = Option<V::Given<'c>>;
    const MERGE: Merge = Merge::Innermost;

    fn merged(mut lines: Lines<'_, V>) -> Self::Given<'_> {
        lines.next_back().map(Line::value)
    }
}

impl<V: Value> Shape for List<V> {
    type Value = V;
    type Given<'c> = Map<Lines<'c, V>, fn(Line<'c, V>) -> V::Given<'c>>;
    const MERGE: Merge = Merge::Accumulate;

    fn merged(lines: Lines<'_, V>) -> Self::Given<'_> {
        lines.map(Line::value)
    }
}

impl<V: Value> Shape for PerKey<V> {
    type Value = V;
    type Given<'c> = Map<Lines<'c, V>, fn(Line<'c, V>) -> (&'c str, V::Given<'c>)>;
    const MERGE: Merge = Merge::PerKey;

    fn merged(lines: Lines<'_, V>) -> Self::Given<'_> {
        lines.map(|line| (line.key().unwrap_or_default(), line.value()))
    }
}
