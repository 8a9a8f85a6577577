//! A kept release as a source tree.

use std::{io, path::Path, sync::Arc};

use super::{keeper::Shared, ledger::Content, reading::TextError, record::Release};
use crate::text::{ContentHash, ReadError, Source, SourceTree, Stamp};

/// The texts of one [`Release`] as a [`SourceTree`]; see [`History::tree`](crate::History::tree).
///
/// Its files never change. A stamp depends only on the content: equal texts have equal stamps, in all releases. The
/// tree has no other files than those of the release.
pub struct ReleaseTree {
    shared: Arc<Shared>,
    release: Arc<Release>,
}

impl ReleaseTree {
    pub(super) fn new(shared: Arc<Shared>, release: Arc<Release>) -> Self {
        Self { shared, release }
    }

    /// Returns the release.
    #[must_use]
    pub fn release(&self) -> &Arc<Release> {
        &self.release
    }
}

impl std::fmt::Debug for ReleaseTree {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ReleaseTree").field("release", &self.release.number()).finish_non_exhaustive()
    }
}

impl From<TextError> for ReadError {
    fn from(error: TextError) -> Self {
        Self::Io(Arc::new(io::Error::other(error)))
    }
}

impl SourceTree for ReleaseTree {
    fn read(&self, path: &Path) -> Result<Source, ReadError> {
        let hash = self.release.get(path).ok_or(ReadError::Missing)?;
        let text = self.shared.text(hash)?;
        if text.is_empty() {
            return Err(ReadError::Empty);
        }
        let stamp = self.stamp(path)?;
        Ok(Source { path: path.into(), text, hash, stamp, settled: true, complete: true })
    }

    fn stamp(&self, path: &Path) -> Result<Stamp, ReadError> {
        let hash = self.release.get(path).ok_or(ReadError::Missing)?;
        match self.shared.state.lock().ledger.text(hash) {
            Some((Content::Stored | Content::Waiting(_), bytes)) => Ok(stamp(hash, bytes)),
            Some((Content::Missing, _)) => {
                Err(TextError::Lost(super::directory::text_path(&self.shared.path, hash)).into())
            }
            None => Err(TextError::Unknown(hash).into()),
        }
    }

    fn names(&self, directory: &Path) -> Vec<String> {
        let here = self.release.entries().iter().filter(|(path, _)| path.parent() == Some(directory));
        here.filter_map(|(path, _)| Some(path.file_name()?.to_str()?.to_owned())).collect()
    }
}

/// Makes a stamp from the hash in place of times. The times are far in the past, so no file counts as just written.
/// There is no file identity, since two modules with equal texts are two modules (R19).
fn stamp(hash: ContentHash, bytes: u64) -> Stamp {
    let hash = hash.to_bytes();
    let (halves, _) = hash.as_chunks::<16>();
    let past = |half: Option<&[u8; 16]>| i128::from_le_bytes(*half.unwrap_or(&[0; 16])) | i128::MIN;
    Stamp { len: bytes, modified: past(halves.first()), changed: past(halves.get(1)), file: (0, 0) }
}
