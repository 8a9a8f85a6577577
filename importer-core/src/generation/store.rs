//! The newest generation, and the facts kept beside it: which modules import which, the stamps of their texts, and
//! whether reloading has ended.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{Arc, atomic::Ordering},
    time::Instant,
};

use super::{snapshot::Snapshot, texts::Texts};
use crate::{
    module::{Graph, Language, Module, ModuleId},
    sync::{AtomicBool, AtomicU64, Mutex, RwLock, Swap},
    text::{Source, Stamp},
};

pub(crate) struct Store<L: Language> {
    current: Swap<Snapshot<L>>,
    /// Locked while publishing and freezing, so that each reload is entirely before or entirely after a freeze.
    links: Mutex<Links>,
    frozen: AtomicBool,
    /// How many checks have begun.
    looks: AtomicU64,
    /// The stamps of the loaded texts when they were read, as far as they can be trusted.
    stamps: RwLock<HashMap<ModuleId, Stamp>>,
    /// The module that a file was loaded as, by device and inode (R19).
    files: Mutex<HashMap<(u64, u64), ModuleId>>,
    /// Instances that are no longer served and wait for their file to come back (R62).
    away: Mutex<Away<L>>,
}

/// Instances, and since when they are away.
type Away<L> = HashMap<ModuleId, (Arc<Module<L>>, Instant)>;

/// Which module imports which in the newest generation. The lock is held for moments only, and needed to publish and to
/// freeze.
#[derive(Default)]
pub(crate) struct Links {
    pub(crate) graph: Graph,
    /// Names that lead to the file of a module of another name, and that module (R19).
    pub(crate) aliases: BTreeMap<ModuleId, ModuleId>,
    /// Modules that caught a failed import, which may succeed later (R36).
    pub(crate) waiting: BTreeSet<ModuleId>,
}

impl<L: Language> Store<L> {
    pub(crate) fn new(texts: Texts) -> Self {
        Self {
            current: Swap::new(Snapshot::empty(texts)),
            links: Mutex::default(),
            frozen: AtomicBool::new(false),
            looks: AtomicU64::new(0),
            stamps: RwLock::default(),
            files: Mutex::default(),
            away: Mutex::default(),
        }
    }

    /// Returns the newest generation. Costs one atomic load.
    pub(crate) fn current(&self) -> Arc<Snapshot<L>> {
        self.current.load()
    }

    /// Makes a generation the newest. The locked links prove that nothing else is being published.
    pub(super) fn replace(&self, next: Snapshot<L>, _: &mut Links) {
        self.current.store(Arc::new(next));
    }

    pub(crate) fn links(&self) -> impl std::ops::DerefMut<Target = Links> + '_ {
        self.links.lock()
    }

    /// Returns the modules that import this one while loading, in the newest generation.
    pub(crate) fn importers(&self, id: ModuleId) -> Vec<ModuleId> {
        self.links.lock().graph.importers(id).collect()
    }

    /// Ends reloading. A reload in progress is published before this returns, or never. Returns whether reloading was
    /// on.
    pub(crate) fn freeze(&self) -> bool {
        let _links = self.links.lock();
        !self.frozen.swap(true, Ordering::SeqCst)
    }

    pub(crate) fn is_frozen(&self) -> bool {
        self.frozen.load(Ordering::SeqCst)
    }

    /// Makes first loads check their files again before they are published.
    pub(crate) fn begin_look(&self) {
        self.looks.fetch_add(1, Ordering::SeqCst);
    }

    pub(crate) fn looks(&self) -> u64 {
        self.looks.load(Ordering::SeqCst)
    }

    /// Remembers the stamp of a text if a later write is certain to change it. Otherwise the next look reads the file
    /// again.
    pub(crate) fn trust(&self, id: ModuleId, source: &Source) {
        let mut stamps = self.stamps.write();
        if source.settled {
            stamps.insert(id, source.stamp);
        } else {
            stamps.remove(&id);
        }
    }

    pub(crate) fn forget_stamp(&self, id: ModuleId) {
        self.stamps.write().remove(&id);
    }

    /// Forgets all stamps: they belong to other files.
    pub(super) fn forget_stamps(&self) {
        self.stamps.write().clear();
    }

    /// Returns the stamp of the loaded text, if it can be trusted.
    pub(crate) fn stamp(&self, id: ModuleId) -> Option<Stamp> {
        self.stamps.read().get(&id).copied()
    }

    /// Returns the module that a file was loaded as.
    pub(crate) fn loaded_as(&self, stamp: &Stamp) -> Option<ModuleId> {
        if stamp.file == (0, 0) { None } else { self.files.lock().get(&stamp.file).copied() }
    }

    /// Notes the module that a file is loaded as, in place of the file that the module was loaded from before.
    pub(super) fn loaded(&self, id: ModuleId, before: Option<&Source>, source: &Source) {
        let mut files = self.files.lock();
        if let Some(before) = before {
            forget(&mut files, id, before);
        }
        files.insert(source.stamp.file, id);
    }

    /// Forgets that a file is loaded as this module.
    pub(super) fn unloaded(&self, id: ModuleId, source: &Source) {
        forget(&mut self.files.lock(), id, source);
    }

    /// Returns the instance of this module that is away.
    pub(crate) fn away(&self, id: ModuleId) -> Option<Arc<Module<L>>> {
        self.away.lock().get(&id).map(|(module, _)| module.clone())
    }

    /// Puts away the instances that the generation after `before` no longer contains.
    pub(super) fn put_away(&self, before: &Snapshot<L>, gone: &[ModuleId]) {
        let modules = gone.iter().filter_map(|&id| before.get(id).filter(|module| module.id() == id));
        let mut away = self.away.lock();
        away.extend(modules.map(|module| (module.id(), (module.clone(), Instant::now()))));
    }

    /// Takes out the away instances of these modules, which have come back as new instances.
    pub(crate) fn take_back<'a>(&self, modules: impl Iterator<Item = &'a Arc<Module<L>>>) -> Vec<Arc<Module<L>>> {
        let mut away = self.away.lock();
        modules.filter_map(|module| Some(away.remove(&module.id())?.0)).collect()
    }

    /// Takes out the instances that went away at or before `before`; all of them for `None`.
    pub(crate) fn take_away(&self, before: Option<Instant>) -> Vec<Arc<Module<L>>> {
        let mut away = self.away.lock();
        let is_over = |since: Instant| before.is_none_or(|before| since <= before);
        away.extract_if(|_, (_, since)| is_over(*since)).map(|(_, (module, _))| module).collect()
    }
}

/// By now another module may have been loaded from that very file.
fn forget(files: &mut HashMap<(u64, u64), ModuleId>, id: ModuleId, source: &Source) {
    if files.get(&source.stamp.file) == Some(&id) {
        files.remove(&source.stamp.file);
    }
}
