//! A draft while it is built: it compiles, carries state over and runs texts, and is the view of these texts.
//!
//! It belongs to the one thread that builds it. No request can see it, so dropping it undoes everything (R24, R31).
//! Building follows the actual imports: a planned module that is imported before its turn is built first, and a module
//! that another draft is loading is waited for and shared (R23).

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Instant,
};

use super::{
    ahead::{Ahead, CompiledText},
    prepared::Prepared,
    progress::Progress,
};
use crate::{
    change::Withheld,
    generation::{DraftId, Load, Loader, Modules, RegistryId, Rooms, Snapshot, Texts},
    module::{
        Because, Child, ImportError, ImportOptions, Importer, Kind, Located, Module, ModuleId, Reason, Scope, Unmet,
        import::Import,
    },
    report::{Event, ModuleStatus},
    sync::Mutex,
    text::{ContentHash, Diagnostic, ReadError, Source, Stamp},
};

pub(crate) struct Building<L: Loader> {
    id: DraftId,
    kind: Load,
    pub(crate) rooms: Arc<Rooms<L>>,
    /// The texts to read; not those of the base, if the draft brings others.
    texts: Texts,
    pub(crate) base: Arc<Snapshot<L>>,
    /// The files that are not read, since they belong to refused changes.
    withheld: Withheld,
    ahead: Arc<Ahead<L>>,
    pub(super) state: Mutex<Progress<L>>,
}

/// The starting point of a draft.
pub(crate) struct Ground<'a, L: Loader> {
    /// The texts to read; not those of the snapshot, if the draft brings others.
    pub(crate) texts: &'a Texts,
    /// The generation that the draft will follow.
    pub(crate) snapshot: &'a Arc<Snapshot<L>>,
    pub(crate) withheld: Withheld,
}

impl<'a, L: Loader> Ground<'a, L> {
    /// Starts from a generation and its own texts.
    pub(crate) fn of(snapshot: &'a Arc<Snapshot<L>>, withheld: Withheld) -> Self {
        Self { texts: snapshot.texts(), snapshot, withheld }
    }
}

/// The text of a new module.
enum Text<L: Loader> {
    Compiled(Box<CompiledText<L>>),
    /// The module that was made from this text already.
    Of(Located),
}

impl<L: Loader> Building<L> {
    pub(crate) fn new(kind: Load, rooms: &Arc<Rooms<L>>, base: Ground<'_, L>) -> Arc<Self> {
        let Ground { texts, snapshot, withheld } = base;
        let (texts, base, rooms) = (texts.clone(), snapshot.clone(), rooms.clone());
        let ahead = Ahead::new(&rooms, texts.clone(), base.clone());
        Arc::new(Self { id: DraftId::next(), kind, rooms, texts, base, withheld, ahead, state: Mutex::default() })
    }

    pub(super) fn id(&self) -> DraftId {
        self.id
    }

    pub(super) fn kind(&self) -> Load {
        self.kind
    }

    pub(super) fn texts(&self) -> &Texts {
        &self.texts
    }

    fn read(&self, path: &Path) -> Result<Source, ReadError> {
        self.rooms.read(&self.texts, path)
    }

    pub(super) fn has_parted(&self, alias: ModuleId, module: ModuleId) -> bool {
        self.rooms.names.has_parted(self.texts.tree(), alias, module)
    }

    /// Ends the draft.
    pub(crate) fn finish(&self) -> Progress<L> {
        self.ahead.end();
        std::mem::take(&mut *self.state.lock())
    }

    /// Compiles a planned module and its new imports, before any hook is called and any text runs.
    pub(crate) fn prepare(&self, old: &Module<L>, source: Source, reason: Reason) -> Result<(), Vec<Diagnostic>> {
        let importer = Arc::new(Importer::new(old.id(), old.path().clone(), old.importer.initial_path().to_vec()));
        let wrong = match CompiledText::of(&self.rooms.loader, source.clone(), &importer) {
            Ok((compiled, imports)) => {
                let wrong = self.ahead.compile_all(&importer, imports, &old.scope);
                let prepared = Prepared { compiled, scope: old.scope.clone(), reason, log: old.log };
                self.state.lock().planned.insert(old.id(), prepared);
                wrong
            }
            Err(diagnostic) => vec![(source, diagnostic)],
        };
        if wrong.is_empty() {
            return Ok(());
        }
        let unmet = wrong.iter().map(|(source, _)| Unmet {
            path: source.path.clone(),
            hash: Some(source.hash),
            because: Because::Text,
        });
        self.state.lock().unmet.extend(unmet);
        Err(wrong.into_iter().map(|(_, diagnostic)| diagnostic).collect())
    }

