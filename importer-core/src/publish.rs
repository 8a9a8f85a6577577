//! The door through which generations are published: what a draft must still be true of, and the one store that makes
//! it the newest generation.
//!
//! Drafts are built beside each other: one reload, and any number of first loads. Each is built on the generation that
//! was the newest when it began, and checked here against the one that is the newest now. What no longer fits is
//! planned again (R23): every published generation is closed, an instance's children are that generation's.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, atomic::Ordering},
    time::Instant,
};

use crate::{
    agreement::Disagreement,
    draft::{Draft, State},
    event::Event,
    graph::Graph,
    id::ModuleId,
    loader::Loader,
    registry::Registry,
    snapshot::{Module, Snapshot},
};

/// What is known of the newest generation beside the instances themselves. Its lock is held for moments, and nothing is
/// published and nothing frozen without it.
#[derive(Default)]
pub(crate) struct Links {
    pub(crate) graph: Graph,
    /// Names that lead to the file of a module of another name, and that module (R19).
    pub(crate) aliases: BTreeMap<ModuleId, ModuleId>,
    /// Modules with a swallowed import that may succeed one day (R36).
    pub(crate) waiting: BTreeSet<ModuleId>,
}

/// What a draft is for. Freezing forbids the one, not the other (R33).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Load {
    First,
    Reload,
}

/// Why a draft was not published.
pub(crate) enum Unpublished {
    /// Reloading has ended (R40).
    Frozen,
    /// It does not fit the newest generation, or the files, any more.
    Moved,
    /// A generation with it would have two answers about one module (R62).
    Disagrees(Disagreement),
}

/// What leaves the newest generation with a draft.
pub(crate) struct Leaving<'a> {
    /// Modules whose purge hook was called, and names that have parted.
    pub(crate) dropped: &'a [ModuleId],
    /// Must all agree about each module? There are times when nothing can be done about it.
    pub(crate) agreed: bool,
}

/// What was published.
pub(crate) struct Published {
    pub(crate) generation: u64,
    /// The names that lead nowhere any more, and whose instances are away.
    pub(crate) gone: Vec<ModuleId>,
}

impl<L: Loader> Registry<L> {
    /// Makes a draft the newest generation.
    pub(crate) fn publish(
        self: &Arc<Self>,
        draft: &Arc<Draft<L>>,
        state: &State<L>,
        Leaving { dropped, agreed }: Leaving<'_>,
        started: Instant,
    ) -> Result<Published, Unpublished> {
        let load = draft.kind();
        let (base, published, new) = loop {
            let looks = self.looks.load(Ordering::SeqCst);
            if state.moved || (load == Load::First && !self.reads_as_built(state)) {
                return Err(Unpublished::Moved);
            }
            let mut links = self.links.lock();
            if load == Load::First && self.looks.load(Ordering::SeqCst) != looks {
                // A check has begun that may not know these modules: what it was asked for is found here (R25).
                continue;
            }
            if load == Load::Reload && self.is_frozen() {
                return Err(Unpublished::Frozen);
            }
            let base = self.current.load();
            let new: Vec<_> = state.order.iter().filter(|module| !is_in(&base, module)).cloned().collect();
            if new.is_empty() && dropped.is_empty() && state.aliases.iter().all(|(alias, _)| base.get(*alias).is_some())
            {
                // Others who asked at the same time have published it.
                return Ok(Published { generation: base.generation(), gone: Vec::new() });
            }
            let gone = match self.agree(&links, &base, &new) {
                Ok(gone) => gone,
                Err(disagreement) if agreed => return Err(Unpublished::Disagrees(disagreement)),
                Err(_) => Vec::new(),
            };
            let leaving: Vec<_> = dropped.iter().chain(&gone).copied().collect();
            let mut aliases = links.aliases.clone();
            aliases.extend(state.aliases.iter().copied());
            aliases.retain(|alias, _| !leaving.contains(alias));
            let next = base.next(&new, &aliases, &leaving);
            if !self.fits(draft.base(), &base, &next, &new) {
                return Err(Unpublished::Moved);
            }
            let generation = next.generation();
            new.iter().for_each(|module| module.importer.published(generation));
            self.current.store(Arc::new(next));
            links.aliases = aliases;
            self.put_away(&base, &gone);
            self.note(&mut links, &base, &new, &leaving);
            let modules = new.iter().map(|module| module.path().clone()).collect();
            let took = started.elapsed();
            self.emit(Event::Published { generation, modules, reload: load == Load::Reload, took });
            break (base, Published { generation, gone }, new);
        };
        self.warn(published.generation, &new);
        self.retire(&base, draft, state, dropped, published.generation);
        Ok(published)
    }

