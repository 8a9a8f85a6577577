//! The identity of a registry.

use std::sync::atomic::{AtomicU64, Ordering};

/// Identifies a registry. Unique in the process and never used again.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct RegistryId(u64);

impl RegistryId {
    pub(crate) fn next() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }

    /// Returns the number, for use as a key.
    #[must_use]
    pub fn get(self) -> u64 {
        self.0
    }
}
