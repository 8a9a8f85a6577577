//! Reading texts back: a text that is returned has the requested hash.

use std::{io, path::PathBuf, sync::Arc};

use super::{
    directory::{self, Fault, Part},
    keeper::Shared,
    ledger::{Content, without_mark},
};
use crate::text::ContentHash;

/// Why a text of a release cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TextError {
    /// No kept release names it.
    #[error("no kept release has the text {0}")]
    Unknown(ContentHash),
    /// It is missing from the state directory, or its content does not have its hash.
    #[error("the text is lost: `{}` is missing or damaged; restore it from a backup", .0.display())]
    Lost(PathBuf),
    /// The system cannot read it.
    #[error("`{}` cannot be read: {error}", path.display())]
    Unreadable {
        /// Its file.
        path: PathBuf,
        /// The error of the system.
        error: io::Error,
    },
}

impl Shared {
    /// Reads the text with this hash.
    pub(super) fn text(&self, hash: ContentHash) -> Result<Arc<str>, TextError> {
        let bytes = match self.state.lock().ledger.text(hash) {
            None => return Err(TextError::Unknown(hash)),
            Some((Content::Waiting(text), _)) => return Ok(without_mark(text)),
            Some((Content::Missing, _)) => return Err(TextError::Lost(directory::text_path(&self.path, hash))),
            Some((Content::Stored, bytes)) => bytes,
        };
        let (error, path) = match directory::read_text(&self.path, hash, bytes) {
            Ok(Some(bytes)) => match String::from_utf8(bytes) {
                Ok(text) => return Ok(without_mark(&text.into())),
                Err(_) => (None, directory::text_path(&self.path, hash)),
            },
            Ok(None) => (None, directory::text_path(&self.path, hash)),
            Err(failure) if failure.error.kind() == io::ErrorKind::NotFound => (Some(failure.error), failure.path),
            Err(failure) => return Err(TextError::Unreadable { path: failure.path, error: failure.error }),
        };
        let mut state = self.state.lock();
        if state.ledger.text(hash).is_none() {
            // Its releases were dropped meanwhile.
            return Err(TextError::Unknown(hash));
        }
        state.spoil(&Fault { of: Part::Text(hash), path: path.clone(), error });
        self.bell.ring();
        Err(TextError::Lost(path))
    }
}
