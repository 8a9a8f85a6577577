//! Checks scripts: those that lines and URLs name, and all that they import. No script runs.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    sync::Arc,
};

use samovar_config::{FileId, Finding, FindingCode, Host, Report, Resolved, SectionKind, Setting, Span};
use samovar_importer::{ImportError, Place, Scope};
use samovar_rhai::outline::Outline;

use super::{
    findings::{ANSWERS_NOBODY, BAD_IMPORT, NO_FUNCTION, NO_MODULE},
    lines::{belongs, host_of, span},
    names::is_asked,
    reach::{Fault, Reach, Search},
    walk::{directories_below, files_below},
};
use crate::{
    remedy::worded,
    routing::{
        answering::{Answering, Module},
        hidden::is_hidden,
        private::Private,
        route::Target,
    },
    settings::{
        built_in::wrong_call,
        directives::{ADD_HANDLER, OPTION, PATH, SET_HANDLER},
        directories::{IMPORTER_PATH, declared_roots, searched},
        host::HostValues,
        imports::{ImportLine, imports},
        limits::Loading,
        phase::{Phase, PhaseKey},
        policy::{HandlerRoot, Policy},
        read::Opened,
        scope::scope,
        texts::Texts,
    },
};

/// The stack, so that texts may be nested as deeply as on the threads that load them.
const STACK: usize = 64 << 20;

/// Looks for every module that a line names, and checks every script that lines, URLs and imports lead to.
pub(crate) fn check(opened: &Opened) -> Findings {
    let check = || {
        let mut inspection = Inspection::new(opened);
        inspection.imports();
        inspection.handlers();
        inspection.urls();
        Findings { lines: inspection.found, faults: inspection.reach.faults }
    };
    std::thread::scope(|threads| {
        let thread = std::thread::Builder::new().stack_size(STACK).spawn_scoped(threads, check);
        // Runs on this thread if there is no other.
        thread.map_or_else(|_| check(), |thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    })
}

/// The findings.
#[derive(Default)]
pub(crate) struct Findings {
    /// About lines of the configuration.
    lines: Vec<Finding>,
    /// About scripts.
    faults: Vec<Fault>,
}

impl Findings {
    /// Adds the findings to a report, with the texts of the scripts that they are about.
    pub(crate) fn add_to(self, report: &mut Report) {
        let mut texts: Vec<(PathBuf, FileId)> = Vec::new();
        let mut found = self.lines;
        let mut faults = self.faults;
        faults.sort_by(|one, other| one.file.cmp(&other.file));
        for Fault { code, file, diagnostic, named } in faults {
            let mut id = |path: &Path, text: &str| match texts.iter().find(|(known, _)| known == path) {
                Some((_, id)) => *id,
                None => {
                    let id = report.add_text(path, text);
                    texts.push((path.to_path_buf(), id));
                    id
                }
            };
            let span = match &diagnostic.place {
                Some(place) => span_of(place, id(&place.file, &place.text)),
                // What cannot be read has no line to show.
                None => Span::at(id(&file, ""), 0, 0),
            };
            let looked = diagnostic.notes.iter().map(|note| note.message.as_str()).collect::<Vec<_>>();
            let mut wrong = Finding::new(code, span, diagnostic.message)
                .help(diagnostic.help.into_iter().next().map(|help| help.text));
            if !looked.is_empty() {
                wrong = wrong.expected(looked.join("; "));
            }
            if let Some(named) = named {
                wrong = wrong.related(named, "named here");
            }
            found.push(wrong);
        }
        report.extend(found);
    }
}

/// The span of the word at a place of a script.
fn span_of(place: &Place, file: FileId) -> Span {
    let range = place.range();
    Span::at(file, range.start, range.end)
}

struct Inspection<'o> {
    opened: &'o Opened,
    hosts: Vec<Host<'o>>,
    /// The settings of each host.
    values: Vec<Arc<HostValues>>,
    /// The directories of all sections together.
    searched: (Vec<PathBuf>, Vec<PathBuf>),
    reach: Reach,
    found: Vec<Finding>,
}

