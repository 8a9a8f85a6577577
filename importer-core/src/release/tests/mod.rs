//! The rules of kept releases (L3), each with a state directory of its own.

mod bounds;
mod damage;
mod disk;
mod inbox;
mod kept;
mod killed;
mod ledgers;
mod manifests;

use std::{
    path::Path,
    sync::Arc,
    time::{Duration, SystemTime},
};

use tempfile::TempDir;

use super::{Bounds, History, Release, ReleaseCause};
use crate::text::ContentHash;

const LONG: Duration = Duration::from_secs(120);

/// A state directory.
struct Disk(TempDir);

impl Disk {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a directory"))
    }

    fn path(&self) -> std::path::PathBuf {
        self.0.path().join("state")
    }

    fn open(&self) -> History {
        self.open_with(Bounds::default())
    }

    fn open_with(&self, bounds: Bounds) -> History {
        History::open(self.path(), bounds)
    }

    #[track_caller]
    fn names(&self, folder: &str) -> Vec<String> {
        let entries = std::fs::read_dir(self.path().join(folder)).expect("the folder");
        let mut names: Vec<_> =
            entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("UTF-8")).collect();
        names.sort_by_key(|name| (name.len(), name.clone()));
        names
    }
}

fn hash(text: &str) -> ContentHash {
    ContentHash::of(text.as_bytes())
}

/// The next release of a history, with these files.
fn next(history: &History, files: &[(&str, &str)]) -> Release {
    let entries = files.iter().map(|(path, text)| (Path::new(path).into(), hash(text)));
    let release = Release::new(history.next_number(), SystemTime::now(), ReleaseCause::Files, entries);
    match history.latest() {
        Some(before) => release.with_changes_since(&before),
        None => release,
    }
}

/// Records a release, which is not yet on the disk when this returns.
fn record(history: &History, files: &[(&str, &str)]) -> Arc<Release> {
    let release = Arc::new(next(history, files));
    history.record(release.clone(), files.iter().map(|(_, text)| (hash(text), Arc::from(*text))));
    release
}

#[track_caller]
fn written(history: &History, files: &[(&str, &str)]) -> Arc<Release> {
    let release = record(history, files);
    assert!(history.flush(LONG), "{:?}", history.problems());
    release
}

fn numbers(history: &History) -> Vec<u64> {
    history.releases().iter().map(|release| release.number()).collect()
}

/// Returns the problems, one line each.
fn problems(history: &History) -> Vec<String> {
    history.problems().iter().map(ToString::to_string).collect()
}

/// Waits until a condition holds.
#[track_caller]
fn eventually(mut is_so: impl FnMut() -> bool) {
    let deadline = std::time::Instant::now() + LONG;
    while !is_so() {
        assert!(std::time::Instant::now() < deadline, "it never was");
        std::thread::sleep(Duration::from_millis(2));
    }
}
