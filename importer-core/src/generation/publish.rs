//! Publication of generations: the conditions that a draft must still meet, and the one store that makes it the newest
//! generation.
//!
//! Drafts are built in parallel: one reload, and any number of first loads. Each is built on the generation that was
//! the newest when it began, and is checked here against the newest one now. A draft that no longer fits is planned
//! again (R23). Every published generation is closed: the children of an instance are those of its generation.

use std::{sync::Arc, time::Instant};

use super::{
    agreement::{Disagreement, agree},
    load::Load,
    loader::Loader,
    rooms::Rooms,
    snapshot::{Snapshot, Step},
    store::Links,
    texts::Texts,
};
use crate::{
    module::{Module, ModuleId},
    release::ReleaseCause,
    report::Event,
};

/// The content of a draft that is to be published.
pub(crate) struct Proposal<'a, L: Loader> {
    pub(crate) load: Load,
    /// The texts that it was made from.
    pub(crate) texts: &'a Texts,
    /// The generation on which it was built.
    pub(crate) base: &'a Snapshot<L>,
    /// The new instances, children first.
    pub(crate) built: &'a [Arc<Module<L>>],
    /// Names that were found to lead to modules of other names (R19).
    pub(crate) aliases: &'a [(ModuleId, ModuleId)],
    /// Modules whose purge hook was called, and aliases that have parted.
    pub(crate) dropped: &'a [ModuleId],
    /// Whether the generation must give one answer about each module. `false` where that can no longer be achieved.
    pub(crate) agreed: bool,
    pub(crate) started: Instant,
    pub(crate) cause: ReleaseCause,
}

/// Why a draft was not published.
pub(crate) enum Unpublished {
    /// Reloading has ended (R40).
    Frozen,
    /// It no longer fits the newest generation, or the files.
    Moved,
    /// The generation would give two answers about one module (R62).
    Disagrees(Disagreement),
}

/// The result of a publication.
pub(crate) struct Published<L: Loader> {
    /// The generation before it.
    pub(crate) before: Arc<Snapshot<L>>,
    pub(crate) generation: u64,
    /// The instances that the generation before did not hold.
    pub(crate) new: Vec<Arc<Module<L>>>,
    /// The names that no longer lead anywhere, whose instances are away.
    pub(crate) gone: Vec<ModuleId>,
}

impl<L: Loader> Rooms<L> {
    /// Makes the proposal part of the newest generation.
    pub(crate) fn publish(&self, proposal: &Proposal<'_, L>) -> Result<Published<L>, Unpublished> {
        let first = proposal.load == Load::First;
        loop {
            let looks = self.store.looks();
            if first && !self.reads_as_built(proposal) {
                return Err(Unpublished::Moved);
            }
            let mut links = self.store.links();
            if first && self.store.looks() != looks {
                // A check has begun that may not know these modules: their files are checked here instead (R25).
                continue;
            }
            if !first && self.store.is_frozen() {
                return Err(Unpublished::Frozen);
            }
            let before = self.store.current();
            if first && before.texts().id() != proposal.texts.id() {
                return Err(Unpublished::Moved);
            }
            return self.publish_after(before, proposal, &mut links);
        }
    }

    fn publish_after(
        &self,
        before: Arc<Snapshot<L>>,
        proposal: &Proposal<'_, L>,
        links: &mut Links,
    ) -> Result<Published<L>, Unpublished> {
        let &Proposal { load, dropped, agreed, started, .. } = proposal;
        let new: Vec<_> = proposal.built.iter().filter(|module| !before.holds(module)).cloned().collect();
        let same_texts = before.texts().id() == proposal.texts.id();
        let known = proposal.aliases.iter().all(|(alias, _)| before.get(*alias).is_some());
        if new.is_empty() && dropped.is_empty() && same_texts && known {
            // Another load of the same modules has published them.
            return Ok(Published { generation: before.generation(), before, new, gone: Vec::new() });
        }
        let gone = match agree(self, proposal.texts, links, &before, &new) {
            Ok(gone) => gone.into_iter().filter(|id| !dropped.contains(id)).collect(),
            Err(disagreement) if agreed => return Err(Unpublished::Disagrees(disagreement)),
            Err(_) => Vec::new(),
        };
        let leaving: Vec<_> = dropped.iter().chain(&gone).copied().collect();
        let mut aliases = links.aliases.clone();
        aliases.extend(proposal.aliases.iter().copied());
        aliases.retain(|alias, _| !leaving.contains(alias));
        let release = self.releases.number(load, before.release(), &new);
        // Reloading may have ended since a first load began: then its texts are the same, and frozen by now.
        let texts = if same_texts { before.texts().clone() } else { proposal.texts.clone() };
        let next = before.next(Step { release, texts, built: &new, aliases: &aliases, dropped: &leaving });
        if !self.fits(proposal, &before, &next, &new) {
            return Err(Unpublished::Moved);
        }
        let generation = next.generation();
        new.iter().for_each(|module| module.importer.published(generation));
        self.store.replace(next, links);
        links.aliases = aliases;
        self.store.put_away(&before, &gone);
        if !same_texts {
            self.store.forget_stamps();
        }
        self.note(links, &before, &new, &leaving);
        let dropped = leaving.iter().map(|&id| self.names.path(id));
        self.releases.published((release, proposal.cause.clone(), !same_texts), &new, dropped, started);
        let modules = new.iter().map(|module| module.path().clone()).collect();
        self.emit(Event::Published { generation, modules, reload: load == Load::Reload, took: started.elapsed() });
        Ok(Published { before, generation, new, gone })
    }

