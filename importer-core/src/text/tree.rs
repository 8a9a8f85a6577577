//! Where source text comes from.

use std::path::Path;

use super::{
    source::{ReadError, Source},
    stamp::Stamp,
};

/// Files, as the importer sees them.
pub trait SourceTree: Send + Sync + 'static {
    /// Reads a module.
    ///
    /// # Errors
    /// See [`ReadError`].
    fn read(&self, path: &Path) -> Result<Source, ReadError>;

    /// Looks at a file without reading it.
    ///
    /// # Errors
    /// As [`read`](Self::read), as far as can be told without reading.
    fn stamp(&self, path: &Path) -> Result<Stamp, ReadError>;

    /// The names in a directory, for suggestions; empty if there is no such directory.
    fn names(&self, directory: &Path) -> Vec<String>;
}
