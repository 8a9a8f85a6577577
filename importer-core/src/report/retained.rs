//! Replaced instances that are still alive, as data (R51).

use std::{fmt, path::Path, sync::Arc, time::SystemTime};

use crate::module::{InstanceId, Record};

/// An instance that was replaced, or dropped, and that something still holds.
#[derive(Clone, Debug)]
pub struct Retained {
    /// The module.
    pub path: Arc<Path>,
    /// The instance.
    pub instance: InstanceId,
    /// How it came about.
    pub record: Record,
    /// When it was replaced.
    pub replaced: SystemTime,
    /// Everything that is known to hold it. Never empty: if nothing is found, it is [`Holder::Host`].
    pub holders: Vec<Holder>,
}

/// What holds an old instance.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Holder {
    /// A request, or another call by the host, that still runs.
    Call {
        /// What it was called for: `GET /cart`.
        what: String,
        /// When it began.
        since: SystemTime,
    },
    /// A value in the state of a loaded module.
    State {
        /// The module.
        path: Arc<Path>,
        /// The variable and the path inside it: `cache["on_done"][2]`.
        place: String,
    },
    /// An old instance that imports it and is held itself.
    Importer {
        /// The importing module.
        path: Arc<Path>,
        /// The generation that first held the importing instance.
        generation: u64,
    },
    /// Nothing of the above: a value, a module or a whole generation that the host keeps.
    Host,
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Call { what, since } => {
                let seconds = since.elapsed().unwrap_or_default().as_secs();
                write!(f, "{what}, which has been running for {seconds} s")
            }
            Self::State { path, place } => write!(f, "`{place}` in {}", path.display()),
            Self::Importer { path, generation } => {
                write!(f, "the old instance of {} from generation {generation}, which imports it", path.display())
            }
            Self::Host => f.write_str("a value, module or generation that the host holds"),
        }
    }
}
