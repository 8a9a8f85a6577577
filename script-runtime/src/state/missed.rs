//! What a copy, or a walk, could not go on with, and where.

use crate::state::path::{Path, Step};

/// A part of a value that could not be copied, or that a walk could not enter.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {kind}")]
pub(crate) struct Missed {
    /// Where it is, from the value that was given.
    pub(crate) path: Path,
    /// What it is.
    pub(crate) kind: MissedKind,
}

/// What [`Missed`] is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum MissedKind {
    /// Something nested deeper than [`MAX_DEPTH`].
    #[error("nested too deeply")]
    TooDeep,
    /// A captured variable that holds the very function that captured it.
    #[error("captured variable that contains itself")]
    ContainsItself,
    /// More parts than one copy may have.
    #[error("too large")]
    TooLarge,
    /// A captured variable that another thread is writing.
    #[error("captured variable that is being written")]
    InUse,
    /// What the call had no time left for.
    #[error("not looked at: the deadline has passed")]
    OutOfTime,
}

/// Why a copy failed. The path is put together on the way out, so that a copy that succeeds pays nothing for it.
pub(super) struct Fault {
    pub(super) kind: MissedKind,
    pub(super) way_out: Vec<Step>,
}

impl From<MissedKind> for Fault {
    fn from(kind: MissedKind) -> Self {
        Self { kind, way_out: Vec::new() }
    }
}

impl Fault {
    pub(super) fn inside(mut self, step: Step) -> Self {
        self.way_out.push(step);
        self
    }

    pub(super) fn into_missed(self) -> Missed {
        let mut path = Path::default();
        self.way_out.into_iter().rev().for_each(|step| path.push(step));
        Missed { path, kind: self.kind }
    }
}
