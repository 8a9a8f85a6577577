//! What a look at the files has found.

use std::collections::BTreeMap;

use crate::{
    module::{ModuleId, Reason},
    text::{ContentHash, ReadError, Source},
};

/// A module that is to be loaded anew, with the text that it is to be loaded from.
#[derive(Clone)]
pub(crate) struct Change {
    /// What its file says now, or why that cannot be a module.
    pub(crate) text: Result<Source, ReadError>,
    pub(crate) reason: Reason,
}

/// By module.
pub(crate) type ChangeSet = BTreeMap<ModuleId, Change>;

/// What a look has found, before anybody was asked whether it may be reloaded.
pub(crate) struct Found(pub(crate) ChangeSet);

impl Change {
    pub(crate) fn hash(&self) -> Option<ContentHash> {
        self.text.as_ref().ok().map(|source| source.hash)
    }

    pub(crate) fn changed(text: Result<Source, ReadError>) -> Self {
        Self { text, reason: Reason::Changed }
    }

    /// The text that is loaded already.
    pub(crate) fn again(source: &Source, reason: Reason) -> Self {
        Self { text: Ok(source.clone()), reason }
    }
}
