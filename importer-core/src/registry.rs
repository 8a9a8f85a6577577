//! The modules of one interpreter: the pointer that requests load, and the door through which generations are
//! published.
//!
//! There is one writer at a time, for reloads and first loads alike; it is the only one that builds. Requests never
//! wait for it, but for one that asks for a module nobody has loaded yet (R23).

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
        mpsc,
    },
    time::{Duration, Instant},
};

use arc_swap::ArcSwap;
use parking_lot::{Mutex, RwLock};

use crate::{
    diagnostic::Diagnostic,
    draft::{Draft, State},
    error::ImportError,
    event::Event,
    graph::Graph,
    id::{ModuleId, ModuleIds},
    import::ImportOptions,
    importer::Importer,
    loader::Loader,
    policy::{self, Wish},
    reload::Refusal,
    retention::Retention,
    scope::Scope,
    search::{self, Candidate},
    snapshot::{Child, Module, Snapshot, Unmet},
    stamp::{ContentHash, Stamp},
    tree::{ReadError, SourceTree},
    view::View,
};

/// The modules of one interpreter (R42). See the [crate] documentation for how it is used.
pub struct Registry<L: Loader> {
    name: String,
    loader: L,
    tree: Arc<dyn SourceTree>,
    current: ArcSwap<Snapshot<L>>,
    ids: RwLock<ModuleIds>,
    library: RwLock<HashSet<ModuleId>>,
    pub(crate) writer: Mutex<Writer>,
    /// Taken for the moment of publishing and of freezing, so that each reload is wholly before or wholly after a freeze.
    publishing: Mutex<()>,
    frozen: AtomicBool,
    wishes: Mutex<HashMap<ModuleId, Vec<Wish>>>,
    failures: Mutex<HashMap<ModuleId, Failure>>,
    pub(crate) refused: ArcSwap<HashMap<ModuleId, Arc<[Diagnostic]>>>,
    /// Stamps under which the loaded texts were read, as far as they can be trusted.
    pub(crate) stamps: RwLock<HashMap<ModuleId, Stamp>>,
    /// Which module a file was loaded as, by device and inode (R19).
    files: Mutex<HashMap<(u64, u64), ModuleId>>,
    /// Counts what the file system told.
    stirred: AtomicU64,
    retention: Retention<L>,
    subscribers: Mutex<Vec<mpsc::Sender<Event>>>,
}

/// What only the writer needs to know.
#[derive(Default)]
pub(crate) struct Writer {
    pub(crate) graph: Graph,
    /// Modules whose file is gone (R34), and how many complete looks in a row have found it gone.
    pub(crate) removed: HashMap<ModuleId, u32>,
    /// Names that lead to the file of a module of another name, and that module (R19).
    pub(crate) aliases: BTreeMap<ModuleId, ModuleId>,
    /// Modules with a swallowed import that may succeed one day (R36).
    pub(crate) waiting: BTreeSet<ModuleId>,
    pub(crate) refusals: Vec<Refusal>,
    pub(crate) mixed: HashSet<ModuleId>,
}

/// A first load that failed (R33): the answer for those who ask again too soon.
struct Failure {
    error: ImportError,
    at: Instant,
    unmet: Vec<Unmet>,
}

/// What a draft is for. Freezing forbids the one, not the other (R33).
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Load {
    First,
    Reload,
}

/// A failed first load is tried again after this time, or as soon as something that it read has changed.
const RETRY: Duration = Duration::from_secs(1);

/// A name that was looked up: which module it means.
#[derive(Clone, Debug)]
pub struct Located {
    pub(crate) id: ModuleId,
    pub(crate) path: Arc<Path>,
    pub(crate) registered: Option<String>,
}

impl Located {
    /// The module's number.
    #[must_use]
    pub fn id(&self) -> ModuleId {
        self.id
    }

    /// The module's normalised path.
    #[must_use]
    pub fn path(&self) -> &Arc<Path> {
        &self.path
    }
}

impl<L: Loader> Registry<L> {
    /// An empty registry. `name` is that of the interpreter.
    pub fn new(name: impl Into<String>, loader: L, tree: impl SourceTree) -> Arc<Self> {
        Arc::new(Self {
            name: name.into(),
            loader,
            tree: Arc::new(tree),
            current: ArcSwap::from_pointee(Snapshot::empty()),
            ids: RwLock::default(),
            library: RwLock::default(),
            writer: Mutex::default(),
            publishing: Mutex::default(),
            frozen: AtomicBool::new(false),
            wishes: Mutex::default(),
            failures: Mutex::default(),
            refused: ArcSwap::default(),
            stamps: RwLock::default(),
            files: Mutex::default(),
            stirred: AtomicU64::new(0),
            retention: Retention::default(),
            subscribers: Mutex::default(),
        })
    }

