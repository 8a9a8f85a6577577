//! When, why and how fast an instance was loaded.

use std::{
    fmt,
    path::Path,
    sync::Arc,
    time::{Duration, SystemTime},
};

/// When, why and how fast an instance was loaded.
#[derive(Clone, Debug)]
pub struct Record {
    /// The generation that first held it (R30).
    pub generation: u64,
    /// How many instances of the module have been made, this one included.
    pub instances: u64,
    /// When it was loaded.
    pub loaded: SystemTime,
    /// How long loading took, children included.
    pub took: Duration,
    /// Why it was loaded.
    pub reason: Reason,
}

/// Why a module was loaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// It was imported for the first time.
    First,
    /// Its own text changed.
    Changed,
    /// This module, which it imports, was reloaded.
    Child(Arc<Path>),
    /// An import that had failed may succeed now (R36).
    Retry,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::First => f.write_str("first use"),
            Self::Changed => f.write_str("it changed"),
            Self::Child(path) => write!(f, "{} changed", path.display()),
            Self::Retry => f.write_str("a failed import may succeed now"),
        }
    }
}
