//! What a host holds: an interpreter, its handlers, and what can be said of a text without running it.

pub(crate) mod alive;
pub(crate) mod builder;
pub(crate) mod handler;
pub(crate) mod interpreter;
pub mod outline;
pub(crate) mod pin;
