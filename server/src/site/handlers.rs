//! The handlers of one policy: compiles the functions that [`Answering`] names.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{Arc, Weak},
};

use papaya::HashMap;
use samovar_importer::{Diagnostic, ImportError, Scope};
use samovar_rhai::{Handler, Interpreter};

use super::interpreters::Interpreters;
use crate::{
    error::OpenError,
    logs::file::LogFile,
    request::{
        course::{After, Course, Phases},
        terms::Terms,
    },
    routing::{
        answering::{Answering, Callee, Module},
        facts::RequestFacts,
        route::{Index, Route},
    },
    settings::{
        phase::{BEFORE, Phase},
        policy::{Naming, Policy},
    },
};

/// A policy with the handlers that were compiled for it so far.
pub(crate) struct Handlers {
    pub(crate) policy: Policy,
    pub(crate) terms: Arc<Terms>,
    interpreters: Arc<Interpreters>,
    /// Started with the first request for the policy, if there is one for all.
    interpreter: Option<Interpreter>,
    /// Handlers in modules that lines name: by the number of the module, then by the directory that determines what the
    /// name means.
    named: Box<[HashMap<PathBuf, Handler>]>,
    /// Handlers in scripts that URLs name, by file.
    scripts: HashMap<PathBuf, Handler>,
    /// Scopes by handler root.
    scopes: HashMap<PathBuf, Arc<Scope>>,
    example: Arc<Example>,
}

/// A request that led to a policy, for asking the next configuration.
pub(crate) struct Example {
    pub(crate) local: SocketAddr,
    pub(crate) host: Option<String>,
    pub(crate) path: String,
    pub(crate) filename: Option<String>,
    pub(crate) exact: bool,
}

impl Example {
    pub(crate) fn of_page(asked: &RequestFacts<'_>, route: &Route) -> Self {
        let filename = route.target.filename().map(|file| file.to_string_lossy().into_owned());
        let path = route.index.as_ref().map_or(asked.path, |index| &index.path);
        Self::new(asked, path, filename, route.target.is_exact())
    }

    pub(crate) fn of_directory(asked: &RequestFacts<'_>, index: &Index) -> Self {
        Self::new(asked, asked.path, index.directory.to_str().map(str::to_owned), true)
    }

    fn new(asked: &RequestFacts<'_>, path: &str, filename: Option<String>, exact: bool) -> Self {
        Self { local: asked.peers.local, host: asked.host.map(str::to_owned), path: path.to_owned(), filename, exact }
    }
}

/// After this many further scripts, those that are not loaded are forgotten.
const SCRIPTS: usize = 4096;

/// Why there is no handler.
pub(crate) struct NoHandler {
    pub(crate) diagnostic: Box<Diagnostic>,
    /// Is there no such file?
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

impl Handlers {
    pub(crate) fn new(
        policy: Policy,
        interpreters: &Arc<Interpreters>,
        error_log: Option<LogFile>,
        example: Example,
    ) -> Result<Self, OpenError> {
        let interpreter = match &policy.naming {
            Naming::Named(name) => Some(interpreters.get(name)?),
            Naming::PerDirectory | Naming::PerDirective => None,
        };
        let terms = Terms {
            options: policy.options.clone(),
            level: Some(policy.level),
            body_limit: usize::try_from(policy.body_limit).unwrap_or(usize::MAX),
            timeout: policy.timeout,
            debug: policy.debug,
            error_log,
        };
        Ok(Self {
            terms: Arc::new(terms),
            interpreters: interpreters.clone(),
            interpreter,
            named: (0..policy.named).map(|_| HashMap::new()).collect(),
            scripts: HashMap::new(),
            scopes: HashMap::new(),
            example: Arc::new(example),
            policy,
        })
    }

    /// The handlers of the phases before the answer; phases without handlers are left out.
    pub(crate) fn before(&self, answering: &Answering<'_>) -> Result<Phases, NoHandler> {
        let mut before = Vec::new();
        for phase in BEFORE {
            let handlers = self.of_phase(answering, phase)?;
            if !handlers.is_empty() {
                before.push((phase, handlers));
            }
        }
        Ok(before)
    }

    /// The handlers up to the answer, without those of a directory.
    pub(crate) fn course(&self, answering: &Answering<'_>) -> Result<Course, NoHandler> {
        let before = self.before(answering)?;
        let content = self.of_phase(answering, Phase::Handler)?;
        Ok(Course { directory: None, before, content, later: Vec::new() })
    }

    /// The handlers that run after the response has been sent.
    pub(crate) fn after(&self, answering: &Answering<'_>) -> Result<After, NoHandler> {
        let (log, cleanup) = (self.of_phase(answering, Phase::Log)?, self.of_phase(answering, Phase::Cleanup)?);
        Ok(After { log, cleanup })
    }

    fn of_phase(&self, answering: &Answering<'_>, phase: Phase) -> Result<Vec<Handler>, NoHandler> {
        answering.callees(phase).map(|callee| self.handler(&callee)).collect()
    }

    fn handler(&self, callee: &Callee<'_>) -> Result<Handler, NoHandler> {
        let (found, key) = match callee.module {
            Module::Named(named) => (&self.named[named.number], callee.directory()),
            Module::Script(file) => (&self.scripts, file),
        };
        let found = found.pin();
        // A module whose file is gone is dropped later; then its name is looked up again.
        if let Some(handler) = found.get(key).filter(|handler| handler.is_loaded()) {
            return Ok(handler.clone());
        }
        let handler = self.find(callee)?;
        // Forgets scripts that were removed or never loaded, from time to time.
        if matches!(callee.module, Module::Script(_)) && found.len() % SCRIPTS == SCRIPTS - 1 {
            found.retain(|_, handler| handler.is_loaded());
        }
        found.insert(key.to_path_buf(), handler.clone());
        Ok(handler)
    }

    fn find(&self, callee: &Callee<'_>) -> Result<Handler, NoHandler> {
        let interpreter = match &self.interpreter {
            Some(interpreter) => interpreter.clone(),
            None => self.interpreters.get(&callee.interpreter())?,
        };
        let scope = self.scope(callee.root);
        let handler = match callee.module {
            Module::Named(named) => interpreter.handler_in(&scope, &named.name, Path::new("~"))?,
            Module::Script(_) => interpreter.handler_in(&scope, &callee.name(), Path::new("/"))?.optional(),
        };
        Ok(handler.time(self.policy.time).limits(&self.policy.limits))
    }

    /// The scopes of its handlers, each with the request that led there.
    pub(crate) fn places(&self) -> Vec<(Arc<Example>, Weak<Scope>)> {
        self.scopes.pin().values().map(|scope| (self.example.clone(), Arc::downgrade(scope))).collect()
    }

    /// Withdraws what its scopes say about reloading.
    pub(crate) fn forget(&self) {
        let interpreters = self.interpreters.started();
        for scope in self.scopes.pin().values() {
            interpreters.iter().for_each(|interpreter| interpreter.forget(scope));
        }
    }

    /// The scope of imports with this handler root.
    fn scope(&self, root: &Path) -> Arc<Scope> {
        self.scopes.pin().get_or_insert_with(root.to_path_buf(), || Arc::new(self.policy.scope(root))).clone()
    }
}
