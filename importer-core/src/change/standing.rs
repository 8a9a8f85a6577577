//! What a reload remembers for the next one: files that are gone or open, and changes that were refused.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
    time::{Duration, Instant},
};

use arc_swap::ArcSwap;

use super::refusal::Refusal;
use crate::{module::ModuleId, text::Diagnostic};

/// What only reloads need to know.
#[derive(Default)]
pub(crate) struct Standing {
    /// Modules whose file is gone (R34), and since when that is known.
    pub(crate) removed: HashMap<ModuleId, Instant>,
    /// Modules whose file is being written, since when that is known, and whether it was told.
    pub(crate) left_open: HashMap<ModuleId, (Instant, bool)>,
    pub(crate) refusals: Vec<Refusal>,
}

impl Standing {
    /// Modules whose file has been gone for so long.
    pub(crate) fn gone(&self, grace: Duration) -> BTreeSet<ModuleId> {
        self.removed.iter().filter(|(_, since)| since.elapsed() >= grace).map(|(&id, _)| id).collect()
    }
}

/// The refused changes, for those who ask while a reload may be under way: by each module that waits for one to be mended.
#[derive(Default)]
pub(crate) struct Shown(ArcSwap<HashMap<ModuleId, Arc<[Diagnostic]>>>);

impl Shown {
    pub(crate) fn show(&self, refusals: &[Refusal]) {
        let of = |refusal: &Refusal| {
            let diagnostics: Arc<[Diagnostic]> = refusal.diagnostics.clone().into();
            refusal.planned.iter().map(move |&id| (id, diagnostics.clone())).collect::<Vec<_>>()
        };
        self.0.store(Arc::new(refusals.iter().flat_map(of).collect()));
    }

    /// What is wrong with a change that would have loaded this module anew.
    pub(crate) fn of(&self, id: ModuleId) -> Option<Arc<[Diagnostic]>> {
        self.0.load().get(&id).cloned()
    }

    /// One entry for each change, though each stands with every module that waits for it.
    pub(crate) fn all(&self) -> Vec<Arc<[Diagnostic]>> {
        let mut refusals: Vec<Arc<[Diagnostic]>> = Vec::new();
        for refusal in self.0.load().values() {
            if !refusals.iter().any(|known| Arc::ptr_eq(known, refusal)) {
                refusals.push(refusal.clone());
            }
        }
        refusals.sort_by_key(|refusal| refusal.first().map(ToString::to_string));
        refusals
    }
}