impl<'o> Inspection<'o> {
    fn new(opened: &'o Opened) -> Self {
        let config = &opened.loaded.config;
        let roots = declared_roots(opened);
        // A missing directory has a finding of its own.
        let declared = roots.watched.union(&roots.library).filter(|root| root.is_dir());
        let declared: BTreeSet<PathBuf> = declared.cloned().collect();
        let settings = config.main().settings();
        let hosts: Vec<_> = std::iter::once(config.main()).chain(config.hosts()).collect();
        Self {
            opened,
            values: hosts.iter().map(|host| Arc::new(HostValues::of(*host, &opened.root))).collect(),
            hosts,
            searched: searched(opened),
            reach: Reach::new(&declared, &Loading::of(&settings).limits),
            found: Vec::new(),
        }
    }

    /// Where relative paths start; the first host is the main server.
    fn server_root(&self) -> &Path {
        &self.values[0].server_root
    }

    /// What `RhaiImport` lists.
    fn imports(&mut self) {
        for ImportLine { line, module, directory, settings, .. } in imports(self.opened) {
            let search = Search { scope: Arc::new(scope(&settings, &directory, self.server_root())), wide: None };
            self.named(&line, 0, &module, &[(directory, search)], None, BAD_IMPORT);
        }
    }

    /// What the lines of the phases name.
    fn handlers(&mut self) {
        let opened = self.opened;
        for phase in Phase::ALL.map(Phase::directive) {
            for line in opened.loaded.config.lines(phase) {
                let places = self.places(phase, &line);
                for (at, name) in line.value().iter().enumerate() {
                    self.named(&line, at, name, &places, Some("handler"), NO_MODULE);
                }
            }
        }
    }

    /// Where a line's modules are searched: handler roots, and the search in each.
    fn places(&self, phase: PhaseKey, line: &Setting) -> Vec<(PathBuf, Search)> {
        let section = line.origin().section();
        let is_main = section.and_then(host_of).is_none_or(|host| host.kind().is_none());
        let hosts = self
            .hosts
            .iter()
            .zip(self.values.iter().map(|values| &values.document_root))
            .filter(|(host, _)| is_main || belongs(line, **host));
        let place = |root: &Path, resolved: &Resolved| (root.to_path_buf(), self.search(resolved, root, true));
        match section.and_then(|section| section.directory()).map(|directory| directory.literal()) {
            None => hosts.map(|(host, root)| place(root, &resolved_in(*host, line))).collect(),
            Some(Some(root)) => hosts.map(|(host, _)| place(Path::new(root), &resolved_in(*host, line))).collect(),
            // A pattern stands for the directories that it matches.
            Some(None) => {
                let roots = hosts.flat_map(|(host, root)| self.matched(*host, root, phase, line));
                roots.map(|(root, resolved)| place(&root, &resolved)).collect()
            }
        }
    }

    /// The directories below a document root that the section of a line matches, as handler roots.
    fn matched(&self, host: Host<'_>, root: &Path, phase: PhaseKey, line: &Setting) -> Vec<(PathBuf, Arc<Resolved>)> {
        let mut found: Vec<(PathBuf, Arc<Resolved>)> = Vec::new();
        for directory in directories_below(root) {
            let (Some(name), Ok(below)) =
                (directory.join("").to_str().map(str::to_owned), directory.strip_prefix(root))
            else {
                continue;
            };
            let url = format!("/{}", below.join("").to_string_lossy());
            let resolved = host.resolve(&url, Some(&name), true);
            let holds = resolved.lines(phase).any(|held| held.origin().span() == line.origin().span());
            let handler_root = HandlerRoot::of(Some(line)).of_file(Path::new(&name), root).to_path_buf();
            if holds && !found.iter().any(|(known, _)| *known == handler_root) {
                found.push((handler_root, resolved));
            }
        }
        found
    }

    fn search(&self, resolved: &Resolved, root: &Path, is_wide: bool) -> Search {
        let (path, library) = &self.searched;
        let wide = || Arc::new(Scope::new("check").handler_root(root).path(path).library(library));
        Search { scope: Arc::new(scope(resolved, root, self.server_root())), wide: is_wide.then(wide) }
    }

