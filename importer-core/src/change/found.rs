//! The changes that a look at the files has found.

use std::collections::BTreeMap;

use crate::{
    module::{ModuleId, Reason},
    text::{ContentHash, ReadError, Source},
};

/// A module to reload, with the text to load it from.
#[derive(Clone)]
pub(crate) struct Change {
    /// The text of its file now, or why the file cannot be a module.
    pub(crate) text: Result<Source, ReadError>,
    pub(crate) reason: Reason,
}

/// Changes by module.
pub(crate) type ChangeSet = BTreeMap<ModuleId, Change>;

/// The changes that a look has found, before the precedence is applied.
pub(crate) struct Found(pub(crate) ChangeSet);

impl Change {
    pub(crate) fn hash(&self) -> Option<ContentHash> {
        self.text.as_ref().ok().map(|source| source.hash)
    }

    pub(crate) fn changed(text: Result<Source, ReadError>) -> Self {
        Self { text, reason: Reason::Changed }
    }

    /// Reloads a module from the text that is loaded already.
    pub(crate) fn again(source: &Source, reason: Reason) -> Self {
        Self { text: Ok(source.clone()), reason }
    }
}
