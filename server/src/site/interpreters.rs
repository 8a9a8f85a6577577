//! The interpreters of a site, by name. One is started when it is first named, and kept when the configuration changes.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use arc_swap::ArcSwap;
use parking_lot::Mutex;
use samovar_importer::{DiskTree, History, ReadError, Reloader, Source, SourceTree, Stamp};
use samovar_rhai::Interpreter;

use crate::{
    error::OpenError,
    logs::events,
    settings::{directories::Roots, limits::Loading, state::State},
};

/// Interpreters by name.
pub(crate) struct Interpreters {
    started: Mutex<BTreeMap<String, Started>>,
    first: OnceLock<Interpreter>,
    /// The started ones, for requests, which take no lock.
    all: ArcSwap<Vec<Interpreter>>,
    tree: Tree,
    roots: ArcSwap<Roots>,
    loading: ArcSwap<Loading>,
    /// The state directory, if histories are kept.
    state: Mutex<Option<State>>,
    /// Is `RhaiDebug` on anywhere, so that clients see why a change was refused?
    shows_refusals: Arc<AtomicBool>,
}

struct Started {
    interpreter: Interpreter,
    /// Looks for changes below the roots. It is replaced when the roots change.
    _reloader: Reloader,
}

/// The files below the roots of the current configuration.
#[derive(Clone)]
struct Tree(Arc<ArcSwap<Files>>);

/// One state of the tree.
struct Files {
    disk: DiskTree,
    /// Roots of this configuration.
    roots: BTreeSet<PathBuf>,
    /// Roots of earlier configurations. The file of a module from one of them counts as gone, not as an error.
    former: BTreeSet<PathBuf>,
}

impl Files {
    fn seen<T>(&self, path: &Path, found: Result<T, ReadError>) -> Result<T, ReadError> {
        found.map_err(|error| match error {
            ReadError::Outside(_) if self.has_left(path) => ReadError::Missing,
            error => error,
        })
    }

    fn has_left(&self, path: &Path) -> bool {
        let below = |roots: &BTreeSet<PathBuf>| roots.iter().any(|root| path.starts_with(root));
        below(&self.former) && !below(&self.roots)
    }
}

impl SourceTree for Tree {
    fn read(&self, path: &Path) -> Result<Source, ReadError> {
        let files = self.0.load();
        files.seen(path, files.disk.read(path))
    }

    fn stamp(&self, path: &Path) -> Result<Stamp, ReadError> {
        let files = self.0.load();
        files.seen(path, files.disk.stamp(path))
    }

    fn names(&self, directory: &Path) -> Vec<String> {
        self.0.load().disk.names(directory)
    }

    fn files(&self, extension: &str) -> Vec<PathBuf> {
        self.0.load().disk.files(extension)
    }

    fn changed(&self, path: &Path) -> Option<i128> {
        self.0.load().disk.changed(path)
    }
}

impl Tree {
    /// Restricts files to these directories.
    fn confine(&self, roots: &Roots) {
        let before = self.0.load();
        let former = before.former.union(&before.roots).cloned().collect();
        self.0.store(Arc::new(Files { disk: DiskTree::new(roots.all()), roots: roots.all(), former }));
    }
}

impl Interpreters {
    pub(crate) fn new(roots: Roots, loading: Loading, state: Option<State>) -> Self {
        let files = Files { disk: DiskTree::new(roots.all()), roots: roots.all(), former: BTreeSet::new() };
        let tree = Tree(Arc::new(ArcSwap::from_pointee(files)));
        Self {
            started: Mutex::default(),
            first: OnceLock::new(),
            all: ArcSwap::default(),
            tree,
            roots: ArcSwap::from_pointee(roots),
            loading: ArcSwap::from_pointee(loading),
            state: Mutex::new(state),
            shows_refusals: Arc::default(),
        }
    }

    /// Changes when files come, go or change. All interpreters watch the same directories, so the first one is asked.
    pub(crate) fn stirred(&self) -> u64 {
        self.first.get().map_or(0, Interpreter::stirred)
    }

    /// Does an interpreter serve this file?
    pub(crate) fn serve(&self, file: &Path) -> bool {
        self.all.load().iter().any(|interpreter| interpreter.serves(file))
    }

