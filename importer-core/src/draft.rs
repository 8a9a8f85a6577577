//! A generation that is being built: what a reload, or a first load, does before anybody sees it.
//!
//! A draft belongs to the one thread that builds it. Nothing in it is visible to a request, so dropping it undoes
//! everything (R24, R31). Building follows what is really imported: a module that asks for one which is planned but not
//! yet built gets it built first, and one that another draft is loading is waited for and shared (R23).

mod share;

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use crate::{
    diagnostic::Diagnostic,
    error::ImportError,
    event::{Event, Reason},
    flight::DraftId,
    id::ModuleId,
    import::ImportOptions,
    importer::Importer,
    loader::{Carry, Loader},
    locate::Located,
    registry::Registry,
    scope::Scope,
    snapshot::{Child, Kind, Module, Record, Snapshot, Unmet},
    stamp::{ContentHash, Stamp},
    sync::Mutex,
    tree::Source,
    view::View,
};

/// Modules that import each other deeper than this are a mistake, and loading them recurses on the stack.
const DEPTH: usize = 64;

pub(crate) struct Draft<L: Loader> {
    id: DraftId,
    registry: Arc<Registry<L>>,
    base: Arc<Snapshot<L>>,
    state: Mutex<State<L>>,
}

/// What a draft has come to. Taken out when building is done.
pub(crate) struct State<L: Loader> {
    planned: HashMap<ModuleId, Prepared<L>>,
    built: BTreeMap<ModuleId, Arc<Module<L>>>,
    /// What was built, by device and inode.
    files: HashMap<(u64, u64), ModuleId>,
    /// In the order of completion: children first.
    pub(crate) order: Vec<Arc<Module<L>>>,
    loading: Vec<Loading>,
    failed: HashMap<ModuleId, ImportError>,
    /// Failures of modules that the base has: with one of these, nothing is published (R31).
    pub(crate) regressions: Vec<Diagnostic>,
    /// Old instances whose clone hook failed: purged once this is published (R45).
    pub(crate) purge: Vec<ModuleId>,
    /// Names that were found to lead to modules of other names (R19).
    pub(crate) aliases: Vec<(ModuleId, ModuleId)>,
    /// What failed on the way, swallowed or not: once one of these reads otherwise, building may succeed.
    pub(crate) unmet: Vec<Unmet>,
    /// Has it met an instance that does not go with its base? Then it is not published.
    pub(crate) moved: bool,
}

/// Compiled, and waiting for its turn.
struct Prepared<L: Loader> {
    importer: Arc<Importer>,
    source: Source,
    unit: L::Unit,
    scope: Arc<Scope>,
    reason: Reason,
    log: bool,
    /// How long compiling took. It may have been long before the text runs.
    compiled: Duration,
}

/// A module whose text is running now.
struct Loading {
    id: ModuleId,
    path: Arc<Path>,
    children: Vec<Child>,
    unmet: Vec<Unmet>,
}

impl<L: Loader> Draft<L> {
    pub(crate) fn new(registry: Arc<Registry<L>>, base: Arc<Snapshot<L>>) -> Arc<Self> {
        Arc::new(Self { id: DraftId::next(), registry, base, state: Mutex::default() })
    }

    pub(crate) fn id(&self) -> DraftId {
        self.id
    }

    /// The generation on which it is built.
    pub(crate) fn base(&self) -> &Snapshot<L> {
        &self.base
    }

    pub(crate) fn generation(&self) -> u64 {
        self.base.generation() + 1
    }

    pub(crate) fn get(&self, id: ModuleId) -> Option<Arc<Module<L>>> {
        let state = self.state.lock();
        // The name may be another one of a module that is built anew (R19).
        let id = self.base.get(id).map_or(id, |module| module.id());
        state.built.get(&id).or_else(|| self.base.get(id)).cloned()
    }

    /// Is the base's instance of the module one that this draft replaces, or has replaced already?
    pub(crate) fn replaces(&self, id: ModuleId) -> bool {
        let state = self.state.lock();
        let under_way = || state.loading.iter().any(|loading| loading.id == id);
        state.planned.contains_key(&id) || state.built.contains_key(&id) || under_way()
    }

