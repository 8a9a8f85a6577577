//! The types that a line of the configuration can have as its value.

use std::time::Duration;

use crate::schema::address::Address;

/// A type that the value of a directive can have.
///
/// It says how a value that is kept by a configuration is given to those who ask: small ones as copies, others as
/// references. A program implements it for its own types; words are better declared by [`Choice`].
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
    /// What is given to those who ask.
    type Given<'v>;

    /// Gives it.
    fn given(&self) -> Self::Given<'_>;
}

/// A type whose values are words of the configuration.
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
    /// Every word with what it means; upper and lower case are the same.
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
