//! Whether the modules and functions that a configuration names are there, and compile. Nothing is run.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    sync::Arc,
};

use samovar_config::{Code, Diagnostic, Host, Setting};
use samovar_importer::{DiskTree, ImportError, Scope, SourceTree};
use samovar_rhai::{Interpreter, examine};

use crate::{
    directive,
    judge::{BAD_IMPORT, NO_FUNCTION, NO_MODULE, SCRIPT_ERROR, belongs, searched, span},
    open::{self, Opened, document_root},
    phase::Phase,
};

/// Scripts below a document root that are looked into; a site with more has its own tests.
const SCRIPTS: usize = 2000;

/// Looks for every module that a line names, and into every script that URLs can name.
pub(crate) fn judge(opened: &Opened) -> Vec<Diagnostic> {
    let roots = open::declared_roots(opened);
    // One that is not there has been told of.
    let declared = roots.watched.union(&roots.library).filter(|root| root.is_dir());
    let declared: BTreeSet<PathBuf> = declared.cloned().collect();
    let (path, library) = searched(opened);
    let mut judge = Judge {
        tree: DiskTree::new(&declared),
        interpreter: Interpreter::builder("check").build_on(DiskTree::new(&declared), None),
        path,
        library,
        known: BTreeMap::new(),
        found: Vec::new(),
    };
    let config = &opened.loaded.config;
    for import in open::imports(opened) {
        judge.import(&import.line, &import.directory);
    }
    let roots: Vec<_> = std::iter::once(config.main())
        .chain(config.hosts())
        .map(|host| document_root(&opened.root, &host.settings()))
        .collect();
    for line in config.settings() {
        let host = std::iter::once(config.main()).chain(config.hosts()).find(|host| belongs(line, *host));
        let roots = match host.and_then(|host: Host<'_>| host.index()) {
            Some(index) => roots.get(index + 1..index + 2).unwrap_or_default(),
            None => &roots,
        };
        if Phase::ALL.iter().any(|phase| phase.directive() == line.directive()) {
            judge.handler(line, roots);
        } else if line.directive() == "SetHandler" && line.text() == Some("rhai") {
            judge.scripts(line, roots);
        }
    }
    judge.found
}

struct Judge {
    tree: DiskTree,
    interpreter: Interpreter,
    path: Vec<PathBuf>,
    library: Vec<PathBuf>,
    /// The functions of the scripts that were looked into, or what is wrong with them.
    known: BTreeMap<PathBuf, Result<Functions, samovar_importer::Diagnostic>>,
    found: Vec<Diagnostic>,
}

type Functions = Vec<(String, usize)>;

impl Judge {
    fn import(&mut self, line: &Setting, directory: &Path) {
        let Some(name) = line.text() else { return };
        if name == "importer::freeze_modules" {
            return;
        }
        self.named(line, 0, name, &[directory.to_path_buf()], 0, [BAD_IMPORT; 3]);
    }

    fn handler(&mut self, line: &Setting, roots: &[PathBuf]) {
        let section = line.origin().scope().and_then(|scope| scope.directory());
        let directory = match section {
            None => None,
            // What a pattern stands for is known when a request comes.
            Some(section) => match section.literal() {
                Some(directory) => Some(PathBuf::from(directory)),
                None => return,
            },
        };
        let names: Vec<String> = directive::modules(line).map(str::to_owned).collect();
        for (at, name) in names.iter().enumerate() {
            let roots = directory.as_ref().map_or(roots, std::slice::from_ref);
            self.named(line, at, name, roots, 1, [NO_MODULE, NO_FUNCTION, SCRIPT_ERROR]);
        }
    }

