//! An import, as it is made.

use std::path::PathBuf;

use super::{importer::Importer, scope::Scope};

/// The second argument of `import_module(name, #{..})`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImportOptions {
    /// May the module be reloaded? `None`: as the scope says (R38).
    pub autoreload: Option<bool>,
    /// Is the import told to the log? `None`: as the scope says (R52).
    pub log: Option<bool>,
    /// Directories searched before all others (R8).
    pub path: Vec<PathBuf>,
}

/// What decides where an import leads.
#[derive(Clone, Copy)]
pub(crate) struct Import<'a> {
    pub(crate) name: &'a str,
    /// Who imports; `None` for a handler, or what the host asks for.
    pub(crate) importer: Option<&'a Importer>,
    pub(crate) scope: &'a Scope,
    pub(crate) options: &'a ImportOptions,
}
