//! Checks scripts and their imports without running them, starting at those that a configuration leads to.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque},
    path::{Path, PathBuf},
    sync::Arc,
};

use samovar_config::{FindingCode, Span};
use samovar_importer::{Diagnostic, DiskTree, ImportError, Place, Scope, SourceTree};
use samovar_rhai::{
    Interpreter, Limits,
    outline::{Import, Outline, Outlines},
};

use super::findings::{IMPORT_CYCLE, NO_FUNCTION, NO_IMPORT, PERHAPS_MISSING, SCRIPT_ERROR};
use crate::remedy::worded;

/// Where imports are searched.
#[derive(Clone)]
pub(crate) struct Search {
    /// The scope of the section that leads there.
    pub(crate) scope: Arc<Scope>,
    /// The scope with the directories of all sections, which may hold as well: a module that is not found here is
    /// nowhere.
    pub(crate) wide: Option<Arc<Scope>>,
}

/// Something that is wrong with a script.
#[derive(PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) code: FindingCode,
    /// The script.
    pub(crate) file: PathBuf,
    pub(crate) diagnostic: Diagnostic,
    /// The line of the configuration that leads to the script, if one names it.
    pub(crate) named: Option<Span>,
}

/// The scripts that were checked so far.
pub(crate) struct Reach {
    tree: DiskTree,
    pub(crate) interpreter: Interpreter,
    outlines: Outlines,
    known: HashMap<PathBuf, Option<Arc<Outline>>>,
    /// The scripts that were checked, each with the search.
    visited: HashSet<(PathBuf, usize)>,
    searches: Vec<Search>,
    /// Scripts that others import.
    pub(crate) imported: HashSet<PathBuf>,
    pub(crate) faults: Vec<Fault>,
}

/// The imports that are made whenever a module is loaded, by file.
type Certain = BTreeMap<PathBuf, Vec<(PathBuf, Place)>>;

impl Reach {
    pub(crate) fn new(directories: &BTreeSet<PathBuf>, limits: &Limits) -> Self {
        Self {
            tree: DiskTree::new(directories),
            interpreter: Interpreter::builder("check").build_on(DiskTree::new(directories), None),
            outlines: Outlines::new(limits),
            known: HashMap::new(),
            visited: HashSet::new(),
            searches: Vec::new(),
            imported: HashSet::new(),
            faults: Vec::new(),
        }
    }

    /// The outline of a script. An error of the script itself is noted the first time.
    pub(crate) fn outline(&mut self, file: &Path, named: Option<Span>) -> Option<Arc<Outline>> {
        if let Some(known) = self.known.get(file) {
            return known.clone();
        }
        let read = match self.tree.read(file) {
            Ok(source) => self.outlines.read(file, &source.text),
            Err(error) => Err(ImportError::Unreadable { path: file.into(), error }.diagnostic()),
        };
        let outline = read.map(Arc::new).map_err(|error| self.fault(SCRIPT_ERROR, file, &error, named)).ok();
        self.known.insert(file.to_path_buf(), outline.clone());
        outline
    }

    pub(crate) fn fault(&mut self, code: FindingCode, file: &Path, diagnostic: &Diagnostic, named: Option<Span>) {
        let diagnostic = worded(diagnostic);
        let place = diagnostic.place.as_ref().map_or(file, |place| &place.file);
        let fault = Fault { code, file: place.to_path_buf(), diagnostic, named };
        // Many lines, and several searches, may lead to one script.
        if !self.faults.iter().any(|known| known.code == code && known.diagnostic == fault.diagnostic) {
            self.faults.push(fault);
        }
    }

    /// Checks a script and all that it imports.
    pub(crate) fn visit(&mut self, file: &Path, search: &Search, named: Option<Span>) {
        let number = self.number(search);
        let (mut certain, mut todo) = (Certain::new(), VecDeque::from([(file.to_path_buf(), named)]));
        while let Some((file, named)) = todo.pop_front() {
            if !self.visited.insert((file.clone(), number)) {
                continue;
            }
            let Some(outline) = self.outline(&file, named) else { continue };
            for import in outline.imports() {
                let Some(child) = self.child(&file, &outline, &import, search) else { continue };
                self.imported.insert(child.clone());
                if let (Some(alias), Some(module)) = (&import.alias, self.outline(&child, None)) {
                    self.lacks(&file, &outline, alias, &module);
                }
                if import.is_certain && !import.is_guarded {
                    certain.entry(file.clone()).or_default().push((child.clone(), import.place.clone()));
                }
                todo.push_back((child, None));
            }
        }
        for (place, cycle) in cycles(&certain) {
            let diagnostic = ImportError::Cycle(cycle).diagnostic().at(place.clone());
            self.fault(IMPORT_CYCLE, &place.file, &diagnostic, None);
        }
    }

    /// The same number for searches that find the same.
    fn number(&mut self, search: &Search) -> usize {
        let same = |one: &Scope, other: &Scope| {
            one.root() == other.root()
                && one.search_path() == other.search_path()
                && one.library_path() == other.library_path()
        };
        let is_same = |known: &Search| {
            same(&known.scope, &search.scope)
                && match (&known.wide, &search.wide) {
                    (Some(one), Some(other)) => same(one, other),
                    (one, other) => one.is_none() && other.is_none(),
                }
        };
        self.searches.iter().position(is_same).unwrap_or_else(|| {
            self.searches.push(search.clone());
            self.searches.len() - 1
        })
    }

    /// The file of an import, if it has one.
    fn child(&mut self, file: &Path, outline: &Outline, import: &Import, search: &Search) -> Option<PathBuf> {
        let located = self.interpreter.locate(&import.name, file, &search.scope).or_else(|error| {
            let wide = search.wide.as_ref().and_then(|wide| self.interpreter.locate(&import.name, file, wide).ok());
            wide.ok_or(error)
        });
        match located {
            Ok(located) if located.is_registered() => None,
            Ok(located) => Some(located.path().to_path_buf()),
            // The script may add a directory when it runs; in a `try` the module need not be found.
            Err(_) if import.is_guarded || outline.sets_search_path() => None,
            Err(error) => {
                self.fault(NO_IMPORT, file, &error.diagnostic().at(import.place.clone()), None);
                None
            }
        }
    }

    fn lacks(&mut self, file: &Path, outline: &Outline, alias: &str, module: &Outline) {
        for lack in outline.lacks(alias, module) {
            let code = if lack.is_guarded { PERHAPS_MISSING } else { NO_FUNCTION };
            self.fault(code, file, &lack.diagnostic, None);
        }
    }
}

/// Every circle of imports that would be closed while loading: the place of the import that closes it, and its files.
fn cycles(certain: &Certain) -> Vec<(Place, Vec<Arc<Path>>)> {
    let (mut found, mut done) = (Vec::new(), HashSet::new());
    for start in certain.keys() {
        // The path from the start, each file with the number of its imports that were followed.
        let mut way: Vec<(&Path, usize)> = vec![(start, 0)];
        while let Some((file, next)) = way.last_mut() {
            let file: &Path = file;
            let import = certain.get(file).and_then(|imports| imports.get(*next));
            *next += 1;
            let Some((child, place)) = import.filter(|_| !done.contains(file)) else {
                done.insert(file);
                way.pop();
                continue;
            };
            match way.iter().position(|(open, _)| open == child) {
                Some(at) => {
                    let files = way[at..].iter().map(|(file, _)| *file).chain([child.as_path()]);
                    found.push((place.clone(), files.map(Arc::from).collect()));
                }
                None => way.push((child, 0)),
            }
        }
    }
    found
}
