//! What a reload remembers for the next one: files that are gone or open, and changes that were refused.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
    time::{Duration, Instant},
};

use arc_swap::ArcSwap;

use super::refusal::{Refusal, Window};
use crate::{module::ModuleId, text::Diagnostic};

/// What only reloads need to know.
#[derive(Default)]
pub(crate) struct Standing {
    /// Modules whose file is gone (R34), and since when that is known.
    pub(crate) removed: HashMap<ModuleId, Instant>,
    /// Modules whose file is being written, since when that is known, and whether it was told.
    pub(crate) left_open: HashMap<ModuleId, (Instant, bool)>,
    pub(crate) refusals: Vec<Refusal>,
    /// The moment of the last look.
    pub(crate) looked: Option<i128>,
    /// The last moment at which all files said what was served, as far as it is known.
    pub(crate) accepted: Option<i128>,
}

impl Standing {
    /// When a change was made that is refused at the moment `until`, and `before` that. It is not there at the last moment at
    /// which all was well; while others are refused, that moment does not come, and it is there since the last look.
    pub(crate) fn windows(&self, until: i128, before: Vec<Window>) -> Vec<Window> {
        let since = if self.refusals.is_empty() && before.is_empty() { self.accepted } else { self.looked };
        let window = Window { after: since.unwrap_or(until), until };
        before.into_iter().chain([window]).collect()
    }

    /// Modules whose file has been gone for so long.
    pub(crate) fn gone(&self, grace: Duration) -> BTreeSet<ModuleId> {
        self.removed.iter().filter(|(_, since)| since.elapsed() >= grace).map(|(&id, _)| id).collect()
    }
}

/// The refused changes, for those who ask while a reload may be under way.
#[derive(Default)]
pub(crate) struct Shown(ArcSwap<Showing>);

#[derive(Default)]
struct Showing {
    /// By each module that waits for one to be mended.
    by_module: HashMap<ModuleId, Arc<[Diagnostic]>>,
    withheld: Withheld,
}

/// Which files belong to refused changes though nobody has loaded them yet, and what is wrong with these changes (L2).
#[derive(Clone, Default)]
pub(crate) struct Withheld(Arc<[(Window, Diagnostic)]>);

impl Withheld {
    pub(crate) fn by(refusals: &[Refusal]) -> Self {
        let of = |refusal: &Refusal| {
            let wrong = refusal.diagnostics.first().cloned();
            refusal.windows.clone().into_iter().filter_map(move |window| Some((window, wrong.clone()?)))
        };
        Self(refusals.iter().flat_map(of).collect())
    }

    /// What is wrong with the change to which a file belongs. It is asked when it changed only if any change is refused.
    pub(crate) fn why(&self, changed: impl FnOnce() -> Option<i128>) -> Option<&Diagnostic> {
        if self.0.is_empty() {
            return None;
        }
        let changed = changed()?;
        self.0.iter().find(|(window, _)| window.contains(changed)).map(|(_, wrong)| wrong)
    }
}

impl Shown {
    pub(crate) fn show(&self, refusals: &[Refusal]) {
        let of = |refusal: &Refusal| {
            let diagnostics: Arc<[Diagnostic]> = refusal.diagnostics.clone().into();
            refusal.planned.iter().map(move |&id| (id, diagnostics.clone())).collect::<Vec<_>>()
        };
        let (by_module, withheld) = (refusals.iter().flat_map(of).collect(), Withheld::by(refusals));
        self.0.store(Arc::new(Showing { by_module, withheld }));
    }

    /// What is wrong with a change that would have loaded this module anew.
    pub(crate) fn of(&self, id: ModuleId) -> Option<Arc<[Diagnostic]>> {
        self.0.load().by_module.get(&id).cloned()
    }

    pub(crate) fn withheld(&self) -> Withheld {
        self.0.load().withheld.clone()
    }

    /// One entry for each change, though each stands with every module that waits for it.
    pub(crate) fn all(&self) -> Vec<Arc<[Diagnostic]>> {
        let mut refusals: Vec<Arc<[Diagnostic]>> = Vec::new();
        for refusal in self.0.load().by_module.values() {
            if !refusals.iter().any(|known| Arc::ptr_eq(known, refusal)) {
                refusals.push(refusal.clone());
            }
        }
        refusals.sort_by_key(|refusal| refusal.first().map(ToString::to_string));
        refusals
    }
}
