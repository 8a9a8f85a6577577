//! Scopes: the roots, search paths and reload setting that apply where an import is made, as the configuration sets
//! them for the request.

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
};

/// The settings for imports of one place in the configuration: where names are searched, and whether modules are
/// reloaded.
///
/// ```
/// # use samovar_importer::Scope;
/// let scope = Scope::new("site.conf:12").handler_root("/srv/site").path(["~/lib"]).autoreload(false);
/// assert_eq!(scope.expand("~/lib".as_ref()).unwrap(), std::path::Path::new("/srv/site/lib"));
/// ```
#[derive(Clone, Debug)]
pub struct Scope {
    id: ScopeId,
    origin: Arc<str>,
    handler_root: Option<PathBuf>,
    path: Vec<PathBuf>,
    library: Vec<PathBuf>,
    word: Arc<Word>,
    strict: bool,
    log: bool,
    strict_carry: bool,
    shows_refusals: bool,
}

/// What a scope says about reloading. Imports that were made in it share this value, since it may change later.
#[derive(Debug)]
pub(crate) struct Word {
    autoreload: AtomicBool,
    retired: AtomicBool,
}

impl Word {
    pub(crate) fn reloads(&self) -> bool {
        self.autoreload.load(Ordering::Relaxed)
    }

    pub(crate) fn is_retired(&self) -> bool {
        self.retired.load(Ordering::Relaxed)
    }
}

impl From<bool> for Word {
    fn from(autoreload: bool) -> Self {
        Self { autoreload: autoreload.into(), retired: false.into() }
    }
}

/// Distinguishes scopes in look-ups. Two scopes with equal settings may have two numbers.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct ScopeId(u32);

