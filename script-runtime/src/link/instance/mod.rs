//! The second stage: names are made to mean one instance, and the instance holds what they mean: variables, functions,
//! imports.

pub(crate) mod bindings;
pub(crate) mod callback;
pub(crate) mod core;
pub(crate) mod loaded;
pub(crate) mod reach;

pub(crate) use core::{CompiledCode, Core, all, by_tag, find};
pub(crate) use loaded::Instance;
