//! Where to look for changes.

use std::path::PathBuf;

/// Where to look for changes. Never proof of one: content decides (R25).
#[derive(Clone, Debug)]
pub enum Hint {
    /// Everywhere.
    Everything,
    /// At these files, and at whatever lies below these directories.
    Paths(Vec<PathBuf>),
}
