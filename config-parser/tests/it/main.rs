//! The rules of the language, of scoping and of the findings, each as a table.

mod answers;
mod conditions;
mod debian;
mod disk;
mod findings;
mod merging;
mod pieces;
mod properties;
mod scoping;
mod site;
mod syntax;
mod urls;
