//! Texts in files, confined to roots.
//!
//! Nothing else in this crate opens a module's file. Confinement (R7) and the refusal of files that are not text are
//! therefore decided in one place.

use std::{
    io::Read,
    path::{Path, PathBuf},
};

use super::{
    descriptor::Descriptor,
    lease::{Writers, writers},
    source::{ReadError, Source, decode},
    stamp::Stamp,
    tree::SourceTree,
    walk::{walk, way_changed},
};

/// Files on disk, confined to roots.
///
/// A file is opened by name once, without reading. All checks (type, size, location) and the read itself go through
/// that one descriptor, so a link that is switched in between changes nothing.
pub struct DiskTree {
    /// As declared: a root may be a link, and the link may be switched.
    roots: Vec<PathBuf>,
    limit: u64,
}

/// The largest module, in bytes: a larger file is a mistake, not a script.
const LIMIT: u64 = 4 << 20;

impl DiskTree {
    /// Creates a tree that reads files below `roots`.
    pub fn new(roots: impl IntoIterator<Item = impl Into<PathBuf>>) -> Self {
        Self { roots: roots.into_iter().map(Into::into).collect(), limit: LIMIT }
    }

    /// Returns whether this path, which contains no links, is below a root.
    fn confined(&self, real: &Path) -> bool {
        // A root that is a prefix of a path without links contains no links itself, so it need not be resolved.
        self.roots.iter().any(|root| real.starts_with(root))
            || self.roots.iter().any(|root| root.canonicalize().is_ok_and(|root| real.starts_with(root)))
    }
}

impl DiskTree {
    fn find(&self, path: &Path) -> Result<(Descriptor, Stamp), ReadError> {
        let found = Descriptor::open(path)?;
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
        let (found, stamp) = self.find(path)?;
        let settled = !stamp.is_young();
        let mut bytes = Vec::with_capacity(usize::try_from(stamp.len).unwrap_or(0) + 1);
        let file = found.reopen()?;
        let complete = match writers(&file) {
            Writers::Somebody => return Err(ReadError::BeingWritten),
            Writers::Unknown => None,
            Writers::Nobody(lease) => Some(lease),
        };
        // Reads one byte more than allowed, so that a file that grows meanwhile is noticed.
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
        // Bounded, since the names only serve a suggestion.
        entries.take(10_000).filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect()
    }
    fn files(&self, extension: &str) -> Vec<PathBuf> {
        let found = walk(&self.roots, extension);
        found.into_iter().filter(|path| self.stamp(path).is_ok()).collect()
    }

    fn changed(&self, path: &Path) -> Option<i128> {
        Some(self.stamp(path).ok()?.changed.max(way_changed(path)))
    }
}
