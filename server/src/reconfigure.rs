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
    open::{self, NAME, OpenError, Texts},
    site::Site,
};

const INTERVAL: Duration = Duration::from_millis(500);
/// A file that was written to is taken when it has been left alone for so long ..
const QUIET: Duration = Duration::from_millis(50);
/// .. or has been written to for so long.
const PATIENCE: Duration = Duration::from_secs(2);

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
        let watched = Watched::new(self.path(), &self.texts.lock(), &[], None);
        std::thread::Builder::new().name("samovar-config".into()).spawn(move || watch(&site, watched)).map(drop)
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
    fn new(site: &Path, texts: &Texts, more: &[PathBuf], before: Option<&Self>) -> Self {
        let files = texts.0.iter().map(|(path, _)| path).chain(more);
        let mut paths: BTreeSet<PathBuf> =
            files.flat_map(|file| [Some(file.clone()), file.parent().map(PathBuf::from)]).flatten().collect();
        paths.extend([site.to_path_buf(), site.join(NAME)]);
        let known = |path| before.and_then(|before| before.seen.get(before.paths.iter().position(|it| it == path)?));
        let seen = paths.iter().map(|path| known(path).copied().unwrap_or(UNSEEN)).collect();
        Self { paths, seen }
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
    let look = |path: &PathBuf| {
        let found = path.metadata().ok()?;
        #[cfg(unix)]
        let inode = (std::os::unix::fs::MetadataExt::dev(&found), std::os::unix::fs::MetadataExt::ino(&found));
        #[cfg(not(unix))]
        let inode = (0, 0);
        Some((found.len(), found.modified().ok(), inode))
    };
    paths.iter().map(look).collect()
}

fn watch(site: &Weak<Site>, mut watched: Watched) {
    let mut last = site.upgrade().map(|site| site.texts.lock().clone());
    loop {
        sleep(INTERVAL);
        let Some(site) = site.upgrade() else { return };
        if !watched.settle() {
            continue;
        }
        let found = match open::read(site.path(), site.defines()) {
            Ok(opened) => Some(Texts::of(&opened.loaded.report)),
            Err(OpenError::Configuration(report)) => Some(Texts::of(&report)),
            Err(_) => None,
        };
        // A script that came or went touches a directory as well; only other texts are another configuration.
        if found != last {
            // Whoever is to know of an error has read it in the log.
            let _ = site.reload_configuration();
        }
        let files = found.iter().flat_map(|texts| &texts.0).map(|(path, _)| path.clone()).collect::<Vec<_>>();
        // What changed since it was looked at must not be taken for seen.
        watched = Watched::new(site.path(), &site.texts.lock(), &files, Some(&watched));
        last = found;
    }
}
