//! What an error says: Rhai's own errors in the words that scripts are written in, with what was probably meant.

use std::sync::Arc;

use rhai::{EvalAltResult, Module, Shared};
use samovar_importer::{Help, Limit, closest};

use crate::{
    link::{
        instance::{self, Core, callback::GIVEN},
        message::show::show,
        scan::{
            Scan,
            error::{Said, raise},
            module_variable,
            name::{self, LinkedName},
            pass::TOO_MANY_VARIABLES,
            uses::{ForeignWrite, FunctionDef, is_closure},
        },
    },
    state::type_name,
    thread::ending::Spent,
};

/// Longer texts are shortened: who throws a page does not want it in the log once for each request.
const LONGEST: usize = 1_000;

impl Spent {
    /// What is said of a script that has used it up.
    pub(crate) fn said(self) -> Said<Help> {
        let help = match self {
            Self::Time => raise(Limit::Time),
            Self::Operations => raise(Limit::Operations),
            Self::Stack => {
                "nest calls, or the expressions around them, less deeply: a loop with an array of what is still to be done needs no stack"
                    .into()
            }
        };
        (self.message().into(), Some(help))
    }
}

/// What is said of a text whose parts are nested so deeply that its compilation needs more stack than there is.
pub(crate) const TOO_DEEP_TO_COMPILE: &str = "what is written here is nested too deeply for the stack of this thread";

/// A limit that was exceeded.
pub(crate) fn limit(error: &EvalAltResult) -> Said<Help> {
    let (message, limit) = match error {
        EvalAltResult::ErrorTooManyOperations(_) => return Spent::Operations.said(),
        EvalAltResult::ErrorStackOverflow(_) => ("calls are nested more deeply than they may be", Limit::CallDepth),
        EvalAltResult::ErrorDataTooLarge(what, _) if what.contains("string") => {
            ("a string is longer than it may be", Limit::StringBytes)
        }
        EvalAltResult::ErrorDataTooLarge(what, _) if what.contains("map") => {
            ("a map has more entries than it may have", Limit::MapEntries)
        }
        EvalAltResult::ErrorDataTooLarge(..) => ("an array has more items than it may have", Limit::ArrayItems),
        EvalAltResult::ErrorTooManyModules(_) => ("more modules are imported in one call than may be", Limit::Modules),
        EvalAltResult::ErrorTooManyVariables(_) => (TOO_MANY_VARIABLES, Limit::Variables),
        other => return (name::unlink(&other.to_string()), None),
    };
    (message.into(), Some(raise(limit)))
}

/// What a script threw, or a native function reported.
pub(crate) fn thrown(value: &rhai::Dynamic) -> Said {
    if let Ok(text) = value.as_immutable_string_ref() {
        return match text.trim().is_empty() {
            true => ("the script threw an empty text".into(), None),
            false => (shorten(name::unlink(&text)), None),
        };
    }
    if value.is_variant() {
        return (format!("the script threw a value of type {}", type_name(value)), None);
    }
    let (said, is_cut) = show(value, LONGEST);
    match value.is_unit() {
        true => ("the script threw `()`".into(), Some("throw a text that says what is wrong".into())),
        false => (format!("the script threw {}{}", name::unlink(&said), if is_cut { ".. and more" } else { "" }), None),
    }
}

fn shorten(text: String) -> String {
    match text.char_indices().nth(LONGEST) {
        None => text,
        Some((end, _)) => {
            let left = text[end..].chars().count();
            format!("{}.. and {left} characters more", &text[..end])
        }
    }
}

/// A constant that a script writes to.
pub(crate) fn constant(linked: &str) -> Said {
    let name = name::unlink(linked);
    match name::parse(linked) {
        Some(LinkedName::Variable { .. }) => (module_variable(&name), None),
        Some(LinkedName::ForeignWrite { id, write }) => {
            let core = instance::find(id);
            let foreign = core.as_ref().and_then(|core| core.scan().foreign(write));
            if foreign.is_some_and(ForeignWrite::is_global) {
                return (module_variable(&name), None);
            }
            let alias = foreign.map_or("..".to_owned(), |foreign| foreign.path.join("::"));
            let help = "a module keeps what changes in a handle: `table()`, `cell(..)` or `counter()`".to_owned();
            (format!("`{alias}::{name}` is a variable of another module and cannot be changed"), Some(help))
        }
        _ if name.is_empty() || name == "this" => {
            let message = "what `this` stands for is a constant here, as the variables of a module are in functions; keep what \
                           changes in a handle: `table()`, `cell(..)` or `counter()`";
            (message.into(), None)
        }
        _ => (format!("Cannot modify constant {name}"), None),
    }
}