    /// Looks for `module[::function]` at some places, and checks it where it is found. One place is enough.
    fn named(
        &mut self,
        line: &Setting,
        argument: usize,
        name: &str,
        places: &[(PathBuf, Search)],
        default: Option<&str>,
        no_module: FindingCode,
    ) {
        let here = span(line, argument);
        let (mut refused, mut is_found) = (None, false);
        for (_, search) in places {
            match self.locate(name, search) {
                Ok(None) => {
                    is_found = true;
                    self.built_in(here, name, default);
                }
                Ok(Some(file)) => {
                    is_found = true;
                    self.function(here, &file, name, default);
                    self.reach.visit(&file, search, here);
                }
                Err(error) => refused = refused.or(Some(error)),
            }
        }
        if let Some(error) = refused.filter(|_| !is_found) {
            let told = worded(&error.diagnostic());
            let looked = told.notes.iter().map(|note| note.message.clone()).collect::<Vec<_>>().join("; ");
            let wrong = Finding::new(no_module, here, told.message);
            self.say(wrong.expected(looked).help(told.help.into_iter().next().map(|help| help.text)));
        }
    }

    /// The file of a module; `None` for one that the host registered.
    fn locate(&self, name: &str, search: &Search) -> Result<Option<PathBuf>, ImportError> {
        let find = |scope: &Arc<Scope>| self.reach.interpreter.handler_in(scope, name, Path::new("~"));
        let handler =
            find(&search.scope).or_else(|error| search.wide.as_ref().and_then(|wide| find(wide).ok()).ok_or(error))?;
        let is_file = !handler.path().starts_with("registered:importer");
        Ok(is_file.then(|| handler.path().to_path_buf()))
    }

    /// Does a module have the function that a line names? A handler takes the request, a function of `RhaiImport`
    /// nothing.
    fn function(&mut self, here: Option<Span>, file: &Path, name: &str, default: Option<&str>) {
        let params = usize::from(default.is_some());
        let function = name.split_once("::").map(|(_, function)| function);
        let Some(function) = function.or(default) else { return };
        let Some(outline) = self.reach.outline(file, here) else { return };
        if offers(&outline, function, params) || outline.may_have_variable(function) {
            return;
        }
        let message = format!("`{}` has no function `{function}` with {}", file.display(), parameters(params));
        let wrong = Finding::new(NO_FUNCTION, here, message);
        self.say(wrong.help(meant(&outline, function)));
    }

    /// Does the module `importer` have the function that a line names?
    fn built_in(&mut self, here: Option<Span>, name: &str, default: Option<&str>) {
        if let Some(wrong) = wrong_call(name, default, default.is_none()) {
            let help = wrong.help.into_iter().next().map(|help| help.text);
            self.say(Finding::new(NO_FUNCTION, here, wrong.message).help(help));
        }
    }

    /// A line with several keys is checked for each of them; one finding is enough.
    fn say(&mut self, wrong: Finding) {
        if !self.found.iter().any(|known| known.span == wrong.span && known.message == wrong.message) {
            self.found.push(wrong);
        }
    }

    /// Checks the scripts that URLs name, where scripts answer and no line names others.
    fn urls(&mut self) {
        let conditional = self.has_search_in_condition();
        let has_added = self.opened.loaded.config.lines(ADD_HANDLER).next().is_some();
        let mut pages = Vec::new();
        let config = &self.opened.loaded.config;
        let state = crate::settings::state::configured(self.opened);
        let private = Private::new(&Texts::of(&self.opened.loaded.report), config, &self.opened.root, state.as_deref());
        let asked: Vec<_> =
            self.hosts.iter().copied().enumerate().filter(|(_, host)| is_asked(config, *host)).collect();
        for (at, host) in asked {
            let root = self.values[at].document_root.clone();
            for file in files_below(&root, has_added) {
                let Some((url, name)) = url(&root, &file) else { continue };
                if file.metadata().is_ok_and(|found| private.hides(&file, &found)) {
                    continue;
                }
                let resolved = host.resolve(&url, Some(&name), true);
                let policy = Policy::of(resolved.clone(), &self.values[at]);
                let target = match name.ends_with(".rhai") {
                    true => Target::Script { file: file.as_path().into(), path_info: String::new() },
                    false => Target::File(file.clone()),
                };
                let callee = Answering::of(&policy, &target).callees(Phase::Handler).next();
                let Some(callee) = callee.filter(|callee| matches!(callee.module, Module::Script(_))) else { continue };
                let search = self.search(&resolved, callee.root, conditional);
                let line = resolved.line(SET_HANDLER).filter(|line| !line.is_default());
                let here = line.and_then(|line| span(&line, 0)).filter(|_| self.opened.is_configured);
                self.reach.visit(&file, &search, here);
                pages.push(file);
            }
        }
        for page in pages {
            self.page(&page);
        }
    }

