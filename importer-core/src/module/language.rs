//! The interface of a script language: how a text is compiled.

use std::sync::Arc;

use super::importer::Importer;
use crate::text::{Diagnostic, Source};

/// A script language: the types of its compiled texts and loaded modules. How modules are loaded is up to its
/// [`Loader`](crate::Loader).
pub trait Language: Send + Sync + Sized + 'static {
    /// A compiled text, for one instance.
    type Unit: Send;
    /// A loaded module.
    type Instance: Send + Sync;

    /// The extension that is added to names without one (R5).
    const EXTENSION: &'static str;

    /// Compiles a text for the instance that will be made from it. Runs no part of it.
    ///
    /// # Errors
    /// The text does not compile.
    fn compile(&self, source: &Source, importer: &Arc<Importer>) -> Result<Compiled<Self::Unit>, Diagnostic>;
}

/// A compiled text and the imports that it is certain to make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compiled<U> {
    /// The compiled text.
    pub unit: U,
    /// The names of the imports that the text certainly makes when it runs, in order, as far as the text alone shows:
    /// without one of these modules it cannot be loaded. Other threads compile them in the meantime, and a reload
    /// compiles them before the first hook runs. May be empty: then each module is compiled when it is imported.
    pub imports: Vec<String>,
}

impl<U> From<U> for Compiled<U> {
    /// Wraps a compiled text whose imports are not known.
    fn from(unit: U) -> Self {
        Self { unit, imports: Vec::new() }
    }
}
