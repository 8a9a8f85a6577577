//! Events: what happened, as data, for logs, status and tests (R55).

use std::{path::Path, sync::Arc, time::Duration};

use super::retained::Retained;
use crate::{module::Reason, text::Diagnostic};

/// Something that happened in an interpreter. The events of one interpreter arrive in the order in which they happened.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Event {
    /// A text was run as a new instance, which is not published yet.
    Loaded {
        /// The module.
        path: Arc<Path>,
        /// Why.
        reason: Reason,
        /// The generation that it will be part of.
        generation: u64,
        /// How long it took, children included.
        took: Duration,
        /// Whether the log shows it (R52).
        log: bool,
    },
    /// A clone hook handed state over.
    Carried {
        /// The module.
        path: Arc<Path>,
        /// The generation that first held the old instance.
        generation: u64,
        /// How long the hook took.
        took: Duration,
        /// Whether the log shows it (R52).
        log: bool,
    },
    /// The carried state holds code of an instance that is about to be replaced, or a value that cannot be carried
    /// (R50).
    CodeCarried {
        /// The module.
        path: Arc<Path>,
        /// The value, and how to avoid it.
        diagnostic: Diagnostic,
    },
    /// A clone hook raised an error: the module starts from fresh state (R45).
    CarryFailed {
        /// The module.
        path: Arc<Path>,
        /// Why.
        diagnostic: Diagnostic,
    },
    /// A purge hook was called (R46).
    Purged {
        /// The module.
        path: Arc<Path>,
        /// The generation that first held the instance.
        generation: u64,
        /// How long the hook took.
        took: Duration,
        /// Whether the log shows it (R52). A hook that raised an error is always shown.
        log: bool,
        /// The error that the hook raised, if any.
        diagnostic: Option<Diagnostic>,
    },
    /// A generation was published and is served from now on.
    Published {
        /// Its number.
        generation: u64,
        /// The modules that are new in it, children first.
        modules: Vec<Arc<Path>>,
        /// Whether it is a reload; `false` for a first load.
        reload: bool,
        /// The time from the first look at the change to the publication.
        took: Duration,
    },
    /// Instances that are served caused warnings, see [`Loader::warnings`](crate::Loader::warnings).
    Warned {
        /// The generation in which they were published.
        generation: u64,
        /// One diagnostic for each message, with the first places and the number of all.
        diagnostics: Vec<Diagnostic>,
    },
    /// A change was refused; the generation before it stays in use (R32).
    Refused {
        /// The generation that is served.
        generation: u64,
        /// Everything that is wrong with the change.
        diagnostics: Vec<Diagnostic>,
    },
    /// A module could not be loaded for the first time (R33).
    LoadFailed {
        /// The module.
        path: Arc<Path>,
        /// Why.
        diagnostic: Diagnostic,
    },
    /// A refused change was undone: the files are again what is served.
    Mended {
        /// The generation that is served.
        generation: u64,
    },
    /// The file of a loaded module is gone; the instance stays (R34).
    Removed {
        /// The module.
        path: Arc<Path>,
    },
    /// The file of a loaded module has been open for writing for some seconds: it is not loaded before it is closed
    /// (R59). Emitted once for each writer.
    LeftOpen {
        /// The module.
        path: Arc<Path>,
    },
    /// A module was dropped: its file is gone, and nothing imports it (R37).
    Dropped {
        /// The module.
        path: Arc<Path>,
    },
    /// A module is imported both with and without reloading (R39).
    MixedReloading {
        /// The module.
        path: Arc<Path>,
        /// One place in the configuration that says On, and one that says Off.
        origins: [Arc<str>; 2],
    },
    /// The system provides fewer file events than requested: changes are found by comparing stamps, which takes longer.
    WatchDegraded {
        /// Why, and what to do.
        reason: String,
    },
    /// File events cover all changes again.
    WatchRestored,
    /// An instance that was replaced a while ago is still alive (R51). Emitted once for each.
    Retained(Retained),
    /// Reloading has ended for good (R40).
    Frozen,
}
