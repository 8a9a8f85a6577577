//! What a script language is, before there are modules of it.

use std::sync::Arc;

use super::importer::Importer;
use crate::text::{Diagnostic, Source};

/// A script language: what its texts are when they are compiled and when they are loaded. What is done with loaded
/// modules is up to its [`Loader`](crate::Loader).
pub trait Language: Send + Sync + Sized + 'static {
    /// A compiled text, for one instance.
    type Unit: Send;
    /// A loaded module.
    type Instance: Send + Sync;

    /// The extension that names without one get (R5).
    const EXTENSION: &'static str;

    /// Compiles a text for the instance that will be made from it. Runs nothing of it.
    ///
    /// # Errors
    /// The text does not compile.
    fn compile(&self, source: &Source, importer: &Arc<Importer>) -> Result<Compiled<Self::Unit>, Diagnostic>;
}

/// What compiling a text gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compiled<U> {
    /// The compiled text.
    pub unit: U,
    /// The names in the imports that the text makes for certain when it runs, in their order, as far as the text alone
    /// tells: without one of them it cannot be loaded. Other threads compile them meanwhile, and a reload compiles them
    /// before the first hook runs. May be empty: then each import is compiled when it is made.
    pub imports: Vec<String>,
}

impl<U> From<U> for Compiled<U> {
    /// A compiled text of whose imports nothing is known.
    fn from(unit: U) -> Self {
        Self { unit, imports: Vec::new() }
    }
}
