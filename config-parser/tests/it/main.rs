//! The rules of the language, of scoping and of the diagnostics, each as a table.

mod answers;
mod conditions;
mod debian;
mod diagnostics;
mod disk;
mod merging;
mod pieces;
mod properties;
mod scoping;
mod site;
mod syntax;
mod urls;
