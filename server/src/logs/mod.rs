//! What is written to logs: requests, errors, and what happens in the interpreters.

pub(crate) mod access;
pub(crate) mod events;
pub(crate) mod file;
pub(crate) mod level;
pub(crate) mod repeated;
