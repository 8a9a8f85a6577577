//! What the configuration says for a request, read once for each combination of sections.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{Arc, Weak},
    time::Duration,
};

use papaya::HashMap;
use samovar_config::Resolved;
use samovar_importer::{Diagnostic, ImportError, Scope};
use samovar_rhai::{Handler, Interpreter, Limits};

use crate::{
    error::OpenError,
    logs::file::LogFile,
    request::terms::Terms,
    settings::{
        directives::{DEBUG, LIMIT_REQUEST_BODY, LOG_LEVEL, OPTION, SET_HANDLER, TIMEOUT},
        limits,
        phase::Phase,
        policy::{Naming, Place, added, added_kind, kind, naming, scope},
        values::Kind,
    },
    site::interpreters::Interpreters,
};

/// The settings of one combination of sections, as values.
pub(crate) struct Policy {
    kind: Kind,
    /// By extension, of `AddHandler`; without effect where `SetHandler` speaks for all files.
    added: Vec<(Box<str>, Kind)>,
    pub(crate) terms: Arc<Terms>,
    time: Duration,
    limits: Limits,
    interpreters: Arc<Interpreters>,
    naming: Naming,
    /// Started with the first request for the policy, if there is one for all.
    interpreter: Option<Interpreter>,
    document_root: PathBuf,
    server_root: PathBuf,
    /// The handlers that lines name, in the order of `Phase::ALL`.
    lines: [Vec<Line>; 7],
    /// The handlers in scripts that URLs name, by file.
    scripts: HashMap<PathBuf, Handler>,
    script_root: Place,
    /// By handler root.
    scopes: HashMap<PathBuf, Arc<Scope>>,
    resolved: Arc<Resolved>,
    example: Arc<Example>,
}

/// The request that led to a policy.
pub(crate) struct Example {
    pub(crate) local: SocketAddr,
    pub(crate) host: Option<String>,
    pub(crate) path: String,
    pub(crate) filename: Option<String>,
    pub(crate) exact: bool,
}

/// The handlers of one phase for one extension, or for all files if it is empty.
struct Line {
    extension: Box<str>,
    modules: Vec<Named>,
}

/// A module that a line names.
struct Named {
    name: Box<str>,
    place: Place,
    /// By the directory that decides.
    found: HashMap<PathBuf, Handler>,
}

/// After so many more scripts, those that are not loaded are forgotten.
const SCRIPTS: usize = 4096;

/// Why there is no handler.
pub(crate) struct NoHandler {
    pub(crate) diagnostic: Box<Diagnostic>,
    /// There is no file of that name.
    pub(crate) missing: bool,
}

impl From<ImportError> for NoHandler {
    fn from(error: ImportError) -> Self {
        Self { diagnostic: error.diagnostic().into(), missing: matches!(error, ImportError::NotFound { .. }) }
    }
}

impl From<OpenError> for NoHandler {
    fn from(error: OpenError) -> Self {
        Self { diagnostic: Diagnostic::error(error.to_string()).into(), missing: false }
    }
}

impl Policy {
    /// `document_root` and `interpreter` are those of the host.
    pub(crate) fn new(
        resolved: Arc<Resolved>,
        interpreters: &Arc<Interpreters>,
        document_root: &Path,
        server_root: &Path,
        interpreter: &str,
        error_log: Option<LogFile>,
        example: Example,
    ) -> Result<Self, OpenError> {
        let naming = naming(&resolved, interpreter);
        let interpreter = match &naming {
            Naming::Named(name) => Some(interpreters.get(name)?),
            Naming::PerDirectory | Naming::PerDirective => None,
        };
        let body_limit = Some(resolved.get(LIMIT_REQUEST_BODY)).filter(|limit| *limit > 0).unwrap_or(u64::MAX);
        let terms = Terms {
            options: resolved.get(OPTION).collect(),
            level: Some(resolved.get(LOG_LEVEL)),
            body_limit: usize::try_from(body_limit).unwrap_or(usize::MAX),
            timeout: resolved.get(TIMEOUT),
            debug: resolved.get(DEBUG),
            error_log,
        };
        Ok(Self {
            kind: kind(&resolved),
            added: added(&resolved),
            terms: Arc::new(terms),
            time: limits::time(&resolved),
            limits: limits::of(&resolved),
            interpreters: interpreters.clone(),
            naming,
            interpreter,
            document_root: document_root.to_path_buf(),
            server_root: server_root.to_path_buf(),
            lines: Phase::ALL.map(|phase| lines(&resolved, phase)),
            scripts: HashMap::new(),
            script_root: Place::of(resolved.line(SET_HANDLER).as_deref()),
            scopes: HashMap::new(),
            resolved,
            example: Arc::new(example),
        })
    }