    /// Ends the draft.
    pub(crate) fn finish(&self) -> State<L> {
        std::mem::take(&mut *self.state.lock())
    }

    /// Compiles a module of the plan, ahead of every hook and of every run.
    pub(crate) fn prepare(&self, old: &Module<L>, source: Source, reason: Reason) -> Result<(), Diagnostic> {
        let importer = Arc::new(Importer::new(old.id(), old.path().clone(), old.importer.initial_path().to_vec()));
        let started = Instant::now();
        match self.registry.loader().compile(&source, &importer) {
            Ok(unit) => {
                let (scope, log, compiled) = (old.scope.clone(), old.log, started.elapsed());
                let prepared = Prepared { importer, source, unit, scope, reason, log, compiled };
                self.state.lock().planned.insert(old.id(), prepared);
                Ok(())
            }
            Err(diagnostic) => {
                self.state.lock().unmet.push(Unmet { path: old.path().clone(), hash: Some(source.hash) });
                Err(diagnostic)
            }
        }
    }

    /// Builds a module of the plan, unless an importer of it was faster, or the draft is lost already.
    pub(crate) fn build_planned(self: &Arc<Self>, id: ModuleId) {
        let prepared = {
            let mut state = self.state.lock();
            if state.regressions.is_empty() { state.planned.remove(&id) } else { None }
        };
        if let Some(prepared) = prepared {
            // A failure is kept in the draft, as a regression.
            let _ = self.build(prepared);
        }
    }

    /// An import that is made while a module loads, or by a hook.
    pub(crate) fn import(
        self: &Arc<Self>,
        importer: Option<&Arc<Importer>>,
        name: &str,
        options: &ImportOptions,
        scope: &Arc<Scope>,
    ) -> Result<Arc<Module<L>>, ImportError> {
        let located = match self.registry.locate(name, importer.map(|it| &**it), scope, options) {
            Ok(located) => located,
            Err(error) => {
                self.note_unmet(&error);
                return Err(error);
            }
        };
        let found = self.obtain(&located, scope);
        let mut state = self.state.lock();
        match &found {
            Ok(module) => {
                let child = Child {
                    id: module.id(),
                    instance: module.instance(),
                    via: located.id,
                    of_the_call: options.autoreload,
                };
                if let Some(loading) = state.loading.last_mut()
                    && !loading.children.contains(&child)
                {
                    loading.children.push(child);
                }
            }
            Err(_) => {
                let hash = self.registry.tree().read(&located.path).ok().map(|source| source.hash);
                state.unmet(Unmet { path: located.path.clone(), hash });
            }
        }
        found
    }

    /// The module in this draft: built already, planned, in the base, or new.
    pub(crate) fn obtain(
        self: &Arc<Self>,
        located: &Located,
        scope: &Arc<Scope>,
    ) -> Result<Arc<Module<L>>, ImportError> {
        if let Some(module) = self.base.get(located.id).filter(|module| module.id() != located.id)
            && !self.registry.has_parted(located.id, module.id())
        {
            let itself = Located::known(module.id(), module.path().clone());
            return self.obtain(&itself, scope);
        }
        let prepared = {
            let mut state = self.state.lock();
            if let Some(module) = state.built.get(&located.id) {
                return Ok(module.clone());
            }
            if let Some(error) = state.failed.get(&located.id) {
                return Err(error.clone());
            }
            state.check_cycle(located)?;
            match state.planned.remove(&located.id) {
                Some(prepared) => Some(prepared),
                None => match self.base.get(located.id).filter(|module| module.id() == located.id) {
                    Some(module) => return Ok(module.clone()),
                    None => None,
                },
            }
        };
        match prepared {
            Some(prepared) => self.build(prepared),
            None => self.load(located, scope),
        }
    }

