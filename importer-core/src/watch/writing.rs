//! Files that are being written: they are read only when complete (R59).

use std::{
    collections::{HashMap, VecDeque},
    path::{Path, PathBuf},
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

use super::{
    settling::PATIENCE,
    signal::{Signal, is_noise},
};
use crate::{
    sync::{AtomicU64, Mutex},
    text::{ReadError, Source, SourceTree, moment},
};

/// Reads all texts, and takes every signal as soon as it arrives.
pub(crate) struct Writing {
    /// That of modules: other files say nothing about them.
    extension: &'static str,
    unfinished: Mutex<Unfinished>,
    /// Counts the changes that the file system reported.
    stirred: AtomicU64,
    /// When the last signal arrived that may be about a module.
    heard: Mutex<Option<Instant>>,
    /// What was moved into place, and when, as the times of files count: the newest last.
    moved: Mutex<VecDeque<(PathBuf, i128)>>,
}

/// The most moves that are remembered.
const MOVES: usize = 1_000;

impl Writing {
    /// For modules whose names end with `extension`.
    pub(crate) fn of(extension: &'static str) -> Self {
        let (unfinished, stirred) = (Mutex::default(), AtomicU64::new(0));
        Self { extension, unfinished, stirred, heard: Mutex::default(), moved: Mutex::default() }
    }

    /// Notes a signal as soon as it arrives, long before it is time to look.
    pub(crate) fn heard(&self, signal: &Signal) {
        let now = Instant::now();
        if self.is_about_modules(signal) {
            *self.heard.lock() = Some(now);
        }
        if let Signal::Moved(path) = signal {
            let mut moved = self.moved.lock();
            if moved.len() >= MOVES {
                moved.pop_front();
            }
            moved.push_back((path.clone(), *moment().end()));
        }
        self.unfinished.lock().signal(signal, now);
    }

    fn is_about_modules(&self, signal: &Signal) -> bool {
        match signal {
            Signal::Writing(path) | Signal::Complete(path) => path.extension().is_some_and(|it| it == self.extension),
            Signal::Moved(_) | Signal::Lost => true,
            Signal::Unwatched(_) => false,
        }
    }

    /// Returns when directories and links on the way to a file were moved into place, as far as is remembered.
    pub(crate) fn moved(&self, path: &Path) -> Vec<i128> {
        let moved = self.moved.lock();
        moved.iter().filter(|(directory, _)| path.starts_with(directory)).map(|&(_, at)| at).collect()
    }

    /// Reads a file, unless it is still being written.
    pub(crate) fn read(&self, tree: &dyn SourceTree, path: &Path) -> Result<Source, ReadError> {
        match tree.read(path) {
            // Events come late. If the system has confirmed that nobody is writing, that counts.
            Ok(source) if source.complete => Ok(source),
            _ if self.is_unfinished(path) => Err(ReadError::BeingWritten),
            read => read,
        }
    }

    /// Returns whether no signal has arrived for the longest time that a change waits for quiet.
    pub(crate) fn is_quiet(&self) -> bool {
        self.heard.lock().is_none_or(|heard| heard.elapsed() >= PATIENCE)
    }

    pub(crate) fn stirred(&self) -> u64 {
        self.stirred.load(Ordering::Acquire)
    }

    /// Notes that files have appeared, disappeared or changed, perhaps files that no module has been made from yet.
    pub(crate) fn stir(&self) {
        self.stirred.fetch_add(1, Ordering::AcqRel);
    }

    /// Returns whether a watcher has reported that the file is being written, by this name or by its real path.
    fn is_unfinished(&self, path: &Path) -> bool {
        let unfinished = self.unfinished.lock();
        let now = Instant::now();
        unfinished.has(path, now)
            || !unfinished.is_empty() && path.canonicalize().is_ok_and(|real| unfinished.has(&real, now))
    }
}

/// Files that are being written, as far as the watcher reports (R59).
#[derive(Debug, Default)]
struct Unfinished(HashMap<PathBuf, Instant>);

/// How long after the last event a file counts as being written. Not every way to make a file ends with an event.
const BELIEVED: Duration = Duration::from_mins(1);

impl Unfinished {
    fn signal(&mut self, signal: &Signal, now: Instant) {
        match signal {
            Signal::Writing(path) if !is_noise(path) => {
                self.0.insert(path.clone(), now);
            }
            // Files below a removed directory are gone with it.
            Signal::Complete(path) => self.0.retain(|unfinished, _| !unfinished.starts_with(path)),
            // Another file has this name now.
            Signal::Moved(path) => drop(self.0.remove(path)),
            // The writer may have closed the file without an event.
            Signal::Lost => self.0.clear(),
            Signal::Writing(_) | Signal::Unwatched(_) => {}
        }
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn has(&self, path: &Path, now: Instant) -> bool {
        self.0.get(path).is_some_and(|last| now.saturating_duration_since(*last) < BELIEVED)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn l2_only_files_of_modules_keep_a_site_from_being_quiet() {
        let writing = Writing::of("toy");
        let heard = |signal: &Signal| {
            writing.heard(signal);
            writing.is_quiet()
        };
        let of = |path: &str| PathBuf::from(path);
        assert!(heard(&Signal::Complete(of("/s/access.txt"))) && heard(&Signal::Writing(of("/s/access"))));
        assert!(!heard(&Signal::Complete(of("/s/a.toy"))));
        writing.heard(&Signal::Moved(of("/s/lib")));
        assert_eq!(
            (writing.moved(Path::new("/s/lib/a.toy")).len(), writing.moved(Path::new("/s/library")).len()),
            (1, 0)
        );
    }

    /// `script` has steps: `SECOND signal path` sends a signal, `SECOND ? path` asks. `expected` is the answer to each
    /// question.
    #[track_caller]
    fn check_unfinished(script: &str, expected: &str) {
        let start = Instant::now();
        let mut unfinished = Unfinished::default();
        let mut answers = Vec::new();
        for step in script.split(", ") {
            let words: Vec<_> = step.split(' ').collect();
            let now = start + Duration::from_secs(words[0].parse().expect("seconds"));
            let path = || PathBuf::from(words[2]);
            match words[1] {
                "done" => unfinished.signal(&Signal::Complete(path()), now),
                "write" => unfinished.signal(&Signal::Writing(path()), now),
                "moved" => unfinished.signal(&Signal::Moved(path()), now),
                "lost" => unfinished.signal(&Signal::Lost, now),
                _ => answers.push(if unfinished.has(&path(), now) { "written" } else { "-" }),
            }
        }
        assert_eq!(answers.join(" "), expected);
    }

    #[test]
    fn r59_a_file_is_being_written_until_it_is_closed() {
        check_unfinished(
            "0 ? /a, 0 write /a, 30 ? /a, 30 ? /b, 30 moved /d, 30 ? /a, 31 done /a, 31 ? /a",
            "- written - written -",
        );
        check_unfinished("0 write /d/a, 0 write /da, 1 done /d, 1 ? /d/a, 1 ? /da", "- written");
        check_unfinished("0 write /a, 0 write /a/b, 1 moved /a, 1 ? /a, 1 ? /a/b", "- written");
        check_unfinished("0 write /a, 1 lost, 1 ? /a", "-");
        check_unfinished("0 write /.a.swp, 0 ? /.a.swp", "-");
    }

    #[test]
    fn r59_a_writer_of_whom_nothing_is_heard_is_believed_for_a_minute() {
        check_unfinished("0 write /a, 59 ? /a, 60 ? /a", "written -");
        check_unfinished("0 write /a, 50 write /a, 109 ? /a, 110 ? /a", "written -");
    }
}
