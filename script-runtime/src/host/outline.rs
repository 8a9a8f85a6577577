//! Checks of scripts that do not run them: what a text defines, what it imports, and what it uses of the imported modules.

use std::{path::Path, sync::Arc};

use rhai::Position;
use samovar_importer::{Diagnostic, Place};

use crate::{
    link::{Frame, ImportSite, InstanceId, Limits, Linker, Output, SEARCH_PATH, Scan, Use, missing},
    module::diagnostic::diagnostic,
};

/// Compiles texts without running them.
///
/// ```
/// use std::path::Path;
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let outlines = samovar_rhai::outline::Outlines::new(&samovar_rhai::Limits::default());
/// let page = outlines.read(Path::new("page.rhai"), r#"import "tea" as tea; fn handler(req) { tea::brew(3) }"#)?;
/// let tea = outlines.read(Path::new("tea.rhai"), "fn brew(minutes, leaf) { }")?;
/// assert_eq!(page.imports()[0].name, "tea");
/// let lack = &page.lacks("tea", &tea)[0];
/// assert_eq!(lack.diagnostic.to_string(), "page.rhai:1:45: tea.rhai has no function `brew` with 1 argument");
/// # Ok(())
/// # }
/// ```
pub struct Outlines(Linker);

/// The definitions and imports of one text.
#[derive(Clone)]
pub struct Outline(Arc<Scan>);

/// An import by a literal name.
#[derive(Clone, Debug)]
pub struct Import {
    /// The name, as it is written.
    pub name: String,
    /// The name that `as` gives it.
    pub alias: Option<String>,
    /// Where the name stands.
    pub place: Place,
    /// Whether the import is executed whenever the top level runs to its end.
    pub is_certain: bool,
    /// Whether it is inside a `try` block.
    pub is_guarded: bool,
}

/// A use of something that the imported module does not have.
#[derive(Clone, Debug)]
pub struct Lack {
    /// What is missing, where it is used, and a similar name if there is one.
    pub diagnostic: Diagnostic,
    /// Whether it is inside a `try` block.
    pub is_guarded: bool,
}

impl Outlines {
    /// Creates a compiler with these limits on texts.
    #[must_use]
    pub fn new(limits: &Limits) -> Self {
        let silent: Output = Arc::new(|_| ());
        Self(Linker::new(limits, &silent, &[], Vec::new()))
    }

    /// Compiles a text as loading it would.
    ///
    /// # Errors
    /// The text does not compile.
    pub fn read(&self, path: &Path, text: &str) -> Result<Outline, Diagnostic> {
        let scan = self.0.scan(&path.to_string_lossy(), text).map_err(|error| diagnostic(&error))?;
        let scan = Arc::new(scan);
        self.0.link(&scan, InstanceId::next(), None).map_err(|error| diagnostic(&error))?;
        Ok(Outline(scan))
    }
}

impl Outline {
    /// Returns the public functions, each with its number of parameters.
    pub fn functions(&self) -> impl Iterator<Item = (&str, usize)> {
        let public = self.0.functions().iter().filter(|function| !function.private && !function.typed());
        public.map(|function| (function.name.as_str(), function.params))
    }

    /// Returns whether the module may have a variable of this name, which may hold a callback.
    #[must_use]
    pub fn may_have_variable(&self, name: &str) -> bool {
        let mut variables = self.0.variables().iter().chain(self.0.export_names());
        name.starts_with("__") || variables.any(|variable| variable == name)
    }

    /// Returns the place where a function or variable is defined.
    #[must_use]
    pub fn place(&self, name: &str) -> Option<Place> {
        self.0.defined_at(name).and_then(|at| self.at(at))
    }

    /// Returns whether the text sets its own search path for imports.
    #[must_use]
    pub fn sets_search_path(&self) -> bool {
        self.0.text().contains(SEARCH_PATH)
    }

    /// Returns all imports with literal names, in order.
    #[must_use]
    pub fn imports(&self) -> Vec<Import> {
        let import = |site: &ImportSite| {
            Some(Import {
                name: site.name.clone(),
                alias: site.alias.clone(),
                place: self.at(site.at)?,
                is_certain: site.is_certain,
                is_guarded: self.0.is_guarded(site.at),
            })
        };
        self.0.import_sites().iter().filter_map(import).collect()
    }

    /// Returns the uses of `alias::..` that `module`, imported under this name, does not have. Empty if two imports have the
    /// same name.
    #[must_use]
    pub fn lacks(&self, alias: &str, module: &Self) -> Vec<Lack> {
        if self.0.import_names().filter(|name| *name == alias).count() != 1 {
            return Vec::new();
        }
        let lack = |(at, used): &(Position, Use)| {
            let Use::Imported { alias: of, name, args } = used else { return None };
            let is_variable = |name: &str| module.may_have_variable(name);
            let (message, help) = missing(&module.0, alias, name, *args, is_variable).filter(|_| of == alias)?;
            let diagnostic = help.into_iter().fold(Diagnostic::error(message), Diagnostic::help);
            Some(Lack { diagnostic: diagnostic.at(self.at(*at)?), is_guarded: self.0.is_guarded(*at) })
        };
        let mut found: Vec<_> = self.0.uses().iter().filter_map(lack).collect();
        found.sort_by_key(|lack| lack.diagnostic.place.as_ref().map(|place| (place.line, place.column)));
        found
    }

    fn at(&self, at: Position) -> Option<Place> {
        crate::module::diagnostic::place(&Frame::new(None, self.0.file().clone(), None, Some(self.0.text()), at))
    }
}
