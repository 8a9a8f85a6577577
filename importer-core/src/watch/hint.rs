//! Where to look for changes.

use std::path::PathBuf;

/// Where to look for changes. Never proof of a change: the content decides (R25).
#[derive(Clone, Debug)]
pub enum Hint {
    /// Everywhere.
    Everything,
    /// At these files, and at everything below these directories.
    Paths(Vec<PathBuf>),
}
