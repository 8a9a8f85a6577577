//! From directives to values.
//!
//! A directive is added in `directive.rs`.

pub(crate) mod directive;
pub(crate) mod directories;
pub(crate) mod imports;
pub(crate) mod limits;
pub(crate) mod log_level;
pub(crate) mod migrating;
pub(crate) mod origin;
pub(crate) mod phase;
pub(crate) mod policy;
pub(crate) mod read;
pub(crate) mod remedy;
pub(crate) mod server;
pub(crate) mod texts;
