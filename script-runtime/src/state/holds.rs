//! What a handle remembers of all that was ever put into it, so that looking for code in it need not look at everything.

use std::sync::atomic::{AtomicBool, Ordering};

use rhai::Dynamic;

/// A copy that is ready to be stored.
pub(super) struct Stored {
    pub(super) value: Dynamic,
    /// It holds no function, no value of an unknown type, and no handle that could hold one.
    pub(super) is_plain: bool,
}

/// Has a handle only ever held plain values? Most do, and then a reload that carries it over need not walk it (R50):
/// it takes the same time whether the handle holds ten entries or a million.
pub(super) struct OnlyPlain(AtomicBool);

impl Default for OnlyPlain {
    fn default() -> Self {
        Self(AtomicBool::new(true))
    }
}

impl OnlyPlain {
    /// Takes the value out for storing. Noted first: who finds the value finds the note.
    pub(super) fn note(&self, stored: Stored) -> Dynamic {
        if !stored.is_plain {
            self.0.store(false, Ordering::SeqCst);
        }
        stored.value
    }

    pub(super) fn get(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}
