//! Remedies for errors. A remedy that only the host can apply is data, so that each host can describe it in its own
//! words.

use std::fmt;

/// What to do about an error, in words, and as data where the host has to do it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Help {
    /// The words of the code that found the error.
    pub text: String,
    /// What the host has to change, see [`Diagnostic::worded`](crate::Diagnostic::worded).
    pub remedy: Option<Remedy>,
}

/// A change by the host that prevents the error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Remedy {
    /// Allow modules from the directory: declare it as a root or as a search directory.
    Directory,
    /// Raise a limit of scripts.
    Limit(Limit),
}

/// A limit that a host may set for scripts, as far as their language counts it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Limit {
    /// The time that one call, or one load, takes.
    Time,
    /// The operations of one call.
    Operations,
    /// Nested calls.
    CallDepth,
    /// Nested expressions.
    ExpressionDepth,
    /// The length of a string.
    StringBytes,
    /// The length of an array.
    ArrayItems,
    /// The entries of a map.
    MapEntries,
    /// The modules that one call imports.
    Modules,
    /// The variables in scope.
    Variables,
    /// The functions of one text.
    Functions,
}

impl Help {
    /// Creates a help text with the change that a host can make. `text` is shown if the host has no words of its own.
    pub fn of(remedy: Remedy, text: impl Into<String>) -> Self {
        Self { text: text.into(), remedy: Some(remedy) }
    }
}

impl<T: Into<String>> From<T> for Help {
    fn from(text: T) -> Self {
        Self { text: text.into(), remedy: None }
    }
}

impl fmt::Display for Help {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl PartialEq<&str> for Help {
    fn eq(&self, text: &&str) -> bool {
        self.text == *text
    }
}
