//! Marks threads that are loading: what they import is part of that load, and must not wait for it.

use crate::sync::LOADING;

/// Marks this thread as loading until it is dropped.
pub(super) struct Inside {
    /// Whether it was loading before.
    pub(super) again: bool,
}

impl Inside {
    pub(super) fn enter() -> Self {
        Self { again: LOADING.with(|loading| loading.replace(true)) }
    }

    pub(super) fn is() -> bool {
        LOADING.with(std::cell::Cell::get)
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        LOADING.with(|loading| loading.set(self.again));
    }
}
