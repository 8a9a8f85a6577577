//! The directories that a configuration names: where relative paths start, where URLs lead, and where modules come from.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use samovar_config::{Line, Resolved, SectionKind, Setting};

use super::{
    directives::{DOCUMENT_ROOT, OPTION, PATH, SERVER_ROOT, SET_HANDLER},
    origin::origin,
    phase::Phase,
    read::Opened,
    values::Kind,
};
use crate::error::OpenError;

/// All directories that modules may come from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Roots {
    /// Changes in them are looked for.
    pub(crate) watched: BTreeSet<PathBuf>,
    /// What comes from them is loaded once.
    pub(crate) library: BTreeSet<PathBuf>,
}

impl Roots {
    pub(crate) fn all(&self) -> BTreeSet<PathBuf> {
        self.watched.union(&self.library).cloned().collect()
    }

    pub(crate) fn union(&self, other: &Self) -> Self {
        let both = |a: &BTreeSet<PathBuf>, b| a.union(b).cloned().collect();
        Self { watched: both(&self.watched, &other.watched), library: both(&self.library, &other.library) }
    }
}

/// A path of the configuration, which starts at the server root unless it is absolute.
pub(crate) fn path_in(root: &Path, text: &str) -> PathBuf {
    samovar_importer::normalize(&root.join(text))
}

/// A path without links, as far as it is there.
pub(crate) fn real(path: &Path) -> PathBuf {
    for there in path.ancestors() {
        if let (Ok(real), Ok(rest)) = (there.canonicalize(), path.strip_prefix(there)) {
            return if rest.as_os_str().is_empty() { real } else { real.join(rest) };
        }
    }
    path.to_path_buf()
}

/// The directory at which relative paths of a configuration start; without `ServerRoot` that of its first file.
pub(crate) fn server_root(opened_root: &Path, settings: &Resolved) -> PathBuf {
    settings.get(SERVER_ROOT).map_or_else(|| opened_root.to_path_buf(), |text| path_in(opened_root, text))
}

/// The document root of a host.
pub(crate) fn document_root(opened_root: &Path, settings: &Resolved) -> PathBuf {
    let server_root = server_root(opened_root, settings);
    settings.get(DOCUMENT_ROOT).map_or(server_root.clone(), |text| path_in(&server_root, text))
}

/// All directories of a configuration that modules may come from.
pub(crate) fn roots(opened: &Opened) -> Result<Roots, OpenError> {
    let config = &opened.loaded.config;
    for host in std::iter::once(config.main()).chain(config.hosts()) {
        let settings = host.settings();
        let directory = document_root(&opened.root, &settings);
        if !directory.is_dir() {
            let origin = settings.line(DOCUMENT_ROOT).map(|line| origin(&line)).unwrap_or_default();
            return Err(OpenError::Directory { path: directory, origin });
        }
    }
    Ok(declared_roots(opened))
}

/// As [`roots`], whether or not they are there.
pub(crate) fn declared_roots(opened: &Opened) -> Roots {
    let config = &opened.loaded.config;
    let mut roots = Roots::default();
    for host in std::iter::once(config.main()).chain(config.hosts()) {
        roots.watched.insert(document_root(&opened.root, &host.settings()));
    }
    let server_root = server_root(&opened.root, &config.main().settings());
    // A handler's module is searched in the directory of its section.
    let phases = Phase::ALL.into_iter().flat_map(|phase| config.lines(phase.directive()).map(Line::setting));
    let scripts = config.lines(SET_HANDLER).filter(|line| line.value() == Kind::Scripts).map(Line::setting);
    roots.watched.extend(phases.chain(scripts).filter_map(|line| section_directory(line, &server_root)));
    let handler_roots = roots.watched.clone();
    // `~` is each of them in turn; `~/..` may lead out of all of them.
    let absolute = |path: PathBuf| -> Vec<PathBuf> {
        match path.strip_prefix("~") {
            Ok(rest) => handler_roots.iter().map(|root| samovar_importer::normalize(&root.join(rest))).collect(),
            Err(_) => vec![path],
        }
    };
    let (path, library) = searched(opened);
    roots.watched.extend(path.into_iter().flat_map(absolute));
    roots.library.extend(library.into_iter().flat_map(absolute));
    roots
}

/// The option that says where modules are searched.
pub(crate) const IMPORTER_PATH: &str = "importer.path";

/// The directories of `importer.path`, in order.
pub(crate) fn search_path<'t>(server_root: &'t Path, list: &'t str) -> impl Iterator<Item = PathBuf> + 't {
    list.split(':').filter(|part| !part.is_empty()).map(move |part| directory_in(server_root, part))
}

/// A directory of `importer.path` or `RhaiPath`: relative ones start at the server root, `~` is the handler root.
pub(crate) fn directory_in(server_root: &Path, text: &str) -> PathBuf {
    if text == "~" || text.starts_with("~/") { PathBuf::from(text) } else { path_in(server_root, text) }
}

/// The directory of the section in which a line stands.
fn section_directory(setting: &Setting, server_root: &Path) -> Option<PathBuf> {
    let section = setting.origin().section()?.directory()?;
    if let Some(directory) = section.literal() {
        return Some(PathBuf::from(directory));
    }
    // What a pattern names is not known before the first request; its fixed beginning is.
    let pattern = section.argument().trim_matches(['"', '\'']);
    let fixed = pattern.split(['*', '?', '[']).next()?.rsplit_once('/').map_or("", |(start, _)| start);
    let is_regex = section.kind() == Some(SectionKind::DirectoryMatch) || pattern.starts_with('~');
    let anywhere = fixed.is_empty() && pattern.starts_with('/');
    (!is_regex && !anywhere).then(|| path_in(server_root, fixed))
}

/// Directories in which the modules of the whole configuration are searched: more than any one place has, so that what
/// is not found is nowhere.
pub(crate) fn searched(opened: &Opened) -> (Vec<PathBuf>, Vec<PathBuf>) {
    let config = &opened.loaded.config;
    let root = server_root(&opened.root, &config.main().settings());
    let lists = config.lines(OPTION).filter(|line| line.key() == Some(IMPORTER_PATH)).map(Line::value);
    let path = lists.flat_map(|list| search_path(&root, list)).collect();
    let directories = config.lines(PATH).flat_map(Line::value);
    let library = directories.map(|directory| directory_in(&root, directory)).collect();
    (path, library)
}
