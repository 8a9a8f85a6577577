//! Which settings hold for a request: the host that answers, the sections that match, and how their settings are merged.

pub(crate) mod config;
pub(crate) mod explain;
mod host_scope;
pub(crate) mod hosts;
pub(crate) mod lint;
pub(crate) mod query;
pub(crate) mod resolved;