/// A function that changes what it is called on, called on a constant.
pub(crate) fn not_pure(function: &str) -> Said {
    let function = name::unlink(function);
    if !rhai::is_valid_identifier(&function) {
        let error = EvalAltResult::ErrorNonPureMethodCallOnConstant(function, rhai::Position::NONE);
        return (error.to_string(), None);
    }
    let message = format!(
        "`{function}` changes what it is called on, which is a constant here, as the variables of a module are in functions; \
         keep what changes in a handle: `table()`, `cell(..)` or `counter()`"
    );
    (message, None)
}

/// A variable that is not there, in code of `core`.
pub(crate) fn no_variable(variable: &str, core: Option<&Core>) -> Said {
    let is_written = matches!(name::parse(variable), Some(LinkedName::Variable { steps: Some(0), .. }));
    let variable = name::unlink(variable);
    if is_written {
        let message =
            format!("there is no variable `{variable}` in this function; declare it with `let {variable} = ..`");
        return (message, None);
    }
    let names = core.into_iter().flat_map(|core| {
        let functions = core.scan().functions().iter().map(|function| function.name.as_str());
        core.scan().variables().iter().map(String::as_str).chain(functions)
    });
    let help = closest(&variable, names).map(|near| format!("did you mean `{near}`?"));
    (format!("there is no variable `{variable}`"), help)
}

/// A function that is not there, called in code of `core`; the signature is Rhai's: `name (type, type)`.
pub(crate) fn no_function(signature: &str, core: Option<&Core>) -> Said {
    if let Some((callback, numbers)) = signature.split_once(GIVEN) {
        return (format!("callback `{}`{GIVEN}{numbers}", name::unlink(callback)), None);
    }
    let (called, arguments) = signature.split_once(' ').unwrap_or((signature, "()"));
    let types = types(arguments);
    if is_closure(called) {
        return (format!("a closure was called with the arguments `{types}`, but takes another number of them"), None);
    }
    let written = name::unlink(called);
    let message = format!("there is no function `{written} {types}`");
    let given = types.trim_matches(['(', ')']).split(", ").filter(|part| !part.is_empty()).count();
    let help = match written.rsplit_once("::") {
        Some((alias, function)) => core
            .and_then(|core| imported(core, alias))
            .and_then(|(_, child)| elsewhere(child.scan(), alias, function, given)),
        None if types.starts_with("(module") => Some(format!(
            "a function of a module is called by `m[\"{written}\"].call(..)`, or as `m::{written}(..)` after an `import`"
        )),
        None => (core.and_then(|core| here(core.scan().functions(), &written, given)))
            .or_else(|| crate::http::instead_of(&written, true).filter(|_| is_method_of(&types, "request"))),
    };
    (message, help)
}

/// Is the first of these types that one?
fn is_method_of(types: &str, kind: &str) -> bool {
    types.strip_prefix('(').and_then(|rest| rest.strip_prefix(kind)).is_some_and(|rest| rest.starts_with([',', ')']))
}

/// The types in a signature, as scripts call them.
pub(crate) fn types(signature: &str) -> String {
    signature.replace("&str | ImmutableString | String", "string")
}

/// A name before `::` that nothing was imported by.
pub(crate) fn no_import(alias: &str, core: Option<&Core>) -> Said {
    let alias = name::unlink(alias);
    let help = match core.and_then(|core| closest(&alias, core.scan().import_names())) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("import it first: `import \"./{alias}\" as {alias};`"),
    };
    (format!("nothing is imported as `{alias}` here"), Some(help))
}

