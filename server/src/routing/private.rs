//! Private files, which belong to the server itself and are never served, whatever their names: its configuration, its
//! logs with those that were rotated away, and its control socket.
//!
//! A file is known by its path, with and without links, and by its identity, so that no other link leads to it. The
//! caller passes the metadata: asking here reads nothing from the disk.

use std::{
    collections::HashSet,
    fs::Metadata,
    path::{Path, PathBuf},
};

use samovar_config::{Config, Setting};

use crate::{
    identity::identity,
    settings::{
        directives::{CONTROL_SOCKET, CUSTOM_LOG, ERROR_LOG},
        directories::{path_in, real, server_root},
        texts::Texts,
    },
};

/// The private files while one configuration holds.
#[derive(Clone, Default)]
pub(crate) struct Private {
    paths: HashSet<PathBuf>,
    files: HashSet<(u64, u64)>,
    /// Log files; beside them are those that were rotated away.
    logs: Vec<PathBuf>,
    /// The state directory, with the texts of scripts: nothing in it is served.
    state: Option<PathBuf>,
}

impl Private {
    /// The files of `texts`, and those that the configuration names. The log files are there already.
    pub(crate) fn new(texts: &Texts, config: &Config, opened_root: &Path, state: Option<&Path>) -> Self {
        let mut private = Self { state: state.map(real), ..Self::default() };
        private.add(texts);
        for NamedFile { path, is_log, .. } in named(config, opened_root) {
            private.hide(&path);
            if is_log {
                private.logs.extend([real(&path), path]);
            }
        }
        private
    }

    /// Hides further files that were read as configuration.
    pub(crate) fn add(&mut self, texts: &Texts) {
        texts.paths().for_each(|path| self.hide(path));
    }

    fn hide(&mut self, path: &Path) {
        // Systems without identities give all files the same one.
        let file = path.metadata().ok().map(|found| identity(&found)).filter(|file| *file != (0, 0));
        self.files.extend(file);
        self.paths.extend([real(path), path.to_path_buf()]);
    }

    /// Is the path that of a private file, whether or not it is there?
    pub(crate) fn names(&self, path: &Path) -> bool {
        self.paths.contains(path) || self.is_state(path)
    }

    fn is_state(&self, path: &Path) -> bool {
        self.state.as_ref().is_some_and(|state| path.starts_with(state))
    }

    /// Is it a private file?
    pub(crate) fn hides(&self, path: &Path, found: &Metadata) -> bool {
        self.files.contains(&identity(found))
            || self.paths.contains(path)
            || self.is_state(path)
            || self.logs.iter().any(|log| is_rotated(path, log))
    }
}

/// The lines that name a private file.
pub(crate) fn named<'c>(config: &'c Config, opened_root: &Path) -> Vec<NamedFile<'c>> {
    let root = server_root(opened_root, &config.main().settings());
    let file = |line, file: &str, is_log| NamedFile { line, path: path_in(&root, file), is_log };
    let error_logs = config.lines(ERROR_LOG).map(|line| file(line.setting(), line.value(), true));
    let access_logs = config.lines(CUSTOM_LOG).map(|line| file(line.setting(), &line.value().file, true));
    let sockets = config.lines(CONTROL_SOCKET).map(|line| file(line.setting(), line.value(), false));
    error_logs.chain(access_logs).chain(sockets).collect()
}

/// A private file that a line names.
pub(crate) struct NamedFile<'c> {
    pub(crate) line: &'c Setting,
    pub(crate) path: PathBuf,
    /// Is it a log, and not the control socket?
    pub(crate) is_log: bool,
}

/// Is it what a log was renamed to: `access.log.1`, `access.log-20260101.gz`?
fn is_rotated(path: &Path, log: &Path) -> bool {
    let name = |path: &Path| path.file_name().map(|name| name.as_encoded_bytes().to_owned());
    path.parent() == log.parent()
        && matches!((name(path), name(log)), (Some(path), Some(log)) if path.strip_prefix(&*log).is_some_and(|rest| matches!(rest.first(), Some(b'.' | b'-' | b'_'))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_log_was_renamed_to_is_known_by_its_name() {
        for (path, rotated) in [
            ("/l/access.log.1", true),
            ("/l/access.log.2.gz", true),
            ("/l/access.log-20260101", true),
            ("/l/access.log", false),
            ("/l/access.logic", false),
            ("/l/access", false),
            ("/m/access.log.1", false),
        ] {
            assert_eq!(is_rotated(Path::new(path), Path::new("/l/access.log")), rotated, "{path}");
        }
    }
}
