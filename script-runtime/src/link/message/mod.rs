//! What an error says: Rhai's errors are read, and said in the words that scripts are written in.

pub(crate) mod account;
pub(crate) mod dangling;
pub(crate) mod show;
pub(crate) mod translate;
pub(crate) mod words;
