//! One import: its name, its importer, its scope and its options.

use std::path::PathBuf;

use super::{importer::Importer, scope::Scope};

/// The second argument of `import_module(name, #{..})`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImportOptions {
    /// Whether the module may be reloaded. `None`: as the scope says (R38).
    pub autoreload: Option<bool>,
    /// Whether the import is logged. `None`: as the scope says (R52).
    pub log: Option<bool>,
    /// Directories that are searched before all others (R8).
    pub path: Vec<PathBuf>,
}

/// Everything that decides which module an import means.
#[derive(Clone, Copy)]
pub(crate) struct Import<'a> {
    pub(crate) name: &'a str,
    /// The importing module; `None` for a handler, or for an import by the host.
    pub(crate) importer: Option<&'a Importer>,
    pub(crate) scope: &'a Scope,
    pub(crate) options: &'a ImportOptions,
}
