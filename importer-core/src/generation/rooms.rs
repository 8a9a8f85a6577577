//! The rooms of a registry: the parts that it consists of, each with its own state.

use std::{
    collections::HashSet,
    path::Path,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use super::{
    failures::Failures, flight::Flights, loader::Loader, registry_id::RegistryId, releases::Releases,
    retention::Retention, snapshot::Snapshot, store::Store, texts::Texts,
};
use crate::{
    change::{Precedence, Shown, Standing, Waits},
    module::{Because, Located, Module, ModuleId, Names, Unmet, names::Lookup},
    report::{Event, ModuleStatus, Outbox, State, gather},
    sync::{AtomicU64, Gate, Mutex},
    text::{ReadError, Source, SourceTree, Stamp},
    watch::writing::Writing,
};

pub(crate) struct Rooms<L: Loader> {
    pub(crate) name: String,
    pub(crate) id: RegistryId,
    pub(crate) loader: L,
    /// Resolves names.
    pub(crate) names: Names<L>,
    /// The newest generation.
    pub(crate) store: Store<L>,
    /// The releases, and their history.
    pub(crate) releases: Releases,
    /// Decides what may be reloaded.
    pub(crate) precedence: Precedence,
    /// The state that only reloads use. Locked during a reload.
    pub(crate) standing: Mutex<Standing>,
    /// The refused changes, readable during a reload.
    pub(crate) shown: Shown,
    /// Hooks that are to be called again.
    pub(crate) waits: Waits,
    /// Entered by first loads. A load that was outrun closes it, so that it is not outrun again.
    pub(crate) gate: Gate,
    pub(crate) flights: Flights<L>,
    pub(crate) failures: Failures,
    pub(crate) retention: Retention<L>,
    pub(crate) writing: Writing,
    freezing: Mutex<()>,
    pub(crate) outbox: Outbox,
    /// The moment at which the first generation was loaded, in the units of file times (L2).
    pub(crate) begun: Mutex<Option<i128>>,
    /// How long a file must be gone before its module is dropped, in milliseconds (R37).
    grace: AtomicU64,
}

impl<L: Loader> Rooms<L> {
    pub(crate) fn new(name: String, loader: L, tree: impl SourceTree) -> Arc<Self> {
        Arc::new(Self {
            name,
            id: RegistryId::next(),
            loader,
            names: Names::default(),
            store: Store::new(Texts::new(Arc::new(tree))),
            releases: Releases::default(),
            precedence: Precedence::default(),
            standing: Mutex::default(),
            shown: Shown::default(),
            waits: Waits::default(),
            gate: Gate::default(),
            flights: Flights::default(),
            failures: Failures::default(),
            retention: Retention::default(),
            writing: Writing::of(L::EXTENSION),
            freezing: Mutex::default(),
            outbox: Outbox::default(),
            begun: Mutex::new(None),
            grace: AtomicU64::new(2000),
        })
    }

    pub(crate) fn emit(&self, event: Event) {
        self.outbox.emit(event);
    }

    pub(crate) fn grace(&self) -> Duration {
        Duration::from_millis(self.grace.load(Ordering::Relaxed))
    }

    pub(crate) fn set_grace(&self, grace: Duration) {
        self.grace.store(u64::try_from(grace.as_millis()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// Ends reloading. Modules that are not loaded yet will be loaded from the texts as they are now (L2). Returns
    /// whether reloading was on.
    pub(crate) fn freeze(&self) -> bool {
        // A second caller waits until the texts have been read.
        let _freezing = self.freezing.lock();
        if !self.store.freeze() {
            return false;
        }
        // Nothing is reloaded from now on, so the texts of loaded modules do not change any more; first loads may still
        // come in between.
        let texts = self.store.current();
        let loaded = texts.iter().filter_map(|module| module.source().cloned()).collect::<Vec<_>>();
        // The text of a module that failed to load is not kept: it is loaded from its file once the file is corrected.
        let failed: HashSet<_> = self.failures.all().into_iter().map(|(id, _)| self.names.path(id)).collect();
        let read = |path: &Path| match failed.contains(path) {
            true => Err(ReadError::Missing),
            false => self.read(texts.texts(), path),
        };
        let frozen = texts.texts().freeze(loaded, L::EXTENSION, read);
        let mut links = self.store.links();
        let newest = self.store.current();
        self.store.replace(newest.with_texts(frozen), &mut links);
        true
    }

    /// Reads a module's file, unless it is being written (R59). All texts are read here.
    pub(crate) fn read(&self, texts: &Texts, path: &Path) -> Result<Source, ReadError> {
        self.writing.read(texts.tree(), path)
    }

    /// Returns whether the reason why an import failed still holds. A file that is being written has no new text yet.
    pub(crate) fn is_still(&self, texts: &Texts, unmet: &Unmet) -> bool {
        if unmet.because == Because::Withheld {
            return self.is_withheld(texts, &unmet.path);
        }
        match self.read(texts, &unmet.path) {
            Ok(source) => Some(source.hash) == unmet.hash,
            Err(ReadError::BeingWritten) => true,
            Err(_) => unmet.hash.is_none(),
        }
    }

    /// Returns whether a file that was never loaded is part of a change that is refused now (L2).
    pub(crate) fn is_withheld(&self, texts: &Texts, path: &Path) -> bool {
        self.shown.withheld().why(|| self.moments(texts, path)).is_some()
    }

    /// Returns when what is read under this name may have become another, as [`SourceTree::changed`] counts: when the file
    /// or a link on the way changed, and when a directory on the way was moved there.
    pub(crate) fn moments(&self, texts: &Texts, path: &Path) -> Vec<i128> {
        texts.tree().changed(path).into_iter().chain(self.writing.moved(path)).collect()
    }

    /// Returns whether an import that failed and was caught by the module may succeed now (R36). An import cycle is
    /// left out: it is retried when the other module is reloaded.
    pub(crate) fn may_be_met(&self, texts: &Texts, module: &Module<L>) -> bool {
        module.unmet.iter().any(|unmet| unmet.because != Because::Cycle && !self.is_still(texts, unmet))
    }

    /// Returns the module that was loaded from this very file under another name, if that name still leads there (R19).
    pub(crate) fn same_file(&self, texts: &Texts, id: ModuleId, stamp: &Stamp) -> Option<Located> {
        let known = self.store.loaded_as(stamp)?;
        // Files that are gone leave their numbers to others, so what counts is which files the names lead to now.
        let is_there = |path: &Path| texts.live().stamp(path).is_ok_and(|now| now.file == stamp.file);
        if texts.is_frozen() && !is_there(&self.names.path(id)) {
            return None;
        }
        self.names.still_at(texts.live(), known, id, stamp)
    }

    /// Calls `find` with the files and loaded modules in which names are resolved for a view of this generation.
    pub(crate) fn lookup<R>(&self, texts: &Texts, seen: Option<&Snapshot<L>>, find: impl FnOnce(Lookup<'_>) -> R) -> R {
        let is_loaded = |id| seen.is_some_and(|seen| seen.get(id).is_some());
        find(Lookup { tree: texts.tree(), is_loaded: &is_loaded })
    }

    /// Returns whether the module at this path is part of a generation.
    pub(crate) fn is_loaded(&self, snapshot: &Snapshot<L>, path: &Path) -> bool {
        self.names.find(path).is_some_and(|id| snapshot.get(id).is_some())
    }

    /// Emits the loader's warnings about instances that have just been published.
    pub(crate) fn warn(&self, generation: u64, new: &[Arc<Module<L>>]) {
        let diagnostics = gather(new.iter().flat_map(|module| self.loader.warnings(&module.value)));
        if !diagnostics.is_empty() {
            self.emit(Event::Warned { generation, diagnostics });
        }
    }

    /// Reports each old instance that has been alive for too long, once (R51).
    pub(crate) fn report_retained(&self) {
        for retained in self.retention.late(&self.loader, &self.store.current()) {
            self.emit(Event::Retained(retained));
        }
    }

    /// Forgets failures that are of no use any more.
    pub(crate) fn sweep_failures(&self) {
        let current = self.store.current();
        let tree = current.texts().tree();
        self.failures.sweep(|id| matches!(tree.stamp(&self.names.path(id)), Err(ReadError::Missing)));
    }

    /// Releases the references through which a replaced instance keeps itself alive.
    pub(crate) fn release(&self, old: &Module<L>, newest: &Snapshot<L>) {
        if let Some(code) = self.loader.code(&old.value).upgrade() {
            code.release(newest);
        }
    }

    /// Describes one instance of a module.
    pub(crate) fn describe(&self, module: &Module<L>) -> ModuleStatus {
        let children: Vec<ModuleId> = module.children().collect();
        let mut friends = module.friends();
        friends.retain(|friend| !children.contains(friend));
        let paths = |ids: Vec<ModuleId>| {
            let mut paths: Vec<_> = Vec::with_capacity(ids.len());
            for path in ids.into_iter().map(|id| self.names.path(id)) {
                if !paths.contains(&path) {
                    paths.push(path);
                }
            }
            paths
        };
        ModuleStatus {
            path: module.path().clone(),
            state: self.shown.of(module.id()).map_or(State::UpToDate, State::Stale),
            record: Some(module.record()),
            library: module.is_library(),
            children: paths(children),
            friends: paths(friends),
        }
    }
}
