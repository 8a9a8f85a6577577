//! The signals of watchers.

use std::path::{Path, PathBuf};

/// What a watcher has noticed. A signal is a hint: the content decides whether something changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Signal {
    /// The file is being written and is not complete yet.
    Writing(PathBuf),
    /// The file with this name is complete: closed after writing, renamed into place, linked, or removed.
    Complete(PathBuf),
    /// A directory or a link has appeared: names below it may lead to other files without any event.
    Moved(PathBuf),
    /// Events were lost: look everywhere.
    Lost,
    /// A new directory cannot be watched, for this reason. Changes in it are found at the tick.
    Unwatched(String),
}

/// Returns whether the file is one that editors and version control leave beside the files they change. `..data` is
/// not: Kubernetes switches it in a ConfigMap.
pub(super) fn is_noise(path: &Path) -> bool {
    let hidden = |name: &str| name.starts_with('.') && !name.starts_with("..");
    let names = path.iter().filter_map(|name| name.to_str());
    let file = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    // vim writes a file 4913 to find out whether it may write into a directory.
    names.clone().any(|name| name == ".git" || name == ".hg" || name == ".svn")
        || hidden(file)
        || file.ends_with('~')
        || file.ends_with(".swp")
        || file.ends_with(".swx")
        || file == "4913"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn editors_and_version_control_are_ignored() {
        for noise in ["/s/.hg/x", "/s/.git/x", "/s/.svn/x", "/s/.h", "/s/h~", "/s/h.swp", "/s/h.swx", "/s/4913"] {
            assert!(is_noise(Path::new(noise)), "{noise}");
        }
        for file in ["/s/h.rhai", "/s/git/x", "/s/h.swp.rhai", "/s/4913.rhai", "/.s/h.rhai", "/s/~h", "/s/..data"] {
            assert!(!is_noise(Path::new(file)), "{file}");
        }
    }
}
