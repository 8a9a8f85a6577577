//! The facts that one reload keeps for the next: files that are gone or open, and refused changes.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
    time::{Duration, Instant},
};

use arc_swap::ArcSwap;

use super::refusal::{Refusal, Window};
use crate::{module::ModuleId, text::Diagnostic};

/// The most windows of one refused change; the oldest ones become one.
const WINDOWS: usize = 16;

/// The state that only reloads use.
#[derive(Default)]
pub(crate) struct Standing {
    /// Modules whose file is gone (R34), and since when that is known.
    pub(crate) removed: HashMap<ModuleId, Instant>,
    /// Modules whose file is being written, since when that is known, and whether it has been reported.
    pub(crate) left_open: HashMap<ModuleId, (Instant, bool)>,
    pub(crate) refusals: Vec<Refusal>,
    /// The last moment at which no file was being changed, as far as it is known.
    pub(crate) quiet: Option<i128>,
    /// The last moment at which all files were what was served, but for those whose scopes say that they stay.
    pub(crate) accepted: Option<i128>,
    /// The last moment at which all files were what was served.
    pub(crate) same: Option<i128>,
}

impl Standing {
    /// Returns the windows in which a change was made that may be refused at the moment `until`, after those `before`. It came
    /// after the last moment at which all was well. While other changes are refused there is no such moment, so it came
    /// after the last quiet one. `asked`: a reload that was asked for brings changes that scopes held back.
    pub(crate) fn windows(&self, until: i128, before: Vec<Window>, asked: bool) -> Vec<Window> {
        let since = match self.refusals.is_empty() && before.is_empty() {
            true if asked => self.same,
            true => self.accepted,
            false => self.quiet.max(self.accepted),
        };
        let mut windows = before;
        windows.push(Window { after: since.unwrap_or(until), until });
        if windows.len() > WINDOWS {
            let second = windows.remove(1);
            windows[0].until = second.until;
        }
        windows
    }

    /// Returns the modules whose file has been gone for at least `grace`.
    pub(crate) fn gone(&self, grace: Duration) -> BTreeSet<ModuleId> {
        self.removed.iter().filter(|(_, since)| since.elapsed() >= grace).map(|(&id, _)| id).collect()
    }
}

/// The refused changes, readable while a reload is in progress.
#[derive(Default)]
pub(crate) struct Shown(ArcSwap<Showing>);

#[derive(Default)]
struct Showing {
    /// By each module that the change would have reloaded.
    by_module: HashMap<ModuleId, Arc<[Diagnostic]>>,
    withheld: Withheld,
}

/// The files that belong to refused changes although they have not been loaded yet, and what is wrong with these
/// changes (L2).
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

    /// Returns what is wrong with the refused change that a file belongs to. `moments` is called only if there are
    /// refused changes, since it asks the file system.
    pub(crate) fn why(&self, moments: impl FnOnce() -> Vec<i128>) -> Option<&Diagnostic> {
        if self.0.is_empty() {
            return None;
        }
        let moments = moments();
        let is_part = |window: &Window| moments.iter().any(|&at| window.contains(at));
        self.0.iter().find(|(window, _)| is_part(window)).map(|(_, wrong)| wrong)
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

    /// Returns what is wrong with the refused change that would have reloaded this module.
    pub(crate) fn of(&self, id: ModuleId) -> Option<Arc<[Diagnostic]>> {
        self.0.load().by_module.get(&id).cloned()
    }

    pub(crate) fn withheld(&self) -> Withheld {
        self.0.load().withheld.clone()
    }

    /// Returns one entry for each refused change.
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