impl Scope {
    /// Creates a scope without roots and search paths, in which reloading is on. `origin` is its place in the
    /// configuration; it is shown when scopes disagree.
    #[must_use]
    pub fn new(origin: impl Into<Arc<str>>) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        Self {
            id: ScopeId(NEXT.fetch_add(1, Ordering::Relaxed)),
            origin: origin.into(),
            handler_root: None,
            path: Vec::new(),
            library: Vec::new(),
            word: Arc::new(true.into()),
            strict: false,
            log: false,
            strict_carry: false,
            shows_refusals: false,
        }
    }

    /// Sets the directory that `~` means (R3, R13).
    #[must_use]
    pub fn handler_root(mut self, root: impl Into<PathBuf>) -> Self {
        self.handler_root = Some(root.into());
        self
    }

    /// Sets the directories in which bare names are searched after the importing module's own (R11).
    #[must_use]
    pub fn path(mut self, path: impl IntoIterator<Item = impl Into<PathBuf>>) -> Self {
        self.path = path.into_iter().map(Into::into).collect();
        self
    }

    /// Sets the directories of library modules, which are loaded once and never reloaded (R12, R14).
    #[must_use]
    pub fn library(mut self, library: impl IntoIterator<Item = impl Into<PathBuf>>) -> Self {
        self.library = library.into_iter().map(Into::into).collect();
        self
    }

    /// Sets whether modules imported in this scope may be reloaded (R38).
    #[must_use]
    pub fn autoreload(mut self, on: bool) -> Self {
        self.word = Arc::new(on.into());
        self
    }

    /// Retires the scope: a new configuration has replaced the one that it belongs to. `autoreload` is the new
    /// configuration's setting. It applies to the modules imported in this scope until they are imported in another
    /// one.
    pub fn retire(&self, autoreload: bool) {
        self.word.autoreload.store(autoreload, Ordering::Relaxed);
        self.word.retired.store(true, Ordering::Relaxed);
    }

    /// Sets whether a request sees every save that returned before it began. If so, the files behind its handler are
    /// checked when the request begins. Otherwise file events and ticks find changes, and a request makes no system
    /// call for it.
    #[must_use]
    pub fn strict(mut self, strict: bool) -> Self {
        self.strict = strict;
        self
    }

    /// Sets whether state is refused if it would keep old code alive, or if it is not known to survive a reload (R50).
    /// Otherwise such state is carried over, with a warning.
    #[must_use]
    pub fn strict_carry(mut self, strict: bool) -> Self {
        self.strict_carry = strict;
        self
    }

    /// Returns the setting of [`strict_carry`](Self::strict_carry).
    #[must_use]
    pub fn is_carry_strict(&self) -> bool {
        self.strict_carry
    }

    /// Sets whether each import is logged (R52).
    #[must_use]
    pub fn log(mut self, on: bool) -> Self {
        self.log = on;
        self
    }

    /// Sets whether an import of a module whose change was refused fails with the errors of that change, instead of
    /// returning the last good instance (R32). For development.
    #[must_use]
    pub fn show_refusals(mut self, on: bool) -> Self {
        self.shows_refusals = on;
        self
    }

    /// Resolves a directory of a search list, with `~` replaced; `None` if that needs a handler root and there is none.
    #[must_use]
    pub fn expand(&self, directory: &Path) -> Option<PathBuf> {
        match directory.strip_prefix("~") {
            Ok(rest) => Some(self.handler_root.as_ref()?.join(rest)),
            Err(_) if directory.is_absolute() => Some(directory.to_path_buf()),
            Err(_) => Some(self.handler_root.as_ref()?.join(directory)),
        }
    }

    pub(crate) fn id(&self) -> ScopeId {
        self.id
    }

    /// Returns the place in the configuration.
    #[must_use]
    pub fn origin(&self) -> &Arc<str> {
        &self.origin
    }

    /// Returns the handler root.
    #[must_use]
    pub fn root(&self) -> Option<&Path> {
        self.handler_root.as_deref()
    }

    /// Returns the directories of the search path, in order.
    #[must_use]
    pub fn search_path(&self) -> &[PathBuf] {
        &self.path
    }

    /// Returns the directories of the library, in order.
    #[must_use]
    pub fn library_path(&self) -> &[PathBuf] {
        &self.library
    }

    pub(crate) fn word(&self) -> &Arc<Word> {
        &self.word
    }

    pub(crate) fn reloads(&self) -> bool {
        self.word.reloads()
    }

    pub(crate) fn is_strict(&self) -> bool {
        self.strict
    }

    pub(crate) fn shows_refusals(&self) -> bool {
        self.shows_refusals
    }

    pub(crate) fn logs(&self) -> bool {
        self.log
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r38_a_scope_says_what_it_was_told_and_nothing_else() {
        let plain = Scope::new("here");
        assert_eq!((&**plain.origin(), plain.root(), plain.reloads()), ("here", None, true));
        assert!(plain.search_path().is_empty() && plain.library_path().is_empty());
        let flags = |scope: &Scope| {
            [scope.is_strict(), scope.is_carry_strict(), scope.logs(), scope.shows_refusals(), scope.reloads()]
        };
        assert_eq!(flags(&plain), [false, false, false, false, true]);
        assert_eq!(flags(&plain.clone().strict(true)), [true, false, false, false, true]);
        assert_eq!(flags(&plain.clone().strict_carry(true)), [false, true, false, false, true]);
        assert_eq!(flags(&plain.clone().log(true)), [false, false, true, false, true]);
        assert_eq!(flags(&plain.clone().show_refusals(true)), [false, false, false, true, true]);
        assert_eq!(flags(&plain.clone().autoreload(false)), [false, false, false, false, false]);
        assert_ne!(plain.id(), Scope::new("here").id());
        let full = plain.handler_root("/r").path(["/p"]).library(["/l"]);
        assert_eq!(full.root(), Some(Path::new("/r")));
        assert_eq!((full.search_path(), full.library_path()), (&[PathBuf::from("/p")][..], &[PathBuf::from("/l")][..]));
    }

    #[test]
    fn r13_a_tilde_in_any_list_is_the_handler_root() {
        let (none, root) = (Scope::new("none"), Scope::new("root").handler_root("/r"));
        let of = |scope: &Scope, text: &str| scope.expand(Path::new(text)).map(|path| path.display().to_string());
        assert_eq!((of(&root, "~/a"), of(&none, "~/a")), (Some("/r/a".into()), None));
        assert_eq!((of(&root, "/a"), of(&none, "/a")), (Some("/a".into()), Some("/a".into())));
        assert_eq!((of(&root, "a"), of(&none, "a")), (Some("/r/a".into()), None));
    }

    #[test]
    fn a_scope_that_is_retired_says_what_takes_its_place() {
        let scope = Scope::new("one");
        let word = scope.word().clone();
        assert!(word.reloads() && !word.is_retired());
        scope.retire(false);
        assert!(!word.reloads() && word.is_retired() && !scope.reloads());
    }
}
