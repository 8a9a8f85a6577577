//! From a name to a module: search, identity, suggestions (R1-R19).

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::{
    error::ImportError,
    id::ModuleId,
    import::ImportOptions,
    importer::Importer,
    loader::Loader,
    registry::Registry,
    scope::Scope,
    search::{self, Candidate},
    snapshot::Snapshot,
    specifier::Specifier,
    stamp::Stamp,
    tree::ReadError,
};

/// A name that was looked up: which module it means.
#[derive(Clone, Debug)]
pub struct Located {
    pub(crate) id: ModuleId,
    pub(crate) path: Arc<Path>,
    pub(crate) registered: Option<String>,
    /// Is it told to the log, if this is what loads it (R52)?
    pub(crate) log: bool,
    /// What its `__mp_path__` begins with, if this is what loads it (R15).
    pub(crate) initial_path: Vec<PathBuf>,
}

impl Located {
    /// A module that is known.
    pub(crate) fn known(id: ModuleId, path: Arc<Path>) -> Self {
        Self { id, path, registered: None, log: false, initial_path: Vec::new() }
    }

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

    /// Did the host register it? Then there is no file.
    #[must_use]
    pub fn is_registered(&self) -> bool {
        self.registered.is_some()
    }
}

impl<L: Loader> Registry<L> {
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
        self.locate_in(None, name, importer, scope, options)
    }

    /// As [`locate`](Self::locate), for a module at this path, loaded or not, that has chosen no directories of its own.
    ///
    /// # Errors
    /// As for [`locate`](Self::locate).
    pub fn locate_from(&self, name: &str, path: &Path, scope: &Scope) -> Result<Located, ImportError> {
        let importer = Importer::new(self.located(path, false).id, path.into(), Vec::new());
        self.locate(name, Some(&importer), scope, &ImportOptions::default())
    }

    /// As [`locate`](Self::locate), for somebody who has pinned a generation: what is loaded there is found also when its
    /// file is gone, or cannot be read (R34).
    pub(crate) fn locate_in(
        &self,
        pinned: Option<&Snapshot<L>>,
        name: &str,
        importer: Option<&Importer>,
        scope: &Scope,
        options: &ImportOptions,
    ) -> Result<Located, ImportError> {
        // A path that is explicit is not searched: what the list is for then is the new module's own searches (R15).
        let specifier = Specifier::parse(name, L::EXTENSION);
        let explicit = !matches!(specifier, Specifier::Bare(_));
        let initial_path = if explicit { options.path.clone() } else { Vec::new() };
        // What a library module finds from where it stands is a part of the library (R14).
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
            match self.tree().stamp(&path) {
                Ok(_) => return Ok(Located { log, initial_path, ..self.located(&path, library) }),
                Err(_) if pinned.is_some_and(|pinned| self.is_loaded(pinned, &path)) => {
                    return Ok(self.located(&path, library));
                }
                Err(ReadError::Missing) => looked.push(path),
                Err(error) => return Err(ImportError::Unreadable { path: path.into(), error }),
            }
        }
        let nearest = self.nearest(name, &looked);
        Err(ImportError::NotFound { name: name.to_owned(), looked, nearest })
    }

    /// The file that a plain import will find if nothing changes until then, unless it is of the library.
    pub(crate) fn locate_ahead(&self, name: &str, importer: &Importer, scope: &Scope) -> Option<Located> {
        let candidates = search::candidates(name, L::EXTENSION, Some(importer), scope, &ImportOptions::default());
        for candidate in candidates.ok()? {
            let Candidate::File(path) = candidate else { return None };
            match self.tree().stamp(&path) {
                Ok(_) => return Some(self.located(&path, false)),
                Err(ReadError::Missing) => {}
                Err(_) => return None,
            }
        }
        None
    }

    /// As [`locate`](Self::locate), for a module that no other imports: a handler, or what the host asks for. Its scope
    /// has a say in whether it is reloaded, from now on (R38).
    ///
    /// # Errors
    /// As for [`locate`](Self::locate).
    pub fn locate_root(&self, name: &str, scope: &Scope, options: &ImportOptions) -> Result<Located, ImportError> {
        let located = self.locate_in(Some(&self.snapshot()), name, None, scope, options)?;
        self.wish(located.id, None, scope, options);
        Ok(located)
    }

    pub(crate) fn is_loaded(&self, pinned: &Snapshot<L>, path: &Path) -> bool {
        self.ids.read().find(path).is_some_and(|id| pinned.get(id).is_some())
    }

    fn located(&self, path: &Path, library: bool) -> Located {
        let known = self.ids.read().find(path);
        let id = known.unwrap_or_else(|| self.ids.write().intern(path));
        if library {
            self.library.write().insert(id);
        }
        Located::known(id, self.ids.read().path(id))
    }

    fn locate_registered(&self, name: &str) -> Option<Located> {
        if !self.loader().is_registered(name) {
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
        let still = known != id && self.tree().stamp(&path).is_ok_and(|now| now.file == stamp.file);
        (still && self.is_library(known) == self.is_library(id)).then(|| Located::known(known, path))
    }

    /// Does a name lead to another file than the module that it stood for (R19)?
    pub(crate) fn has_parted(&self, alias: ModuleId, module: ModuleId) -> bool {
        let file = |id| self.tree().stamp(&self.ids.read().path(id)).map(|stamp| stamp.file).ok();
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
        let names = directories.flat_map(|directory| self.tree().names(directory));
        let stems = names.filter_map(|name| Some(name.strip_suffix(L::EXTENSION)?.strip_suffix('.')?.to_owned()));
        let close = stems.map(|stem| (strsim::damerau_levenshtein(&stem, wanted), stem));
        close.filter(|(distance, stem)| *distance <= stem.len().max(3) / 3).min().map(|(_, stem)| stem)
    }
}
