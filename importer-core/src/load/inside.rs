//! Is this thread loading something? Then what it asks for is part of that, and must not wait for it.

use crate::sync::LOADING;

/// This thread is loading something, until it is dropped.
pub(super) struct Inside {
    /// It was before.
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
