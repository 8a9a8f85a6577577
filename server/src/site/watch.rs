//! Finds out that a configuration file has changed.
//!
//! The files are few, so they are looked at twice a second, with the directories that they lie in, where a further file may
//! appear for an `Include`. That finds what events would not tell: switched links, remounts, edits on other machines.

use std::{
    collections::BTreeSet,
    io,
    path::{Path, PathBuf},
    sync::{Arc, Weak},
    thread::sleep,
    time::{Duration, Instant},
};

use crate::{
    identity::identity,
    settings::{
        read::{self, NAME},
        texts::Texts,
    },
    site::{Site, writers::Writers},
};

const INTERVAL: Duration = Duration::from_millis(500);
/// A file that was written to is taken when it has been left alone for so long ..
const QUIET: Duration = Duration::from_millis(50);
/// .. or has been written to for so long.
const PATIENCE: Duration = Duration::from_secs(2);
/// A file that may be missing must have been gone for so long before the configuration holds without it.
const GRACE: Duration = Duration::from_secs(2);

impl Site {
    /// Takes up the configuration whenever one of its files changes, as [`reload_configuration`] does, until the site is
    /// dropped.
    ///
    /// # Errors
    /// The system gives no further thread.
    ///
    /// [`reload_configuration`]: Self::reload_configuration
    pub fn watch_configuration(self: &Arc<Self>) -> io::Result<()> {
        let site = Arc::downgrade(self);
        let watched = Watched::new(self.path(), [&*self.texts.lock()], None);
        // Whoever begins to write when this has returned is heard.
        let mut writers = Writers::start();
        writers.follow(&watched.paths);
        std::thread::Builder::new()
            .name("samovar-config".into())
            .spawn(move || watch(&site, watched, writers))
            .map(drop)
    }
}

/// What is looked at, and how it looked.
struct Watched {
    paths: BTreeSet<PathBuf>,
    seen: Vec<Option<Look>>,
}

/// Of a file: what differs when it was written to. Of a directory: when a file in it came or went.
type Look = (u64, Option<std::time::SystemTime>, (u64, u64));

/// How nothing looks. What was not looked at before it was read may have changed since.
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

    /// Do any of these files look otherwise than when it was last looked at?
    fn has_moved(&self, files: &[PathBuf]) -> bool {
        let seen = self.paths.iter().zip(&self.seen).filter(|(path, _)| files.contains(path));
        seen.into_iter().any(|(path, seen)| look_at(path) != *seen)
    }

    /// Has anything changed, and is it left alone now?
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
    // Something has changed that was not taken up yet.
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
        // What was read while somebody was writing is half of what it is to be.
        if writers.is_writing(&files) || was.has_moved(&files) {
            continue;
        }
        // A script that came or went touches a directory as well; only other texts are another configuration.
        if found != last {
            if opened.is_ok() && site.is_configured() && absence.may_end(&before, &files) {
                continue;
            }
            // Whoever is to know of an error has read it in the log.
            let _ = site.take_up_told(opened);
        }
        (due, absence, last) = (false, Absence::default(), found);
    }
}

/// Files of the configuration that holds and that are not there, though it would be right without them: those of wildcards
/// and of `IncludeOptional`.
#[derive(Default)]
struct Absence(Option<Instant>);

impl Absence {
    /// May they be back in a moment? A checkout removes a file and makes it anew.
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
