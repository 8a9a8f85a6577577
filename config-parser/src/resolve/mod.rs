//! Which settings hold for a request: the host that answers, the sections that match, and how their settings are merged.

pub(crate) mod config;
mod host_resolver;
pub(crate) mod hosts;
pub(crate) mod lint;
pub(crate) mod query;
pub(crate) mod resolved;
pub(crate) mod trace;