    /// Is `next`, which follows the newest generation `now`, what the draft was meant to lead to when it began at `base`?
    fn fits(&self, base: &Snapshot<L>, now: &Snapshot<L>, next: &Snapshot<L>, new: &[Arc<Module<L>>]) -> bool {
        let replaces_what_it_knew = |module: &Arc<Module<L>>| {
            let [before, at_present] = [base, now].map(|snapshot| snapshot.get(module.id()));
            before.map(Arc::as_ptr) == at_present.map(Arc::as_ptr)
        };
        let is_closed = |module: &Arc<Module<L>>| {
            let is_next = |id, instance| next.get(id).is_some_and(|child| child.instance() == instance);
            module.children.iter().all(|child| is_next(child.id, child.instance))
        };
        new.iter().all(|module| replaces_what_it_knew(module) && !self.is_file_of_another(now, module))
            && next.not_in(base).all(is_closed)
    }

    /// Has the file been loaded under another name meanwhile (R19)?
    fn is_file_of_another(&self, now: &Snapshot<L>, module: &Module<L>) -> bool {
        let Some(source) = &module.source else { return false };
        if now.get(module.id()).is_some() {
            return false;
        }
        self.same_file(module.id(), &source.stamp).is_some_and(|other| now.get(other.id()).is_some())
    }

    /// Do the files of a first load say what was loaded of them? A reload looks for itself, but one that ends before the
    /// modules are published does not know that they are to be looked at.
    fn reads_as_built(&self, state: &State<L>) -> bool {
        state.order.iter().filter_map(|module| Some((module, module.source.as_ref()?))).all(|(module, loaded)| {
            match self.tree().stamp(module.path()) {
                Ok(stamp) if stamp == loaded.stamp && loaded.settled => true,
                Ok(_) => self.read(module.path()).map_or(true, |source| source.hash == loaded.hash),
                // One that is being written, or is gone, is found by the next look.
                Err(_) => true,
            }
        })
    }

    fn note(&self, links: &mut Links, base: &Snapshot<L>, new: &[Arc<Module<L>>], dropped: &[ModuleId]) {
        // First, since a name that has parted may come back at once, as a module of its own.
        for &id in dropped {
            links.graph.remove(id);
            links.waiting.remove(&id);
            self.stamps.write().remove(&id);
        }
        for module in new {
            links.graph.set(module.id(), module.children().collect());
            match module.unmet.is_empty() {
                true => links.waiting.remove(&module.id()),
                false => links.waiting.insert(module.id()),
            };
            if let Some(source) = &module.source {
                self.trust(module.id(), source);
                let mut files = self.files.lock();
                let itself = base.get(module.id()).filter(|old| old.id() == module.id());
                if let Some(before) = itself.and_then(|old| old.source.as_ref()) {
                    files.remove(&before.stamp.file);
                }
                files.insert(source.stamp.file, module.id());
            }
        }
    }

    /// Follows the instances that were replaced or dropped, and calls the purge hooks that are due (R45).
    fn retire(
        self: &Arc<Self>,
        base: &Snapshot<L>,
        draft: &Arc<Draft<L>>,
        state: &State<L>,
        dropped: &[ModuleId],
        generation: u64,
    ) {
        let replaced = state.order.iter().map(|module| module.id()).chain(dropped.iter().copied());
        let is_itself = |id| base.get(id).filter(|module| module.id() == id);
        let replaced = replaced.filter_map(is_itself).filter(|old| !is_in(&self.snapshot(), old)).cloned();
        // What was away has come back, as another instance.
        let back: Vec<_> = {
            let mut away = self.away.lock();
            state.order.iter().filter_map(|module| Some(away.remove(&module.id())?.0)).collect()
        };
        let replaced: Vec<_> = replaced.chain(back.iter().cloned()).collect();
        for old in &replaced {
            self.waits.forget(old.id());
            self.retention.retire(old, self.loader().code(&old.value), generation);
        }
        let of = |&id| base.get(id).or_else(|| back.iter().find(|old| old.id() == id));
        for old in state.purge.iter().filter_map(of) {
            self.purge(old, draft);
        }
        for old in replaced {
            self.release(&old, &self.snapshot());
        }
    }
}

fn is_in<L: Loader>(snapshot: &Snapshot<L>, module: &Arc<Module<L>>) -> bool {
    snapshot.get(module.id()).is_some_and(|known| Arc::ptr_eq(known, module))
}
