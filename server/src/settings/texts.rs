//! The texts of a configuration: which files to watch, which are private, and which may not become empty.

use std::path::{Path, PathBuf};

use samovar_config::Report;

/// The texts of which a configuration was made.
#[derive(Clone, Default)]
pub(crate) struct Texts {
    /// By file, in the order in which they were read.
    files: Vec<(PathBuf, String)>,
    /// Files that were looked for, whether or not they exist.
    asked: Vec<PathBuf>,
}

/// Two configurations are equal if the same texts were read.
impl PartialEq for Texts {
    fn eq(&self, other: &Self) -> bool {
        self.files == other.files
    }
}

impl Texts {
    pub(crate) fn of(report: &Report) -> Self {
        let text = |source: &samovar_config::SourceFile| (source.path().to_path_buf(), source.text().to_owned());
        let sources = report.sources();
        let asked = sources.asked().map(Path::to_path_buf).collect();
        Self { files: sources.iter().map(text).collect(), asked }
    }

    /// The files that were read.
    pub(crate) fn paths(&self) -> impl Iterator<Item = &Path> {
        self.files.iter().map(|(path, _)| &**path)
    }

    /// Files whose change would change the configuration.
    pub(crate) fn watched(&self) -> impl Iterator<Item = &Path> {
        self.paths().chain(self.asked.iter().map(PathBuf::as_path))
    }

    /// A file that had lines `before`, and has none now.
    pub(crate) fn emptied(&self, before: &Self) -> Option<&Path> {
        let had_lines = |path: &Path| before.files.iter().any(|(known, text)| known == path && !text.trim().is_empty());
        self.files
            .iter()
            .filter(|(_, text)| text.trim().is_empty())
            .map(|(path, _)| &**path)
            .find(|path| had_lines(path))
    }
}
