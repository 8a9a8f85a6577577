//! Where the server keeps what outlives it, and how much.

use std::path::{Path, PathBuf};

use samovar_config::Setting;
use samovar_importer::Bounds;

use super::{
    directives::{HISTORY, STATE_DIRECTORY},
    directories::{document_root, path_in, real, server_root},
    origin::origin,
    read::Opened,
};
use crate::error::OpenError;

/// Where histories are kept, and how much of each.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct State {
    /// Absolute.
    pub(crate) directory: PathBuf,
    pub(crate) bounds: Bounds,
}

impl State {
    /// What the configuration says, or the directory that was `chosen` in its place. `None`: nothing is kept.
    ///
    /// # Errors
    /// URLs lead into the directory, or it holds what they lead into.
    pub(crate) fn of(opened: &Opened, chosen: Option<&Path>) -> Result<Option<Self>, OpenError> {
        let Some((directory, origin)) = directory(opened, chosen) else { return Ok(None) };
        if let Some(root) = served(opened, &directory) {
            return Err(OpenError::StateDirectory { path: directory, origin, root });
        }
        let bounds = opened.loaded.config.main().settings().get(HISTORY);
        Ok(Some(Self { directory, bounds }))
    }

    /// The directory for the history of an interpreter. Interpreters may be named after directories.
    pub(crate) fn of_interpreter(&self, name: &str) -> PathBuf {
        self.directory.join("interpreters").join(file_name(name))
    }
}

/// The directory, and where it is said.
fn directory(opened: &Opened, chosen: Option<&Path>) -> Option<(PathBuf, String)> {
    if let Some(chosen) = chosen {
        return Some((samovar_importer::normalize(chosen), "--state or SAMOVAR_STATE".to_owned()));
    }
    let line = opened.loaded.config.lines(STATE_DIRECTORY).last()?;
    let root = server_root(&opened.root, &opened.loaded.config.main().settings());
    Some((path_in(&root, line.value()), origin(line.setting())))
}

/// The directory that the configuration names.
pub(crate) fn configured(opened: &Opened) -> Option<PathBuf> {
    directory(opened, None).map(|(directory, _)| directory)
}

/// The line of the configuration that names the directory, if URLs lead into that or it holds what they lead into: that
/// document root.
pub(crate) fn configured_and_served(opened: &Opened) -> Option<(&Setting, PathBuf)> {
    let (directory, _) = directory(opened, None)?;
    let line = opened.loaded.config.lines(STATE_DIRECTORY).last()?.setting();
    Some((line, served(opened, &directory)?))
}

fn served(opened: &Opened, directory: &Path) -> Option<PathBuf> {
    let config = &opened.loaded.config;
    let directory = real(directory);
    let mut roots =
        std::iter::once(config.main()).chain(config.hosts()).map(|host| document_root(&opened.root, &host.settings()));
    roots.find(|root| {
        let root = real(root);
        directory.starts_with(&root) || root.starts_with(&directory)
    })
}

/// A name as one of a file: what is not a letter, a digit, `-`, `_` or `.` is written as `%` and two hexadecimal digits.
/// Of two names that differ, the files differ.
fn file_name(name: &str) -> String {
    /// Most file systems take 255 bytes.
    const LONGEST: usize = 200;
    let mut file = String::new();
    for byte in name.bytes() {
        match byte {
            b'.' if file.is_empty() => file.push_str("%2E"),
            b'.' | b'-' | b'_' | b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' => file.push(char::from(byte)),
            other => file.push_str(&format!("%{other:02X}")),
        }
    }
    if file.len() > LONGEST {
        // `~` is in no other name.
        file.truncate(LONGEST / 2);
        file.push_str(&format!("~{}", samovar_importer::ContentHash::of(name.as_bytes())));
    }
    file
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interpreters_have_directories_of_their_own_whatever_they_are_called() {
        assert_eq!(file_name("main"), "main");
        assert_eq!(file_name("www.example.com"), "www.example.com");
        assert_eq!(file_name("/srv/größe"), "%2Fsrv%2Fgr%C3%B6%C3%9Fe");
        assert_eq!(file_name(".."), "%2E.");
        let [long, other] = ["x", "y"].map(|end| file_name(&format!("{}{end}", "/a".repeat(200))));
        assert!(long != other && long.len() < 255 && other.len() < 255, "{long}");
    }

    #[test]
    fn a_path_is_followed_as_far_as_it_is_there() {
        let directory = tempfile::tempdir().expect("a directory");
        let root = directory.path().canonicalize().expect("it is there");
        std::fs::create_dir(root.join("real")).expect("a directory");
        std::os::unix::fs::symlink(root.join("real"), root.join("link")).expect("a link");
        assert_eq!(real(&root.join("link/not/there")), root.join("real/not/there"));
        assert_eq!(real(&root.join("link")), root.join("real"));
    }
}
