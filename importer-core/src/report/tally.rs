//! Counts of events, and how changes are found, for status.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, SystemTime},
};

use parking_lot::Mutex;

use super::event::Event;

/// Counts of events since the interpreter was started.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Counts {
    /// Changes that were published.
    pub reloads: u64,
    /// Changes that were refused (R32).
    pub refused: u64,
    /// First loads that were published (R23); each may bring several modules.
    pub first_loads: u64,
    /// First loads that failed (R33).
    pub failed_loads: u64,
    /// Texts that were run, including those of drafts that were not published.
    pub runs: u64,
    /// Clone hooks that handed state over.
    pub carried: u64,
    /// Clone hooks that raised an error.
    pub carry_failed: u64,
    /// Modules that were dropped (R37).
    pub dropped: u64,
}

/// The newest change that was published.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Latest {
    /// The number of its generation. First loads may have been published since.
    pub generation: u64,
    /// When it was published.
    pub at: SystemTime,
    /// From the first look at the change to the publication.
    pub took: Duration,
}

/// How changes are found.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum Watch {
    /// Changes are looked for on request only: no [`Reloader`](crate::Reloader) has this registry.
    #[default]
    Off,
    /// By file events, and by the tick for what they miss.
    Events,
    /// By the tick only, at least for some directories.
    Polling {
        /// Why, and what to do.
        reason: String,
    },
}

#[derive(Default)]
pub(crate) struct Tally {
    reloads: AtomicU64,
    refused: AtomicU64,
    first_loads: AtomicU64,
    failed_loads: AtomicU64,
    runs: AtomicU64,
    carried: AtomicU64,
    carry_failed: AtomicU64,
    dropped: AtomicU64,
    watch: Mutex<Watch>,
    latest: Mutex<Option<Latest>>,
}

impl Tally {
    /// Counts an event.
    pub(crate) fn note(&self, event: &Event) {
        if let &Event::Published { generation, reload: true, took, .. } = event {
            *self.latest.lock() = Some(Latest { generation, at: SystemTime::now(), took });
        }
        let count = match event {
            Event::Published { reload: true, .. } => &self.reloads,
            Event::Published { reload: false, .. } => &self.first_loads,
            Event::Refused { .. } => &self.refused,
            Event::LoadFailed { .. } => &self.failed_loads,
            Event::Loaded { .. } => &self.runs,
            Event::Carried { .. } => &self.carried,
            Event::CarryFailed { .. } => &self.carry_failed,
            Event::Dropped { .. } => &self.dropped,
            Event::WatchDegraded { reason } => {
                *self.watch.lock() = Watch::Polling { reason: reason.clone() };
                return;
            }
            Event::WatchRestored => {
                *self.watch.lock() = Watch::Events;
                return;
            }
            _ => return,
        };
        count.fetch_add(1, Ordering::Relaxed);
    }

    /// Notes that a reloader keeps the registry up to date from now on.
    pub(crate) fn watched(&self, events: bool) {
        *self.watch.lock() = match events {
            true => Watch::Events,
            false => Watch::Polling { reason: "file events are switched off".into() },
        };
    }

    pub(crate) fn latest(&self) -> Option<Latest> {
        *self.latest.lock()
    }

    pub(crate) fn watch(&self) -> Watch {
        self.watch.lock().clone()
    }

    pub(crate) fn counts(&self) -> Counts {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        Counts {
            reloads: read(&self.reloads),
            refused: read(&self.refused),
            first_loads: read(&self.first_loads),
            failed_loads: read(&self.failed_loads),
            runs: read(&self.runs),
            carried: read(&self.carried),
            carry_failed: read(&self.carry_failed),
            dropped: read(&self.dropped),
        }
    }
}
