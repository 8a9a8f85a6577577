//! A generation that is being built, step by step: planned, compiled, built. Each step takes the one before, so that
//! nothing is built that was not compiled as a whole, and nothing is published twice.

mod ahead;
mod build;
mod building;
mod prepared;
mod progress;
mod share;
mod steps;

pub(crate) use building::{Building, Ground};
pub(crate) use steps::{Built, CompiledDraft, Draft, First, Served, Unbuilt, Wrong};
