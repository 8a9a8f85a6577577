//! From a name to a module: search, identity, suggestions (R1-R19).

use std::{
    collections::{HashMap, HashSet},
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{
    error::ImportError,
    id::{ModuleId, ModuleIds},
    import::Import,
    importer::Importer,
    language::Language,
    located::Located,
    search::{self, Candidate},
    specifier::Specifier,
};
use crate::{
    suggest::closest,
    sync::RwLock,
    text::{ReadError, SourceTree, Stamp},
};

/// Makes the instance of a module that the host registered.
type Make<L> = Box<dyn Fn(&Arc<Importer>) -> <L as Language>::Instance + Send + Sync>;

/// What names mean, apart from the files: the numbers of paths, and modules without a file.
pub(crate) struct Names<L: Language> {
    ids: RwLock<ModuleIds>,
    /// Modules of library directories, and registered ones (R12, R14).
    library: RwLock<HashSet<ModuleId>>,
    registered: RwLock<HashMap<String, Arc<Make<L>>>>,
}

/// The files in which names are resolved, and which modules are loaded already.
#[derive(Clone, Copy)]
pub(crate) struct Lookup<'a> {
    pub(crate) tree: &'a dyn SourceTree,
    /// A loaded module is found even if its file is gone or cannot be read (R34).
    pub(crate) is_loaded: &'a dyn Fn(ModuleId) -> bool,
}

impl<L: Language> Default for Names<L> {
    fn default() -> Self {
        Self { ids: RwLock::default(), library: RwLock::default(), registered: RwLock::default() }
    }
}

impl<L: Language> Names<L> {
    /// Registers a module that the host makes (R12).
    pub(crate) fn register(&self, name: String, make: Make<L>) {
        self.registered.write().insert(name, Arc::new(make));
    }

    /// Makes the instance of a registered module.
    pub(crate) fn make(&self, name: &str, importer: &Arc<Importer>) -> Option<L::Instance> {
        let make = self.registered.read().get(name)?.clone();
        Some(make(importer))
    }

    pub(crate) fn path(&self, id: ModuleId) -> Arc<Path> {
        self.ids.read().path(id)
    }

    pub(crate) fn find(&self, path: &Path) -> Option<ModuleId> {
        self.ids.read().find(path)
    }

    /// Returns the modules at these paths and below them.
    pub(crate) fn under(&self, paths: &[PathBuf]) -> Vec<ModuleId> {
        let ids = self.ids.read();
        paths.iter().flat_map(|path| ids.under(path).collect::<Vec<_>>()).collect()
    }

    pub(crate) fn is_library(&self, id: ModuleId) -> bool {
        self.library.read().contains(&id)
    }

    /// Returns the number of the module at this path, which need not be loaded.
    pub(crate) fn at(&self, path: &Path) -> ModuleId {
        self.find(path).unwrap_or_else(|| self.ids.write().intern(path))
    }

    fn located(&self, path: &Path, library: bool) -> Located {
        let id = self.at(path);
        if library {
            self.library.write().insert(id);
        }
        Located::known(id, self.path(id))
    }

    fn locate_registered(&self, name: &str) -> Option<Located> {
        if !self.registered.read().contains_key(name) {
            return None;
        }
        let path = PathBuf::from(format!("registered:{name}"));
        Some(Located { registered: Some(name.to_owned()), ..self.located(&path, true) })
    }

    /// Resolves an import to a module, without loading it.
    pub(crate) fn locate(&self, lookup: Lookup<'_>, import: Import<'_>) -> Result<Located, ImportError> {
        let Import { name, importer, scope, options } = import;
        // An explicit path is not searched for. The option `path` is then the new module's own search path (R15).
        let specifier = Specifier::parse(name, L::EXTENSION);
        let explicit = !matches!(specifier, Specifier::Bare(_));
        let initial_path = if explicit { options.path.clone() } else { Vec::new() };
        // A module that a library module finds relative to its own place is part of the library (R14).
        let library_module = importer.filter(|importer| self.is_library(importer.id()));
        let is_part = |path: &Path| {
            let beside = |importer: &Importer| path.starts_with(importer.directory());
            library_module.is_some_and(|it| matches!(specifier, Specifier::Relative(_)) || (!explicit && beside(it)))
        };
        let log = options.log.unwrap_or(scope.logs());
        let mut looked = Vec::new();
        for candidate in search::candidates(name, L::EXTENSION, importer, scope, options)? {
            let (path, library) = match candidate {
                Candidate::File(path) => {
                    let library = is_part(&path);
                    (path, library)
                }
                Candidate::LibraryFile(path) => (path, true),
                Candidate::Registered(name) => match self.locate_registered(&name) {
                    Some(located) => return Ok(located),
                    None => continue,
                },
            };
            match lookup.tree.stamp(&path) {
                Ok(_) => return Ok(Located { log, initial_path, ..self.located(&path, library) }),
                Err(_) if self.find(&path).is_some_and(lookup.is_loaded) => return Ok(self.located(&path, library)),
                Err(ReadError::Missing) => looked.push(path),
                Err(error) => return Err(ImportError::Unreadable { path: path.into(), error }),
            }
        }
        let nearest = nearest(lookup.tree, name, &looked, L::EXTENSION);
        Err(ImportError::NotFound { name: name.to_owned(), looked, nearest })
    }

    /// Returns the file that a plain import will find if nothing changes until then. Returns `None` for library
    /// modules.
    pub(crate) fn locate_ahead(&self, tree: &dyn SourceTree, import: Import<'_>) -> Option<Located> {
        let Import { name, importer, scope, options } = import;
        for candidate in search::candidates(name, L::EXTENSION, importer, scope, options).ok()? {
            let Candidate::File(path) = candidate else { return None };
            match tree.stamp(&path) {
                Ok(_) => return Some(self.located(&path, false)),
                Err(ReadError::Missing) => {}
                Err(_) => return None,
            }
        }
        None
    }

    /// Returns whether the alias leads to another file than the module that it stood for (R19).
    pub(crate) fn has_parted(&self, tree: &dyn SourceTree, alias: ModuleId, module: ModuleId) -> bool {
        let file = |id| tree.stamp(&self.path(id)).map(|stamp| stamp.file).ok();
        // An alias without a file is being written, or was removed. Removal has a rule of its own (R34).
        file(alias).is_some_and(|alias| Some(alias) != file(module))
    }

    /// Returns the module `known`, if its name still leads to the file with this stamp and it may stand for `id` (R19).
    pub(crate) fn still_at(
        &self,
        tree: &dyn SourceTree,
        known: ModuleId,
        id: ModuleId,
        stamp: &Stamp,
    ) -> Option<Located> {
        let path = self.path(known);
        let still = known != id && tree.stamp(&path).is_ok_and(|now| now.file == stamp.file);
        (still && self.is_library(known) == self.is_library(id)).then(|| Located::known(known, path))
    }
}

/// Returns the existing name that is closest to the one that was not found (R17).
fn nearest(tree: &dyn SourceTree, name: &str, looked: &[PathBuf], extension: &str) -> Option<String> {
    let wanted = Path::new(name).file_stem()?.to_str()?;
    let directories = looked.iter().filter_map(|path| path.parent());
    let names = directories.flat_map(|directory| tree.names(directory));
    let stems = names.filter_map(|name| Some(name.strip_suffix(extension)?.strip_suffix('.')?.to_owned()));
    let stems: Vec<String> = stems.collect();
    closest(wanted, stems.iter().map(String::as_str)).map(str::to_owned)
}
