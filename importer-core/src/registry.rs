//! The modules of one interpreter: the pointer that requests load, and what is known around it.
//!
//! There is one reload at a time, and beside it any number of first loads, each on the thread of the request that asked
//! first (R23). Nobody waits for anybody who loads other modules; `publish` is where they meet.

use std::{
    collections::{HashMap, HashSet},
    path::Path,
    sync::{Arc, atomic::Ordering, mpsc},
    time::{Duration, Instant},
};

use arc_swap::ArcSwap;

use crate::{
    agreement::Away,
    change::{Signal, Unfinished},
    diagnostic::Diagnostic,
    draft::Draft,
    event::Event,
    first_load::Failures,
    flight::Flights,
    id::{ModuleId, ModuleIds},
    import::ImportOptions,
    importer::Importer,
    loader::Loader,
    plan::plan,
    policy::{self, Wish},
    publish::{Links, Load},
    refusal::Refusal,
    retention::Retention,
    scope::Scope,
    snapshot::{Child, Module, Snapshot},
    stamp::Stamp,
    sync::{AtomicBool, AtomicU64, Gate, Mutex, RwLock, Swap},
    tally::Tally,
    tree::{ReadError, Source, SourceTree},
    view::View,
    waits::Waits,
};

/// The modules of one interpreter (R42). See the [crate] documentation for how it is used.
pub struct Registry<L: Loader> {
    name: String,
    loader: L,
    tree: Arc<dyn SourceTree>,
    pub(crate) current: Swap<Snapshot<L>>,
    pub(crate) ids: RwLock<ModuleIds>,
    pub(crate) library: RwLock<HashSet<ModuleId>>,
    /// Held for the length of a reload.
    pub(crate) writer: Mutex<Writer>,
    /// First loads are inside. Whoever was outrun closes it, so as not to be outrun again.
    pub(crate) gate: Gate,
    pub(crate) flights: Flights<L>,
    /// Taken for the moment of publishing and of freezing, so that each reload is wholly before or wholly after a freeze.
    pub(crate) links: Mutex<Links>,
    /// How many checks have begun.
    pub(crate) looks: AtomicU64,
    frozen: AtomicBool,
    wishes: Mutex<HashMap<ModuleId, Vec<Wish>>>,
    pub(crate) failures: Mutex<Failures>,
    pub(crate) refused: ArcSwap<HashMap<ModuleId, Arc<[Diagnostic]>>>,
    /// Stamps under which the loaded texts were read, as far as they can be trusted.
    pub(crate) stamps: RwLock<HashMap<ModuleId, Stamp>>,
    /// Instances that are served no longer and wait for their file to come back (R62).
    pub(crate) away: Mutex<Away<L>>,
    /// Which module a file was loaded as, by device and inode (R19).
    pub(crate) files: Mutex<HashMap<(u64, u64), ModuleId>>,
    /// Files that somebody is writing, as far as watchers have told.
    unfinished: Mutex<Unfinished>,
    /// In milliseconds.
    grace: AtomicU64,
    /// Counts what the file system told.
    stirred: AtomicU64,
    pub(crate) retention: Retention<L>,
    pub(crate) waits: Waits,
    /// Was it shut down?
    down: Mutex<bool>,
    subscribers: Mutex<Vec<mpsc::Sender<Event>>>,
    pub(crate) tally: Tally,
}

/// What only reloads need to know.
#[derive(Default)]
pub(crate) struct Writer {
    /// Modules whose file is gone (R34), and since when that is known.
    pub(crate) removed: HashMap<ModuleId, Instant>,
    /// Modules whose file is being written, since when that is known, and whether it was told.
    pub(crate) left_open: HashMap<ModuleId, (Instant, bool)>,
    pub(crate) refusals: Vec<Refusal>,
    pub(crate) mixed: HashSet<ModuleId>,
}

