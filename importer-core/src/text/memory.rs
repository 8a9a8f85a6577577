//! A source tree in memory.

use std::{
    collections::BTreeMap,
    ops::RangeInclusive,
    path::{Path, PathBuf},
    sync::Arc,
};

use parking_lot::RwLock;

use super::{
    source::{ReadError, Source, decode},
    stamp::Stamp,
    tree::SourceTree,
};

type File = (Vec<u8>, Stamp);

/// A source tree in memory, for tests and for hosts that keep scripts elsewhere.
///
/// ```
/// # use samovar_importer::{MemoryTree, SourceTree};
/// let tree = MemoryTree::default();
/// tree.write("/site/hello.rhai", "fn handler(req) { 1 }");
/// assert!(tree.read("/site/hello.rhai".as_ref()).is_ok());
/// ```
#[derive(Clone, Default)]
pub struct MemoryTree(Arc<RwLock<Files>>);

#[derive(Default)]
struct Files {
    by_path: BTreeMap<PathBuf, File>,
    /// The number of writes so far, which serves as the clock.
    writes: i128,
}

impl MemoryTree {
    /// Writes a file, with a stamp that no earlier write had.
    pub fn write(&self, path: impl Into<PathBuf>, text: impl AsRef<[u8]>) {
        let bytes = text.as_ref().to_vec();
        let path = path.into();
        let mut files = self.0.write();
        files.writes += 1;
        let stamp = Stamp { len: bytes.len() as u64, changed: files.writes, ..Stamp::default() };
        files.by_path.insert(path, (bytes, stamp));
    }

    /// Removes a file.
    pub fn remove(&self, path: impl AsRef<Path>) {
        self.0.write().by_path.remove(path.as_ref());
    }
}

impl SourceTree for MemoryTree {
    fn read(&self, path: &Path) -> Result<Source, ReadError> {
        let files = self.0.read();
        let (bytes, stamp) = files.by_path.get(path).ok_or(ReadError::Missing)?;
        // No two writes have the same stamp here, so every stamp is settled.
        decode(path, bytes, *stamp, true, false)
    }

    fn stamp(&self, path: &Path) -> Result<Stamp, ReadError> {
        self.0.read().by_path.get(path).map(|(_, stamp)| *stamp).ok_or(ReadError::Missing)
    }

    fn names(&self, directory: &Path) -> Vec<String> {
        let files = self.0.read();
        let in_directory = files.by_path.keys().filter(|path| path.parent() == Some(directory));
        in_directory.filter_map(|path| Some(path.file_name()?.to_str()?.to_owned())).collect()
    }
    fn files(&self, extension: &str) -> Vec<PathBuf> {
        let files = self.0.read();
        files.by_path.keys().filter(|path| path.extension().is_some_and(|it| it == extension)).cloned().collect()
    }

    fn moment(&self) -> RangeInclusive<i128> {
        // The next change has the next number.
        let writes = self.0.read().writes;
        writes + 1..=writes
    }
}
