//! The first compilation: what a text defines, and where it uses that. Done once for a text, whatever the instances.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use rhai::{AST, Position};

use crate::link::scan::{
    error::{ErrorKind, ScriptError},
    exports,
    import_sites::{self, ImportSite},
    keep,
    lexical::{self, Lexical},
    name::{self, InstanceId},
    pass::{self, Rewrite},
    sites::{self, Sites},
    syntax, text,
    uses::{self, CALL, ForeignWrite, FunctionDef, Use},
};

/// Rhai counts lines and columns in 16 bits and stops counting there; places could no longer be told apart.
const MAX_COORDINATE: usize = 65_000;

/// A source text with everything that linking it to an instance takes.
#[derive(Debug)]
pub(crate) struct Scan {
    file: Arc<str>,
    text: Arc<str>,
    variables: Vec<String>,
    /// Where functions and variables of the top level are defined, by name.
    defined: Vec<(Position, String)>,
    /// Where a `keep` stands, and the variable that it defines.
    keeps: Vec<(Position, String)>,
    functions: Vec<FunctionDef>,
    import_names: Vec<String>,
    /// The literal names that the top level imports, in order.
    imports: Vec<String>,
    import_sites: Vec<ImportSite>,
    /// The blocks of `try`.
    guarded: Vec<(Position, Position)>,
    /// The names that importers see in place of those of variables: `export x as y`.
    export_names: Vec<String>,
    uses: Vec<(Position, Use)>,
    /// What the tokens alone tell: definitions, import names and paths, `global::`.
    lexical: Vec<(Position, Lexical)>,
    /// The variables that closures of the top level share with it while it runs.
    changed: HashSet<String>,
    /// The writes to what other modules offer.
    foreign: Vec<ForeignWrite>,
    /// Some closure writes to parts of `this`.
    closures_change_this: bool,
    /// The entries of maps that are closures, in that case.
    entries: HashSet<String>,
}

impl Scan {
    /// Of a module that has no text.
    pub(crate) fn empty(file: &str) -> Self {
        Self {
            file: file.into(),
            text: "".into(),
            variables: Vec::new(),
            defined: Vec::new(),
            keeps: Vec::new(),
            functions: Vec::new(),
            import_names: Vec::new(),
            imports: Vec::new(),
            import_sites: Vec::new(),
            guarded: Vec::new(),
            export_names: Vec::new(),
            uses: Vec::new(),
            lexical: Vec::new(),
            changed: HashSet::new(),
            foreign: Vec::new(),
            closures_change_this: false,
            entries: HashSet::new(),
        }
    }

    /// The name of the file, as it shows in messages.
    #[must_use]
    pub(crate) fn file(&self) -> &Arc<str> {
        &self.file
    }

    /// The source text.
    #[must_use]
    pub(crate) fn text(&self) -> &Arc<str> {
        &self.text
    }

    /// The variables defined at the top level, in order, each once.
    #[must_use]
    pub(crate) fn variables(&self) -> &[String] {
        &self.variables
    }

    /// Where the names of functions and top-level variables are defined, in order.
    pub(crate) fn defined_at(&self, name: &str) -> Option<Position> {
        self.defined.iter().find(|(_, defined)| defined == name).map(|(at, _)| *at)
    }

    /// The variables that a reload takes over (`keep`), each with the place of the word.
    #[must_use]
    pub(crate) fn keeps(&self) -> &[(Position, String)] {
        &self.keeps
    }

    /// Names that functions use and the text does not define, each once: natives' constants, or what a predecessor
    /// carried over.
    pub(crate) fn free_names(&self) -> HashSet<&str> {
        let defined = |name: &String| self.variables.contains(name) || self.functions.iter().any(|f| f.name == *name);
        let free = self.uses.iter().filter_map(|(_, used)| match used {
            Use::Free(name) | Use::Shared(name) if !defined(name) => Some(name.as_str()),
            _ => None,
        });
        free.collect()
    }

    /// Whether the text defines a function of this name and number of parameters.
    #[must_use]
    pub(crate) fn defines(&self, function: &str, params: usize) -> bool {
        self.functions.iter().any(|f| f.name == function && f.params == params && !f.typed())
    }

