//! What a handle remembers of what was put into it, so that looking for code in it need not look at everything.

use std::sync::atomic::{AtomicU64, Ordering};

use rhai::Dynamic;

/// A copy that is ready to be stored.
pub(super) struct Stored {
    pub(super) value: Dynamic,
    /// It holds no function, no value of an unknown type, and no handle that could hold one.
    pub(super) is_plain: bool,
}

/// Does a handle hold nothing but plain values? Most do, and then a reload that carries it over need not walk it (R50):
/// it takes the same time whether the handle holds ten entries or a million.
///
/// Storing any other value increments `counted`, before and after. A walk that finds only plain values settles what was
/// counted before the walk.
#[derive(Default)]
pub(super) struct OnlyPlain {
    counted: AtomicU64,
    settled: AtomicU64,
}

/// Counts once more, when the value is in its place: a walk between the two may have missed it.
#[must_use = "dropped when the value is in its place"]
pub(super) struct Noted<'h>(Option<&'h OnlyPlain>);

impl OnlyPlain {
    /// Takes the value out for storing.
    pub(super) fn note(&self, stored: Stored) -> (Dynamic, Noted<'_>) {
        let noted = (!stored.is_plain).then_some(self);
        noted.into_iter().for_each(Self::count);
        (stored.value, Noted(noted))
    }

    pub(super) fn get(&self) -> bool {
        self.counted() == self.settled.load(Ordering::SeqCst)
    }

    /// What has been counted: asked before a walk.
    pub(super) fn counted(&self) -> u64 {
        self.counted.load(Ordering::SeqCst)
    }

    /// Notes that a walk that began at this count found only plain values.
    pub(super) fn settle(&self, counted: u64) {
        self.settled.fetch_max(counted, Ordering::SeqCst);
    }

    fn count(&self) {
        self.counted.fetch_add(1, Ordering::SeqCst);
    }
}

impl Drop for Noted<'_> {
    fn drop(&mut self) {
        self.0.into_iter().for_each(OnlyPlain::count);
    }
}
