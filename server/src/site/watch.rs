//! Detects changes of configuration files.
//!
//! The files are few, so all of them are checked twice a second, with their directories, where a new file may match an
//! `Include`. That finds what events do not report: switched links, remounts, edits on other machines.

use std::{
    collections::BTreeSet,
    io,
    path::{Path, PathBuf},
    sync::{Arc, Weak},
    thread::sleep,
    time::{Duration, Instant},
};

use super::{Site, writers::Writers};
use crate::{
    identity::identity,
    settings::{
        read::{self, NAME},
        texts::Texts,
    },
};

const INTERVAL: Duration = Duration::from_millis(500);
/// A changed file is read when it has not changed for this time ..
const QUIET: Duration = Duration::from_millis(50);
/// .. or when it has kept changing for this time.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long an optional file must be missing before the configuration holds without it.
const GRACE: Duration = Duration::from_secs(2);

impl Site {
    /// Takes up the configuration whenever one of its files changes, as [`reload_configuration`] does, until the site
    /// is dropped.
    ///
    /// # Errors
    /// The system gives no further thread.
    ///
    /// [`reload_configuration`]: Self::reload_configuration
    pub fn watch_configuration(self: &Arc<Self>) -> io::Result<()> {
        let site = Arc::downgrade(self);
        let watched = Watched::new(self.path(), [&*self.texts.lock()], None);
        // Writers that begin after this function has returned are noticed.
        let mut writers = Writers::start();
        writers.follow(&watched.paths);
        std::thread::Builder::new()
            .name("samovar-config".into())
            .spawn(move || watch(&site, watched, writers))
            .map(drop)
    }
}

/// The paths that are checked, and how they looked.
struct Watched {
    paths: BTreeSet<PathBuf>,
    seen: Vec<Option<Look>>,
}

/// Of a file: what changes with each write. Of a directory: what changes when a file in it comes or goes.
type Look = (u64, Option<std::time::SystemTime>, (u64, u64));

/// The look of no file: what was not checked before it was read may have changed since.
const UNSEEN: Option<Look> = Some((u64::MAX, None, (0, 0)));

impl Watched {
    fn new<'t>(site: &Path, texts: impl IntoIterator<Item = &'t Texts>, before: Option<&Self>) -> Self {
        let files = texts.into_iter().flat_map(Texts::watched);
        let mut paths: BTreeSet<PathBuf> =
            files.flat_map(|file| [Some(file), file.parent()]).flatten().map(Path::to_path_buf).collect();
        paths.extend([site.to_path_buf(), site.join(NAME)]);
        let known = |path| before.and_then(|before| before.seen.get(before.paths.iter().position(|it| it == path)?));
        let seen = paths.iter().map(|path| known(path).copied().unwrap_or(UNSEEN)).collect();
        Self { paths, seen }
    }

    /// Have any of these files changed since they were last checked?
    fn has_moved(&self, files: &[PathBuf]) -> bool {
        let seen = self.paths.iter().zip(&self.seen).filter(|(path, _)| files.contains(path));
        seen.into_iter().any(|(path, seen)| look_at(path) != *seen)
    }

    /// Has anything changed? If so, waits until it changes no more.
    fn settle(&mut self) -> bool {
        let mut now = look(&self.paths);
        if now == self.seen {
            return false;
        }
        let started = Instant::now();
        loop {
            sleep(QUIET);
            let next = look(&self.paths);
            if next == now || started.elapsed() > PATIENCE {
                self.seen = next;
                return true;
            }
            now = next;
        }
    }
}

fn look(paths: &BTreeSet<PathBuf>) -> Vec<Option<Look>> {
    paths.iter().map(|path| look_at(path)).collect()
}

fn look_at(path: &Path) -> Option<Look> {
    let found = path.metadata().ok()?;
    Some((found.len(), found.modified().ok(), identity(&found)))
}

fn watch(site: &Weak<Site>, mut watched: Watched, mut writers: Writers) {
    let mut last = site.upgrade().map(|site| site.texts.lock().clone());
    let mut absence = Absence::default();
    // A change that was not taken up yet.
    let mut due = false;
    loop {
        sleep(INTERVAL);
        let Some(site) = site.upgrade() else { return };
        due |= watched.settle();
        if !due {
            continue;
        }
        let opened = site.read_again();
        let found = read::texts(&opened);
        let before = site.texts.lock().clone();
        let files: Vec<_> = found.as_ref().unwrap_or(&before).paths().map(Path::to_path_buf).collect();
        let next = Watched::new(site.path(), found.iter().chain([&before]), Some(&watched));
        let was = std::mem::replace(&mut watched, next);
        writers.follow(&watched.paths);
        // A text that was read while the file was being written may be incomplete.
        if writers.is_writing(&files) || was.has_moved(&files) {
            continue;
        }
        // A script that comes or goes touches a directory as well; only other texts are another configuration.
        if found != last {
            if opened.is_ok() && site.is_configured() && absence.may_end(&before, &files) {
                continue;
            }
            // The error is in the log.
            let _ = site.take_up_told(opened);
        }
        (due, absence, last) = (false, Absence::default(), found);
    }
}

/// Optional files of the current configuration that are missing now: those of wildcards and of `IncludeOptional`.
#[derive(Default)]
struct Absence(Option<Instant>);

impl Absence {
    /// May they be back in a moment? A checkout removes a file and writes it again.
    fn may_end(&mut self, before: &Texts, files: &[PathBuf]) -> bool {
        let is_gone = |path: &&Path| !files.iter().any(|file| file == *path) && !path.exists();
        let Some(gone) = before.paths().find(is_gone) else { return false };
        let since = self.0.get_or_insert_with(|| {
            let (gone, grace) = (gone.display(), GRACE.as_secs());
            tracing::warn!("`{gone}` is gone, which may be missing; it holds on for {grace} s, in case it comes back");
            Instant::now()
        });
        since.elapsed() < GRACE
    }
}