    /// The interpreter's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What turns text into instances.
    #[must_use]
    pub fn loader(&self) -> &L {
        &self.loader
    }

    pub(crate) fn tree(&self) -> &dyn SourceTree {
        &*self.tree
    }

    /// The newest generation.
    #[must_use]
    pub fn snapshot(&self) -> Arc<Snapshot<L>> {
        self.current.load_full()
    }

    /// Pins the newest generation for a request, or for one call (R21). One load.
    #[must_use]
    pub fn pin(self: &Arc<Self>, scope: &Arc<Scope>) -> View<L> {
        View::pinned(self.clone(), scope.clone(), self.current.load_full())
    }

    /// Everything that happens from now on, in order (R55). Ends when the registry is dropped.
    pub fn subscribe(&self) -> mpsc::Receiver<Event> {
        let (sender, receiver) = mpsc::channel();
        self.subscribers.lock().push(sender);
        receiver
    }

    pub(crate) fn emit(&self, event: Event) {
        let mut subscribers = self.subscribers.lock();
        subscribers.retain(|subscriber| subscriber.send(event.clone()).is_ok());
        drop(event);
    }

    /// Ends all reloading of this interpreter, for good (R40). A reload that is under way is published before this
    /// returns, or never. First loads go on.
    pub fn freeze(&self) {
        let already = {
            let _publishing = self.publishing.lock();
            self.frozen.swap(true, Ordering::SeqCst)
        };
        if !already {
            self.emit(Event::Frozen);
        }
    }

    /// Has reloading ended?
    #[must_use]
    pub fn is_frozen(&self) -> bool {
        self.frozen.load(Ordering::SeqCst)
    }

    /// What is wrong with a change that would have loaded this module anew, and that was refused (R32).
    #[must_use]
    pub fn refusal(&self, id: ModuleId) -> Option<Arc<[Diagnostic]>> {
        self.refused.load().get(&id).cloned()
    }

    /// A number that is another one when files below the roots may have come, gone or changed. For those who remember
    /// what the file system said.
    #[must_use]
    pub fn stirred(&self) -> u64 {
        self.stirred.load(Ordering::Acquire)
    }

    pub(crate) fn stir(&self) {
        self.stirred.fetch_add(1, Ordering::AcqRel);
    }

    /// How many replaced instances are still alive, and which.
    #[must_use]
    pub fn retained(&self) -> Vec<Arc<Module<L>>> {
        self.retention.alive()
    }

    /// Finds out which module a name means, without loading it.
    ///
    /// # Errors
    /// [`ImportError::NotFound`] with every place looked at, and the other errors of names and of files.
    pub fn locate(
        &self,
        name: &str,
        importer: Option<&Importer>,
        scope: &Scope,
        options: &ImportOptions,
    ) -> Result<Located, ImportError> {
        let mut looked = Vec::new();
        for candidate in search::candidates(name, L::EXTENSION, importer, scope, options)? {
            let (path, library) = match candidate {
                Candidate::File(path) => (path, false),
                Candidate::LibraryFile(path) => (path, true),
                Candidate::Registered(name) => match self.locate_registered(&name) {
                    Some(located) => return Ok(located),
                    None => continue,
                },
            };
            match self.tree.stamp(&path) {
                Ok(_) => return Ok(self.located(&path, library)),
                Err(ReadError::Missing) => looked.push(path),
                Err(error) => return Err(ImportError::Unreadable { path: path.into(), error }),
            }
        }
        let nearest = self.nearest(name, &looked);
        Err(ImportError::NotFound { name: name.to_owned(), looked, nearest })
    }

    /// As [`locate`](Self::locate), for a module that no other imports: a handler, or what the host asks for. Its scope
    /// has a say in whether it is reloaded, from now on (R38).
    ///
    /// # Errors
    /// As for [`locate`](Self::locate).
    pub fn locate_root(&self, name: &str, scope: &Scope, options: &ImportOptions) -> Result<Located, ImportError> {
        let located = self.locate(name, None, scope, options)?;
        self.wish(located.id, None, scope, options);
        Ok(located)
    }

