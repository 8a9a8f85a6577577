//! The commands of the program, one file each.

#[cfg(unix)]
pub(crate) mod ask;
pub(crate) mod check;
pub(crate) mod colour;
pub(crate) mod explain;
#[cfg(unix)]
mod freeze;
#[cfg(unix)]
mod graph;
mod log;
#[cfg(unix)]
mod reload;
pub(crate) mod serve;
#[cfg(unix)]
mod server;
#[cfg(unix)]
mod status;

/// A failure with exit code 1; the message is empty if it was already shown.
pub(crate) struct Failure(pub(crate) String);
