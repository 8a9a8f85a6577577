//! The rules of the language, of scoping and of the diagnostics, each as a table.

mod scoping;
mod site;