    /// The interpreter of that name; starts it if necessary.
    pub(crate) fn get(&self, name: &str) -> Result<Interpreter, OpenError> {
        let mut started = self.started.lock();
        if let Some(found) = started.get(name) {
            return Ok(found.interpreter.clone());
        }
        let Loading { limits, time } = Loading::clone(&self.loading.load());
        let interpreter = Interpreter::builder(name).limits(limits).time(time).build_on(self.tree.clone(), None);
        if let Some(state) = &*self.state.lock() {
            keep_history(&interpreter, state);
        }
        events::follow(&interpreter, self.shows_refusals.clone()).map_err(OpenError::Threads)?;
        let reloader = reloader(&interpreter, &self.roots.load())?;
        self.first.get_or_init(|| interpreter.clone());
        self.all.store(Arc::new(self.all.load().iter().cloned().chain([interpreter.clone()]).collect()));
        started.insert(name.to_owned(), Started { interpreter: interpreter.clone(), _reloader: reloader });
        Ok(interpreter)
    }

    /// The started ones, by name.
    pub(crate) fn started(&self) -> Vec<Interpreter> {
        self.started.lock().values().map(|started| started.interpreter.clone()).collect()
    }

    /// Sets whether `RhaiDebug` is on anywhere, for the messages in the log.
    pub(crate) fn show_refusals(&self, anywhere: bool) {
        self.shows_refusals.store(anywhere, Ordering::Relaxed);
    }

    /// The state directory, if histories are kept.
    pub(crate) fn state_directory(&self) -> Option<PathBuf> {
        self.state.lock().as_ref().map(|state| state.directory.clone())
    }

    /// Keeps the histories of all interpreters, also of the running ones, as another configuration says.
    pub(crate) fn keep_histories(&self, wanted: Option<State>) {
        let started = self.started.lock();
        let mut state = self.state.lock();
        match (&mut *state, wanted) {
            (Some(state), Some(wanted)) if state.directory == wanted.directory => state.bounds = wanted.bounds,
            (None, None) => return,
            (none @ None, wanted) => *none = wanted,
            (Some(state), _) => {
                let directory = state.directory.display();
                tracing::warn!("histories are kept in `{directory}` until the server is started again");
            }
        }
        let Some(state) = &*state else { return };
        for Started { interpreter, .. } in started.values() {
            match interpreter.history() {
                Some(history) => history.set_bounds(state.bounds),
                None => keep_history(interpreter, state),
            }
        }
    }

    /// Waits until the histories are on disk, at most for this time: for a program that ends.
    pub(crate) fn flush_histories(&self, within: Duration) {
        let deadline = Instant::now() + within;
        for interpreter in self.started() {
            let left = deadline.saturating_duration_since(Instant::now());
            if interpreter.history().is_some_and(|history| !history.flush(left)) {
                tracing::warn!("{}: the newest releases are not in the history", interpreter.name());
            }
        }
    }

    /// Allows these directories as well, while a configuration is tried out.
    pub(crate) fn widen(&self, roots: &Roots) {
        self.tree.confine(&self.roots.load().union(roots));
    }

    /// Undoes [`widen`](Self::widen).
    pub(crate) fn narrow(&self) {
        self.tree.confine(&self.roots.load());
    }

    /// Replaces the directories and the limits, also of the running interpreters.
    pub(crate) fn settle(&self, roots: Roots, loading: Loading) -> Result<(), OpenError> {
        let mut started = self.started.lock();
        if **self.roots.load() != roots {
            let new = started.values().map(|started| reloader(&started.interpreter, &roots));
            let new = new.collect::<Result<Vec<_>, _>>()?;
            for (started, reloader) in started.values_mut().zip(new) {
                started._reloader = reloader;
            }
        }
        self.tree.confine(&roots);
        self.roots.store(Arc::new(roots));
        for Started { interpreter, .. } in started.values() {
            interpreter.set_limits(&loading.limits);
            interpreter.set_load_time(loading.time);
        }
        self.loading.store(Arc::new(loading));
        Ok(())
    }
}

/// Keeps the releases of an interpreter, and what is wrong with that in the log.
fn keep_history(interpreter: &Interpreter, state: &State) {
    let history = History::open(state.of_interpreter(interpreter.name()), state.bounds);
    let name = interpreter.name().to_owned();
    history.on_problem(move |problem| {
        let remedy = problem.help.iter().map(|help| format!("; {}", help.text)).collect::<String>();
        tracing::warn!("{name}: {problem}{remedy}");
    });
    interpreter.keep_history(history);
}

fn reloader(interpreter: &Interpreter, roots: &Roots) -> Result<Reloader, OpenError> {
    let watched = roots.watched.iter().filter(|root| root.is_dir());
    interpreter.reloader(watched).spawn().map_err(OpenError::Threads)
}
