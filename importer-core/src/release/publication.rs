//! Publications that wait to be recorded. The cost of publishing depends only on what is new in it.

use std::{
    collections::{HashSet, VecDeque},
    mem,
    path::Path,
    sync::Arc,
    time::{Duration, SystemTime},
};

use super::{ledger::Bounds, record::ReleaseCause};
use crate::text::ContentHash;

/// The changes that a publication makes to the release that is served.
pub(crate) struct Publication {
    /// The number of the release that is served now: the one before, or another.
    pub(crate) release: u64,
    pub(crate) cause: ReleaseCause,
    pub(crate) time: SystemTime,
    /// The time from the first look at the change to the publication.
    pub(crate) took: Duration,
    /// Whether it is of other texts. Nothing is then known of modules that this process has not loaded.
    pub(crate) anew: bool,
    /// The changes, in order.
    pub(crate) edits: Vec<Edit>,
}

/// A change of one path of a release.
pub(crate) enum Edit {
    Drop(Arc<Path>),
    Load(Arc<Path>, ContentHash, Arc<str>),
}

impl Edit {
    fn path(&self) -> &Arc<Path> {
        match self {
            Self::Drop(path) | Self::Load(path, ..) => path,
        }
    }

    fn bytes(&self) -> u64 {
        match self {
            Self::Drop(_) => 0,
            Self::Load(_, _, text) => text.len() as u64,
        }
    }
}

/// Publications that are not recorded yet.
pub(super) struct Inbox {
    bounds: Bounds,
    waiting: VecDeque<Publication>,
    bytes: u64,
    /// How many releases were lost because too many waited.
    lost: u64,
}

impl Inbox {
    pub(super) fn new(bounds: Bounds) -> Self {
        Self { bounds, waiting: VecDeque::new(), bytes: 0, lost: 0 }
    }

    pub(super) fn set_bounds(&mut self, bounds: Bounds) {
        self.bounds = bounds;
    }

    /// Adds a publication. First loads that join the same release are merged.
    pub(super) fn push(&mut self, publication: Publication) {
        self.bytes += publication.edits.iter().map(Edit::bytes).sum::<u64>();
        match self.waiting.back_mut().filter(|last| last.release == publication.release) {
            Some(last) => {
                last.anew |= publication.anew;
                last.edits.extend(publication.edits);
            }
            None => self.waiting.push_back(publication),
        }
        while self.waiting.len() > 1 && self.has_too_much() {
            self.merge_oldest();
        }
    }

    fn has_too_much(&self) -> bool {
        self.waiting.len() > self.bounds.releases || self.bytes > self.bounds.bytes
    }

    /// Returns whether there is a release among them that did not begin with a first load.
    pub(super) fn has_news(&self) -> bool {
        self.waiting.iter().any(|publication| publication.cause != ReleaseCause::Load)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Takes the waiting publications, and the number of lost releases.
    pub(super) fn take(&mut self) -> (VecDeque<Publication>, u64) {
        self.bytes = 0;
        (mem::take(&mut self.waiting), mem::take(&mut self.lost))
    }

    /// Merges the two oldest: the earlier release is lost, but not its changes.
    fn merge_oldest(&mut self) {
        let (Some(oldest), Some(next)) = (self.waiting.pop_front(), self.waiting.front_mut()) else { return };
        self.lost += 1;
        next.anew |= oldest.anew;
        let later = mem::take(&mut next.edits);
        // Only the last edit of each path counts.
        let mut seen = HashSet::new();
        let all: Vec<_> = oldest.edits.into_iter().chain(later).collect();
        let counts: Vec<bool> = all.iter().rev().map(|edit| seen.insert(edit.path().clone())).collect();
        for (edit, counts) in all.into_iter().zip(counts.into_iter().rev()) {
            match counts {
                true => next.edits.push(edit),
                false => self.bytes -= edit.bytes(),
            }
        }
    }
}
