//! What the configuration says for a request, read once for each combination of sections.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{Arc, Weak},
    time::Duration,
};

use papaya::HashMap;
use samovar_config::{Origin, Resolved, Setting};
use samovar_importer::{Diagnostic, ImportError, Scope};
use samovar_rhai::{Handler, Interpreter, Limits, Options};
use tracing::level_filters::LevelFilter;

use crate::{
    directive,
    interpreters::Interpreters,
    limits, log_level,
    open::{OpenError, directory_in, search_path},
    phase::Phase,
};

/// Who answers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    Scripts,
    Files,
    Nobody,
}

/// Where the interpreter comes from that a handler runs in.
pub(crate) enum Naming {
    Named(String),
    PerDirectory,
    PerDirective,
}

/// The settings of one combination of sections, as values.
pub(crate) struct Policy {
    kind: Kind,
    /// By extension, of `AddHandler`; without effect where `SetHandler` speaks for all files.
    added: Vec<(Box<str>, Kind)>,
    pub(crate) debug: bool,
    pub(crate) level: LevelFilter,
    pub(crate) body_limit: u64,
    pub(crate) timeout: Duration,
    pub(crate) options: Options,
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

/// Where a line stands: it decides about the handler root.
pub(crate) struct Place(Option<Arc<samovar_config::Scope>>);

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
        example: Example,
    ) -> Result<Self, OpenError> {
        let naming = naming(&resolved, interpreter);
        let interpreter = match &naming {
            Naming::Named(name) => Some(interpreters.get(name)?),
            Naming::PerDirectory | Naming::PerDirective => None,
        };
        let options = resolved.keyed("RhaiOption").filter_map(|(key, line)| Some((key, line.texts().nth(1)?)));
        Ok(Self {
            kind: kind(&resolved),
            added: added(&resolved),
            debug: resolved.flag("RhaiDebug"),
            level: log_level::of(&resolved),
            body_limit: resolved.integer("LimitRequestBody").filter(|limit| *limit > 0).unwrap_or(u64::MAX),
            timeout: resolved.duration("Timeout").unwrap_or(Duration::from_secs(60)),
            options: options.collect(),
            time: limits::time(&resolved),
            limits: limits::of(&resolved),
            interpreters: interpreters.clone(),
            naming,
            interpreter,
            document_root: document_root.to_path_buf(),
            server_root: server_root.to_path_buf(),
            lines: Phase::ALL.map(|phase| lines(&resolved, phase)),
            scripts: HashMap::new(),
            script_root: Place::of(resolved.get("SetHandler")),
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
        // Only hosts that register functions of their own have one engine for all; this one does not.
        Ok(handler.clone().limits(&self.limits).unwrap_or(handler))
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

/// What the configuration says for imports that start at a handler root.
pub(crate) fn scope(resolved: &Resolved, root: &Path, server_root: &Path) -> Scope {
    let option = |key| resolved.key("RhaiOption", key).and_then(|line| line.texts().nth(1));
    let strict = |key| option(key).is_some_and(|value| value.eq_ignore_ascii_case("strict"));
    let library = resolved.texts("RhaiPath").map(|text| directory_in(server_root, text));
    Scope::new(resolved.get("RhaiAutoReload").map(origin).unwrap_or_default())
        .handler_root(root)
        .path(search_path(server_root, option("importer.path").unwrap_or_default()))
        .library(library)
        .autoreload(resolved.flag("RhaiAutoReload"))
        .log(resolved.flag("RhaiDebug"))
        .show_refusals(resolved.flag("RhaiDebug"))
        .strict(strict("importer.freshness"))
        .strict_carry(strict("importer.carry"))
}

impl Place {
    pub(crate) fn of(line: Option<&Setting>) -> Self {
        Self(line.and_then(|line| line.origin().scope()).filter(|scope| scope.directory().is_some()).cloned())
    }

    /// The handler root: the directory of the section that named the handler; for locations, hosts and the server the
    /// document root.
    pub(crate) fn root<'f>(&self, file: &'f Path, document_root: &'f Path) -> &'f Path {
        let within = self.0.as_ref().and_then(|scope| scope.directory_in(file.to_str()?));
        within.map_or(document_root, Path::new)
    }
}

/// The lines of a phase, those of one extension together.
fn lines(resolved: &Resolved, phase: Phase) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    for (extension, setting) in resolved.keyed(phase.directive()) {
        let named = |name: &str| Named { name: name.into(), place: Place::of(Some(setting)), found: HashMap::new() };
        let modules = directive::modules(setting).map(named);
        match lines.iter_mut().find(|line| &*line.extension == extension) {
            Some(line) => line.modules.extend(modules),
            None => lines.push(Line { extension: extension.into(), modules: modules.collect() }),
        }
    }
    lines
}

/// `RhaiHandler` without `SetHandler` means scripts: nobody names a handler that is not to answer.
pub(crate) fn kind(resolved: &Resolved) -> Kind {
    let named = resolved.keyed("RhaiHandler").next().is_some();
    match resolved.text("SetHandler").map(kind_of) {
        _ if named && !is_set(resolved) => Kind::Scripts,
        kind => kind.unwrap_or(Kind::Files),
    }
}

fn is_set(resolved: &Resolved) -> bool {
    resolved.get("SetHandler").is_some_and(|line| !matches!(line.origin(), Origin::Default))
}

fn kind_of(text: &str) -> Kind {
    match text {
        "rhai" => Kind::Scripts,
        "none" => Kind::Nobody,
        _ => Kind::Files,
    }
}

/// What `AddHandler` says of a file.
pub(crate) fn added_kind(added: &[(Box<str>, Kind)], file: &Path) -> Option<Kind> {
    if added.is_empty() {
        return None;
    }
    let name = file.file_name()?.to_str()?;
    // As in httpd, a name may have several extensions, and the last that means something counts.
    let kind = |part: &str| added.iter().find(|(it, _)| it.eq_ignore_ascii_case(part)).map(|(_, kind)| *kind);
    name.split('.').skip(1).filter_map(kind).last()
}

/// By extension, what `AddHandler` says where no `SetHandler` speaks for all files.
pub(crate) fn added(resolved: &Resolved) -> Vec<(Box<str>, Kind)> {
    if is_set(resolved) {
        return Vec::new();
    }
    let kind = |line: &Setting| line.text().map_or(Kind::Files, kind_of);
    resolved.keyed("AddHandler").map(|(extension, line)| (extension.into(), kind(line))).collect()
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

/// Where the interpreter of a request comes from: a name beats the directory of the file, that beats the directory of the
/// line that names the handler, that beats the host.
pub(crate) fn naming(resolved: &Resolved, of_the_host: &str) -> Naming {
    match resolved.text("RhaiInterpreter") {
        Some(name) => Naming::Named(name.to_owned()),
        None if resolved.flag("RhaiInterpPerDirectory") => Naming::PerDirectory,
        None if resolved.flag("RhaiInterpPerDirective") => Naming::PerDirective,
        None => Naming::Named(of_the_host.to_owned()),
    }
}
