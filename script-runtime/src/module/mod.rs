//! Scripts as modules of the importer: compiled and run when it says so, called for hosts, replaced by their successors.

pub(crate) mod call;
pub(crate) mod diagnostic;
pub(crate) mod doubts;
pub(crate) mod holders;
pub(crate) mod hooks;
pub(crate) mod importer_module;
pub(crate) mod inspect;
pub(crate) mod judge;
pub(crate) mod loader;
pub(crate) mod script;
pub(crate) mod scripts;