/// What a module has in place of one of its own functions.
fn here(functions: &[FunctionDef], called: &str, given: usize) -> Option<String> {
    let named: Vec<_> = functions.iter().filter(|function| function.name == called).collect();
    match named.as_slice() {
        [] => {
            let near = closest(called, functions.iter().map(|function| function.name.as_str()))?;
            Some(format!("did you mean `{near}`?"))
        }
        named if named.iter().any(|function| function.params == given) => None,
        named => Some(takes(called, named)),
    }
}

/// What an imported module has in place of a function.
pub(crate) fn elsewhere(child: &Scan, alias: &str, called: &str, given: usize) -> Option<String> {
    let functions = child.functions();
    let named: Vec<_> = functions.iter().filter(|function| function.name == called && !function.typed()).collect();
    let file = child.file();
    match named.as_slice() {
        [] => {
            let public = functions.iter().filter(|function| !function.private && !function.typed());
            let near = closest(called, public.map(|function| function.name.as_str()))?;
            Some(format!("did you mean `{alias}::{near}`?"))
        }
        named if named.iter().any(|function| function.private && function.params == given) => {
            Some(format!("`{called}` is private in {file}; take `private` away to call it from here"))
        }
        named => Some(takes(&format!("{alias}::{called}"), named)),
    }
}

fn takes(called: &str, named: &[&FunctionDef]) -> String {
    let numbers: Vec<_> = named.iter().map(|function| function.params.to_string()).collect();
    let last = named.last().map_or(0, |function| function.params);
    format!("`{called}` takes {} argument{}", numbers.join(" or "), if last == 1 { "" } else { "s" })
}

/// What the top level of `core` imported under this name, and the instance behind it, if it is a script's.
pub(crate) fn imported(core: &Core, alias: &str) -> Option<(Shared<Module>, Arc<Core>)> {
    let mut imports = core.start()?.scan_imports_raw();
    let (_, module) = imports.find(|(name, _)| name::unlink(name) == alias)?;
    Some((module.clone(), instance::find(instance::by_tag(module.id()?)?)?))
}

/// Something that a value's type does not have, in Rhai's words.
pub(crate) fn no_property(said: &str) -> Said {
    let said = name::unlink(said);
    let quoted: Vec<_> = said.split('\'').skip(1).step_by(2).collect();
    match quoted.as_slice() {
        [property, kind] if said.starts_with("Unknown property") => {
            let help = (*kind == "()").then(|| NOT_THERE.to_owned());
            (
                format!("a value of type {kind} has no property `{property}`"),
                help.or_else(|| near_property(property, kind)),
            )
        }
        [property, kind, value] if said.starts_with("No writable property") => {
            let read_only =
                || (*kind == "request" && crate::http::is_read_only(property)).then(|| READ_ONLY.to_owned());
            let help = near_property(property, kind).or_else(read_only);
            (format!("the property `{property}` of a value of type {kind} cannot be set to one of type {value}"), help)
        }
        _ => (said, None),
    }
}

/// A value that is no table, in Rhai's words: `type [index]`, or `type [index] = value`.
pub(crate) fn no_index(said: &str) -> Said {
    let said = name::unlink(said).replace("&str | ImmutableString | String", "string");
    let Some((kind, (index, value))) =
        said.split_once(" [").and_then(|(kind, rest)| Some((kind, rest.split_once(']')?)))
    else {
        return (format!("a value of type {said} has no index"), None);
    };
    let help = (kind == "()").then(|| NOT_THERE.to_owned());
    match value.strip_prefix(" = ") {
        None if kind == "request" => {
            let help = "a request has properties: `req.path`; the fields of a query are in `req.args`, those of a form in `req.form`";
            (format!("a value of type {kind} has no index of type {index}"), Some(help.into()))
        }
        None => (format!("a value of type {kind} has no index of type {index}"), help),
        Some(value) => (
            format!("a value of type {value} cannot be put at an index of type {index} of a value of type {kind}"),
            help,
        ),
    }
}

const READ_ONLY: &str = "it can be read, not set";
const NOT_THERE: &str = "the value is `()`: what was looked up is not there";

/// Requests are what most scripts have to do with.
fn near_property(property: &str, kind: &str) -> Option<String> {
    if kind == "request" { crate::http::instead_of(property, false) } else { None }
}
