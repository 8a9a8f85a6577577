//! The types that the value of a line can have.

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use crate::schema::address::Address;

/// The value of a line, of the type that its key has.
pub(crate) type AnyValue = Arc<dyn Any + Send + Sync>;

/// A type that the value of a directive can have.
///
/// A configuration keeps the values; this trait says how they are returned: small ones as copies, others as references. A
/// program implements it for its own types. For a type that is one of some words, implement [`Choice`] instead.
///
/// ```
/// use samovar_config::Value;
///
/// struct Recipe { leaf: String, minutes: u64 }
///
/// impl Value for Recipe {
///     type Given<'v> = &'v Recipe;
///
///     fn given(&self) -> &Recipe {
///         self
///     }
/// }
/// ```
pub trait Value: Send + Sync + Sized + 'static {
    /// What [`Resolved::get`](crate::Resolved::get) returns for a value.
    type Given<'v>;

    /// Returns the value as a copy or a reference.
    fn given(&self) -> Self::Given<'_>;
}

/// A type of which every value is a word of the configuration.
///
/// ```
/// use samovar_config::{Choice, Key};
///
/// #[derive(Clone, Copy)]
/// enum Fuel { Coal, Charcoal }
///
/// impl Choice for Fuel {
///     const WORDS: &'static [(&'static str, Self)] = &[("coal", Fuel::Coal), ("charcoal", Fuel::Charcoal)];
/// }
///
/// const FUEL: Key<Fuel> = Key::choice("Fuel", "fuel").default(&["charcoal"]);
/// ```
pub trait Choice: Copy + Send + Sync + 'static {
    /// Every word with its value. The words match in upper and lower case.
    const WORDS: &'static [(&'static str, Self)];
}

impl<V: Choice> Value for V {
    type Given<'v> = V;

    fn given(&self) -> V {
        *self
    }
}

impl Value for bool {
    type Given<'v> = bool;

    fn given(&self) -> bool {
        *self
    }
}

impl Value for u64 {
    type Given<'v> = u64;

    fn given(&self) -> u64 {
        *self
    }
}

impl Value for Duration {
    type Given<'v> = Duration;

    fn given(&self) -> Duration {
        *self
    }
}

impl Value for String {
    type Given<'v> = &'v str;

    fn given(&self) -> &str {
        self
    }
}

impl Value for Vec<String> {
    type Given<'v> = &'v [String];

    fn given(&self) -> &[String] {
        self
    }
}

impl Value for Address {
    type Given<'v> = &'v Address;

    fn given(&self) -> &Address {
        self
    }
}
