//! The policy of a request: what the configuration says for one combination of sections, as values. It depends on no
//! file, no interpreter and no request.

use std::{path::Path, sync::Arc, time::Duration};

use samovar_config::{Resolved, Setting};
use samovar_importer::Scope;
use samovar_rhai::{Limits, Options};
use tracing::level_filters::LevelFilter;

use super::{
    directives::{
        ADD_HANDLER, DEBUG, HANDLER, INTERP_PER_DIRECTIVE, INTERP_PER_DIRECTORY, INTERPRETER, LIMIT_REQUEST_BODY,
        LOG_LEVEL, OPTION, SET_HANDLER, TIMEOUT,
    },
    host::HostValues,
    limits,
    phase::Phase,
    scope::scope,
    values::Kind,
};

/// The settings of one combination of sections.
pub(crate) struct Policy {
    kind: Kind,
    /// By extension, of `AddHandler`; without effect where `SetHandler` speaks for all files.
    added: Vec<(Box<str>, Kind)>,
    pub(crate) naming: Naming,
    /// The modules that lines name, in the order of `Phase::ALL`.
    lines: [Vec<Line>; 7],
    /// How many modules lines name.
    pub(crate) named: usize,
    /// Where the line stands that makes scripts of files.
    pub(crate) script_root: HandlerRoot,
    /// The limits of a call.
    pub(crate) limits: Limits,
    /// How long a call may take.
    pub(crate) time: Duration,
    pub(crate) options: Options,
    pub(crate) level: LevelFilter,
    /// In bytes.
    pub(crate) body_limit: u64,
    /// How long a client may take to send a body.
    pub(crate) timeout: Duration,
    /// Do clients see what is wrong with a script?
    pub(crate) debug: bool,
    pub(crate) host: Arc<HostValues>,
    resolved: Arc<Resolved>,
}

/// How the interpreter of a handler is named.
#[derive(Debug)]
pub(crate) enum Naming {
    Named(String),
    PerDirectory,
    PerDirective,
}

/// The modules of one phase for one extension, or for all files if it is empty.
struct Line {
    extension: Box<str>,
    modules: Vec<Named>,
}

/// A module that a line names.
pub(crate) struct Named {
    /// `module`, or `module::function`.
    pub(crate) name: Box<str>,
    pub(crate) root: HandlerRoot,
    /// Its number in the policy, from 0.
    pub(crate) number: usize,
}

impl Policy {
    /// What `resolved` says for a host.
    pub(crate) fn of(resolved: Arc<Resolved>, host: &Arc<HostValues>) -> Self {
        let mut named = 0;
        Self {
            kind: kind(&resolved),
            added: added(&resolved),
            naming: Naming::of(&resolved, &host.interpreter),
            lines: Phase::ALL.map(|phase| lines(&resolved, phase, &mut named)),
            named,
            script_root: HandlerRoot::of(resolved.line(SET_HANDLER).as_deref()),
            limits: limits::of(&resolved),
            time: limits::time(&resolved),
            options: resolved.get(OPTION).collect(),
            level: resolved.get(LOG_LEVEL),
            body_limit: Some(resolved.get(LIMIT_REQUEST_BODY)).filter(|limit| *limit > 0).unwrap_or(u64::MAX),
            timeout: resolved.get(TIMEOUT),
            debug: resolved.get(DEBUG),
            host: host.clone(),
            resolved,
        }
    }

    /// What answers for a file.
    pub(crate) fn kind(&self, file: &Path) -> Kind {
        self.added_kind(file).unwrap_or(self.kind)
    }

    /// Is the file itself the script, because `AddHandler` says so for its extension?
    pub(crate) fn is_script(&self, file: &Path) -> bool {
        self.added_kind(file) == Some(Kind::Scripts)
    }

    fn added_kind(&self, file: &Path) -> Option<Kind> {
        if self.added.is_empty() {
            return None;
        }
        let name = file.file_name()?.to_str()?;
        // As in httpd, a name may have several extensions, and the last that means something counts.
        let kind = |part: &str| self.added.iter().find(|(it, _)| it.eq_ignore_ascii_case(part)).map(|(_, kind)| *kind);
        name.split('.').skip(1).filter_map(kind).last()
    }

    /// The modules that lines name for a phase and a file.
    pub(crate) fn modules(&self, phase: Phase, file: &Path) -> &[Named] {
        let lines = &self.lines[phase as usize];
        if lines.is_empty() {
            return &[];
        }
        let name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let fits = |line: &&Line| line.extension.is_empty() || name.ends_with(&*line.extension);
        // A line for the extension is more exact than one for all files.
        let line = lines.iter().filter(fits).max_by_key(|line| line.extension.len());
        line.map_or(&[], |line| &line.modules)
    }

    /// What holds for imports, with this directory as handler root.
    pub(crate) fn scope(&self, root: &Path) -> Scope {
        scope(&self.resolved, root, &self.host.server_root)
    }
}

impl Naming {
    /// A name beats the directory of the file, that beats the directory of the line that names the handler, that beats
    /// the host.
    pub(crate) fn of(resolved: &Resolved, of_the_host: &str) -> Self {
        match resolved.get(INTERPRETER) {
            Some(name) => Self::Named(name.to_owned()),
            None if resolved.get(INTERP_PER_DIRECTORY) => Self::PerDirectory,
            None if resolved.get(INTERP_PER_DIRECTIVE) => Self::PerDirective,
            None => Self::Named(of_the_host.to_owned()),
        }
    }
}

/// How the handler root follows from the place of the line that names the handler.
pub(crate) struct HandlerRoot(Option<Arc<samovar_config::Section>>);

impl HandlerRoot {
    pub(crate) fn of(line: Option<&Setting>) -> Self {
        Self(line.and_then(|line| line.origin().section()).filter(|section| section.directory().is_some()).cloned())
    }

    /// The handler root for a file: the directory of the section in which the line stands; for locations, hosts and the
    /// server the document root.
    pub(crate) fn of_file<'f>(&self, file: &'f Path, document_root: &'f Path) -> &'f Path {
        let within = self.0.as_ref().and_then(|section| section.directory_in(file.to_str()?));
        within.map_or(document_root, Path::new)
    }
}

/// `RhaiHandler` without `SetHandler` implies scripts.
fn kind(resolved: &Resolved) -> Kind {
    let is_named = resolved.get(HANDLER).next().is_some();
    if is_named && !is_set(resolved) { Kind::Scripts } else { resolved.get(SET_HANDLER) }
}

fn is_set(resolved: &Resolved) -> bool {
    resolved.line(SET_HANDLER).is_some_and(|line| !line.is_default())
}

/// By extension, what `AddHandler` says where no `SetHandler` speaks for all files.
fn added(resolved: &Resolved) -> Vec<(Box<str>, Kind)> {
    if is_set(resolved) {
        return Vec::new();
    }
    resolved.get(ADD_HANDLER).map(|(extension, kind)| (extension.into(), kind)).collect()
}

/// The lines of a phase, those of one extension together.
fn lines(resolved: &Resolved, phase: Phase, number: &mut usize) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    for line in resolved.lines(phase.directive()) {
        let extension = line.key().unwrap_or_default();
        let modules = line.value().iter().map(|name| {
            *number += 1;
            Named { name: name.as_str().into(), root: HandlerRoot::of(Some(&line)), number: *number - 1 }
        });
        match lines.iter_mut().find(|line| &*line.extension == extension) {
            Some(line) => line.modules.extend(modules),
            None => lines.push(Line { extension: extension.into(), modules: modules.collect() }),
        }
    }
    lines
}
