//! Counts requests.

use std::sync::atomic::{AtomicU64, Ordering};

use http::StatusCode;

/// Counts since the server was started.
#[derive(Default)]
pub(crate) struct Traffic {
    received: AtomicU64,
    failed: AtomicU64,
    under_way: AtomicU64,
}

/// A request from its head to the head of its answer, also if its client has gone.
pub(crate) struct UnderWay<'t>(&'t Traffic);

impl Traffic {
    pub(crate) fn begin(&self) -> UnderWay<'_> {
        self.received.fetch_add(1, Ordering::Relaxed);
        self.under_way.fetch_add(1, Ordering::Relaxed);
        UnderWay(self)
    }

    pub(crate) fn received(&self) -> u64 {
        self.received.load(Ordering::Relaxed)
    }

    /// The requests with a status of 500 or more.
    pub(crate) fn failed(&self) -> u64 {
        self.failed.load(Ordering::Relaxed)
    }

    pub(crate) fn under_way(&self) -> u64 {
        self.under_way.load(Ordering::Relaxed)
    }
}

impl UnderWay<'_> {
    pub(crate) fn answered(&self, status: StatusCode) {
        if status.is_server_error() {
            self.0.failed.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.under_way.fetch_sub(1, Ordering::Relaxed);
    }
}
