//! The history of an interpreter: the releases kept in a state directory.

use std::{
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use parking_lot::{Condvar, Mutex};

use super::{
    bell::Bell,
    directory::StateDirectory,
    keeper::{Keeper, Shared},
    ledger::{Bounds, Ledger},
    publication::{Inbox, Publication},
    reading::TextError,
    record::Release,
    state::{HistoryState, reason},
    texts::ReleaseTree,
    tip::Tip,
};
use crate::text::{ContentHash, Diagnostic};

/// How long dropping a history waits for releases that are not written yet.
const AT_END: Duration = Duration::from_secs(1);

/// The releases of one interpreter, kept in a directory of its own (L3).
///
/// Texts are kept under the hash of their content, so equal texts are stored once. A thread writes them: recording a
/// release never waits for the disk. One process uses a directory at a time. A full or damaged disk is a
/// [problem](Self::problems) to report and never an error: releases wait until they can be written, within the bounds.
///
/// ```
/// use std::{path::Path, sync::Arc, time::{Duration, SystemTime}};
///
/// use samovar_importer::{Bounds, ReleaseCause, ContentHash, History, Release, SourceTree};
///
/// # let directory = tempfile::tempdir()?;
/// # let directory = directory.path().join("state");
/// let text: Arc<str> = "let tax = 20;".into();
/// let (path, hash) = (Path::new("/site/cart.rhai"), ContentHash::of(text.as_bytes()));
///
/// let history = History::open(&directory, Bounds::default());
/// let release = Release::new(history.next_number(), SystemTime::now(), ReleaseCause::Load, [(path.into(), hash)]);
/// history.record(Arc::new(release), [(hash, text)]);
/// assert!(history.flush(Duration::from_secs(60)), "{:?}", history.problems());
/// drop(history);
///
/// // After a restart, the release is known, and its texts can be read.
/// let history = History::open(&directory, Bounds::default());
/// let release = history.latest().expect("the release that was recorded");
/// assert_eq!((release.number(), history.next_number()), (1, 2));
/// assert_eq!(&*history.text(hash)?, "let tax = 20;");
/// assert_eq!(&*history.tree(release).read(path)?.text, "let tax = 20;");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct History {
    shared: Arc<Shared>,
}

impl History {
    /// Opens the history in a directory, creates the directory if necessary, and reads its contents.
    ///
    /// Opening never fails; see [`problems`](Self::problems). Damaged files are left out. A directory that cannot be
    /// used at the moment is tried again later. A directory that another process uses is left alone; no history is kept
    /// then.
    #[must_use]
    pub fn open(directory: impl Into<PathBuf>, bounds: Bounds) -> Self {
        let path = directory.into();
        let mut state = HistoryState::new(bounds);
        let opened = match StateDirectory::open(&path).map_err(|unopened| reason(&path, unopened)) {
            Ok((directory, contents)) => {
                state.ledger = Ledger::new(contents.releases.iter().cloned(), &contents.texts, contents.highest);
                state.tip = Tip::resume(&state.ledger);
                state.find(&contents);
                Some(directory)
            }
            Err(Ok(diagnostic)) => {
                state.turn_off(diagnostic);
                None
            }
            Err(Err(failure)) => {
                state.fail(&failure);
                None
            }
        };
        let shared = Arc::new(Shared {
            path,
            state: Mutex::new(state),
            inbox: Mutex::new(Inbox::new(bounds)),
            bell: Bell::default(),
            settled: Condvar::new(),
        });
        let keeper = Keeper::new(shared.clone(), opened);
        let thread = std::thread::Builder::new().name("samovar-history".into());
        if let Err(error) = thread.spawn(|| keeper.run()) {
            let mut state = shared.state.lock();
            let message =
                format!("no history is kept in `{}`: no thread could be started: {error}", shared.path.display());
            state.turn_off(Diagnostic::error(message).help("raise the limit of threads, and start again"));
            state.has_ended = true;
        }
        Self { shared }
    }

    /// Returns the kept releases, the newest last. A release is included as soon as it is recorded.
    #[must_use]
    pub fn releases(&self) -> Vec<Arc<Release>> {
        self.shared.up_to_date().ledger.releases().cloned().collect()
    }

