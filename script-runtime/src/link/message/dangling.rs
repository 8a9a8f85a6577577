//! What a text takes from the modules that it imports, and they do not have: `m::f(..)` is looked up when it runs, which
//! may be long after somebody gave `f` another name.
//!
//! It is a warning and not an error: a script may use something in `try` on purpose.

use samovar_importer::closest;

use crate::link::{
    instance::Instance,
    message::words::{elsewhere, imported},
    scan::{Scan, error::Frame, uses::Use},
};

/// Something that is not there: where it is asked for, a message, and what may have been meant.
pub(crate) struct Dangling {
    pub(crate) frame: Frame,
    pub(crate) message: String,
    pub(crate) help: Option<String>,
}

impl Instance {
    /// What its text asks the modules for that its top level has imported, and they do not have.
    pub(crate) fn dangling(&self) -> Vec<Dangling> {
        let core = self.core();
        let asked = core.scan().uses().iter().filter_map(|(at, used)| match used {
            Use::Imported { alias, name, args } => Some((*at, alias, name, *args)),
            _ => None,
        });
        let mut found = Vec::new();
        for (at, alias, name, args) in asked {
            // A name for two modules means the one or the other.
            if core.scan().import_names().filter(|other| other == alias).count() != 1 {
                continue;
            }
            let Some((module, child)) = imported(core, alias) else { continue };
            let Some((message, help)) = missing(child.scan(), alias, name, args, |name| module.contains_var(name))
            else {
                continue;
            };
            found.push(Dangling { frame: core.frame(None, at), message, help });
        }
        // Rhai keeps functions in no order.
        found.sort_by_key(|dangling| (dangling.frame.line, dangling.frame.column));
        found
    }
}

/// What is wrong with `alias::name`, or a call of it with so many arguments, where the alias stands for the module with
/// this text; a message, and what may have been meant.
pub(crate) fn missing(
    child: &Scan,
    alias: &str,
    name: &str,
    args: Option<usize>,
    is_variable: impl FnOnce(&str) -> bool,
) -> Option<(String, Option<String>)> {
    let file = child.file();
    let mut functions = child.functions().iter().filter(|function| function.name == *name);
    let is_there = match args {
        Some(args) => functions.any(|it| it.params == args && !it.private && !it.typed()),
        None => is_variable(name) || functions.next().is_some(),
    };
    if is_there {
        return None;
    }
    Some(match args {
        Some(args) => {
            let arguments = format!("{args} argument{}", if args == 1 { "" } else { "s" });
            (format!("{file} has no function `{name}` with {arguments}"), elsewhere(child, alias, name, args))
        }
        None => {
            let near = closest(name, child.variables().iter().chain(child.export_names()).map(String::as_str));
            let help = near.map(|near| format!("did you mean `{alias}::{near}`?"));
            (format!("{file} has no variable `{name}`"), help)
        }
    })
}
