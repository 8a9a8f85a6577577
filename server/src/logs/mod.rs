//! Logs: requests, errors, and events of the interpreters.

pub(crate) mod access;
pub(crate) mod events;
pub(crate) mod file;
pub(crate) mod level;
pub(crate) mod repeated;