    /// Returns the release with this number, if it is kept.
    #[must_use]
    pub fn release(&self, number: u64) -> Option<Arc<Release>> {
        self.shared.up_to_date().ledger.release(number).cloned()
    }

    /// Returns the newest kept release.
    #[must_use]
    pub fn latest(&self) -> Option<Arc<Release>> {
        self.shared.up_to_date().ledger.releases().next_back().cloned()
    }

    /// Returns the number for the next release: higher than any that was ever found in the directory or recorded.
    #[must_use]
    pub fn next_number(&self) -> u64 {
        self.shared.up_to_date().ledger.next_number()
    }

    /// Records a release, in place of the one with the same number, and returns immediately.
    ///
    /// `texts` are all texts that the release names, as in [`Source`](crate::Source). Equal texts may be given once,
    /// and stored texts are not written again.
    ///
    /// If the disk does not keep up, the waiting releases and the bytes of their texts are limited by the bounds. The
    /// oldest waiting releases are lost first; the newest is never lost.
    pub fn record(&self, release: Arc<Release>, texts: impl IntoIterator<Item = (ContentHash, Arc<str>)>) {
        let texts = texts.into_iter().collect();
        self.shared.up_to_date().record(release, texts);
        self.shared.bell.ring();
    }

    /// Takes a publication, and returns immediately: the thread that writes makes releases of it.
    pub(crate) fn publish(&self, publication: Publication) {
        self.shared.publish(publication);
    }

    /// Sets how much is kept.
    pub fn set_bounds(&self, bounds: Bounds) {
        self.shared.inbox.lock().set_bounds(bounds);
        let mut state = self.shared.state.lock();
        state.bounds = bounds;
        state.is_dirty = true;
        self.shared.bell.ring();
    }

    /// Reads a text of a kept release. The returned text has this hash.
    ///
    /// # Errors
    /// See [`TextError`].
    pub fn text(&self, hash: ContentHash) -> Result<Arc<str>, TextError> {
        self.shared.text(hash)
    }

    /// Returns a release as a source tree.
    #[must_use]
    pub fn tree(&self, release: Arc<Release>) -> ReleaseTree {
        ReleaseTree::new(self.shared.clone(), release)
    }

    /// Returns all present problems, each with its remedy. Empty if there is none.
    #[must_use]
    pub fn problems(&self) -> Vec<Diagnostic> {
        self.shared.state.lock().problems()
    }

    /// Sets a function that is called once for each problem when it begins, including present ones. It is called on the
    /// thread that writes.
    pub fn on_problem(&self, report: impl Fn(&Diagnostic) + Send + Sync + 'static) {
        self.shared.state.lock().reporter = Some(Arc::new(report));
        self.shared.bell.ring();
    }

    /// Waits until all recorded releases are on the disk, and those beyond the bounds have been removed. Returns
    /// `false` if the time ends first, or the disk refuses.
    #[must_use]
    pub fn flush(&self, within: Duration) -> bool {
        let deadline = Instant::now() + within;
        let mut state = self.shared.up_to_date();
        let is_done = |state: &HistoryState| !state.is_dirty && !state.is_busy;
        // The present attempt may have begun before the disk was repaired.
        let enough = state.refusals + if state.is_busy { 2 } else { 1 };
        while !is_done(&state) && !state.is_off && !state.has_ended && state.refusals < enough {
            state.retry = None;
            self.shared.bell.ring();
            if self.shared.settled.wait_until(&mut state, deadline).timed_out() {
                break;
            }
        }
        is_done(&state) && !state.is_off
    }
}

impl Drop for History {
    /// Waits at most a second for releases that are not written yet, and releases the directory.
    fn drop(&mut self) {
        let deadline = Instant::now() + AT_END;
        let mut state = self.shared.state.lock();
        state.is_closing = true;
        self.shared.bell.ring();
        while !state.has_ended && !self.shared.settled.wait_until(&mut state, deadline).timed_out() {}
    }
}

impl std::fmt::Debug for History {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("History").field("directory", &self.shared.path).finish_non_exhaustive()
    }
}
