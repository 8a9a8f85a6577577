//! Texts: where they come from, how a changed text is recognised, how a place in a text is shown.
//!
//! This folder knows nothing of modules.

mod below;
pub(crate) mod clock;
mod descriptor;
pub(crate) mod diagnostic;
mod disk;
pub(crate) mod frozen;
mod lease;
mod memory;
mod remedy;
pub(crate) mod source;
pub(crate) mod stamp;
pub(crate) mod tree;
mod walk;

pub use below::Below;
pub use diagnostic::{Diagnostic, Note, Place};
pub use disk::DiskTree;
pub use memory::MemoryTree;
pub use remedy::{Help, Limit, Remedy};
pub use source::{ReadError, Source};
pub(crate) use stamp::moment;
pub use stamp::{ContentHash, Stamp};
pub use tree::SourceTree;