    /// Who answers for a file.
    pub(crate) fn kind(&self, file: &Path) -> Kind {
        self.added_kind(file).unwrap_or(self.kind)
    }

    /// Is the file itself the script, because `AddHandler` says so for its extension?
    pub(crate) fn is_script(&self, file: &Path) -> bool {
        self.added_kind(file) == Some(Kind::Scripts)
    }

    fn added_kind(&self, file: &Path) -> Option<Kind> {
        added_kind(&self.added, file)
    }

    /// Has any line named handlers for the phase?
    pub(crate) fn has(&self, phase: Phase) -> bool {
        !self.lines[phase as usize].is_empty()
    }

    /// The handlers that lines name for a file.
    pub(crate) fn named(&self, phase: Phase, file: &Path) -> Result<Vec<Handler>, NoHandler> {
        let name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let fits = |line: &&Line| line.extension.is_empty() || name.ends_with(&*line.extension);
        // A line for the extension is more exact than one for all files.
        let line = self.lines[phase as usize].iter().filter(fits).max_by_key(|line| line.extension.len());
        line.into_iter().flat_map(|line| &line.modules).map(|module| self.find(module, file)).collect()
    }

    fn find(&self, module: &Named, file: &Path) -> Result<Handler, NoHandler> {
        let root = module.place.root(file, &self.document_root);
        let decides = match self.naming {
            Naming::PerDirectory => self.directory(file),
            Naming::Named(_) | Naming::PerDirective => root,
        };
        let found = module.found.pin();
        // A module whose file is gone is dropped one day; then the file system must say anew what the name means.
        if let Some(handler) = found.get(decides).filter(|handler| handler.is_loaded()) {
            return Ok(handler.clone());
        }
        let handler = self.handler(&module.name, root, Path::new("~"), file)?;
        found.insert(decides.to_path_buf(), handler.clone());
        Ok(handler)
    }

    /// The handler in a script that the URL names.
    pub(crate) fn script(&self, file: &Path) -> Result<Handler, NoHandler> {
        let scripts = self.scripts.pin();
        if let Some(handler) = scripts.get(file).filter(|handler| handler.is_loaded()) {
            return Ok(handler.clone());
        }
        let root = self.script_root.root(file, &self.document_root);
        let handler = self.handler(&file.to_string_lossy(), root, Path::new("/"), file)?.optional();
        // Files that came and went without ever being loaded are forgotten, and not all are asked each time.
        if scripts.len() % SCRIPTS == SCRIPTS - 1 {
            scripts.retain(|_, handler| handler.is_loaded());
        }
        scripts.insert(file.to_path_buf(), handler.clone());
        Ok(handler)
    }

    fn handler(&self, module: &str, root: &Path, searched: &Path, file: &Path) -> Result<Handler, NoHandler> {
        let interpreter = match (&self.interpreter, &self.naming) {
            (Some(interpreter), _) => interpreter.clone(),
            (None, Naming::PerDirectory) => self.interpreters.get(&self.directory(file).to_string_lossy())?,
            (None, _) => self.interpreters.get(&root.to_string_lossy())?,
        };
        let handler = interpreter.handler_in(&self.scope(root), module, searched)?.time(self.time);
        Ok(handler.limits(&self.limits))
    }

    /// Where its handlers are imported, each with the request that led there.
    pub(crate) fn places(&self) -> Vec<(Arc<Example>, Weak<Scope>)> {
        self.scopes.pin().values().map(|scope| (self.example.clone(), Arc::downgrade(scope))).collect()
    }

    /// Takes back what its scopes have said about reloading.
    pub(crate) fn forget(&self) {
        let interpreters = self.interpreters.started();
        for scope in self.scopes.pin().values() {
            interpreters.iter().for_each(|interpreter| interpreter.registry().forget(scope));
        }
    }

    fn directory<'f>(&'f self, file: &'f Path) -> &'f Path {
        file.parent().unwrap_or(&self.document_root)
    }

    /// The policy of imports, with this directory as handler root.
    fn scope(&self, root: &Path) -> Arc<Scope> {
        let make = || Arc::new(scope(&self.resolved, root, &self.server_root));
        self.scopes.pin().get_or_insert_with(root.to_path_buf(), make).clone()
    }
}

/// The lines of a phase, those of one extension together.
fn lines(resolved: &Resolved, phase: Phase) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    for line in resolved.lines(phase.directive()) {
        let extension = line.key().unwrap_or_default();
        let named =
            |name: &String| Named { name: name.as_str().into(), place: Place::of(Some(&line)), found: HashMap::new() };
        let modules = line.value().iter().map(named);
        match lines.iter_mut().find(|line| &*line.extension == extension) {
            Some(line) => line.modules.extend(modules),
            None => lines.push(Line { extension: extension.into(), modules: modules.collect() }),
        }
    }
    lines
}
