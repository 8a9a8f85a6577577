//! Texts in memory.

use std::{
    collections::BTreeMap,
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

/// A tree in memory, for tests and for hosts that keep scripts elsewhere.
///
/// ```
/// # use samovar_importer::{MemoryTree, SourceTree};
/// let tree = MemoryTree::default();
/// tree.write("/site/hello.rhai", "fn handler(req) { 1 }");
/// assert!(tree.read("/site/hello.rhai".as_ref()).is_ok());
/// ```
#[derive(Clone, Default)]
pub struct MemoryTree {
    files: Arc<RwLock<BTreeMap<PathBuf, File>>>,
}

impl MemoryTree {
    /// Writes a file, with a stamp that no other write had.
    pub fn write(&self, path: impl Into<PathBuf>, text: impl AsRef<[u8]>) {
        let bytes = text.as_ref().to_vec();
        let path = path.into();
        let mut files = self.files.write();
        let changed = files.get(&path).map_or(0, |(_, stamp)| stamp.changed) + 1;
        let stamp = Stamp { len: bytes.len() as u64, changed, ..Stamp::default() };
        files.insert(path, (bytes, stamp));
    }

    /// Removes a file.
    pub fn remove(&self, path: impl AsRef<Path>) {
        self.files.write().remove(path.as_ref());
    }
}

impl SourceTree for MemoryTree {
    fn read(&self, path: &Path) -> Result<Source, ReadError> {
        let files = self.files.read();
        let (bytes, stamp) = files.get(path).ok_or(ReadError::Missing)?;
        // No two writes have the same stamp here.
        decode(path, bytes, *stamp, true, false)
    }

    fn stamp(&self, path: &Path) -> Result<Stamp, ReadError> {
        self.files.read().get(path).map(|(_, stamp)| *stamp).ok_or(ReadError::Missing)
    }

    fn names(&self, directory: &Path) -> Vec<String> {
        let files = self.files.read();
        let in_directory = files.keys().filter(|path| path.parent() == Some(directory));
        in_directory.filter_map(|path| Some(path.file_name()?.to_str()?.to_owned())).collect()
    }
}
