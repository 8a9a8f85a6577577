//! The files and directories that URLs can lead to.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use crate::routing::hidden::is_hidden;

/// The scripts in a directory and below it, or all files, without those in hidden directories.
pub(super) fn files_below(directory: &Path, all: bool) -> Vec<PathBuf> {
    let is_wanted = |path: &PathBuf| all || path.extension().is_some_and(|extension| extension == "rhai");
    let entries = directories_below(directory).into_iter().flat_map(|directory| entries(&directory));
    let files = entries.filter(|(path, found)| found.is_file() && is_wanted(path));
    let mut files: Vec<_> = files.map(|(path, _)| path).collect();
    files.sort();
    files
}

/// A directory and those below it that are not hidden; follows links.
pub(super) fn directories_below(directory: &Path) -> Vec<PathBuf> {
    let (mut found, mut todo, mut seen) = (Vec::new(), vec![directory.to_path_buf()], BTreeSet::new());
    while let Some(directory) = todo.pop() {
        // A link may lead to a directory that contains it.
        if !directory.canonicalize().is_ok_and(|real| seen.insert(real)) {
            continue;
        }
        let is_open = |path: &Path| path.file_name().is_some_and(|name| !is_hidden(&name.to_string_lossy()));
        todo.extend(entries(&directory).filter(|(path, it)| it.is_dir() && is_open(path)).map(|(path, _)| path));
        found.push(directory);
    }
    found
}

fn entries(directory: &Path) -> impl Iterator<Item = (PathBuf, std::fs::Metadata)> + use<> {
    let entries = directory.read_dir().into_iter().flatten().filter_map(Result::ok);
    entries.filter_map(|entry| Some((entry.path(), entry.path().metadata().ok()?)))
}
