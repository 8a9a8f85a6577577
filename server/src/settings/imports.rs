//! The lines of `RhaiImport`.

use std::{path::PathBuf, sync::Arc};

use samovar_config::{Line, Resolved, Setting};

use super::{directives::IMPORT, directories::document_root, read::Opened, values::Import};

/// A line of `RhaiImport` with what holds for the host in which it stands.
pub(crate) struct ImportLine {
    pub(crate) line: Arc<Setting>,
    pub(crate) module: String,
    pub(crate) interpreter: String,
    pub(crate) directory: PathBuf,
    pub(crate) settings: Arc<Resolved>,
}

/// The lines of `RhaiImport` in their order, each with the document root of its host.
pub(crate) fn imports(opened: &Opened) -> Vec<ImportLine> {
    let config = &opened.loaded.config;
    let inherited = config.main().settings().lines(IMPORT).count();
    let mut found = Vec::new();
    for host in std::iter::once(config.main()).chain(config.hosts()) {
        let settings = host.settings();
        let skipped = if host.index().is_some() { inherited } else { 0 };
        let directory = document_root(&opened.root, &settings);
        let line = |line: Line<'_, Import>| ImportLine {
            line: line.setting().clone(),
            module: line.value().module.clone(),
            interpreter: line.value().interpreter.clone(),
            directory: directory.clone(),
            settings: settings.clone(),
        };
        found.extend(settings.lines(IMPORT).skip(skipped).map(line));
    }
    found
}