impl<L: Loader> Registry<L> {
    /// An empty registry. `name` is that of the interpreter.
    pub fn new(name: impl Into<String>, loader: L, tree: impl SourceTree) -> Arc<Self> {
        Arc::new(Self {
            name: name.into(),
            loader,
            tree: Arc::new(tree),
            current: Swap::new(Snapshot::empty()),
            ids: RwLock::default(),
            library: RwLock::default(),
            writer: Mutex::default(),
            gate: Gate::default(),
            flights: Flights::default(),
            links: Mutex::default(),
            looks: AtomicU64::new(0),
            frozen: AtomicBool::new(false),
            wishes: Mutex::default(),
            failures: Mutex::default(),
            refused: ArcSwap::default(),
            stamps: RwLock::default(),
            away: Mutex::default(),
            files: Mutex::default(),
            unfinished: Mutex::default(),
            grace: AtomicU64::new(2000),
            stirred: AtomicU64::new(0),
            retention: Retention::default(),
            waits: Waits::default(),
            down: Mutex::new(false),
            subscribers: Mutex::default(),
            tally: Tally::default(),
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

    /// Reads a module's file, unless somebody is still writing it (R59). Whatever is loaded was read here.
    pub(crate) fn read(&self, path: &Path) -> Result<Source, ReadError> {
        match self.tree.read(path) {
            // Events come late. Where the system has said that nobody is writing, that is what counts.
            Ok(source) if source.complete => Ok(source),
            _ if self.is_unfinished(path) => Err(ReadError::BeingWritten),
            read => read,
        }
    }

    /// Has a watcher told that somebody is writing the file, by this name or by the one where links lead?
    fn is_unfinished(&self, path: &Path) -> bool {
        let unfinished = self.unfinished.lock();
        let now = Instant::now();
        unfinished.has(path, now)
            || !unfinished.is_empty() && path.canonicalize().is_ok_and(|real| unfinished.has(&real, now))
    }

    /// Hears of a change at once, long before it is time to look.
    pub(crate) fn heard(&self, signal: &Signal) {
        self.unfinished.lock().signal(signal, Instant::now());
    }

    /// The newest generation.
    #[must_use]
    pub fn snapshot(&self) -> Arc<Snapshot<L>> {
        self.current.load()
    }

    /// Pins the newest generation for a request, or for one call (R21). One load.
    #[must_use]
    pub fn pin(self: &Arc<Self>, scope: &Arc<Scope>) -> View<L> {
        View::pinned(self.clone(), scope.clone(), self.current.load())
    }

    /// Everything that happens from now on, in order (R55). Ends when the registry is dropped.
    pub fn subscribe(&self) -> mpsc::Receiver<Event> {
        let (sender, receiver) = mpsc::channel();
        self.subscribers.lock().push(sender);
        receiver
    }

    pub(crate) fn emit(&self, event: Event) {
        self.tally.note(&event);
        let mut subscribers = self.subscribers.lock();
        subscribers.retain(|subscriber| subscriber.send(event.clone()).is_ok());
        drop(event);
    }

    /// Ends all reloading of this interpreter, for good (R40). A reload that is under way is published before this
    /// returns, or never. First loads go on.
    pub fn freeze(&self) {
        let already = {
            let _links = self.links.lock();
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

    /// Is the module of this path part of the newest generation? It may be while its file is gone (R34).
    #[must_use]
    pub fn serves(&self, path: &Path) -> bool {
        self.is_loaded(&self.current.load(), path)
    }

    /// What is wrong with a change that would have loaded this module anew, and that was refused (R32).
    #[must_use]
    pub fn refusal(&self, id: ModuleId) -> Option<Arc<[Diagnostic]>> {
        self.refused.load().get(&id).cloned()
    }

    /// How long a file must be gone before a module that nothing imports is dropped (R37). Two seconds unless something
    /// else is said: editors remove a file and write it again, and directories are moved away and back.
    pub fn set_grace(&self, grace: Duration) {
        self.grace.store(u64::try_from(grace.as_millis()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    pub(crate) fn grace(&self) -> Duration {
        Duration::from_millis(self.grace.load(Ordering::Relaxed))
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

    /// Sets when a clone hook that waited for a lock in vain is called again, before it counts as one that raised (R45).
    /// The default is after one, two and four seconds.
    pub fn retry_hooks_after(&self, delays: impl IntoIterator<Item = Duration>) {
        self.waits.set_delays(delays.into_iter().collect());
    }

    /// When a reload that was refused because a clone hook waited for a lock is due again: a [`check`](Self::check)
    /// after that tries it.
    #[must_use]
    pub fn retry_due(&self) -> Option<Instant> {
        self.waits.next()
    }

    /// Ends the interpreter: no reload comes any more, and every module's purge hook is called, importers first (R49).
    /// Only the first call does anything.
    pub fn shut_down(self: &Arc<Self>) {
        if std::mem::replace(&mut *self.down.lock(), true) {
            return;
        }
        {
            let _links = self.links.lock();
            self.frozen.store(true, Ordering::SeqCst);
        }
        let (_writer, _gate) = (self.writer.lock(), self.gate.close());
        let base = self.snapshot();
        let draft = Draft::new(Load::Reload, self.clone(), base.clone());
        let children_first = plan(&self.links.lock().graph, &base.iter().map(|module| module.id()).collect());
        for old in children_first.iter().rev().filter_map(|&(id, _)| base.get(id)) {
            self.purge(old, &draft);
        }
        let away: Vec<_> = self.away.lock().drain().map(|(_, (module, _))| module).collect();
        away.iter().for_each(|old| self.purge(old, &draft));
        for old in base.iter().chain(&away) {
            self.release(old, &Snapshot::empty());
        }
    }

    /// Notes what an import outside of loading says about reloading (R38, R39).
    pub(crate) fn wish(&self, id: ModuleId, importer: Option<&Arc<Importer>>, scope: &Scope, options: &ImportOptions) {
        let from = importer.map_or(policy::From::Scope(scope.id()), |it| policy::From::Friend(Arc::downgrade(it)));
        let mut wishes = self.wishes.lock();
        let wishes = wishes.entry(id).or_default();
        wishes.retain(|wish| wish.is_present() && !wish.is_retired() && !wish.is_of(&from));
        let (of_the_call, of_the_scope, origin) = (options.autoreload, scope.word().clone(), scope.origin().clone());
        wishes.push(Wish { from, of_the_call, of_the_scope, origin });
    }

    /// Forgets what a scope has said about reloading: its place in the configuration is no more.
    pub fn forget(&self, scope: &Scope) {
        let from = policy::From::Scope(scope.id());
        self.wishes.lock().values_mut().for_each(|wishes| wishes.retain(|wish| !wish.is_of(&from)));
    }

    /// The modules that import this one while loading, in the newest generation.
    pub(crate) fn importers(&self, id: ModuleId) -> Vec<ModuleId> {
        self.links.lock().graph.importers(id).collect()
    }

    /// Everything that present imports say about a module, with the places that are behind it.
    pub(crate) fn wishes(&self, snapshot: &Snapshot<L>, id: ModuleId) -> Vec<(bool, Arc<str>)> {
        let others = self.wishes.lock().get(&id).cloned().unwrap_or_default();
        let others = others.into_iter().filter(Wish::is_present).map(|wish| (wish.reload(), wish.origin));
        let importers = self.importers(id).into_iter().filter_map(|importer| snapshot.get(importer));
        let of_importer = |module: &Arc<Module<L>>| {
            let children: Vec<Child> = module.children.iter().filter(|child| child.id == id).cloned().collect();
            let (origin, reloads) = (module.scope.origin().clone(), module.scope.reloads());
            children.into_iter().map(move |child| (policy::wish(child.of_the_call, reloads), origin.clone()))
        };
        importers.flat_map(of_importer).chain(others).collect()
    }

    pub(crate) fn release(&self, old: &Module<L>, newest: &Snapshot<L>) {
        if let Some(code) = self.loader.code(&old.value).upgrade() {
            self.loader.release(&*code, newest);
        }
    }

    pub(crate) fn purge(self: &Arc<Self>, old: &Arc<Module<L>>, draft: &Arc<Draft<L>>) {
        let view = Arc::new(View::draft(self.clone(), old.scope.clone(), draft.clone()));
        let started = Instant::now();
        let diagnostic = self.loader.purge(old, &view).err();
        let (generation, took, log) = (old.record().generation, started.elapsed(), old.log);
        self.emit(Event::Purged { path: old.path().clone(), generation, took, log, diagnostic });
    }
}
