//! Finds the settings that hold for a request: chooses the host, finds the sections that match, merges their settings.

pub(crate) mod config;
mod host_resolver;
pub(crate) mod hosts;
pub(crate) mod lint;
pub(crate) mod query;
pub(crate) mod resolved;
pub(crate) mod trace;