    fn build_new(self: &Arc<Self>, located: &Located, scope: &Arc<Scope>) -> Result<Arc<Module<L>>, ImportError> {
        let importer = Arc::new(Importer::new(located.id, located.path.clone(), located.initial_path.clone()));
        if let Some(name) = &located.registered {
            return self.register(importer, name, scope);
        }
        let prepared = self
            .registry
            .tree()
            .read(&located.path)
            .map_err(|error| ImportError::Unreadable { path: located.path.clone(), error });
        if let Ok(source) = &prepared
            && let Some(same) = self.same_file(located, &source.stamp)
        {
            let module = self.obtain(&same, scope)?;
            self.state.lock().aliases.push((located.id, module.id()));
            return Ok(module);
        }
        let prepared = prepared.and_then(|source| {
            let started = Instant::now();
            let unit = self.registry.loader().compile(&source, &importer);
            let unit = unit.map_err(|diagnostic| ImportError::Failed(Arc::new(diagnostic)))?;
            let (scope, reason, compiled) = (scope.clone(), Reason::First, started.elapsed());
            Ok(Prepared { importer, source, unit, scope, reason, log: located.log, compiled })
        });
        match prepared {
            Ok(prepared) => self.build(prepared),
            Err(error) => {
                self.state.lock().failed.insert(located.id, error.clone());
                Err(error)
            }
        }
    }

    /// The module of another name that was, or is to be, made from this very file (R19).
    fn same_file(&self, located: &Located, stamp: &Stamp) -> Option<Located> {
        let state = self.state.lock();
        let built = state.files.get(&stamp.file).and_then(|id| state.built.get(id));
        match built.filter(|module| module.id() != located.id && stamp.file != (0, 0)) {
            Some(module) => Some(Located::known(module.id(), module.path().clone())),
            None => self.registry.same_file(located.id, stamp),
        }
    }

    fn register(&self, importer: Arc<Importer>, name: &str, scope: &Arc<Scope>) -> Result<Arc<Module<L>>, ImportError> {
        let not_found = || ImportError::NotFound { name: name.to_owned(), looked: Vec::new(), nearest: None };
        let value = self.registry.loader().registered(name, &importer).ok_or_else(not_found)?;
        let record = self.record(None, Reason::First, Instant::now());
        Ok(self.state.lock().insert(Module {
            importer,
            kind: Kind::Library,
            source: None,
            value,
            children: Vec::new(),
            unmet: Vec::new(),
            scope: scope.clone(),
            log: false,
            record,
        }))
    }

    /// Carries state over and runs the text. No lock is held meanwhile: the text may import.
    fn build(self: &Arc<Self>, prepared: Prepared<L>) -> Result<Arc<Module<L>>, ImportError> {
        let Prepared { importer, source, unit, scope, reason, log, compiled } = prepared;
        let (id, path, hash) = (importer.id(), importer.path().clone(), source.hash);
        let now = Instant::now();
        // As if it had been compiled right before.
        let started = now.checked_sub(compiled).unwrap_or(now);
        let view = Arc::new(View::draft(self.registry.clone(), scope.clone(), self.clone()));
        let old = self.base.get(id);
        let carried = match old.map(|old| self.carry(old, &view)) {
            None => None,
            Some(Ok(carried)) => carried,
            Some(Err(waited)) => {
                let mut state = self.state.lock();
                state.regressions.push(waited.clone());
                let error = ImportError::Failed(Arc::new(waited));
                state.failed.insert(id, error.clone());
                return Err(error);
            }
        };

        let regressions_before = {
            let mut state = self.state.lock();
            state.loading.push(Loading { id, path: path.clone(), children: Vec::new(), unmet: Vec::new() });
            state.regressions.len()
        };
        let result = self.registry.loader().load(unit, &importer, old.map(|old| &**old), carried, &view);
        let mut state = self.state.lock();
        let (children, unmet) = state.loading.pop().map(|it| (it.children, it.unmet)).unwrap_or_default();
        match result {
            Ok(value) => {
                let record = self.record(old, reason.clone(), started);
                let kind = if self.registry.is_library(id) { Kind::Library } else { Kind::Reloadable };
                let module =
                    Module { importer, kind, source: Some(source), value, children, unmet, scope, log, record };
                let module = state.insert(module);
                drop(state);
                let (generation, took) = (self.generation(), started.elapsed());
                self.registry.emit(Event::Loaded { path, reason, generation, took, log });
                Ok(module)
            }
            Err(diagnostic) => {
                state.unmet.extend(unmet);
                state.unmet.push(Unmet { path, hash: Some(hash) });
                // What failed because of a child that failed is told by the child.
                if old.is_some() && state.regressions.len() == regressions_before {
                    state.regressions.push(diagnostic.clone());
                }
                let error = ImportError::Failed(Arc::new(diagnostic));
                state.failed.insert(id, error.clone());
                Err(error)
            }
        }
    }