    /// Returns whether `next`, which follows the newest generation `now`, still fits what the draft was built on.
    fn fits(&self, proposal: &Proposal<'_, L>, now: &Snapshot<L>, next: &Snapshot<L>, new: &[Arc<Module<L>>]) -> bool {
        let replaces_what_it_knew = |module: &Arc<Module<L>>| {
            let [before, at_present] = [proposal.base, now].map(|snapshot| snapshot.get(module.id()));
            before.map(Arc::as_ptr) == at_present.map(Arc::as_ptr)
        };
        let is_closed = |module: &Arc<Module<L>>| {
            let is_next = |id, instance| next.get(id).is_some_and(|child| child.instance() == instance);
            module.children.iter().all(|child| is_next(child.id, child.instance))
        };
        let is_new = |module: &Arc<Module<L>>| {
            replaces_what_it_knew(module) && !self.is_file_of_another(proposal.texts, now, module)
        };
        new.iter().all(is_new) && next.not_in(proposal.base).all(is_closed)
    }

    /// Returns whether the file has been loaded under another name meanwhile (R19).
    fn is_file_of_another(&self, texts: &Texts, now: &Snapshot<L>, module: &Module<L>) -> bool {
        let Some(source) = &module.source else { return false };
        if now.get(module.id()).is_some() {
            return false;
        }
        self.same_file(texts, module.id(), &source.stamp).is_some_and(|other| now.get(other.id).is_some())
    }

    /// Returns whether the files of a first load are still what was loaded of them. A reload checks that itself, but
    /// one that ends before these modules are published does not know that they have to be checked.
    fn reads_as_built(&self, proposal: &Proposal<'_, L>) -> bool {
        let loaded = proposal.built.iter().filter_map(|module| Some((module, module.source.as_ref()?)));
        loaded.into_iter().all(|(module, loaded)| match proposal.texts.tree().stamp(module.path()) {
            Ok(stamp) if stamp == loaded.stamp && loaded.settled => true,
            Ok(_) => self.read(proposal.texts, module.path()).map_or(true, |source| source.hash == loaded.hash),
            // A file that is being written, or is gone, is found by the next look.
            Err(_) => true,
        })
    }

    fn note(&self, links: &mut Links, before: &Snapshot<L>, new: &[Arc<Module<L>>], dropped: &[ModuleId]) {
        // This comes first, since an alias that has parted may come back at once, as a module of its own.
        for &id in dropped {
            links.graph.remove(id);
            links.waiting.remove(&id);
            self.store.forget_stamp(id);
            if let Some(source) = before.get(id).filter(|old| old.id() == id).and_then(|old| old.source.as_ref()) {
                self.store.unloaded(id, source);
            }
        }
        for module in new {
            links.graph.set(module.id(), module.children().collect());
            match module.unmet.is_empty() {
                true => links.waiting.remove(&module.id()),
                false => links.waiting.insert(module.id()),
            };
            if let Some(source) = &module.source {
                self.store.trust(module.id(), source);
                let itself = before.get(module.id()).filter(|old| old.id() == module.id());
                self.store.loaded(module.id(), itself.and_then(|old| old.source.as_ref()), source);
            }
        }
    }
}
