//! Drafts: generations that are planned, compiled and built. Each step consumes the one before, so nothing is built
//! before the whole plan has been compiled, and nothing is published twice.
//!
//! This folder knows nothing of how changes are found.

mod ahead;
mod build;
mod building;
mod prepared;
mod progress;
mod share;
mod steps;

pub(crate) use building::{Building, Ground};
pub(crate) use steps::{Built, CompiledDraft, Draft, First, Served, Unbuilt, Wrong};
