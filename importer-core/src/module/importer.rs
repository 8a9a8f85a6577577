//! The importing side of an import: the module, its search path, and the names that it has resolved.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use arc_swap::ArcSwap;

use super::{
    id::{InstanceId, ModuleId},
    scope::ScopeId,
};

/// Names, and the module that each means in each scope.
type Resolved = HashMap<Box<str>, Vec<(ScopeId, ModuleId)>>;

/// A loaded module in its role as importer. Each instance has one, and keeps it for the imports that it makes while
/// requests run.
#[derive(Debug)]
pub struct Importer {
    id: ModuleId,
    instance: InstanceId,
    path: Arc<Path>,
    initial_path: Vec<PathBuf>,
    search_path: ArcSwap<Vec<PathBuf>>,
    fixed: AtomicBool,
    /// 0 until the instance is published. The first publication wins: it has the lower number.
    generation: AtomicU64,
    /// The modules that names were resolved to, so that an import in a request is one look-up. Dropped with the
    /// instance (R28). Written once per name and read on every call: hence no lock.
    resolved: ArcSwap<Resolved>,
}

impl Importer {
    pub(crate) fn new(id: ModuleId, path: Arc<Path>, initial_path: Vec<PathBuf>) -> Self {
        Self {
            id,
            instance: InstanceId::next(),
            path,
            search_path: ArcSwap::from_pointee(initial_path.clone()),
            initial_path,
            fixed: AtomicBool::new(false),
            generation: AtomicU64::new(0),
            resolved: ArcSwap::default(),
        }
    }

    /// Returns the module.
    #[must_use]
    pub fn id(&self) -> ModuleId {
        self.id
    }

    /// Returns the instance.
    #[must_use]
    pub fn instance(&self) -> InstanceId {
        self.instance
    }

    /// Returns the generation that first held the instance (R30); `None` before it is published.
    #[must_use]
    pub fn generation(&self) -> Option<u64> {
        Some(self.generation.load(Ordering::Acquire)).filter(|generation| *generation > 0)
    }

    pub(crate) fn published(&self, generation: u64) {
        // A draft that shares the instance with another one may publish it again, in a later generation.
        let _ = self.generation.compare_exchange(0, generation, Ordering::AcqRel, Ordering::Acquire);
    }

    /// Returns the module's normalised path.
    #[must_use]
    pub fn path(&self) -> &Arc<Path> {
        &self.path
    }

    /// Returns the directory that `./` means.
    #[must_use]
    pub fn directory(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new("/"))
    }

    /// Returns the module's `__mp_path__`: set by the import that loaded it, then by the module itself (R10, R15).
    #[must_use]
    pub fn search_path(&self) -> Arc<Vec<PathBuf>> {
        self.search_path.load_full()
    }

    /// Changes `__mp_path__` while the module loads (R15). Has no effect afterwards.
    pub fn set_search_path(&self, path: Vec<PathBuf>) {
        if !self.fixed.load(Ordering::Acquire) && **self.search_path.load() != path {
            self.search_path.store(Arc::new(path));
        }
    }

    /// Sets `__mp_path__` for good when loading ends.
    pub fn fix_search_path(&self, path: Vec<PathBuf>) {
        self.set_search_path(path);
        self.fixed.store(true, Ordering::Release);
    }

    pub(crate) fn initial_path(&self) -> &[PathBuf] {
        &self.initial_path
    }

    pub(crate) fn resolved(&self, scope: ScopeId, name: &str) -> Option<ModuleId> {
        let resolved = self.resolved.load();
        resolved.get(name)?.iter().find(|(of, _)| *of == scope).map(|&(_, id)| id)
    }

    pub(crate) fn remember(&self, scope: ScopeId, name: &str, id: ModuleId) {
        self.resolved.rcu(|resolved| {
            let mut resolved = HashMap::clone(resolved);
            let found = resolved.entry(name.into()).or_default();
            found.retain(|(of, _)| *of != scope);
            found.push((scope, id));
            resolved
        });
    }

    /// Returns the modules that were imported while requests ran: friends (R28).
    pub(crate) fn friends(&self) -> Vec<ModuleId> {
        let mut friends: Vec<_> = self.resolved.load().values().flatten().map(|&(_, id)| id).collect();
        friends.sort_unstable();
        friends.dedup();
        friends
    }
}