    fn located(&self, path: &Path, library: bool) -> Located {
        let known = self.ids.read().find(path);
        let id = known.unwrap_or_else(|| self.ids.write().intern(path));
        if library {
            self.library.write().insert(id);
        }
        Located { id, path: self.ids.read().path(id), registered: None }
    }

    fn locate_registered(&self, name: &str) -> Option<Located> {
        if !self.loader.is_registered(name) {
            return None;
        }
        let path = PathBuf::from(format!("registered:{name}"));
        Some(Located { registered: Some(name.to_owned()), ..self.located(&path, true) })
    }

    /// The module that was loaded from this very file under another name, if that name still leads there (R19).
    pub(crate) fn same_file(&self, id: ModuleId, stamp: &Stamp) -> Option<Located> {
        if stamp.file == (0, 0) {
            return None;
        }
        let known = *self.files.lock().get(&stamp.file)?;
        let path = self.ids.read().path(known);
        let still = known != id && self.tree.stamp(&path).is_ok_and(|now| now.file == stamp.file);
        (still && self.is_library(known) == self.is_library(id)).then_some(Located {
            id: known,
            path,
            registered: None,
        })
    }

    /// Does a name lead to another file than the module that it stood for (R19)?
    pub(crate) fn has_parted(&self, alias: ModuleId, module: ModuleId) -> bool {
        let file = |id| self.tree.stamp(&self.ids.read().path(id)).map(|stamp| stamp.file).ok();
        // A name that leads nowhere at the moment is being written, or was removed: that is another rule's affair (R34).
        file(alias).is_some_and(|alias| Some(alias) != file(module))
    }

    pub(crate) fn modules_under(&self, paths: &[PathBuf]) -> Vec<ModuleId> {
        let ids = self.ids.read();
        paths.iter().flat_map(|path| ids.under(path).collect::<Vec<_>>()).collect()
    }

    pub(crate) fn is_library(&self, id: ModuleId) -> bool {
        self.library.read().contains(&id)
    }

    /// The existing name that is closest to the one that was not found (R17).
    fn nearest(&self, name: &str, looked: &[PathBuf]) -> Option<String> {
        let wanted = Path::new(name).file_stem()?.to_str()?;
        let directories = looked.iter().filter_map(|path| path.parent());
        let names = directories.flat_map(|directory| self.tree.names(directory));
        let stems = names.filter_map(|name| Some(name.strip_suffix(L::EXTENSION)?.strip_suffix('.')?.to_owned()));
        let close = stems.map(|stem| (strsim::damerau_levenshtein(&stem, wanted), stem));
        close.filter(|(distance, stem)| *distance <= stem.len().max(3) / 3).min().map(|(_, stem)| stem)
    }

    /// Notes what an import outside of loading says about reloading (R38, R39).
    pub(crate) fn wish(&self, id: ModuleId, importer: Option<&Arc<Importer>>, scope: &Scope, options: &ImportOptions) {
        let from = importer.map_or(policy::From::Scope(scope.id()), |it| policy::From::Friend(Arc::downgrade(it)));
        let reload = policy::wish(options.autoreload, scope.reloads());
        let mut wishes = self.wishes.lock();
        let wishes = wishes.entry(id).or_default();
        wishes.retain(|wish| wish.is_present() && !wish.is_of(&from));
        wishes.push(Wish { from, reload, origin: scope.origin().clone() });
    }

    /// Everything that present imports say about a module, with the places that are behind it.
    pub(crate) fn wishes(&self, writer: &Writer, snapshot: &Snapshot<L>, id: ModuleId) -> Vec<(bool, Arc<str>)> {
        let others = self.wishes.lock().get(&id).cloned().unwrap_or_default();
        let others = others.into_iter().filter(Wish::is_present).map(|wish| (wish.reload, wish.origin));
        let importers = writer.graph.importers(id).filter_map(|importer| snapshot.get(importer));
        let of_importer = |module: &Arc<Module<L>>| {
            let children: Vec<Child> = module.children.iter().filter(|child| child.id == id).cloned().collect();
            let origin = module.scope.origin().clone();
            children.into_iter().map(move |child| (child.reload, origin.clone()))
        };
        importers.flat_map(of_importer).chain(others).collect()
    }

