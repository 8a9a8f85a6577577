//! Changes that were refused: what is remembered of them, and when they are tried again (R32).

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Instant,
};

use crate::{
    detect::Change,
    diagnostic::Diagnostic,
    event::{Event, Reason},
    id::ModuleId,
    loader::Loader,
    plan::plan,
    registry::{Registry, Writer},
    snapshot::{Snapshot, Unmet},
    stamp::ContentHash,
    tree::{ReadError, Source},
};

/// A change that was refused: not tried again, and not told again, until something that it depends on says otherwise.
pub(crate) struct Refusal {
    pub(crate) changed: BTreeMap<ModuleId, Option<ContentHash>>,
    pub(crate) planned: BTreeSet<ModuleId>,
    pub(crate) unmet: Vec<Unmet>,
    pub(crate) diagnostics: Vec<Diagnostic>,
}

/// What was read, and what was wrong with it.
pub(crate) type Told = (BTreeMap<ModuleId, Option<ContentHash>>, Vec<Diagnostic>);

/// What a file of a refused change says now.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Now {
    /// This, or something that cannot be a module.
    Says(Option<ContentHash>),
    /// Nothing yet: it is being saved (R59).
    Passing,
    /// Nothing any more (R34).
    Gone,
}

/// Files of a refused change that no hint named this time, as they were read.
type Unnamed = BTreeMap<ModuleId, Result<Source, ReadError>>;

impl Refusal {
    pub(crate) fn told(&self) -> Told {
        (self.changed.clone(), self.diagnostics.clone())
    }

    /// May all that is known of the files still be as it was when they were refused?
    fn is_still(&self, now: &BTreeMap<ModuleId, Now>) -> bool {
        self.changed.iter().all(|(id, refused)| match now.get(id) {
            Some(Now::Says(hash)) => hash == refused,
            Some(Now::Passing) => true,
            Some(Now::Gone) | None => false,
        })
    }
}

impl<L: Loader> Registry<L> {
    /// Is there anything in the changes that was not refused before? Refused changes that a new one touches are tried
    /// again together with it; those that were taken back are forgotten.
    pub(crate) fn is_news(
        &self,
        writer: &mut Writer,
        base: &Snapshot<L>,
        changes: &mut BTreeMap<ModuleId, Change>,
        forced: bool,
    ) -> bool {
        let refusals = std::mem::take(&mut writer.refusals);
        let mut known = BTreeSet::new();
        for refusal in refusals {
            // What no hint named this time is read, and once: a file that is taken back between two reads would be
            // neither as it was refused nor as it is served.
            let read = |id: &ModuleId| Some((*id, self.read(base.get(*id)?.path())));
            let mut unnamed: Unnamed =
                refusal.changed.keys().filter(|id| !changes.contains_key(id)).filter_map(read).collect();
            let now = refusal.changed.keys().map(|&id| (id, self.now(writer, id, changes, &unnamed))).collect();
            if taken_back(&now, base) {
                refusal.planned.iter().for_each(|&id| self.waits.forget(id));
                self.emit(Event::Mended { generation: base.generation() });
                continue;
            }
            // A part of the change that no hint named belongs to it all the same, once it says something.
            unnamed.retain(|id, read| {
                let loaded = base.get(*id).and_then(|module| module.source.as_ref()).map(|loaded| loaded.hash);
                let hash = read.as_ref().ok().map(|source| source.hash);
                matches!(now[id], Now::Says(_)) && hash != loaded
            });
            let silent = unnamed.is_empty() && !refusal.changed.keys().any(|id| changes.contains_key(id));
            let due = self.waits.is_due(&refusal.planned, Instant::now());
            if silent && due {
                // The hook that waited belongs to a text that is being replaced: that is tried when it is there.
                refusal.planned.iter().for_each(|&id| self.waits.forget(id));
            }
            let fresh: BTreeSet<_> = changes.keys().filter(|id| !refusal.changed.contains_key(id)).copied().collect();
            let touched = plan(&self.links.lock().graph, &fresh).iter().any(|(id, _)| refusal.planned.contains(id));
            let asked = forced || due || touched || refusal.unmet.iter().any(|unmet| !self.is_still(unmet));
            if silent || (!asked && refusal.is_still(&now)) {
                known.extend(refusal.changed.keys().copied());
                writer.refusals.push(refusal);
            } else {
                let change = |source| Change { source, reason: Reason::Changed };
                changes.extend(unnamed.into_iter().map(|(id, read)| (id, change(read))));
            }
        }
        changes.retain(|id, _| !known.contains(id));
        !changes.is_empty()
    }

    fn now(&self, writer: &Writer, id: ModuleId, changes: &BTreeMap<ModuleId, Change>, unnamed: &Unnamed) -> Now {
        let is_gone = || writer.removed.get(&id).is_some_and(|since| since.elapsed() >= self.grace());
        match (changes.get(&id), unnamed.get(&id)) {
            (Some(change), _) => Now::Says(change.hash()),
            (None, Some(Ok(source))) => Now::Says(Some(source.hash)),
            (None, Some(Err(ReadError::Missing))) if is_gone() => Now::Gone,
            (None, Some(Err(error))) if error.is_passing() => Now::Passing,
            (None, Some(Err(_)) | None) => Now::Says(None),
        }
    }

    /// Lets requests know which modules wait for a change to be mended.
    pub(crate) fn show_refusals(&self, writer: &Writer) {
        let of = |refusal: &Refusal| {
            let diagnostics: Arc<[Diagnostic]> = refusal.diagnostics.clone().into();
            refusal.planned.iter().map(move |&id| (id, diagnostics.clone())).collect::<Vec<_>>()
        };
        self.refused.store(Arc::new(writer.refusals.iter().flat_map(of).collect()));
    }
}

/// Is nothing left of a refused change: do its files read as what is loaded of them, or are they gone?
fn taken_back<L: Loader>(now: &BTreeMap<ModuleId, Now>, base: &Snapshot<L>) -> bool {
    now.iter().all(|(&id, now)| {
        let loaded = base.get(id).and_then(|module| Some((module, module.source.as_ref()?)));
        let is_loaded = |hash: Option<ContentHash>| {
            loaded.is_none_or(|(module, loaded)| module.unmet.is_empty() && hash == Some(loaded.hash))
        };
        match now {
            Now::Says(hash) => is_loaded(*hash),
            Now::Passing => loaded.is_none(),
            Now::Gone => true,
        }
    })
}
