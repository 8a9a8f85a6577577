//! Where texts come from: one small trait, the disk, and a tree in memory.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};

/// What reading a configuration needs from the world.
pub trait Files {
    /// The bytes of a file.
    ///
    /// # Errors
    /// When it cannot be read, is no regular file, or is longer than `limit` bytes ([`io::ErrorKind::FileTooLarge`]).
    fn read(&self, path: &Path, limit: u64) -> io::Result<Vec<u8>>;

    /// The entries of a directory, in any order; `None` if `path` is not a directory, or is not there.
    ///
    /// # Errors
    /// When the directory is there and cannot be read, or what is there cannot be found out.
    fn list(&self, path: &Path) -> io::Result<Option<Vec<Entry>>>;

    /// A variable of the environment, for `${NAME}`.
    fn variable(&self, name: &str) -> Option<String>;
}

/// One entry of a directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its name, without a path.
    pub name: String,
    /// Whether it is, perhaps through a link, a directory.
    pub is_directory: bool,
}

/// The file system and the environment of this process.
#[derive(Debug, Clone, Copy, Default)]
pub struct DiskFiles;

impl Files for DiskFiles {
    fn read(&self, path: &Path, limit: u64) -> io::Result<Vec<u8>> {
        // Asked before opening: opening a pipe would wait for a writer.
        if !fs::metadata(path)?.is_file() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"));
        }
        let mut bytes = Vec::new();
        fs::File::open(path)?.take(limit + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > limit { Err(too_large()) } else { Ok(bytes) }
    }

    fn list(&self, path: &Path) -> io::Result<Option<Vec<Entry>>> {
        match fs::metadata(path) {
            Ok(found) if found.is_dir() => {}
            Ok(_) => return Ok(None),
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                return Ok(None);
            }
            Err(error) => return Err(error),
        }
        let mut entries = Vec::new();
        for entry in fs::read_dir(path)? {
            let entry = entry?;
            // A name that is no text cannot be matched by a pattern that is.
            if let Ok(name) = entry.file_name().into_string() {
                entries.push(Entry { name, is_directory: entry.path().is_dir() });
            }
        }
        Ok(Some(entries))
    }

    fn variable(&self, name: &str) -> Option<String> {
        std::env::var(name).ok()
    }
}

/// Files and environment held in memory, for tests and for programs that make their configuration.
///
/// Directories are there as soon as a file is in them.
#[derive(Debug, Clone, Default)]
pub struct MemoryFiles {
    files: BTreeMap<PathBuf, Vec<u8>>,
    variables: BTreeMap<String, String>,
}

impl MemoryFiles {
    /// An empty tree.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// With one more file.
    #[must_use]
    pub fn file(mut self, path: impl AsRef<Path>, content: impl Into<Vec<u8>>) -> Self {
        self.files.insert(normal(path.as_ref()), content.into());
        self
    }

    /// With one more variable in the environment.
    #[must_use]
    pub fn environment(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.variables.insert(name.into(), value.into());
        self
    }
}

impl Files for MemoryFiles {
    fn read(&self, path: &Path, limit: u64) -> io::Result<Vec<u8>> {
        match self.files.get(&normal(path)) {
            Some(bytes) if bytes.len() as u64 > limit => Err(too_large()),
            Some(bytes) => Ok(bytes.clone()),
            None => Err(io::Error::new(io::ErrorKind::NotFound, "no such file")),
        }
    }

    fn list(&self, path: &Path) -> io::Result<Option<Vec<Entry>>> {
        let directory = normal(path);
        let mut entries: Vec<Entry> = Vec::new();
        for file in self.files.keys() {
            let Ok(rest) = file.strip_prefix(&directory) else { continue };
            let mut parts = rest.components();
            let Some(first) = parts.next() else { continue };
            let name = first.as_os_str().to_string_lossy().into_owned();
            if entries.last().is_none_or(|entry| entry.name != name) {
                entries.push(Entry { name, is_directory: parts.next().is_some() });
            }
        }
        Ok(if entries.is_empty() { None } else { Some(entries) })
    }

    fn variable(&self, name: &str) -> Option<String> {
        self.variables.get(name).cloned()
    }
}

/// A path without `.`, `..` and doubled separators, by its text alone.
pub(crate) fn normal(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                if !out.pop() && !out.has_root() {
                    out.push("..");
                }
            }
            Component::Normal(_) | Component::RootDir | Component::Prefix(_) => out.push(part),
        }
    }
    out
}

fn too_large() -> io::Error {
    io::Error::new(io::ErrorKind::FileTooLarge, "the file is too large")
}
