//! What the configuration says for a request, read once for each combination of sections.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use papaya::HashMap;
use samovar_config::{Host, Origin, Resolved, Setting};
use samovar_importer::{ImportError, Scope};
use samovar_rhai::{Handler, Interpreter};

/// Who answers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    Scripts,
    Files,
    Nobody,
}

/// The settings of one combination of sections, as values.
pub(crate) struct Policy {
    pub(crate) kind: Kind,
    pub(crate) debug: bool,
    pub(crate) body_limit: u64,
    pub(crate) timeout: Duration,
    time: Duration,
    pub(crate) interpreter: Interpreter,
    document_root: PathBuf,
    /// By handler root.
    scopes: HashMap<PathBuf, Arc<Scope>>,
    /// By module and handler root.
    handlers: HashMap<(String, PathBuf), Handler>,
    resolved: Arc<Resolved>,
}

impl Policy {
    pub(crate) fn new(resolved: Arc<Resolved>, interpreter: Interpreter, document_root: &Path) -> Self {
        let milliseconds = resolved.key("RhaiLimit", "time").and_then(|line| line.arguments().get(1)?.integer());
        Self {
            kind: kind(&resolved),
            debug: resolved.flag("RhaiDebug"),
            body_limit: resolved.integer("LimitRequestBody").filter(|limit| *limit > 0).unwrap_or(u64::MAX),
            timeout: resolved.duration("Timeout").unwrap_or(Duration::from_secs(60)),
            time: milliseconds.map_or(samovar_rhai::TIME, Duration::from_millis),
            interpreter,
            document_root: document_root.to_path_buf(),
            scopes: HashMap::new(),
            handlers: HashMap::new(),
            resolved,
        }
    }

    /// The handler that `RhaiHandler` names for a file.
    pub(crate) fn named_handler(&self, file: &Path) -> Option<Result<Handler, ImportError>> {
        let name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let fits = |(extension, _): &(&str, &Setting)| extension.is_empty() || name.ends_with(extension);
        // A line for the extension is more exact than one for all files.
        let (_, line) = self.resolved.keyed("RhaiHandler").filter(fits).max_by_key(|(extension, _)| extension.len())?;
        let directory = self.handler_root(line, file);
        Some(self.handler(line.text()?, &directory, Path::new("~")))
    }

    /// The handler in a script that the URL names.
    pub(crate) fn script(&self, file: &Path) -> Result<Handler, ImportError> {
        let root = match self.resolved.get("SetHandler") {
            Some(line) => self.handler_root(line, file),
            None => self.document_root.clone(),
        };
        self.handler(&file.to_string_lossy(), &root, Path::new("/"))
    }

    fn handler(&self, module: &str, root: &Path, directory: &Path) -> Result<Handler, ImportError> {
        let key = (module.to_owned(), root.to_path_buf());
        let handlers = self.handlers.pin();
        // A module whose file is gone is dropped one day; then the file system must say anew what the name means.
        if let Some(handler) = handlers.get(&key).filter(|handler| handler.is_loaded()) {
            return Ok(handler.clone());
        }
        let handler = self.interpreter.handler_in(&self.scope(root), module, directory)?.time(self.time);
        handlers.insert(key, handler.clone());
        Ok(handler)
    }

    /// The policy of imports, with this directory as handler root.
    fn scope(&self, root: &Path) -> Arc<Scope> {
        let resolved = &self.resolved;
        let make = || {
            let option = resolved.key("RhaiOption", "importer.path").and_then(|line| line.texts().nth(1));
            let directories = option.unwrap_or_default().split(':').filter(|part| !part.is_empty());
            let origin = resolved.get("RhaiAutoReload").map(origin).unwrap_or_default();
            let scope = Scope::new(origin).handler_root(root).path(directories.map(PathBuf::from));
            let scope = scope.library(resolved.texts("RhaiPath").map(PathBuf::from));
            Arc::new(scope.autoreload(resolved.flag("RhaiAutoReload")).log(resolved.flag("RhaiDebug")))
        };
        self.scopes.pin().get_or_insert_with(root.to_path_buf(), make).clone()
    }

    /// The handler root: the directory of the section that named the handler; for locations, hosts and the server the
    /// document root.
    fn handler_root(&self, line: &Setting, file: &Path) -> PathBuf {
        let Origin::Line { scope, .. } = line.origin() else { return self.document_root.clone() };
        let directory = scope.directory_in(file.to_str().unwrap_or_default());
        directory.map_or_else(|| self.document_root.clone(), PathBuf::from)
    }
}

/// `RhaiHandler` without `SetHandler` means scripts: nobody names a handler that is not to answer.
fn kind(resolved: &Resolved) -> Kind {
    let named = resolved.keyed("RhaiHandler").next().is_some();
    let setting = resolved.get("SetHandler");
    let is_default = setting.is_none_or(|setting| matches!(setting.origin(), Origin::Default));
    match setting.and_then(Setting::text) {
        _ if is_default && named => Kind::Scripts,
        Some(text) if text.eq_ignore_ascii_case("rhai") => Kind::Scripts,
        Some(text) if text.eq_ignore_ascii_case("none") => Kind::Nobody,
        _ => Kind::Files,
    }
}

/// `file:line` of a setting.
pub(crate) fn origin(line: &Setting) -> String {
    match line.origin() {
        Origin::Default => format!("the default of {}", line.directive()),
        Origin::Line { file, line, .. } => format!("{file}:{line}"),
    }
}

/// The interpreter of the main server.
pub(crate) const MAIN: &str = "main";

/// The name of the interpreter that a request gets.
pub(crate) fn interpreter_name(resolved: &Resolved, host: &Host<'_>) -> String {
    let chosen = resolved.text("RhaiInterpreter").map(str::to_owned);
    let is_virtual = !host.addresses().is_empty();
    chosen
        .or_else(|| resolved.text("ServerName").filter(|_| is_virtual).map(str::to_owned))
        .unwrap_or_else(|| MAIN.into())
}
