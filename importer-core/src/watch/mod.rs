//! When to look for changes, and where: what the system tells, and what it does not.
//!
//! Knows nothing of modules.

pub(crate) mod cost;
pub(crate) mod hint;
pub(crate) mod settling;
pub(crate) mod signal;
pub(crate) mod watcher;
pub(crate) mod watching;
pub(crate) mod writing;

pub use hint::Hint;
pub use signal::Signal;
pub use watcher::{NotifyWatcher, Sink, Watcher};
