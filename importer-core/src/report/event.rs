//! What happened, as data: for logs, for status, for tests (R55).

use std::{path::Path, sync::Arc, time::Duration};

use super::retained::Retained;
use crate::{module::Reason, text::Diagnostic};

/// Something that happened in an interpreter. Events of one interpreter come in the order in which things happened.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Event {
    /// A text was run as a new instance, which is not published yet.
    Loaded {
        /// The module.
        path: Arc<Path>,
        /// Why.
        reason: Reason,
        /// The generation that it is to be part of.
        generation: u64,
        /// How long it took, children included.
        took: Duration,
        /// Should it be told to the log (R52)?
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
        /// Should it be told to the log (R52)?
        log: bool,
    },
    /// What was carried over holds code of an instance that is about to be replaced, or what cannot be carried (R50).
    CodeCarried {
        /// The module.
        path: Arc<Path>,
        /// What it is, and how to avoid it.
        diagnostic: Diagnostic,
    },
    /// A clone hook raised: the module starts from fresh state (R45).
    CarryFailed {
        /// The module.
        path: Arc<Path>,
        /// Why.
        diagnostic: Diagnostic,
    },
    /// A purge hook was called; with the error if it raised (R46).
    Purged {
        /// The module.
        path: Arc<Path>,
        /// The generation that first held the instance.
        generation: u64,
        /// How long the hook took.
        took: Duration,
        /// Should it be told to the log (R52)? A hook that raised always is.
        log: bool,
        /// Why it raised.
        diagnostic: Option<Diagnostic>,
    },
    /// A generation is served from now on.
    Published {
        /// Its number.
        generation: u64,
        /// The modules that are new in it, children first.
        modules: Vec<Arc<Path>>,
        /// Is it a reload, or a first load?
        reload: bool,
        /// From the first look at the change to the publication.
        took: Duration,
    },
    /// Warnings about instances that are served: see [`Loader::warnings`](crate::Loader::warnings).
    Warned {
        /// The generation that they were published in.
        generation: u64,
        /// One for each message, with the first places and the number of all.
        diagnostics: Vec<Diagnostic>,
    },
    /// A change was refused; the generation goes on serving (R32).
    Refused {
        /// What is served.
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
    /// A refused change was taken back: the files say what is served.
    Mended {
        /// What is served.
        generation: u64,
    },
    /// The file of a loaded module is gone; the instance stays (R34).
    Removed {
        /// The module.
        path: Arc<Path>,
    },
    /// Somebody has had the file of a loaded module open for writing for some seconds: it is not loaded before they close
    /// it (R59). Told once for each writer.
    LeftOpen {
        /// The module.
        path: Arc<Path>,
    },
    /// A module whose file is gone and that nothing imports was dropped (R37).
    Dropped {
        /// The module.
        path: Arc<Path>,
    },
    /// One module is imported with and without reloading (R39).
    MixedReloading {
        /// The module.
        path: Arc<Path>,
        /// A place that says On, and one that says Off.
        origins: [Arc<str>; 2],
    },
    /// The system gives fewer file events than were asked for: changes are found by looking, which takes longer.
    WatchDegraded {
        /// Why, and what to do.
        reason: String,
    },
    /// The system tells of all changes again.
    WatchRestored,
    /// An instance that was replaced a while ago is still alive (R51). Told once for each.
    Retained(Retained),
    /// Reloading has ended for good (R40).
    Frozen,
}
