//! The first stage: what a text says. Its tokens and its tree are gone through once, whatever the instances; nothing runs.

pub(crate) mod caught;
pub(crate) mod chain;
pub(crate) mod compilation;
pub(crate) mod error;
pub(crate) mod exports;
pub(crate) mod import_sites;
pub(crate) mod keep;
pub(crate) mod lending;
pub(crate) mod lexical;
pub(crate) mod name;
pub(crate) mod pass;
pub(crate) mod sites;
pub(crate) mod syntax;
pub(crate) mod text;
pub(crate) mod token;
pub(crate) mod uses;

pub(crate) use compilation::{Scan, module_variable};