    /// The names in those imports of the top level that are made whenever it runs to its end.
    pub(crate) fn imports(&self) -> &[String] {
        &self.imports
    }

    /// All imports by literal names.
    pub(crate) fn import_sites(&self) -> &[ImportSite] {
        &self.import_sites
    }

    /// Does a place stand in a `try`?
    pub(crate) fn is_guarded(&self, at: Position) -> bool {
        self.guarded.iter().any(|(start, end)| *start <= at && at <= *end)
    }

    /// The names, other than its own, under which it offers variables to those who import it.
    pub(crate) fn export_names(&self) -> &[String] {
        &self.export_names
    }

    /// The variables that closures of the top level share with it while it runs.
    pub(crate) fn changed(&self) -> &HashSet<String> {
        &self.changed
    }

    /// The names that those variables have in closures.
    pub(crate) fn shared_names(&self, id: InstanceId, slots: &HashMap<String, usize>) -> HashSet<String> {
        let link = Link { scan: self, id, slots };
        let names = self.uses.iter().filter_map(|(_, used)| match used {
            Use::Shared(name) if self.changed.contains(name) => link.shared(name),
            // The roots of writes are captured beside the variable.
            Use::Write { name, steps, shared: true } => Some(name::written(&link.shared(name)?, *steps)),
            _ => None,
        });
        names.collect()
    }

    /// Whether a method of this name that the text defines may write to parts of what it is called on.
    pub(crate) fn may_change_this(&self, method: &str, args: usize) -> bool {
        self.entries.contains(method)
            || (self.closures_change_this && method == CALL && args > 0)
            || self.functions.iter().any(|f| f.name == method && f.params == args && f.changes_this)
    }

    /// The paths of several names that stand before what is looked for in other modules.
    pub(crate) fn paths(&self) -> impl Iterator<Item = &[String]> {
        self.uses.iter().filter_map(|(_, used)| match used {
            Use::Reached(path) => Some(path.as_slice()),
            _ => None,
        })
    }

    /// Number `write` of the writes to what other modules offer.
    pub(crate) fn foreign(&self, write: usize) -> Option<&ForeignWrite> {
        self.foreign.get(write)
    }

    pub(crate) fn functions(&self) -> &[FunctionDef] {
        &self.functions
    }

    /// The names that imports introduce, in order, as often as they do.
    pub(crate) fn import_names(&self) -> impl Iterator<Item = &str> {
        self.import_names.iter().map(String::as_str)
    }

    pub(crate) fn uses(&self) -> &[(Position, Use)] {
        &self.uses
    }