    /// Does a search path depend on a condition?
    fn has_search_in_condition(&self) -> bool {
        let config = &self.opened.loaded.config;
        let mut paths = config.lines(OPTION).filter(|line| line.key() == Some(IMPORTER_PATH));
        paths.any(|line| is_conditional(&line)) || config.lines(PATH).any(|line| is_conditional(&line))
    }

    /// A script that URLs name, and that is imported nowhere, must have a handler.
    fn page(&mut self, file: &Path) {
        let Some(outline) = self.reach.outline(file, None).filter(|_| !self.reach.imported.contains(file)) else {
            return;
        };
        if offers(&outline, "handler", 1) || outline.may_have_variable("handler") {
            return;
        }
        let close = samovar_config::nearest("handler", outline.functions().map(|(name, _)| name)).map(str::to_owned);
        let place = outline.place("handler").or_else(|| outline.place(close.as_deref()?));
        let Some(place) = place else { return };
        let message =
            format!("`{}` answers nobody: it has no public function `handler` with 1 parameter", file.display());
        let wrong = samovar_importer::Diagnostic::error(message).at(place);
        let wrong = meant(&outline, "handler").into_iter().fold(wrong, samovar_importer::Diagnostic::help);
        self.reach.fault(ANSWERS_NOBODY, file, &wrong, None);
    }
}

/// The settings if the section of the line were the only one that matches.
fn resolved_in(host: Host<'_>, line: &Setting) -> Arc<Resolved> {
    let section = line.origin().section();
    let is_its = |scope: &Arc<samovar_config::Section>| section.is_some_and(|section| Arc::ptr_eq(section, scope));
    host.sections().find(|(scope, _)| is_its(scope)).map_or_else(|| host.settings(), |(_, resolved)| resolved)
}

/// Does a line hold for some requests only?
fn is_conditional(line: &Setting) -> bool {
    let condition = [SectionKind::If, SectionKind::ElseIf, SectionKind::Else];
    let mut outward = std::iter::successors(line.origin().section(), |scope| scope.parent());
    outward.any(|scope| scope.kind().is_some_and(|kind| condition.contains(&kind)))
}

fn offers(outline: &Outline, function: &str, params: usize) -> bool {
    outline.functions().any(|(name, takes)| name == function && takes == params)
}

/// A suggestion for a function that does not exist.
fn meant(outline: &Outline, function: &str) -> Option<String> {
    if let Some((_, takes)) = outline.functions().find(|(name, _)| *name == function) {
        return Some(format!("there is one with {}", parameters(takes)));
    }
    if outline.place(function).is_some() {
        return Some(format!("`{function}` is private; take `private` away"));
    }
    let close = samovar_config::nearest(function, outline.functions().map(|(name, _)| name));
    close.map(|close| format!("there is a function `{close}`"))
}

fn parameters(count: usize) -> String {
    format!("{count} parameter{}", if count == 1 { "" } else { "s" })
}

/// The path of the URL that names a file, and the file's own; nothing if no URL does.
fn url(root: &Path, file: &Path) -> Option<(String, String)> {
    let below = file.strip_prefix(root).ok()?.to_str()?;
    let url = below.strip_suffix(".rhai").unwrap_or(below);
    let is_open = url.split('/').all(|name| !is_hidden(name));
    is_open.then(|| Some((format!("/{url}"), file.to_str()?.to_owned()))).flatten()
}
