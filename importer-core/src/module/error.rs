//! Why an import failed.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::text::{Diagnostic, Help, ReadError, Remedy};

/// Why an import failed. Cheap to copy: everybody who asked for the module gets the same error (R23).
#[derive(Clone, Debug, thiserror::Error)]
pub enum ImportError {
    /// An empty name, or one with a NUL in it.
    #[error("`{0}` is not a module name")]
    BadName(String),
    /// `./x` in a call that no module makes (R2).
    #[error("`{0}` is relative, but no module is importing it")]
    NoImporter(String),
    /// `~/x` where no handler root is set (R3).
    #[error("`{0}` starts at the handler root, but there is none here")]
    NoHandlerRoot(String),
    /// Nothing of that name (R17).
    #[error("module `{name}` not found")]
    NotFound {
        /// As written.
        name: String,
        /// Every place looked at, in order.
        looked: Vec<PathBuf>,
        /// The closest name that exists.
        nearest: Option<String>,
    },
    /// There is a file, but it cannot be a module.
    #[error("`{}` {error}", .path.display())]
    Unreadable {
        /// The file.
        path: Arc<Path>,
        /// Why.
        error: ReadError,
    },
    /// It does not compile, or raised while loading.
    #[error("{0}")]
    Failed(Arc<Diagnostic>),
    /// It was saved together with a change that was refused, and is loaded when that is mended or taken back (L2).
    #[error("{refused}")]
    Withheld {
        /// The file.
        path: Arc<Path>,
        /// What is wrong with the change.
        refused: Arc<Diagnostic>,
    },
    /// It imports itself, directly or through others (R35).
    #[error("import cycle: {}", chain(.0))]
    Cycle(Vec<Arc<Path>>),
}

fn chain(paths: &[Arc<Path>]) -> String {
    paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(" -> ")
}

impl ImportError {
    /// Is it the failure of one and the same load?
    pub(crate) fn is_shared_with(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Failed(one), Self::Failed(other)) => Arc::ptr_eq(one, other),
            (Self::Withheld { path: one, .. }, Self::Withheld { path: other, .. }) => one == other,
            _ => self.to_string() == other.to_string(),
        }
    }

    /// Lets go of the texts, but for what an excerpt shows.
    pub(crate) fn shorten(&mut self) {
        if let Self::Failed(diagnostic) = self {
            Arc::make_mut(diagnostic).shorten();
        }
    }

    /// The error with its remedy.
    #[must_use]
    pub fn diagnostic(&self) -> Diagnostic {
        let plain = Diagnostic::error(self.to_string());
        match self {
            Self::Failed(diagnostic) => Diagnostic::clone(diagnostic),
            Self::Withheld { path, refused } => {
                let file = path.display();
                Diagnostic::clone(refused)
                    .note(format!("`{file}` was saved together with this, and is loaded once it is mended"), None)
            }
            Self::NotFound { looked, nearest, .. } => {
                let places = looked.iter().map(|path| format!("no file {}", path.display()));
                let with_places = places.fold(plain, |diagnostic, place| diagnostic.note(place, None));
                match nearest {
                    Some(nearest) => with_places.help(format!("there is a module `{nearest}`")),
                    None => with_places,
                }
            }
            Self::NoImporter(_) => plain.help("name it from the handler root, `~/..`, or by an absolute path"),
            Self::NoHandlerRoot(_) => plain.help("name it relative to the importing module, `./..`"),
            Self::Unreadable { error: ReadError::Outside(_), .. } => {
                plain.help(Help::of(
                    Remedy::Directory,
                    "declare the directory as one that modules come from, with `Scope::path` or `Scope::library`, or move the file",
                ))
            }
            Self::Unreadable { error: ReadError::BeingWritten, .. } => {
                plain.help("it is loaded once whoever writes it has closed it").temporary()
            }
            Self::Cycle(_) => plain.help("move what both need into a module of its own"),
            Self::BadName(_) | Self::Unreadable { .. } => plain,
        }
    }
}
