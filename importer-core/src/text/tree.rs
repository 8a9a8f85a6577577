//! Where source text comes from.

use std::{
    ops::RangeInclusive,
    path::{Path, PathBuf},
};

use super::{
    source::{ReadError, Source},
    stamp::{Stamp, moment},
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

    /// The files with this extension, as far as the tree can tell: what is to be known of modules that nobody has loaded
    /// yet when reloading ends. None unless it says otherwise.
    fn files(&self, extension: &str) -> Vec<PathBuf> {
        let _ = extension;
        Vec::new()
    }

    /// When what is read under this name has last become another, as [`Stamp::changed`] counts: when the file changed, or
    /// a link on the way to it.
    fn changed(&self, path: &Path) -> Option<i128> {
        Some(self.stamp(path).ok()?.changed)
    }

    /// Now, as [`Stamp::changed`] counts: the first number that a later change may have, and the last one that an earlier
    /// change may have. Nanoseconds since 1970 unless it says otherwise, in the steps in which file systems keep times.
    fn moment(&self) -> RangeInclusive<i128> {
        moment()
    }
}
