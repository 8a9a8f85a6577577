//! When and where to look for changes: file events, and the tick for what they miss.
//!
//! This folder knows nothing of modules.

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
