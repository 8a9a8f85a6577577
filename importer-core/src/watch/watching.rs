//! Keeps the system telling of changes: watches roots, notices when it cannot or does no longer, and tries again.
//!
//! While something is wrong nothing is lost, since the tick looks at every stamp; it only takes longer.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use super::{
    signal::Signal,
    watcher::{Sink, Watcher},
};

/// Makes a watcher that tells a sink.
pub(crate) type Start = Box<dyn Fn(Sink) -> Result<Box<dyn Watcher>, String> + Send>;

/// Takes what one watcher tells, with the number of that watcher. `None`: it has ended.
pub(crate) type Tell = std::sync::Arc<dyn Fn(u64, Option<Signal>) + Send + Sync>;

/// Whether changes are told, as far as that has changed.
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
    /// The number of the watcher. What earlier ones still tell is as good; that they end is no news.
    number: u64,
    /// What each root was when it was last watched.
    watched: Vec<Option<PathBuf>>,
    trouble: BTreeSet<String>,
    /// When the watcher was started.
    since: Instant,
    again: Option<Instant>,
    /// Between an attempt that failed and the next.
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

    /// Starts a watcher in the place of the one before, and watches all roots.
    pub(crate) fn start(&mut self) -> Option<Health> {
        self.number += 1;
        self.since = Instant::now();
        let told = Told { number: self.number, tell: self.tell.clone() };
        match (self.start)(Box::new(move |signal| (told.tell)(told.number, Some(signal)))) {
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

    /// Watches each root that is another directory than the last time: made again, or its link switched. Tries again
    /// what failed before, when it is time.
    pub(crate) fn refresh(&mut self) -> Option<Health> {
        if self.again.is_some_and(|again| Instant::now() >= again) {
            return self.start();
        }
        self.watch(false)
    }

    /// Watches all roots anew: what lies behind a link that was switched is not watched yet.
    pub(crate) fn follow_links(&mut self) -> Option<Health> {
        self.watch(true)
    }

    /// How it stands.
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
                // Between two watches nobody is told that a file was closed.
                if watched.is_some() {
                    (self.tell)(self.number, Some(Signal::Lost));
                }
                trouble.extend(watcher.watch(root).err());
            }
            *watched = now;
        }
        self.health_with(trouble)
    }

    /// A directory that appeared cannot be watched, for this reason.
    pub(crate) fn cannot(&mut self, reason: String) -> Option<Health> {
        let mut trouble = self.trouble.clone();
        trouble.insert(reason);
        self.health_with(trouble)
    }

    /// A watcher has ended by itself.
    pub(crate) fn ended(&mut self, number: u64) -> Option<Health> {
        if number != self.number || self.watcher.take().is_none() {
            return None;
        }
        (self.tell)(self.number, Some(Signal::Lost));
        let lived = self.since.elapsed();
        let health =
            self.health_with(BTreeSet::from(["what tells of changes has ended; it is started again".to_owned()]));
        // One that ends as soon as it is started is not started all the time.
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

/// Is dropped with the watcher that tells it.
struct Told {
    number: u64,
    tell: Tell,
}

impl Drop for Told {
    fn drop(&mut self) {
        (self.tell)(self.number, None);
    }
}

/// What a root is now: where it leads, and which inode that is.
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