    /// Builds a planned module, unless one of its importers has built it already, or the draft has failed.
    pub(crate) fn build_planned(self: &Arc<Self>, id: ModuleId) {
        let prepared = {
            let mut state = self.state.lock();
            if state.regressions.is_empty() { state.planned.remove(&id) } else { None }
        };
        if let Some(prepared) = prepared {
            // A failure is kept in the draft as a regression.
            let _ = self.build(prepared);
        }
    }

    /// Makes an import while a module loads, or for a hook.
    fn import_into(
        self: &Arc<Self>,
        importer: Option<&Arc<Importer>>,
        name: &str,
        options: &ImportOptions,
        scope: &Arc<Scope>,
    ) -> Result<Arc<Module<L>>, ImportError> {
        // A first load finds served modules even if their files are gone (R62). A reload works without modules whose
        // files are gone (R34).
        let seen = (self.kind == Load::First).then_some(&*self.base);
        let import = Import { name, importer: importer.map(|it| &**it), scope, options };
        let located = match self.rooms.lookup(&self.texts, seen, |lookup| self.rooms.names.locate(lookup, import)) {
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
            Err(error) => {
                let hash = self.read(&located.path).ok().map(|source| source.hash);
                state.unmet(Unmet { path: located.path.clone(), hash, because: Because::of(error) });
            }
        }
        found
    }

