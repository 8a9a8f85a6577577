//! The conditions of `<If>`: the part of httpd's expressions that is about a request.
//!
//! The other parts are errors, never conditions that are silently false: groups of a match (`$1`), files (`-f`), and
//! environment variables.

mod condition;
mod facts;
mod operators;
mod parse;
mod subnet;

pub(crate) use condition::Condition;
pub use facts::{Facts, VARIABLES};
pub(crate) use parse::parse;