    /// Looks for `module[::function]` in the first of some handler roots that has it.
    fn named(
        &mut self,
        line: &Setting,
        argument: usize,
        name: &str,
        roots: &[PathBuf],
        params: usize,
        [no_module, no_function, script_error]: [Code; 3],
    ) {
        let located: Vec<_> = roots.iter().map(|root| self.locate(name, root)).collect();
        let Some(file) = located.iter().find_map(|it| it.as_ref().ok()).cloned() else {
            if let Some(Err(error)) = located.into_iter().next() {
                let told = error.diagnostic();
                let expected = told.notes.iter().map(|note| note.message.clone()).collect::<Vec<_>>().join("; ");
                let wrong = Diagnostic::new(no_module, span(line, argument), told.message);
                self.say(wrong.expected(expected).help(told.help.into_iter().next()));
            }
            return;
        };
        let function = name.split_once("::").map(|(_, function)| function);
        let function = function.or((params > 0).then_some("handler"));
        match self.functions(&file) {
            Err(error) => self.script_error(script_error, line, argument, &error),
            Ok(functions) => {
                let Some(function) = function else { return };
                if functions.iter().any(|(known, arity)| known == function && *arity == params) {
                    return;
                }
                let message = format!("`{}` has no function `{function}` with {}", file.display(), parameters(params));
                let wrong = Diagnostic::new(no_function, span(line, argument), message);
                let close = samovar_config::nearest(function, functions.iter().map(|(known, _)| known.as_str()));
                let arity = functions.iter().find(|(known, _)| known == function).map(|(_, arity)| *arity);
                let help = match (arity, close) {
                    (Some(arity), _) => Some(format!("there is one with {}", parameters(arity))),
                    (None, close) => close.map(|close| format!("there is a function `{close}`")),
                };
                self.say(wrong.help(help));
            }
        }
    }

    /// A line with several keys is looked at for each of them; one finding is enough.
    fn say(&mut self, wrong: Diagnostic) {
        if !self.found.iter().any(|known| known.span == wrong.span && known.message == wrong.message) {
            self.found.push(wrong);
        }
    }

    fn locate(&self, name: &str, root: &Path) -> Result<PathBuf, ImportError> {
        let scope = Scope::new("check").handler_root(root).path(&self.path).library(&self.library);
        let handler = self.interpreter.handler_in(&Arc::new(scope), name, Path::new("~"))?;
        Ok(handler.path().to_path_buf())
    }

    fn functions(&mut self, file: &Path) -> Result<Functions, samovar_importer::Diagnostic> {
        let tree = &self.tree;
        let look = || match tree.read(file) {
            Ok(source) => examine(file, &source.text),
            Err(error) => Err(ImportError::Unreadable { path: file.into(), error }.diagnostic()),
        };
        self.known.entry(file.to_path_buf()).or_insert_with(look).clone()
    }

    fn script_error(&mut self, code: Code, line: &Setting, argument: usize, error: &samovar_importer::Diagnostic) {
        let wrong = Diagnostic::new(code, span(line, argument), error.to_string());
        // One script may be named by many lines.
        if self.found.iter().any(|known| known.message == wrong.message) {
            return;
        }
        self.found.push(wrong.help(error.help.first().cloned()));
    }

    /// Looks into the scripts that URLs name under a `SetHandler rhai`.
    fn scripts(&mut self, line: &Setting, roots: &[PathBuf]) {
        let section = line.origin().scope().and_then(|scope| scope.directory());
        let directories = match section.map(|section| section.literal()) {
            Some(Some(directory)) => vec![PathBuf::from(directory)],
            Some(None) => return,
            None => roots.to_vec(),
        };
        for file in directories.iter().flat_map(|directory| scripts_below(directory)).take(SCRIPTS) {
            if let Err(error) = self.functions(&file) {
                self.script_error(SCRIPT_ERROR, line, 0, &error);
            }
        }
    }
}

fn parameters(count: usize) -> String {
    format!("{count} parameter{}", if count == 1 { "" } else { "s" })
}

/// The scripts in a directory and below it, without those in hidden directories.
fn scripts_below(directory: &Path) -> Vec<PathBuf> {
    let (mut found, mut todo) = (Vec::new(), vec![directory.to_path_buf()]);
    while let Some(directory) = todo.pop() {
        let Ok(entries) = directory.read_dir() else { continue };
        for entry in entries.filter_map(Result::ok) {
            let (path, hidden) = (entry.path(), entry.file_name().as_encoded_bytes().starts_with(b"."));
            match entry.file_type() {
                _ if hidden || found.len() >= SCRIPTS => {}
                Ok(kind) if kind.is_dir() => todo.push(path),
                Ok(kind) if kind.is_file() && path.extension().is_some_and(|it| it == "rhai") => found.push(path),
                _ => {}
            }
        }
    }
    found.sort();
    found
}
