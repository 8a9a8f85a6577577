//! The texts that a generation is made from.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use crate::text::{ReadError, Source, SourceTree, frozen::FrozenTree};

/// A source tree with an identity: generations of the same texts may share first loads, generations of different texts
/// must not.
#[derive(Clone)]
pub(crate) struct Texts {
    id: TextsId,
    live: Arc<dyn SourceTree>,
    /// The same texts at the moment when reloading ended.
    frozen: Option<Arc<FrozenTree>>,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct TextsId(u64);

impl Texts {
    pub(crate) fn new(tree: Arc<dyn SourceTree>) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self { id: TextsId(NEXT.fetch_add(1, Ordering::Relaxed)), live: tree, frozen: None }
    }

    pub(crate) fn id(&self) -> TextsId {
        self.id
    }

    /// Returns the tree to load from.
    pub(crate) fn tree(&self) -> &dyn SourceTree {
        self.frozen.as_ref().map_or(&*self.live, |frozen| &**frozen)
    }

    /// Returns the files as they are now.
    pub(crate) fn live(&self) -> &dyn SourceTree {
        &*self.live
    }

    /// Returns the same texts, fixed as they are now (L2): those that are loaded, and all others that the tree lists.
    pub(crate) fn freeze(
        &self,
        loaded: impl IntoIterator<Item = Source>,
        extension: &str,
        read: impl Fn(&Path) -> Result<Source, ReadError>,
    ) -> Self {
        let frozen = FrozenTree::of(self.live.clone(), loaded, extension, read);
        Self { frozen: Some(Arc::new(frozen)), ..self.clone() }
    }

    pub(crate) fn is_frozen(&self) -> bool {
        self.frozen.is_some()
    }

    /// Returns whether reloading has ended without a kept text for this path, so that the file is loaded as it is now.
    pub(crate) fn is_unknown(&self, path: &Path) -> bool {
        self.frozen.as_ref().is_some_and(|frozen| !frozen.knows(path))
    }
}
