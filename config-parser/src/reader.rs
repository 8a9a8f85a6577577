//! Reads a configuration.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::declare::Declarer;
use crate::expand::Expander;
use crate::expand::files::Files;
use crate::expand::variables::Variables;
use crate::report::Report;
use crate::report::finding::Severity;
use crate::report::source::Sources;
use crate::resolve::config::{Config, host_names};
use crate::resolve::lint::lint;
use crate::schema::Schema;
use crate::syntax::limits::ReadLimits;

/// Reads configurations for one schema.
///
/// ```
/// use samovar_config::{Address, Key, List, Reader, MemoryFiles, Schema};
///
/// const LISTEN: Key<List<Address>> = Key::address("Listen", "[address:]port").list();
///
/// let reader = Reader::new(Schema::new([LISTEN.into()])).define("PORT=8080");
/// let files = MemoryFiles::new().file("/etc/tea.conf", "Listen ${PORT}\nListne 8081\n");
///
/// let report = reader.read(&files, "/etc/tea.conf").unwrap_err();
/// assert_eq!(report.to_string(), "\
/// error[E010 unknown-directive]: there is no directive `Listne`
///  --> /etc/tea.conf:2:1
///   |
/// 2 | Listne 8081
///   | ^^^^^^
///   |
///   = help: did you mean `Listen`?
///
/// ");
/// ```
#[derive(Debug, Clone)]
pub struct Reader {
    schema: Arc<Schema>,
    variables: Variables,
    modules: BTreeSet<String>,
    root: Option<PathBuf>,
    limits: ReadLimits,
}

/// A configuration without errors, and the warnings about it.
#[derive(Debug)]
pub struct Loaded {
    /// The configuration.
    pub config: Config,
    /// Warnings, and the texts that were read.
    pub report: Report,
}

impl Reader {
    /// Makes a reader for these directives.
    #[must_use]
    pub fn new(schema: impl Into<Arc<Schema>>) -> Self {
        let (variables, modules) = (Variables::default(), BTreeSet::new());
        Self { schema: schema.into(), variables, modules, root: None, limits: ReadLimits::default() }
    }

    /// Defines a name before the first line is read, as `-D NAME` or `-D NAME=value` do for httpd.
    #[must_use]
    pub fn define(mut self, definition: &str) -> Self {
        match definition.split_once('=') {
            Some((name, value)) => self.variables.define(name, Some(value.to_owned())),
            None => self.variables.define(definition, None),
        }
        self
    }

    /// Adds a module: `<IfModule name>` is true for its name.
    #[must_use]
    pub fn module(mut self, name: impl Into<String>) -> Self {
        self.modules.insert(name.into());
        self
    }

    /// Sets the directory that relative includes and directories are joined to, until a `ServerRoot` names another one. The
    /// default is the directory of the first file.
    #[must_use]
    pub fn server_root(mut self, root: impl Into<PathBuf>) -> Self {
        self.root = Some(root.into());
        self
    }

    /// Sets other limits.
    #[must_use]
    pub fn limits(mut self, limits: ReadLimits) -> Self {
        self.limits = limits;
        self
    }

    /// Reads the file at `path` and all files that it includes.
    ///
    /// If the configuration has relative directories, the path must be absolute: they are joined to it, and compared with
    /// absolute paths.
    ///
    /// # Errors
    /// If there is any error. The report has every error and warning.
    pub fn read(&self, files: &dyn Files, path: impl AsRef<Path>) -> Result<Loaded, Box<Report>> {
        let path = path.as_ref();
        let root = self.root.as_deref().or_else(|| path.parent()).unwrap_or(Path::new(""));
        let mut expander = Expander {
            files,
            limits: self.limits,
            variables: self.variables.clone(),
            modules: self.modules.clone(),
            root: root.to_owned(),
            sources: Sources::default(),
            findings: Vec::new(),
            chain: Vec::new(),
            bytes: 0,
            told_too_many: false,
        };
        let items = expander.first(path);
        let Expander { root, sources, mut findings, .. } = expander;
        let (schema, sources_read) = (self.schema.as_ref(), &sources);
        let mut declarer = Declarer { schema, sources: sources_read, root: &root, findings: Vec::new() };
        let declared = declarer.server(&items, path.to_string_lossy().into());
        findings.append(&mut declarer.findings);
        findings.extend(lint(&self.schema, &declared, &|host| host_names(&self.schema, host)));
        let report = Report::new(sources, findings);
        if report.findings().iter().any(|found| found.severity() == Severity::Error) {
            return Err(Box::new(report));
        }
        Ok(Loaded { config: Config::new(Arc::clone(&self.schema), declared), report })
    }
}
