//! The text of a module, and the reasons why a file has none.

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::stamp::{ContentHash, Stamp};

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
    /// Whether the stamp was old enough when the text was read, so that a later write gives another stamp.
    pub settled: bool,
    /// Whether it was certain that no process had the file open for writing. If not, the text may be incomplete (R59).
    pub complete: bool,
}

/// Why a file cannot be a module.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ReadError {
    /// No such file.
    #[error("no such file")]
    Missing,
    /// The file is reached by `..`, an absolute name or a link, but lies outside every declared root (R7).
    #[error("lies outside of the declared roots (it is `{}`)", .0.display())]
    Outside(PathBuf),
    /// A directory, FIFO, socket or device.
    #[error("is a {0}, not a regular file")]
    NotAFile(&'static str),
    /// Larger than a module may be.
    #[error("has {len} bytes; a module may have at most {limit}")]
    TooLarge {
        /// Size in bytes.
        len: u64,
        /// The limit in bytes.
        limit: u64,
    },
    /// Not UTF-8, or contains a NUL byte.
    #[error("is not UTF-8 text: byte {byte:#04x} at offset {offset}")]
    NotText {
        /// Offset of the first offending byte.
        offset: usize,
        /// That byte.
        byte: u8,
    },
    /// An empty file. A file that is just being rewritten looks like this, so it is never loaded.
    #[error("is empty")]
    Empty,
    /// A process has it open for writing, so it may be incomplete. It is loaded after that process has closed it (R59).
    #[error("is still being written")]
    BeingWritten,
    /// The operating system refuses access: permissions, input/output errors.
    #[error("cannot be read: {0}")]
    Io(Arc<io::Error>),
}

impl ReadError {
    /// Returns whether a file that is being saved passes through this state. The next look finds it complete.
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

/// Decodes the bytes of a file. `settled` and `complete`: see [`Source`].
pub(super) fn decode(
    path: &Path,
    bytes: &[u8],
    stamp: Stamp,
    settled: bool,
    complete: bool,
) -> Result<Source, ReadError> {
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
