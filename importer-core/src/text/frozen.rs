//! A source tree as it was at one moment.

use std::{
    collections::HashMap,
    ops::RangeInclusive,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{
    source::{ReadError, Source},
    stamp::Stamp,
    tree::SourceTree,
};

/// The most bytes of text that are kept. Other files are read from the live tree later.
const BYTES: usize = 64 << 20;

/// The texts of another tree at the moment when this one was made. Files without a kept text are read from the live
/// tree.
pub(crate) struct FrozenTree {
    live: Arc<dyn SourceTree>,
    known: HashMap<PathBuf, Known>,
}

struct Known {
    source: Source,
    /// See [`SourceTree::changed`].
    changed: i128,
}

impl FrozenTree {
    /// Keeps `texts`, and all other files with the extension that `live` lists, as `read` reads them.
    pub(crate) fn of(
        live: Arc<dyn SourceTree>,
        texts: impl IntoIterator<Item = Source>,
        extension: &str,
        read: impl Fn(&Path) -> Result<Source, ReadError>,
    ) -> Self {
        let loaded = |source: Source| (source.path.to_path_buf(), Known { changed: source.stamp.changed, source });
        let mut known: HashMap<PathBuf, Known> = texts.into_iter().map(loaded).collect();
        let mut bytes = 0;
        for path in live.files(extension) {
            if known.contains_key(&path) {
                continue;
            }
            if let (Ok(source), Some(changed)) = (read(&path), live.changed(&path)) {
                bytes += source.text.len();
                if bytes > BYTES {
                    break;
                }
                known.insert(path, Known { source, changed });
            }
        }
        Self { live, known }
    }

    /// Returns whether the text at this path is kept. If not, it is read from the live tree.
    pub(crate) fn knows(&self, path: &Path) -> bool {
        self.known.contains_key(path)
    }
}

impl SourceTree for FrozenTree {
    fn read(&self, path: &Path) -> Result<Source, ReadError> {
        match self.known.get(path) {
            // A kept text never changes.
            Some(Known { source, .. }) => Ok(Source { settled: true, complete: true, ..source.clone() }),
            None => self.live.read(path),
        }
    }

    fn stamp(&self, path: &Path) -> Result<Stamp, ReadError> {
        self.known.get(path).map_or_else(|| self.live.stamp(path), |known| Ok(known.source.stamp))
    }

    fn names(&self, directory: &Path) -> Vec<String> {
        self.live.names(directory)
    }

    fn files(&self, extension: &str) -> Vec<PathBuf> {
        self.live.files(extension)
    }

    fn changed(&self, path: &Path) -> Option<i128> {
        self.known.get(path).map_or_else(|| self.live.changed(path), |known| Some(known.changed))
    }

    fn moment(&self) -> RangeInclusive<i128> {
        self.live.moment()
    }
}
