//! What an import may ask for, beside the name.

use std::path::PathBuf;

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
