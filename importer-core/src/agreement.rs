//! One generation has one answer about one module (R62): where one importer has it, no other has found it missing.
//!
//! What swallows a failed import is served without that module. So when the module can be had after all, because somebody
//! else loads it, whoever does without is loaded anew in the same generation. And when the file of a module that is served
//! is gone and an importer that is loaded anew has to do without, all its importers are loaded anew, and do without too,
//! or the change is refused for one that cannot (R34). The instance is then away: it hands its state over if the file comes
//! back within the grace, and is discarded otherwise.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
    time::Instant,
};

use crate::{
    draft::Draft,
    event::Event,
    id::ModuleId,
    loader::Loader,
    publish::{Links, Load},
    registry::Registry,
    snapshot::{Module, Snapshot},
    tree::ReadError,
};

/// Instances that are away, and since when.
pub(crate) type Away<L> = HashMap<ModuleId, (Arc<Module<L>>, Instant)>;

/// Modules that give another answer than the generation would that is about to be published. None of them may be part of
/// what is served: then the draft itself has had two answers, one after the other.
pub(crate) struct Disagreement(pub(crate) BTreeSet<ModuleId>);

impl<L: Loader> Registry<L> {
    /// Does a generation that follows `now` with `new` have one answer about each module? Returns the names that lead
    /// nowhere any more.
    pub(crate) fn agree(
        &self,
        links: &Links,
        now: &Snapshot<L>,
        new: &[Arc<Module<L>>],
    ) -> Result<Vec<ModuleId>, Disagreement> {
        let is_new: BTreeSet<ModuleId> = new.iter().map(|module| module.id()).collect();
        let (mut gone, mut others, mut agree) = (Vec::new(), BTreeSet::new(), true);
        for missed in new.iter().flat_map(|module| self.missed(module)).collect::<BTreeSet<_>>() {
            let Some(module) = now.get(missed) else {
                agree &= !is_new.contains(&missed);
                continue;
            };
            let imports = |importer: &&Arc<Module<L>>| importer.children.iter().any(|child| child.via == missed);
            let importers = links.graph.importers(module.id()).filter(|id| !is_new.contains(id));
            let importers = importers.filter_map(|id| now.get(id)).filter(imports).map(|importer| importer.id());
            let before = others.len();
            others.extend(importers);
            let is_gone = matches!(self.tree().stamp(module.path()), Err(ReadError::Missing));
            match others.len() == before && is_gone && !is_new.contains(&missed) && !new.iter().any(|new| imports(&new))
            {
                true => gone.push(missed),
                false => agree = false,
            }
        }
        let waiting = links.waiting.iter().filter(|id| !is_new.contains(id)).filter_map(|&id| now.get(id));
        for module in waiting {
            let answered = |missed| is_new.contains(&missed);
            let freed = |missed| is_new.contains(&missed) && !reaches(now, new, missed, module.id());
            if self.missed(module).any(answered) || self.unmet_ids(module, true).into_iter().any(freed) {
                others.insert(module.id());
            }
        }
        if agree && others.is_empty() { Ok(gone) } else { Err(Disagreement(others)) }
    }

    /// The modules that an instance was not given when it asked for them.
    fn missed(&self, module: &Module<L>) -> impl Iterator<Item = ModuleId> {
        self.unmet_ids(module, false).into_iter()
    }

    fn unmet_ids(&self, module: &Module<L>, cycle: bool) -> Vec<ModuleId> {
        let ids = self.ids.read();
        let unmet = module.unmet.iter().filter(|unmet| unmet.cycle == cycle);
        unmet.filter_map(|unmet| ids.find(&unmet.path)).collect()
    }

    /// The instance that is away and that one of this module would follow.
    pub(crate) fn away(&self, id: ModuleId) -> Option<Arc<Module<L>>> {
        self.away.lock().get(&id).map(|(module, _)| module.clone())
    }

    /// Discards what has been away for so long that it does not come back (R37).
    pub(crate) fn discard_away(self: &Arc<Self>) {
        let grace = self.grace();
        let over: Vec<_> = {
            let mut away = self.away.lock();
            away.extract_if(|_, (_, since)| since.elapsed() >= grace).map(|(_, (module, _))| module).collect()
        };
        if over.is_empty() {
            return;
        }
        let newest = self.snapshot();
        let draft = Draft::new(Load::Reload, self.clone(), newest.clone());
        for old in over {
            self.purge(&old, &draft);
            self.retention.retire(&old, self.loader().code(&old.value), newest.generation());
            self.release(&old, &newest);
            self.emit(Event::Dropped { path: old.path().clone() });
        }
    }

    /// Puts instances away that the generation after `before` does without.
    pub(crate) fn put_away(&self, before: &Snapshot<L>, gone: &[ModuleId]) {
        let modules = gone.iter().filter_map(|&id| before.get(id).filter(|module| module.id() == id));
        let mut away = self.away.lock();
        away.extend(modules.map(|module| (module.id(), (module.clone(), Instant::now()))));
    }
}

/// Does one module import another, directly or through others, once `new` has followed `now`?
fn reaches<L: Loader>(now: &Snapshot<L>, new: &[Arc<Module<L>>], from: ModuleId, to: ModuleId) -> bool {
    let (mut todo, mut seen) = (vec![from], BTreeSet::new());
    while let Some(id) = todo.pop() {
        let module = new.iter().find(|module| module.id() == id).or_else(|| now.get(id));
        if id == to {
            return true;
        }
        if let (true, Some(module)) = (seen.insert(id), module) {
            todo.extend(module.children());
        }
    }
    false
}
