//! What a directive comes to when all its lines are merged: one value, perhaps one, several, or one for each key.

use std::iter::Map;
use std::marker::PhantomData;

use crate::schema::lines::{Line, Lines};
use crate::schema::merge::Merge;
use crate::schema::value::Value;

/// What a directive comes to when its lines are merged.
///
/// | `Key` | `Resolved::get` gives |
/// |---|---|
/// | `Key<bool>` | `bool`: there is a default |
/// | `Key<Option<String>>` | `Option<&str>`: `None` where no line sets it |
/// | `Key<List<Address>>` | an iterator of `&Address`, outermost first |
/// | `Key<PerKey<String>>` | an iterator of `(&str, &str)`, key and value |
///
/// Programs have no need to implement it: each [`Value`] has these four.
pub trait Shape: 'static {
    /// What one line says.
    type Value: Value;

    /// What [`Resolved::get`](crate::Resolved::get) gives.
    type Given<'c>;

    /// How lines are merged unless the key says otherwise.
    const MERGE: Merge;

    /// What lines that hold come to.
    fn merged(lines: Lines<'_, Self::Value>) -> Self::Given<'_>;
}

/// The shape of a directive of which several lines hold together; see [`Shape`].
#[derive(Debug)]
pub struct List<V>(PhantomData<fn() -> V>);

/// The shape of a directive with a value for each key; see [`Shape`].
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
