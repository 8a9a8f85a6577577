//! Where source text comes from: a trait with one implementation for disks and one for memory.
//!
//! Nothing else in this crate opens a file, so that confinement (R7) and the refusal of what is not a text are decided
//! in one place.

mod lease;

use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use parking_lot::RwLock;

use self::lease::{Writers, writers};
use crate::{
    descriptor::Found,
    stamp::{ContentHash, Stamp},
};

/// The text of a module as it was read.
#[derive(Clone, Debug)]
pub struct Source {
    /// The path under which the module is known.
    pub path: Arc<Path>,
    /// The text, without a byte order mark.
    pub text: Arc<str>,
    /// Hash of the bytes in the file.
    pub hash: ContentHash,
    /// Stamp of the descriptor that was read.
    pub stamp: Stamp,
    /// Was the stamp old enough when the text was read? Then a later write moves it.
    pub settled: bool,
    /// Was it certain that nobody had the file open for writing? If not, it may be half of what it is to be (R59).
    pub complete: bool,
}

/// Why a file cannot be a module.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ReadError {
    /// No such file.
    #[error("no such file")]
    Missing,
    /// The file is reached by `..`, an absolute name or a link, but lies outside of every declared root (R7).
    #[error("lies outside of the declared roots (it is `{}`)", .0.display())]
    Outside(PathBuf),
    /// A directory, FIFO, socket or device.
    #[error("is a {0}, not a regular file")]
    NotAFile(&'static str),
    /// Larger than a module may be.
    #[error("has {len} bytes; a module may have {limit}")]
    TooLarge {
        /// Size in bytes.
        len: u64,
        /// The limit in bytes.
        limit: u64,
    },
    /// Not UTF-8, or with a NUL in it.
    #[error("is not UTF-8 text: byte {byte:#04x} at offset {offset}")]
    NotText {
        /// Offset of the first offending byte.
        offset: usize,
        /// That byte.
        byte: u8,
    },
    /// Nothing in it. A file that is just being rewritten looks like this, so it is never loaded.
    #[error("is empty")]
    Empty,
    /// Somebody has it open for writing: it may be half of what it is to be, so it is loaded when they have closed it (R59).
    #[error("is still being written")]
    BeingWritten,
    /// The operating system refuses: permissions, input/output errors.
    #[error("cannot be read: {0}")]
    Io(Arc<io::Error>),
}

impl ReadError {
    /// Does a file that is being saved pass through this state? The next look will find it done.
    pub(crate) fn is_passing(&self) -> bool {
        matches!(self, Self::Missing | Self::Empty | Self::BeingWritten)
    }
}

impl From<io::Error> for ReadError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Self::Missing,
            _ => Self::Io(Arc::new(error)),
        }
    }
}

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

/// Decodes what was read. `settled` and `complete`: see [`Source`].
fn decode(path: &Path, bytes: &[u8], stamp: Stamp, settled: bool, complete: bool) -> Result<Source, ReadError> {
    let hash = ContentHash::of(bytes);
    if let Some(offset) = bytes.iter().position(|&b| b == 0) {
        return Err(ReadError::NotText { offset, byte: 0 });
    }
    let text = std::str::from_utf8(bytes)
        .map_err(|e| ReadError::NotText { offset: e.valid_up_to(), byte: bytes[e.valid_up_to()] })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.is_empty() {
        return Err(ReadError::Empty);
    }
    Ok(Source { path: path.into(), text: text.into(), hash, stamp, settled, complete })
}

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

/// Files on disk, confined to roots.
///
/// A file is opened by name once, without reading; everything that is decided (its type, its size, where it lies) and
/// everything that is read goes through that one descriptor. A link that is switched between check and read changes
/// nothing.
pub struct DiskTree {
    /// As declared: a root may be a link, and the link may be switched.
    roots: Vec<PathBuf>,
    limit: u64,
}

/// A module of 4 MiB is a mistake, not a script.
const LIMIT: u64 = 4 << 20;

impl DiskTree {
    /// A tree that reads files below `roots`.
    pub fn new(roots: impl IntoIterator<Item = impl Into<PathBuf>>) -> Self {
        Self { roots: roots.into_iter().map(Into::into).collect(), limit: LIMIT }
    }

    /// Is this path, which has no links in it, below a root?
    fn confined(&self, real: &Path) -> bool {
        // A root that is the beginning of a path without links has none in it either, and need not be looked up.
        self.roots.iter().any(|root| real.starts_with(root))
            || self.roots.iter().any(|root| root.canonicalize().is_ok_and(|root| real.starts_with(root)))
    }
}

impl DiskTree {
    fn find(&self, path: &Path) -> Result<(Found, Stamp), ReadError> {
        let found = Found::open(path)?;
        let (other, stamp) = found.look()?;
        let real = found.real_path()?;
        if !self.confined(&real) {
            return Err(ReadError::Outside(real));
        }
        if let Some(kind) = other {
            return Err(ReadError::NotAFile(kind));
        }
        if stamp.len > self.limit {
            return Err(ReadError::TooLarge { len: stamp.len, limit: self.limit });
        }
        Ok((found, stamp))
    }
}

impl SourceTree for DiskTree {
    fn read(&self, path: &Path) -> Result<Source, ReadError> {
        use std::io::Read;

        let (found, stamp) = self.find(path)?;
        let settled = !stamp.is_young();
        let mut bytes = Vec::with_capacity(usize::try_from(stamp.len).unwrap_or(0) + 1);
        let file = found.reopen()?;
        let complete = match writers(&file) {
            Writers::Somebody => return Err(ReadError::BeingWritten),
            Writers::Unknown => None,
            Writers::Nobody(lease) => Some(lease),
        };
        // One byte more than allowed, so that a file that grows meanwhile is noticed.
        (&file).take(self.limit + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > self.limit {
            return Err(ReadError::TooLarge { len: bytes.len() as u64, limit: self.limit });
        }
        decode(path, &bytes, stamp, settled, complete.is_some())
    }

    fn stamp(&self, path: &Path) -> Result<Stamp, ReadError> {
        self.find(path).map(|(_, stamp)| stamp)
    }

    fn names(&self, directory: &Path) -> Vec<String> {
        if !directory.canonicalize().is_ok_and(|real| self.confined(&real)) {
            return Vec::new();
        }
        let Ok(entries) = std::fs::read_dir(directory) else { return Vec::new() };
        // A bound, since this only serves a suggestion.
        entries.take(10_000).filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect()
    }
}
