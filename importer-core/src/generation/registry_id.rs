//! Which registry something belongs to.

use std::sync::atomic::{AtomicU64, Ordering};

/// Tells registries apart. Unique in the process and never used again.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct RegistryId(u64);

impl RegistryId {
    pub(crate) fn next() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }

    /// The number, for tables.
    #[must_use]
    pub fn get(self) -> u64 {
        self.0
    }
}
