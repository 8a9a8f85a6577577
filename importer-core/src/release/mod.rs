//! Releases: the texts that were published together. They are kept on disk so that they can be listed, compared and
//! published again, and are known after a restart (L3).
//!
//! | file | holds |
//! |---|---|
//! | `record` | [`Release`]: which texts, when, what caused it and what came of it |
//! | `manifest` | a release as lines of text, with a checksum |
//! | `publication` | the changes of publications that are not recorded yet |
//! | `tip` | the release that is served, to which publications are applied |
//! | `ledger` | which releases and texts are kept, wait to be written, or are removed beyond the bounds |
//! | `directory` | the state directory: its lock, and files that are written atomically |
//! | `state` | the state shared with the thread: the ledger, what is to be done, and problems |
//! | `keeper`, `bell` | the thread that writes, so that serving never waits for the disk |
//! | `history` | [`History`], the public interface |
//! | `reading` | a text, read back and checked against its hash |
//! | `texts` | [`ReleaseTree`]: a kept release as a source tree |
//!
//! A full, read-only or damaged disk causes a warning; it never stops serving.
//!
//! This folder knows nothing of generations and of reloading.

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
