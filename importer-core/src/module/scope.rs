//! What applies where an import is made: roots, search paths, whether to reload. It is what the configuration said for the request that led to it.

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
};

/// Where names are searched and whether what is found may be reloaded, for one place of the configuration.
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

/// What a scope says about reloading. Imports that were made in it keep hold of it, since it may come to say otherwise.
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

/// Tells scopes apart in look-ups. Two scopes with equal settings may have two numbers.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct ScopeId(u32);

impl Scope {
    /// A scope without roots and search paths, in which reloading is on. `origin` is shown when scopes disagree:
    /// the place in the configuration.
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

    /// What `~` means (R3, R13).
    #[must_use]
    pub fn handler_root(mut self, root: impl Into<PathBuf>) -> Self {
        self.handler_root = Some(root.into());
        self
    }

    /// Directories in which bare names are searched after the importing module's own (R11).
    #[must_use]
    pub fn path(mut self, path: impl IntoIterator<Item = impl Into<PathBuf>>) -> Self {
        self.path = path.into_iter().map(Into::into).collect();
        self
    }

    /// Directories of library modules, which are loaded once and never reloaded (R12, R14).
    #[must_use]
    pub fn library(mut self, library: impl IntoIterator<Item = impl Into<PathBuf>>) -> Self {
        self.library = library.into_iter().map(Into::into).collect();
        self
    }

    /// May modules that were imported from here be reloaded (R38)?
    #[must_use]
    pub fn autoreload(mut self, on: bool) -> Self {
        self.word = Arc::new(on.into());
        self
    }

    /// Ends the scope: another configuration has taken the place of the one that it stands for, and that says whether what
    /// was imported from here may be reloaded, until it is imported from elsewhere.
    pub fn retire(&self, autoreload: bool) {
        self.word.autoreload.store(autoreload, Ordering::Relaxed);
        self.word.retired.store(true, Ordering::Relaxed);
    }

    /// Must a request see every save that returned before it began? Then the files behind its handler are looked at when
    /// it begins. Otherwise events and ticks find changes, and a request makes no system call for it.
    #[must_use]
    pub fn strict(mut self, strict: bool) -> Self {
        self.strict = strict;
        self
    }

    /// Is state refused that would keep old code alive, or that is not known to outlive a reload (R50)? Otherwise it is
    /// carried over, and told of.
    #[must_use]
    pub fn strict_carry(mut self, strict: bool) -> Self {
        self.strict_carry = strict;
        self
    }

    /// See [`strict_carry`](Self::strict_carry).
    #[must_use]
    pub fn is_carry_strict(&self) -> bool {
        self.strict_carry
    }

    /// Is each import told to the log (R52)?
    #[must_use]
    pub fn log(mut self, on: bool) -> Self {
        self.log = on;
        self
    }

    /// Does whoever imports a module get the errors of a change to it that was refused, in place of the last good
    /// instance (R32)? For those who are writing it.
    #[must_use]
    pub fn show_refusals(mut self, on: bool) -> Self {
        self.shows_refusals = on;
        self
    }

    /// A directory of a search list, with `~` replaced; `None` if there is no handler root to replace it with.
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

    /// The place in the configuration.
    #[must_use]
    pub fn origin(&self) -> &Arc<str> {
        &self.origin
    }

    /// The handler root.
    #[must_use]
    pub fn root(&self) -> Option<&Path> {
        self.handler_root.as_deref()
    }

    /// The directories of the search path, in order.
    #[must_use]
    pub fn search_path(&self) -> &[PathBuf] {
        &self.path
    }

    /// The directories of the library, in order.
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