    /// Takes apart what `compile` made of the text while the token mapper was recording.
    pub(crate) fn new(
        file: &str,
        text: &str,
        compile: impl FnOnce(&str) -> Result<AST, rhai::ParseError>,
    ) -> ScanResult {
        let file: Arc<str> = file.into();
        let text: Arc<str> = text.into();
        let fail = |at, kind, message: String| ScriptError::in_text(kind, message, &file, &text, at);
        if let Some(line) = text.lines().position(|line| line.len() > MAX_COORDINATE) {
            let message = format!("line {} is longer than {MAX_COORDINATE} bytes", line + 1);
            return Err(fail(Position::NONE, ErrorKind::Syntax, message));
        }
        if text.lines().nth(MAX_COORDINATE).is_some() {
            let message = format!("the script has more than {MAX_COORDINATE} lines");
            return Err(fail(Position::NONE, ErrorKind::Syntax, message));
        }
        let source = text::compiled(&text);
        let (compiled, seen) = pass::scanning(&source, || compile(&source));
        if let Some((reserved, at)) = seen.iter().find_map(lexical::reserved) {
            let message =
                format!("the name `{reserved}` is reserved: `__mp` must not be followed by a letter or digit");
            return Err(fail(at, ErrorKind::Syntax, message));
        }
        if let Some((at, message)) = keep::misplaced(&seen) {
            return Err(fail(at, ErrorKind::Syntax, message));
        }
        let ast = compiled.map_err(|rhai::ParseError(kind, at)| {
            let help = syntax::help(&kind, &text, &seen, at);
            fail(at, ErrorKind::Syntax, name::unlink(&kind.to_string())).with_help(help)
        })?;
        let mut lexical = lexical::read(&seen);
        let variables = lexical::variables(&seen);
        let Sites { functions, mut uses, changed, mistaken, closures_change_this } = sites::collect(&ast, &variables);
        if let Some((at, function, name)) = mistaken.first() {
            let help =
                format!("give one of them another name, or pass it: `{function}(..)` with `{name}` as an argument");
            let message = format!(
                "`{function}!(..)` lends `{function}` the variables that are here, but in `{function}` the name `{name}` means \
                 what the module defines"
            );
            return Err(fail(*at, ErrorKind::Syntax, message).with_help(Some(help)));
        }
        let foreign = lexical::foreign_writes(&seen, &uses, &mut lexical);
        let asked: HashSet<_> = uses.iter().filter(|(_, used)| *used == Use::IsDefined).map(|(at, _)| *at).collect();
        lexical.extend(seen.windows(2).filter_map(|pair| match pair {
            [asks, open] if asked.contains(&asks.at) => Some((open.at, Lexical::Asked)),
            _ => None,
        }));
        // Rhai does not say of what a closure captures that it is a `catch`'s.
        let is_caught: HashSet<_> =
            lexical.iter().filter(|(_, it)| matches!(it, Lexical::Caught(_))).map(|(at, _)| *at).collect();
        uses.retain(|(at, _)| !is_caught.contains(at));
        let defined = lexical::defined(&seen);
        let literal = lexical::literal_imports(&seen);
        let computed = uses.iter().find_map(|(at, used)| match used {
            Use::Import(path) if !literal.contains(at) => Some(*path),
            _ => None,
        });
        if let Some(path) = computed {
            let message = "the path of an `import` in a function must begin with a literal; \
                           use `import_module(path)` for a computed one";
            return Err(fail(path, ErrorKind::Syntax, message.to_owned()));
        }
        let import_names = lexical::import_names(&seen);
        let imports = lexical::top_level_imports(&seen);
        let keeps = keep::places(&seen);
        let (import_sites, guarded) = (import_sites::find(&seen), import_sites::guarded(&seen));
        let export_names = exports::aliases(ast.statements());
        Ok(Self {
            import_sites,
            guarded,
            export_names,
            file,
            text,
            variables,
            defined,
            keeps,
            functions,
            import_names,
            imports,
            uses,
            lexical,
            changed,
            foreign,
            closures_change_this,
            entries: if closures_change_this { lexical::entries(&seen) } else { HashSet::new() },
        })
    }

    /// The rewrites that link the text to instance `id`, whose variables are in `slots`.
    pub(crate) fn link(
        &self,
        id: InstanceId,
        slots: &HashMap<String, usize>,
        instance_function: impl Fn(&str) -> bool,
    ) -> Result<Vec<(Position, Rewrite)>, ScriptError> {
        let link = Link { scan: self, id, slots };
        let mut rewrites = Vec::with_capacity(self.uses.len() + self.lexical.len());
        // What a closure captures has its place there also where the closure is made, and says less about it there.
        let writes_first = |used: &Use| !matches!(used, Use::Write { .. } | Use::Assignment(_));
        for (at, used) in &self.uses {
            if let Use::Assignment(name) = used
                && self.variables.contains(name)
            {
                let message = module_variable(name);
                return Err(ScriptError::in_text(ErrorKind::Assignment, message, &self.file, &self.text, *at));
            }
            let rewrite = link.used(used, &instance_function);
            rewrites.extend(rewrite.map(|rewrite| ((*at, writes_first(used)), rewrite)));
        }
        rewrites.extend(self.lexical.iter().filter_map(|(at, what)| Some(((*at, true), link.lexical(what)?))));
        rewrites.sort_by_key(|(at, _)| *at);
        rewrites.dedup_by_key(|((at, _), _)| *at);
        Ok(rewrites.into_iter().map(|((at, _), rewrite)| (at, rewrite)).collect())
    }
}

