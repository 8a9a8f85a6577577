//! The texts that a generation is made from.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use crate::text::SourceTree;

/// A tree with an identity: generations of the same texts can join each other's first loads, those of different texts
/// must not.
#[derive(Clone)]
pub(crate) struct Texts {
    id: TextsId,
    tree: Arc<dyn SourceTree>,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct TextsId(u64);

impl Texts {
    pub(crate) fn new(tree: Arc<dyn SourceTree>) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self { id: TextsId(NEXT.fetch_add(1, Ordering::Relaxed)), tree }
    }

    pub(crate) fn id(&self) -> TextsId {
        self.id
    }

    pub(crate) fn tree(&self) -> &dyn SourceTree {
        &*self.tree
    }
}
