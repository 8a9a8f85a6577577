//! What `export` says at the top level of a module: `export x as y` offers the variable as `y`.
//!
//! Importers see every variable under its own name as well. Which variable is meant is decided where the statement stands, its
//! value is what it has when loading ends.

use rhai::{ASTFlags, Dynamic, Scope, Stmt};

/// A name under which the top level offers a variable.
pub(crate) struct Offered {
    pub(crate) name: String,
    /// Which entry of the top level's scope it is, from the first.
    entry: usize,
}

/// The variable that a statement offers, and the name for importers.
pub(crate) fn offers(statement: &Stmt) -> Option<(String, String)> {
    match statement {
        Stmt::Export(export, _) => {
            let (variable, alias) = &**export;
            let offered = if alias.is_empty() { variable } else { alias };
            Some((variable.as_str().to_owned(), offered.as_str().to_owned()))
        }
        Stmt::Var(definition, flags, _) if flags.intersects(ASTFlags::EXPORTED) => {
            let name = definition.0.as_str().to_owned();
            Some((name.clone(), name))
        }
        _ => None,
    }
}

/// The names other than their own under which statements offer variables.
pub(crate) fn aliases(statements: &[Stmt]) -> Vec<String> {
    let offered = statements.iter().filter_map(offers);
    offered.filter(|(variable, name)| variable != name).map(|(_, name)| name).collect()
}

/// Notes which entry of the scope is meant by a variable that is offered now.
pub(crate) fn note(scope: &Scope<'_>, variable: &str, name: &str) -> Option<Offered> {
    // The last comes first.
    let from_end = scope.iter_raw().position(|(found, ..)| found == variable)?;
    let entry = scope.len().checked_sub(from_end + 1)?;
    Some(Offered { name: name.to_owned(), entry })
}

/// What importers find under a name that was offered.
pub(crate) enum Offer {
    /// A variable that the module has, by its own name.
    Variable(String),
    /// The value of one that another of its name has replaced.
    Value(Dynamic),
}

/// What is offered when the top level has run, each name once: that of the variable defined last, as in Rhai.
pub(crate) fn settle(mut offered: Vec<Offered>, scope: &Scope<'_>) -> Vec<(String, Offer)> {
    offered.sort_by_key(|offered| std::cmp::Reverse(offered.entry));
    let mut settled: Vec<(String, Offer)> = Vec::new();
    for Offered { name, entry } in offered {
        let Some(later) = scope.len().checked_sub(entry + 1) else { continue };
        let Some((variable, _, value)) = scope.iter_raw().nth(later) else { continue };
        if settled.iter().any(|(known, _)| *known == name) {
            continue;
        }
        let is_last = scope.iter_raw().take(later).all(|(other, ..)| other != variable);
        let offer = if is_last { Offer::Variable(variable.to_owned()) } else { Offer::Value(value.clone()) };
        settled.push((name, offer));
    }
    settled
}
