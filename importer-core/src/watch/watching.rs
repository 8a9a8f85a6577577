//! Keeps the watcher running: watches roots, notices when that fails or ends, and tries again.
//!
//! No change is lost while something is wrong, since the tick compares every stamp; it is only found later.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use super::{
    signal::Signal,
    watcher::{Sink, Watcher},
};

/// Makes a watcher that sends signals to a sink.
pub(crate) type Start = Box<dyn Fn(Sink) -> Result<Box<dyn Watcher>, String> + Send>;

/// Receives the signals of one watcher, with the number of that watcher. `None`: the watcher has ended.
pub(crate) type Tell = std::sync::Arc<dyn Fn(u64, Option<Signal>) + Send + Sync>;

/// A change in whether file events cover all directories.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Health {
    Degraded(String),
    Restored,
}

pub(crate) struct Watching {
    roots: Vec<PathBuf>,
    start: Start,
    tell: Tell,
    watcher: Option<Box<dyn Watcher>>,
    /// The number of the current watcher. Signals of earlier ones are as good; that they end means nothing.
    number: u64,
    /// The identity of each root when it was last watched.
    watched: Vec<Option<PathBuf>>,
    trouble: BTreeSet<String>,
    /// When the watcher was started.
    since: Instant,
    again: Option<Instant>,
    /// The time between a failed attempt and the next.
    pause: Duration,
}

impl Watching {
    pub(crate) fn new(roots: Vec<PathBuf>, start: Start, tell: Tell, pause: Duration) -> Self {
        let watched = vec![None; roots.len()];
        Self {
            roots,
            start,
            tell,
            watcher: None,
            number: 0,
            watched,
            trouble: BTreeSet::new(),
            since: Instant::now(),
            again: None,
            pause,
        }
    }

    /// Starts a watcher in place of the previous one, and watches all roots.
    pub(crate) fn start(&mut self) -> Option<Health> {
        self.number += 1;
        self.since = Instant::now();
        let report = EndReport { number: self.number, tell: self.tell.clone() };
        match (self.start)(Box::new(move |signal| (report.tell)(report.number, Some(signal)))) {
            Ok(watcher) => {
                self.watcher = Some(watcher);
                self.watch(true)
            }
            Err(reason) => {
                self.watcher = None;
                self.health_with(BTreeSet::from([reason]))
            }
        }
    }

    /// Watches each root that is another directory than before, because it was recreated or its link was switched.
    /// Tries again what failed before, when it is time.
    pub(crate) fn refresh(&mut self) -> Option<Health> {
        if self.again.is_some_and(|again| Instant::now() >= again) {
            return self.start();
        }
        self.watch(false)
    }

    /// Watches all roots again: the target of a switched link is not watched yet.
    pub(crate) fn follow_links(&mut self) -> Option<Health> {
        self.watch(true)
    }

    /// Returns the current health.
    pub(crate) fn health(&self) -> Health {
        match self.trouble.is_empty() {
            true => Health::Restored,
            false => Health::Degraded(self.trouble.iter().map(String::as_str).collect::<Vec<_>>().join("; ")),
        }
    }

    fn watch(&mut self, all: bool) -> Option<Health> {
        let watcher = self.watcher.as_mut()?;
        let mut trouble = if all { BTreeSet::new() } else { self.trouble.clone() };
        for (root, watched) in self.roots.iter().zip(&mut self.watched) {
            let now = identity(root);
            if now.is_some() && (all || *watched != now) {
                // Between two watches, the end of a write is not reported.
                if watched.is_some() {
                    if *watched != now {
                        (self.tell)(self.number, Some(Signal::Moved(root.clone())));
                    }
                    (self.tell)(self.number, Some(Signal::Lost));
                }
                trouble.extend(watcher.watch(root).err());
            }
            *watched = now;
        }
        self.health_with(trouble)
    }

    /// Notes that a new directory cannot be watched, for this reason.
    pub(crate) fn cannot(&mut self, reason: String) -> Option<Health> {
        let mut trouble = self.trouble.clone();
        trouble.insert(reason);
        self.health_with(trouble)
    }

    /// Notes that a watcher has ended by itself.
    pub(crate) fn ended(&mut self, number: u64) -> Option<Health> {
        if number != self.number || self.watcher.take().is_none() {
            return None;
        }
        (self.tell)(self.number, Some(Signal::Lost));
        let lived = self.since.elapsed();
        let health = self.health_with(BTreeSet::from(["the file watcher has ended; it is being restarted".to_owned()]));
        // A watcher that ends right after its start is not restarted continuously.
        self.again = Some(if lived >= self.pause { Instant::now() } else { Instant::now() + self.pause });
        health
    }

    fn health_with(&mut self, trouble: BTreeSet<String>) -> Option<Health> {
        self.again = match (trouble.is_empty(), self.again) {
            (true, _) => None,
            (false, Some(again)) if again > Instant::now() => Some(again),
            (false, _) => Some(Instant::now() + self.pause),
        };
        let before = std::mem::replace(&mut self.trouble, trouble);
        (before != self.trouble).then(|| self.health())
    }
}

/// Reports the end of a watcher: dropped together with the watcher's sink.
struct EndReport {
    number: u64,
    tell: Tell,
}

impl Drop for EndReport {
    fn drop(&mut self) {
        (self.tell)(self.number, None);
    }
}

/// Returns the identity of a root: its real path and inode.
fn identity(root: &Path) -> Option<PathBuf> {
    let real = root.canonicalize().ok()?;
    #[cfg(unix)]
    {
        let inode = std::os::unix::fs::MetadataExt::ino(&real.metadata().ok()?);
        Some(real.join(inode.to_string()))
    }
    #[cfg(not(unix))]
    Some(real)
}