    /// Returns the module in this draft: built already, planned, in the base, or new.
    pub(crate) fn obtain(
        self: &Arc<Self>,
        located: &Located,
        scope: &Arc<Scope>,
    ) -> Result<Arc<Module<L>>, ImportError> {
        if let Some(module) = self.base.get(located.id).filter(|module| module.id() != located.id)
            && !self.has_parted(located.id, module.id())
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

    pub(super) fn build_new(
        self: &Arc<Self>,
        located: &Located,
        scope: &Arc<Scope>,
    ) -> Result<Arc<Module<L>>, ImportError> {
        if let Some(name) = &located.registered {
            let importer = Arc::new(Importer::new(located.id, located.path.clone(), Vec::new()));
            return self.register(importer, name, scope);
        }
        match self.text(located, scope) {
            Ok(Text::Compiled(compiled)) => {
                let (scope, log) = (scope.clone(), located.log);
                self.build(Prepared { compiled: *compiled, scope, reason: Reason::First, log })
            }
            Ok(Text::Of(same)) => {
                let module = self.obtain(&same, scope)?;
                self.state.lock().aliases.push((located.id, module.id()));
                Ok(module)
            }
            Err(error) => {
                self.state.lock().failed.insert(located.id, error.clone());
                Err(error)
            }
        }
    }

    /// Fails for a file that has not been loaded yet and belongs to a refused change (L2).
    fn unless_withheld(&self, path: &Arc<Path>) -> Result<(), ImportError> {
        match self.withheld.why(|| self.rooms.moments(&self.texts, path)) {
            Some(refused) => Err(ImportError::Withheld { path: path.clone(), refused: Arc::new(refused.clone()) }),
            None => Ok(()),
        }
    }

    /// Returns the compiled text of a new module, or the module that was made from this very file under another name
    /// (R19).
    fn text(&self, located: &Located, scope: &Arc<Scope>) -> Result<Text<L>, ImportError> {
        self.unless_withheld(&located.path)?;
        let ready = self.ahead.take(located.id).filter(|_| located.initial_path.is_empty());
        let read = match &ready {
            Some(CompiledText { source, .. }) => Ok(source.clone()),
            None => self.read(&located.path),
        };
        if let Ok(source) = &read
            && let Some(same) = self.same_file(located, &source.stamp)
        {
            return Ok(Text::Of(same));
        }
        let compiled = ready.map_or_else(|| self.compile(located, read, scope), Ok)?;
        Ok(Text::Compiled(Box::new(compiled)))
    }

    /// Compiles a text that was not compiled ahead, and queues its imports.
    fn compile(
        &self,
        located: &Located,
        read: Result<Source, ReadError>,
        scope: &Arc<Scope>,
    ) -> Result<CompiledText<L>, ImportError> {
        let source = read.map_err(|error| ImportError::Unreadable { path: located.path.clone(), error })?;
        let importer = Arc::new(Importer::new(located.id, located.path.clone(), located.initial_path.clone()));
        let compiled = CompiledText::of(&self.rooms.loader, source, &importer);
        let (compiled, imports) = compiled.map_err(|diagnostic| ImportError::Failed(Arc::new(diagnostic)))?;
        self.ahead.expect(&importer, imports, scope);
        Ok(compiled)
    }

    /// Returns the module that was, or will be, made from this very file under another name (R19).
    fn same_file(&self, located: &Located, stamp: &Stamp) -> Option<Located> {
        let state = self.state.lock();
        let built = state.files.get(&stamp.file).and_then(|id| state.built.get(id));
        match built.filter(|module| module.id() != located.id && stamp.file != (0, 0)) {
            Some(module) => Some(Located::known(module.id(), module.path().clone())),
            None => self.rooms.same_file(&self.texts, located.id, stamp),
        }
    }

    fn register(&self, importer: Arc<Importer>, name: &str, scope: &Arc<Scope>) -> Result<Arc<Module<L>>, ImportError> {
        let not_found = || ImportError::NotFound { name: name.to_owned(), looked: Vec::new(), nearest: None };
        let value = self.rooms.names.make(name, &importer).ok_or_else(not_found)?;
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

    fn note_unmet(&self, error: &ImportError) {
        let looked: &[PathBuf] = match error {
            ImportError::NotFound { looked, .. } => looked,
            ImportError::Unreadable { path, .. } => &[path.to_path_buf()],
            _ => &[],
        };
        let mut state = self.state.lock();
        if let ImportError::Unreadable { path, .. } = error
            && self.kind == Load::Reload
            && self.rooms.is_loaded(&self.base, path)
        {
            // If the file of a served module cannot be a module, the change is refused, whichever import finds it first
            // (R32).
            state.regressions.push(error.diagnostic());
        }
        for path in looked {
            let hash: Option<ContentHash> = self.read(path).ok().map(|source| source.hash);
            state.unmet(Unmet { path: path.as_path().into(), hash, because: Because::Text });
        }
    }
}

impl<L: Loader> Modules<L> for Building<L> {
    fn registry_id(&self) -> RegistryId {
        self.rooms.id
    }

    fn loader(&self) -> &L {
        &self.rooms.loader
    }

    fn generation(&self) -> u64 {
        self.base.generation() + 1
    }

    fn get(&self, id: ModuleId) -> Option<Arc<Module<L>>> {
        let state = self.state.lock();
        // The name may be an alias of a module that is reloaded (R19).
        let id = self.base.get(id).map_or(id, |module| module.id());
        state.built.get(&id).or_else(|| self.base.get(id)).cloned()
    }

    fn all(&self) -> Vec<Arc<Module<L>>> {
        self.rooms.store.current().iter().cloned().collect()
    }

    fn replaces(&self, id: ModuleId) -> bool {
        let state = self.state.lock();
        let under_way = || state.loading.iter().any(|loading| loading.id == id);
        state.planned.contains_key(&id) || state.built.contains_key(&id) || under_way()
    }

    fn import(
        self: Arc<Self>,
        importer: Option<&Arc<Importer>>,
        name: &str,
        options: &ImportOptions,
        scope: &Arc<Scope>,
    ) -> Result<Arc<Module<L>>, ImportError> {
        self.import_into(importer, name, options, scope)
    }

    fn load(self: Arc<Self>, located: &Located, _: &Arc<Scope>) -> Result<Arc<Module<L>>, ImportError> {
        // Handlers are called in pinned views only.
        Err(ImportError::BadName(located.path.display().to_string()))
    }

    fn describe(&self, module: &Module<L>) -> ModuleStatus {
        self.rooms.describe(module)
    }

    fn tell_of_code(&self, path: &Arc<Path>, diagnostic: Diagnostic) {
        self.rooms.emit(Event::CodeCarried { path: path.clone(), diagnostic });
    }
}