    /// Loads a module that no generation has, on the thread that asks (R23).
    pub(crate) fn first_load(
        self: &Arc<Self>,
        located: &Located,
        scope: &Arc<Scope>,
    ) -> Result<Arc<Module<L>>, ImportError> {
        if let Some(error) = self.recent_failure(located.id) {
            return Err(error);
        }
        let started = Instant::now();
        let mut writer = self.writer.lock();
        // Whoever held the lock before may have loaded it, or failed to.
        let base = self.current.load_full();
        if let Some(module) = base.get(located.id) {
            return Ok(module.clone());
        }
        if let Some(error) = self.recent_failure(located.id) {
            return Err(error);
        }
        let draft = Draft::new(self.clone(), base);
        let found = draft.obtain(located, scope, Vec::new());
        let state = draft.finish();
        match &found {
            Ok(_) => {
                self.failures.lock().remove(&located.id);
                self.publish(&mut writer, &draft, &state, &[], Load::First, started);
            }
            Err(error) => self.first_load_failed(located, error, state),
        }
        found
    }

    fn first_load_failed(&self, located: &Located, error: &ImportError, state: State<L>) {
        let hash = self.tree.read(&located.path).ok().map(|source| source.hash);
        let mut unmet = state.unmet;
        unmet.push(Unmet { path: located.path.clone(), hash });
        let failure = Failure { error: error.clone(), at: Instant::now(), unmet };
        self.failures.lock().insert(located.id, failure);
        self.emit(Event::LoadFailed { path: located.path.clone(), diagnostic: error.diagnostic() });
    }

    fn recent_failure(&self, id: ModuleId) -> Option<ImportError> {
        let failures = self.failures.lock();
        let failure = failures.get(&id).filter(|failure| failure.at.elapsed() < RETRY)?;
        failure.unmet.iter().all(|unmet| self.is_still(unmet)).then(|| failure.error.clone())
    }

    /// Does the path still say what it said when it failed?
    pub(crate) fn is_still(&self, unmet: &Unmet) -> bool {
        let hash: Option<ContentHash> = self.tree.read(&unmet.path).ok().map(|source| source.hash);
        hash == unmet.hash
    }

    /// Makes a draft the newest generation.
    ///
    /// Returns the generation, or `None` if reloading has ended meanwhile (R40).
    pub(crate) fn publish(
        self: &Arc<Self>,
        writer: &mut Writer,
        draft: &Arc<Draft<L>>,
        state: &State<L>,
        dropped: &[ModuleId],
        load: Load,
        started: Instant,
    ) -> Option<u64> {
        let base = self.current.load_full();
        writer.aliases.extend(state.aliases.iter().copied());
        writer.aliases.retain(|alias, _| !dropped.contains(alias));
        let next = Arc::new(base.next(&state.order, &writer.aliases, dropped));
        let generation = next.generation();
        {
            let _publishing = self.publishing.lock();
            if load == Load::Reload && self.is_frozen() {
                return None;
            }
            self.current.store(next);
        }
        for module in &state.order {
            writer.graph.set(module.id(), module.children().collect());
            match module.unmet.is_empty() {
                true => writer.waiting.remove(&module.id()),
                false => writer.waiting.insert(module.id()),
            };
            if let Some(source) = &module.source {
                self.trust(module.id(), source.stamp);
                let mut files = self.files.lock();
                if let Some(before) = base.get(module.id()).and_then(|old| old.source.as_ref()) {
                    files.remove(&before.stamp.file);
                }
                files.insert(source.stamp.file, module.id());
            }
        }
        for &id in dropped {
            writer.graph.remove(id);
            writer.waiting.remove(&id);
            self.stamps.write().remove(&id);
        }
        let replaced = state.order.iter().map(|module| module.id()).chain(dropped.iter().copied());
        for old in replaced.filter_map(|id| base.get(id).filter(|module| module.id() == id)) {
            self.retention.retire(old);
        }
        let modules = state.order.iter().map(|module| module.path().clone()).collect();
        let took = started.elapsed();
        self.emit(Event::Published { generation, modules, reload: load == Load::Reload, took });
        for old in state.purge.iter().filter_map(|&id| base.get(id)) {
            self.purge(old, draft);
        }
        Some(generation)
    }

    pub(crate) fn purge(self: &Arc<Self>, old: &Arc<Module<L>>, draft: &Arc<Draft<L>>) {
        let view = Arc::new(View::draft(self.clone(), old.scope.clone(), draft.clone()));
        let diagnostic = self.loader.purge(old, &view).err();
        self.emit(Event::Purged { path: old.path().clone(), diagnostic });
    }
}
