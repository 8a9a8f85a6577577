//! Why an import failed.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::text::{Diagnostic, Help, ReadError, Remedy};

/// Why an import failed. Cheap to clone: all imports that wait for the same load get the same error (R23).
#[derive(Clone, Debug, thiserror::Error)]
pub enum ImportError {
    /// An empty name, or one with a NUL in it.
    #[error("`{0}` is not a module name")]
    BadName(String),
    /// `./x` in a call that does not come from a module (R2).
    #[error("`{0}` is relative, but no module is importing it")]
    NoImporter(String),
    /// `~/x` where no handler root is set (R3).
    #[error("`{0}` starts at the handler root, but no handler root is set")]
    NoHandlerRoot(String),
    /// No module has this name (R17).
    #[error("module `{name}` not found")]
    NotFound {
        /// The name as written.
        name: String,
        /// All places that were searched, in order.
        looked: Vec<PathBuf>,
        /// The closest name that exists.
        nearest: Option<String>,
    },
    /// The file exists, but cannot be a module.
    #[error("`{}` {error}", .path.display())]
    Unreadable {
        /// The file.
        path: Arc<Path>,
        /// Why.
        error: ReadError,
    },
    /// The module does not compile, or raised an error while loading.
    #[error("{0}")]
    Failed(Arc<Diagnostic>),
    /// The file was saved together with a change that was refused. It is loaded when that change is corrected or undone
    /// (L2).
    #[error("{refused}")]
    Withheld {
        /// The file.
        path: Arc<Path>,
        /// What is wrong with the change.
        refused: Arc<Diagnostic>,
    },
    /// The module imports itself, directly or through others (R35).
    #[error("import cycle: {}", chain(.0))]
    Cycle(Vec<Arc<Path>>),
}

fn chain(paths: &[Arc<Path>]) -> String {
    paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(" -> ")
}

impl ImportError {
    /// Returns whether both are the failure of the same load.
    pub(crate) fn is_shared_with(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Failed(one), Self::Failed(other)) => Arc::ptr_eq(one, other),
            (Self::Withheld { path: one, .. }, Self::Withheld { path: other, .. }) => one == other,
            _ => self.to_string() == other.to_string(),
        }
    }

    /// Drops the source texts except what an excerpt shows.
    pub(crate) fn shorten(&mut self) {
        if let Self::Failed(diagnostic) = self {
            Arc::make_mut(diagnostic).shorten();
        }
    }

    /// Returns the error with its remedy.
    #[must_use]
    pub fn diagnostic(&self) -> Diagnostic {
        let plain = Diagnostic::error(self.to_string());
        match self {
            Self::Failed(diagnostic) => Diagnostic::clone(diagnostic),
            Self::Withheld { path, refused } => {
                let file = path.display();
                Diagnostic::clone(refused).note(
                    format!("`{file}` was saved together with this change, and is loaded once the change is corrected"),
                    None,
                )
            }
            Self::NotFound { looked, nearest, .. } => {
                let places = looked.iter().map(|path| format!("no file {}", path.display()));
                let with_places = places.fold(plain, |diagnostic, place| diagnostic.note(place, None));
                match nearest {
                    Some(nearest) => with_places.help(format!("there is a module `{nearest}`")),
                    None => with_places,
                }
            }
            Self::NoImporter(_) => plain.help("name it relative to the handler root, `~/..`, or by an absolute path"),
            Self::NoHandlerRoot(_) => plain.help("name it relative to the importing module, `./..`"),
            Self::Unreadable { error: ReadError::Outside(_), .. } => plain.help(Help::of(
                Remedy::Directory,
                "allow modules from the directory with `Scope::path` or `Scope::library`, or move the file",
            )),
            Self::Unreadable { error: ReadError::BeingWritten, .. } => {
                plain.help("it is loaded once the writing program has closed it").temporary()
            }
            Self::Cycle(_) => plain.help("move the code that both modules need into a third module"),
            Self::BadName(_) | Self::Unreadable { .. } => plain,
        }
    }
}