    /// Calls the clone hook of the old instance. An error means that it waited for a lock, and may get it another time.
    fn carry(self: &Arc<Self>, old: &Arc<Module<L>>, view: &Arc<View<L>>) -> Result<Option<L::Carried>, Diagnostic> {
        let path = old.path().clone();
        let started = Instant::now();
        match self.registry.loader().carry(old, view) {
            Carry::NoHook => Ok(None),
            Carry::Carried(carried) => {
                let (generation, took, log) = (old.record().generation, started.elapsed(), old.log);
                self.registry.emit(Event::Carried { path, generation, took, log });
                Ok(Some(carried))
            }
            Carry::Waited(diagnostic) if self.registry.waits.waited(old.id(), started, Instant::now()) => {
                Err(diagnostic)
            }
            Carry::Waited(diagnostic) | Carry::Failed(diagnostic) => {
                self.state.lock().purge.push(old.id());
                self.registry.emit(Event::CarryFailed { path, diagnostic });
                Ok(None)
            }
        }
    }

    fn record(&self, old: Option<&Arc<Module<L>>>, reason: Reason, started: Instant) -> Record {
        Record {
            generation: self.generation(),
            instances: old.map_or(0, |old| old.record.instances) + 1,
            loaded: SystemTime::now(),
            took: started.elapsed(),
            reason,
        }
    }

    fn note_unmet(&self, error: &ImportError) {
        let looked: &[PathBuf] = match error {
            ImportError::NotFound { looked, .. } => looked,
            ImportError::Unreadable { path, .. } => &[path.to_path_buf()],
            _ => &[],
        };
        let mut state = self.state.lock();
        for path in looked {
            let hash: Option<ContentHash> = self.registry.tree().read(path).ok().map(|source| source.hash);
            state.unmet(Unmet { path: path.as_path().into(), hash });
        }
    }
}

impl<L: Loader> Default for State<L> {
    fn default() -> Self {
        Self {
            planned: HashMap::new(),
            built: BTreeMap::new(),
            files: HashMap::new(),
            order: Vec::new(),
            loading: Vec::new(),
            failed: HashMap::new(),
            regressions: Vec::new(),
            purge: Vec::new(),
            aliases: Vec::new(),
            unmet: Vec::new(),
            moved: false,
        }
    }
}

impl<L: Loader> State<L> {
    fn insert(&mut self, module: Module<L>) -> Arc<Module<L>> {
        let module = Arc::new(module);
        self.take(module.clone());
        module
    }

    fn take(&mut self, module: Arc<Module<L>>) {
        self.files.extend(module.source.as_ref().map(|source| (source.stamp.file, module.id())));
        self.built.insert(module.id(), module.clone());
        self.order.push(module);
    }

    fn unmet(&mut self, unmet: Unmet) {
        match self.loading.last_mut() {
            Some(loading) => loading.unmet.push(unmet),
            None => self.unmet.push(unmet),
        }
    }

    /// R35: the chain is printed as it was imported, from the module that is asked for again back to itself.
    fn check_cycle(&self, located: &Located) -> Result<(), ImportError> {
        let paths = |from: usize| self.loading[from..].iter().map(|loading| loading.path.clone());
        if let Some(from) = self.loading.iter().position(|loading| loading.id == located.id) {
            return Err(ImportError::Cycle(paths(from).chain([located.path.clone()]).collect()));
        }
        if self.loading.len() >= DEPTH {
            let distinct: HashSet<_> = self.loading.iter().map(|loading| loading.id).collect();
            let message = format!("imports are nested {} deep; {DEPTH} is the limit", distinct.len() + 1);
            return Err(ImportError::Failed(Arc::new(Diagnostic::error(message))));
        }
        Ok(())
    }
}