type ScanResult = Result<Scan, ScriptError>;

struct Link<'a> {
    scan: &'a Scan,
    id: InstanceId,
    slots: &'a HashMap<String, usize>,
}

impl Link<'_> {
    fn used(&self, used: &Use, instance_function: &impl Fn(&str) -> bool) -> Option<Rewrite> {
        let linked = match used {
            Use::Free(name) => self.variable(name).or_else(|| self.function(name, |_| true)),
            Use::Shared(name) => self.shared(name).or_else(|| self.function(name, |_| true)),
            Use::Write { name, steps, shared: false } => self.variable(name).map(|name| name::written(&name, *steps)),
            Use::Write { name, steps, shared: true } => self.shared(name).map(|name| name::written(&name, *steps)),
            Use::Assignment(name) => self.variable(name).map(|name| name::written(&name, 0)),
            Use::TopLevel(name) if !self.slots.contains_key(name) => self.function(name, |_| true),
            Use::Call(name, args) => self
                .function(name, |f| f.params == *args && !f.typed())
                .or_else(|| (instance_function(name)).then(|| name::function(name, self.id))),
            Use::IsDefined => Some(name::IS_DEFINED.to_owned()),
            Use::IsDefinedFunction(args) => Some(name::function(uses::IS_DEFINED_FUNCTION, self.id))
                .filter(|_| instance_function(uses::IS_DEFINED_FUNCTION) && matches!(args, 2 | 3)),
            Use::FixedMethod(name, args) if self.scan.may_change_this(name, *args) => {
                Some(name::fixed_method(name, self.id))
            }
            Use::Method(name, args) | Use::FixedMethod(name, args) => {
                self.function(name, |f| f.params == *args).map(|_| name::method(name, self.id))
            }
            Use::FunctionName(name) => return self.function(name, |_| true).map(Rewrite::Text),
            Use::TopLevel(_) | Use::Import(_) | Use::Imported { .. } | Use::Reached(_) | Use::ForeignWrite(_) => None,
        };
        linked.map(Rewrite::Name)
    }

    fn lexical(&self, what: &Lexical) -> Option<Rewrite> {
        let known = |name: &String| self.slots.contains_key(name);
        match what {
            Lexical::Owned(name) => Some(Rewrite::Name(name::function(name, self.id))),
            Lexical::Keep => Some(Rewrite::Const),
            Lexical::Path(text) => Some(Rewrite::Text(name::path(text, self.id))),
            Lexical::GlobalOpen(name) => known(name).then_some(Rewrite::Open),
            Lexical::GlobalName(name) => self.variable(name).map(Rewrite::Name),
            Lexical::ForeignOpen => Some(Rewrite::Open),
            Lexical::ForeignName(name, write) => Some(Rewrite::Name(name::foreign(name, self.id, *write))),
            Lexical::ForeignClose => Some(Rewrite::Close),
            Lexical::Caught(name) => Some(Rewrite::Name(name::caught(name))),
            Lexical::Asked => Some(Rewrite::Marked(name::function(uses::IS_DEFINED, self.id))),
            Lexical::GlobalClose(name) => known(name).then_some(Rewrite::Close),
        }
    }

    fn variable(&self, name: &str) -> Option<String> {
        self.slots.get(name).map(|slot| name::variable(name, self.id, *slot))
    }

    /// A variable in a closure of the top level.
    fn shared(&self, name: &str) -> Option<String> {
        let variable = self.variable(name)?;
        Some(if self.scan.changed.contains(name) { name::shared(&variable) } else { variable })
    }

    fn function(&self, name: &str, accept: impl Fn(&FunctionDef) -> bool) -> Option<String> {
        let own = self.scan.functions.iter().any(|f| f.name == name && accept(f));
        own.then(|| name::function(name, self.id))
    }
}

/// A variable of the module that a function writes to.
pub(crate) fn module_variable(name: &str) -> String {
    format!(
        "`{name}` is a variable of the module and cannot be changed in a function; keep what changes in a handle: \
         `const {name} = table()`, `cell(..)` or `counter()`"
    )
}
