//! What the program can be told to do, a file each.

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

/// Refused, with the reason for people, unless they were told already: exit code 1.
pub(crate) struct Failure(pub(crate) String);
