//! Where source texts come from.

use std::{
    ops::RangeInclusive,
    path::{Path, PathBuf},
};

use super::{
    source::{ReadError, Source},
    stamp::{Stamp, moment},
};

/// The files of modules, as the importer sees them.
pub trait SourceTree: Send + Sync + 'static {
    /// Reads a module.
    ///
    /// # Errors
    /// See [`ReadError`].
    fn read(&self, path: &Path) -> Result<Source, ReadError>;

    /// Looks at a file without reading it.
    ///
    /// # Errors
    /// As for [`read`](Self::read), as far as they are known without reading.
    fn stamp(&self, path: &Path) -> Result<Stamp, ReadError>;

    /// Returns the names in a directory, for suggestions; empty if there is no such directory.
    fn names(&self, directory: &Path) -> Vec<String>;

    /// Returns the files with this extension, as far as the tree can list them. When reloading ends, they are read for
    /// modules that have not been loaded yet. The default lists none.
    fn files(&self, extension: &str) -> Vec<PathBuf> {
        let _ = extension;
        Vec::new()
    }

    /// Returns when the text under this name last changed, in the units of [`Stamp::changed`]: when the file changed,
    /// or a link on the way to it.
    fn changed(&self, path: &Path) -> Option<i128> {
        Some(self.stamp(path).ok()?.changed)
    }

    /// Returns the present in the units of [`Stamp::changed`], as two numbers: the first that a later change may have,
    /// and the last that an earlier change may have. The default is nanoseconds since 1970, in the steps in which file
    /// systems keep times.
    fn moment(&self) -> RangeInclusive<i128> {
        moment()
    }
}
