//! What watchers tell.

use std::path::{Path, PathBuf};

/// What a watcher has noticed. Hints, not truth: whoever looks compares content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Signal {
    /// The file is being written, and not done yet.
    Writing(PathBuf),
    /// Something is complete under this name: closed after writing, renamed into place, linked, removed.
    Complete(PathBuf),
    /// A directory or a link has come into place: files may read otherwise under names that no event tells.
    Moved(PathBuf),
    /// Events were lost: look everywhere.
    Lost,
    /// A directory that has come cannot be watched, for this reason: what happens in it is found at the tick.
    Unwatched(String),
}

/// What editors and version control leave beside the files they change. `..data` is what a ConfigMap switches.
pub(super) fn is_noise(path: &Path) -> bool {
    let hidden = |name: &str| name.starts_with('.') && !name.starts_with("..");
    let names = path.iter().filter_map(|name| name.to_str());
    let file = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    // 4913 is the file with which vim finds out whether it may write into a directory.
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
