//! Reads a configuration: from a directory, or from a configuration file.

use std::{
    fmt::Write as _,
    path::{Path, PathBuf},
};

use samovar_config::{DiskFiles, Files, Loaded, MemoryFiles, Reader};

use super::{directives::schema, texts::Texts};
use crate::error::OpenError;

/// A configuration that was read, and where its paths start.
pub(crate) struct Opened {
    pub(crate) loaded: Loaded,
    /// Where relative paths start, unless `ServerRoot` says otherwise.
    pub(crate) root: PathBuf,
    /// Is there a configuration at all? A directory may have none.
    pub(crate) is_configured: bool,
}

/// The texts of a reading, whether or not it can be used.
pub(crate) fn texts(opened: &Result<Opened, OpenError>) -> Option<Texts> {
    match opened {
        Ok(opened) => Some(Texts::of(&opened.loaded.report)),
        Err(OpenError::Configuration(report)) => Some(Texts::of(report)),
        Err(_) => None,
    }
}

/// The name of the configuration in a directory.
pub(crate) const NAME: &str = "samovar.conf";

/// Reads what a path names: a directory with or without `samovar.conf`, or a configuration file.
pub(crate) fn read(path: &Path, defines: &[String]) -> Result<Opened, OpenError> {
    let reason = |reason| OpenError::Path { path: path.to_path_buf(), reason };
    let absolute = std::path::absolute(path).map_err(reason)?;
    let is_directory = absolute.metadata().map_err(reason)?.is_dir();
    let file = if is_directory { absolute.join(NAME) } else { absolute.clone() };
    // A configuration is absent only if it certainly does not exist. One that cannot be reached, or a link that leads
    // nowhere, is an error.
    let is_configured = !is_directory || !is_absent(&file);
    let root = file.parent().unwrap_or(Path::new("/")).to_path_buf();
    let reader = defines
        .iter()
        .fold(Reader::new(schema()).module("rhai_module").module("mod_rhai.c"), |reader, it| reader.define(it));
    let loaded = if !is_directory && !file.is_file() {
        return Err(reason(std::io::Error::other("neither a directory nor a configuration file")));
    } else if file.extension().is_some_and(|extension| extension == "rhai") {
        return Err(OpenError::Script(path.to_path_buf()));
    } else if is_configured {
        load(&reader.server_root(&root), &DiskFiles, &file)?
    } else {
        let name = absolute.join("(no samovar.conf)");
        load(&reader, &MemoryFiles::new().file(&name, directory_mode(&absolute)), &name)?
    };
    Ok(Opened { loaded, root, is_configured })
}

/// As [`read`], with the texts of the configuration `before`: the new one may not be missing, and none of its files may
/// have become empty, since a checkout or a copy leaves both for a moment.
pub(crate) fn read_again(path: &Path, defines: &[String], before: Option<&Texts>) -> Result<Opened, OpenError> {
    let opened = read(path, defines)?;
    let Some(before) = before else { return Ok(opened) };
    if !opened.is_configured {
        return Err(OpenError::Gone(path.join(NAME)));
    }
    match Texts::of(&opened.loaded.report).emptied(before) {
        Some(path) => Err(OpenError::Emptied(path.to_path_buf())),
        None => Ok(opened),
    }
}

fn is_absent(file: &Path) -> bool {
    file.symlink_metadata().is_err_and(|error| error.kind() == std::io::ErrorKind::NotFound)
}

fn load(reader: &Reader, files: &dyn Files, file: &Path) -> Result<Loaded, OpenError> {
    reader.read(files, file).map_err(OpenError::Configuration)
}

/// The configuration of a directory that has none.
fn directory_mode(directory: &Path) -> String {
    let mut quoted = String::new();
    for character in directory.to_string_lossy().chars() {
        let escape = if matches!(character, '"' | '\\') { "\\" } else { "" };
        let _ = write!(quoted, "{escape}{character}");
    }
    format!("DocumentRoot \"{quoted}\"\nSetHandler rhai\n")
}
