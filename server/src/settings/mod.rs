//! From directives to values.
//!
//! A directive is added in `directives.rs`, and nowhere else.

pub(crate) mod built_in;
pub(crate) mod directives;
pub(crate) mod directories;
pub(crate) mod host;
pub(crate) mod imports;
pub(crate) mod limits;
pub(crate) mod log_level;
pub(crate) mod migrating;
pub(crate) mod origin;
pub(crate) mod phase;
pub(crate) mod policy;
pub(crate) mod read;
pub(crate) mod scope;
pub(crate) mod server;
pub(crate) mod state;
pub(crate) mod texts;
pub(crate) mod values;
