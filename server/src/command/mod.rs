//! What the program can be told to do, a file each.

mod log;
pub(crate) mod serve;

/// Refused, with the reason for people: exit code 1.
pub(crate) struct Failure(pub(crate) String);
