//! The release that is served, to which publications are applied.

use std::{collections::BTreeMap, path::Path, sync::Arc};

use super::{
    ledger::Ledger,
    publication::{Edit, Publication},
    record::Release,
};
use crate::text::ContentHash;

/// The newest release, its texts as far as this process has loaded them, and the release before it.
#[derive(Default)]
pub(super) struct Tip {
    release: Option<Arc<Release>>,
    before: Option<Arc<Release>>,
    entries: BTreeMap<Arc<Path>, (ContentHash, Option<Arc<str>>)>,
}

impl Tip {
    /// Continues from the newest release of a history: modules that are not loaded yet keep their texts.
    pub(super) fn resume(ledger: &Ledger) -> Self {
        let mut newest = ledger.releases().rev().cloned();
        let (release, before) = (newest.next(), newest.next());
        let entries = release.iter().flat_map(|release| release.entries());
        let entries = entries.map(|(path, hash)| (path.clone(), (*hash, None))).collect();
        Self { release, before, entries }
    }

    /// Applies a publication, and records the resulting release.
    pub(super) fn apply(&mut self, publication: Publication, ledger: &mut Ledger) {
        let Publication { release: number, cause, time, took, anew, edits } = publication;
        let newest = self.release.as_ref().map_or(0, |release| release.number());
        if number < newest {
            // It was published before there was a history.
            return;
        }
        let mut is_changed = number > newest;
        if anew {
            self.entries.retain(|_, (_, loaded)| loaded.is_some());
        }
        for edit in edits {
            is_changed |= match edit {
                Edit::Drop(path) => self.entries.remove(&path).is_some(),
                Edit::Load(path, hash, text) => {
                    ledger.offer(hash, &text);
                    let before = self.entries.insert(path, (hash, Some(text)));
                    before.is_none_or(|(before, _)| before != hash)
                }
            };
        }
        if !is_changed {
            return;
        }
        let entries = self.entries.iter().map(|(path, (hash, _))| (path.clone(), *hash));
        let mut next = match self.release.take() {
            Some(same) if number == newest => Release::new(number, same.time, same.cause.clone(), entries)
                .with_duration(same.duration)
                .with_outcome(same.outcome),
            before => {
                self.before = before;
                Release::new(number, time, cause, entries).with_duration(took)
            }
        };
        if let Some(before) = &self.before {
            next = next.with_changes_since(before);
        }
        let next = Arc::new(next);
        let texts = self.entries.values().filter_map(|(hash, text)| Some((*hash, text.clone()?)));
        ledger.record(next.clone(), texts.collect());
        self.release = Some(next);
    }
}
