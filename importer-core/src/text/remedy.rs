//! What could be done about an error. Where the host decides that, it is data, so that each host says it in its own words.

use std::fmt;

/// What could be done, in words, and as data where the host decides it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Help {
    /// In the words of whoever found the error.
    pub text: String,
    /// What a host would have to change, see [`Diagnostic::worded`](crate::Diagnostic::worded).
    pub remedy: Option<Remedy>,
}

/// What a host could change, so that the error would not happen again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Remedy {
    /// Let modules come from the directory: declare it as a root, or as a directory that is searched.
    Directory,
    /// Let scripts use up more.
    Limit(Limit),
}

/// What a host may bound in scripts, as far as their language counts it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Limit {
    /// How long one call, or one load, takes.
    Time,
    /// The operations of one call.
    Operations,
    /// Calls within each other.
    CallDepth,
    /// Expressions within each other.
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
    /// Says what a host could change. `text` is for a host that says nothing else.
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
