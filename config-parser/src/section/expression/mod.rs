//! The conditions of `<If>`: httpd's expressions, as far as they ask about a request.
//!
//! What is left out cannot be written: groups of a match (`$1`), files (`-f`), and variables of the environment. It is an
//! error, never a condition that is silently false.

mod condition;
mod facts;
mod operators;
mod parse;
mod subnet;

pub(crate) use condition::Condition;
pub use facts::{Facts, VARIABLES};
pub(crate) use parse::parse;
