//! Detects that a configuration file is being written: a half-written configuration may lack the half that protects the
//! site.
//!
//! The system reports writing and closing, in the directories of the files. Where it reports nothing, a file counts as
//! complete when it has not changed for a while.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use parking_lot::Mutex;
use samovar_importer::{NotifyWatcher, Signal};

use crate::identity::identity;

/// How long a file may be open for writing before a warning is logged.
const TOLD: Duration = Duration::from_secs(2);

pub(crate) struct Writers {
    writing: Arc<Mutex<BTreeSet<PathBuf>>>,
    watcher: Option<NotifyWatcher>,
    /// Directories that are watched, with their identities.
    watched: BTreeMap<PathBuf, (u64, u64)>,
    waiting: Option<Instant>,
    told: bool,
}

impl Writers {
    pub(crate) fn start() -> Self {
        let writing = Arc::<Mutex<BTreeSet<PathBuf>>>::default();
        let sink = writing.clone();
        let watcher = NotifyWatcher::new(Box::new(move |signal| match signal {
            Signal::Writing(path) => drop(sink.lock().insert(path)),
            Signal::Complete(path) | Signal::Moved(path) => drop(sink.lock().remove(&path)),
            Signal::Lost => sink.lock().clear(),
            Signal::Unwatched(_) => {}
        }));
        let watcher = watcher.inspect_err(|error| tracing::debug!("the files of the configuration: {error}")).ok();
        Self { writing, watcher, watched: BTreeMap::new(), waiting: None, told: false }
    }

    /// Watches these directories, and those that contain these files, also those that links lead to.
    pub(crate) fn follow(&mut self, paths: &BTreeSet<PathBuf>) {
        let Some(watcher) = &mut self.watcher else { return };
        let real = paths.iter().filter(|path| path.is_symlink()).filter_map(|path| path.canonicalize().ok());
        let directories: BTreeSet<PathBuf> = paths.iter().cloned().chain(real).filter_map(directory).collect();
        for directory in directories {
            let Ok(found) = directory.metadata() else { continue };
            let now = identity(&found);
            if self.watched.get(&directory) != Some(&now) && watcher.watch_directory(&directory).is_ok() {
                self.watched.insert(directory, now);
            }
        }
    }

    /// Is one of these files open for writing? Logs a warning if it stays open for long.
    pub(crate) fn is_writing(&mut self, files: &[PathBuf]) -> bool {
        let written = {
            let writing = self.writing.lock();
            let real = |file: &&PathBuf| file.canonicalize().is_ok_and(|real| writing.contains(&real));
            files.iter().find(|file| writing.contains(*file) || real(file)).cloned()
        };
        let Some(file) = written else {
            (self.waiting, self.told) = (None, false);
            return false;
        };
        let waiting = *self.waiting.get_or_insert_with(Instant::now);
        if waiting.elapsed() >= TOLD && !std::mem::replace(&mut self.told, true) {
            let file = file.display();
            tracing::warn!(
                "`{file}` is still open for writing; it is taken up when it is closed, or on `samovar reload`"
            );
        }
        true
    }
}

/// The path if it is a directory, else the directory that contains it.
fn directory(path: PathBuf) -> Option<PathBuf> {
    if path.is_dir() { Some(path) } else { path.parent().map(Path::to_path_buf) }
}
