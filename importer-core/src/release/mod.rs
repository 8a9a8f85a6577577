//! Releases: the texts that were published together, kept on disk, so that they can be listed, compared and published
//! again, and so that a restart knows them (L3).
//!
//! | file | holds |
//! |---|---|
//! | `record` | [`Release`]: which texts, when, what caused it and what came of it |
//! | `manifest` | a release as lines of text, with a checksum |
//! | `publication` | what publications change, until the thread has time for it |
//! | `tip` | the release that is served, as publications make it out of the one before |
//! | `ledger` | which releases and texts are kept, which wait to be written, and what is dropped when bounds are reached |
//! | `directory` | the state directory: its lock, and files that are there as a whole or not at all |
//! | `state` | what is known, what is to be done, and what is wrong |
//! | `keeper`, `bell` | the thread that writes, so that serving never waits for the disk |
//! | `history` | [`History`], the door to all of it |
//! | `reading` | a text, read back and checked against its hash |
//! | `texts` | [`ReleaseTree`]: a kept release as a tree that modules are read from |
//!
//! A disk that is full, read-only or damaged is a warning; it never stops serving.

mod bell;
mod directory;
mod history;
mod keeper;
mod ledger;
mod manifest;
mod publication;
mod reading;
mod record;
mod state;
mod texts;
mod tip;

#[cfg(all(test, not(loom)))]
mod tests;

pub use history::History;
pub use ledger::Bounds;
pub(crate) use publication::{Edit, Publication};
pub use reading::TextError;
pub use record::{Digest, Release, ReleaseCause, ReleaseChanges, ReleaseOutcome};
pub use texts::ReleaseTree;
