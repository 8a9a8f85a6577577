//! Why a site cannot be opened.

use std::path::{Path, PathBuf};

use samovar_config::Report;
use samovar_importer::Diagnostic;

use crate::remedy::worded;

/// Why a site cannot be opened. The message is for people, and reports all errors.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// There is nothing at the path, or it cannot be read.
    #[error("cannot serve `{}`: {reason}", .path.display())]
    Path {
        /// The path as given.
        path: PathBuf,
        /// What the operating system says.
        reason: std::io::Error,
    },
    /// The path is that of a script, not of a configuration.
    #[error("`{}` is a script", .0.display())]
    Script(PathBuf),
    /// The configuration is wrong.
    #[error("the configuration has {} error(s)", .0.errors())]
    Configuration(Box<Report>),
    /// The previous configuration was read from this file, which no longer exists.
    #[error("the configuration file `{}` is gone", .0.display())]
    Gone(PathBuf),
    /// A file of the configuration had lines, and is empty now.
    #[error("`{}` is empty, and was not before", .0.display())]
    Emptied(PathBuf),
    /// A directory that the configuration names does not exist.
    #[error("{origin}: `{}` is not a directory", .path.display())]
    Directory {
        /// The directory.
        path: PathBuf,
        /// Where it stands, `file:line`.
        origin: String,
    },
    /// The state directory lies below a document root, or contains one.
    #[error("{origin}: the state directory `{}` and the document root `{}` lie within each other", .path.display(), .root.display())]
    StateDirectory {
        /// The directory.
        path: PathBuf,
        /// Where it is said.
        origin: String,
        /// The document root.
        root: PathBuf,
    },
    /// A module of `RhaiImport` cannot be loaded, or its function failed (R41).
    #[error("{origin}: {diagnostic}")]
    Import {
        /// Where it stands, `file:line`.
        origin: String,
        /// What is wrong with the script.
        diagnostic: Box<Diagnostic>,
    },
    /// A log file cannot be opened.
    #[error("{origin}: cannot write to `{}`: {reason}", .path.display())]
    Log {
        /// The file.
        path: PathBuf,
        /// Where it stands, `file:line`.
        origin: String,
        /// What the operating system says.
        reason: std::io::Error,
    },
    /// An address cannot be listened at.
    #[error("cannot listen on {address}: {reason}")]
    Address {
        /// The address, as it is written.
        address: String,
        /// What the operating system says.
        reason: std::io::Error,
    },
    /// The URL to explain is not valid.
    #[error("`{url}` is not a valid URL: {reason}")]
    Url {
        /// As it was given.
        url: String,
        /// Why not.
        reason: String,
    },
    /// The system gives no threads.
    #[error("cannot start threads: {0}")]
    Threads(std::io::Error),
}

impl OpenError {
    /// Renders all errors, with excerpts; `colour` for terminals.
    #[must_use]
    pub fn render(&self, colour: bool) -> String {
        match self {
            Self::Configuration(report) => report.render(colour),
            Self::Import { origin, diagnostic } => {
                let mut diagnostic = worded(diagnostic);
                diagnostic.notes.push(samovar_importer::Note { message: format!("imported by {origin}"), place: None });
                diagnostic.render(colour)
            }
            Self::Address { .. } => {
                let help = "choose another address with `Listen` or --listen, or stop the program that uses this one";
                Diagnostic::error(self.to_string()).help(help).render(colour)
            }
            Self::Script(path) => {
                let directory = path.parent().filter(|directory| !directory.as_os_str().is_empty());
                let directory = directory.unwrap_or(Path::new(".")).display();
                let help = format!("name the directory that it is in: `{directory}`");
                Diagnostic::error(self.to_string()).help(help).render(colour)
            }
            Self::StateDirectory { .. } => {
                let help = "put it outside of all document roots: it holds the texts of scripts";
                Diagnostic::error(self.to_string()).help(help).render(colour)
            }
            Self::Gone(_) => {
                let help = "put it back; to serve the directory without a configuration, restart the server";
                Diagnostic::error(self.to_string()).help(help).render(colour)
            }
            Self::Emptied(_) => {
                let help = "a file that is being written looks like this; if it is to have no lines, write a comment";
                Diagnostic::error(self.to_string()).help(help).render(colour)
            }
            other => Diagnostic::error(other.to_string()).render(colour),
        }
    }
}
