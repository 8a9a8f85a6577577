//! Looks: the files compared with what was loaded of them (R19, R25, R34, R36, R37).

use std::{
    collections::{BTreeMap, BTreeSet, hash_map::Entry},
    sync::Arc,
    time::{Duration, Instant},
};

use crate::{
    change::{Change, ChangeSet, Found, Standing},
    generation::{Loader, Rooms, Snapshot, Texts},
    module::{Kind, Module, ModuleId, Reason},
    report::Event,
    text::{ReadError, Stamp},
    watch::Hint,
};

/// A look at the files, compared with the generation `base`.
pub(super) struct Look<'a, L: Loader> {
    pub(super) rooms: &'a Rooms<L>,
    pub(super) base: &'a Snapshot<L>,
}

impl<L: Loader> Look<'_, L> {
    fn texts(&self) -> &Texts {
        self.base.texts()
    }

    /// Compares files with what is loaded. Stamps avoid reading, hashes decide (R25).
    pub(super) fn find(&self, standing: &mut Standing, hint: &Hint) -> Found {
        let mut changes = BTreeMap::new();
        for module in self.hinted(hint) {
            let Some(loaded) = &module.source else { continue };
            let stamp = match self.texts().tree().stamp(module.path()) {
                Err(ReadError::Missing) => {
                    self.missing(standing, &module, hint);
                    continue;
                }
                other => other,
            };
            let back = standing.removed.remove(&module.id()).is_some();
            let is_trusted = |stamp: &Stamp| !back && self.rooms.store.stamp(module.id()).as_ref() == Some(stamp);
            if !stamp.as_ref().is_ok_and(is_trusted) {
                let read = self.rooms.read(self.texts(), module.path());
                self.left_open(standing, &module, matches!(read, Err(ReadError::BeingWritten)));
                match read {
                    Ok(source) if source.hash == loaded.hash => self.rooms.store.trust(module.id(), &source),
                    Err(error) if error.is_passing() => continue,
                    text => {
                        changes.insert(module.id(), Change::changed(text));
                        continue;
                    }
                }
            }
            // Its own text is what is loaded. A failed import that it waits for may succeed all the same.
            if self.rooms.may_be_met(self.texts(), &module) {
                changes.insert(module.id(), Change::again(loaded, Reason::Retry));
            }
        }
        Found(changes)
    }

    /// Notes that a file is missing. Editors remove a file and write it again, so only a look everywhere counts, not a
    /// hint at this file.
    fn missing(&self, standing: &mut Standing, module: &Module<L>, hint: &Hint) {
        if matches!(hint, Hint::Paths(_)) {
            return;
        }
        if let Entry::Vacant(entry) = standing.removed.entry(module.id()) {
            entry.insert(Instant::now());
            self.rooms.emit(Event::Removed { path: module.path().clone() });
        }
    }

    /// Reports a file that stays open for writing. A save takes moments; a file that is never closed is never loaded,
    /// and the event says why.
    fn left_open(&self, standing: &mut Standing, module: &Module<L>, is_open: bool) {
        const MOMENTS: Duration = Duration::from_secs(3);
        if !is_open {
            standing.left_open.remove(&module.id());
            return;
        }
        let (since, told) = standing.left_open.entry(module.id()).or_insert((Instant::now(), false));
        if since.elapsed() >= MOMENTS && !std::mem::replace(told, true) {
            self.rooms.emit(Event::LeftOpen { path: module.path().clone() });
        }
    }

    /// Returns the modules that a hint points at, without going through all modules, and those that wait for a failed
    /// import.
    fn hinted(&self, hint: &Hint) -> Vec<Arc<Module<L>>> {
        let ids: BTreeSet<ModuleId> = match hint {
            Hint::Everything => self.base.iter().map(|module| module.id()).collect(),
            Hint::Paths(paths) => {
                let waiting = self.rooms.store.links().waiting.clone();
                self.rooms.names.under(paths).into_iter().chain(waiting).collect()
            }
        };
        let modules = ids.into_iter().filter_map(|id| self.base.get(id));
        modules.filter(|module| module.kind == Kind::Reloadable).cloned().collect()
    }

    /// Returns the modules whose file has been gone for the grace, and that nothing imports (R37).
    pub(super) fn droppable(&self, standing: &Standing) -> Vec<ModuleId> {
        let mut gone = standing.gone(self.rooms.grace());
        gone.retain(|&id| self.base.get(id).is_some() && self.rooms.store.importers(id).is_empty());
        if !gone.is_empty() {
            let friends: BTreeSet<_> = self.base.iter().flat_map(|module| module.friends()).collect();
            gone.retain(|id| !friends.contains(id));
        }
        gone.into_iter().collect()
    }

    /// Returns the aliases that lead to another file now (R19), so that the names are free again. Also returns the
    /// modules that imported by such a name, which are reloaded.
    pub(super) fn parted(&self) -> (Vec<ModuleId>, ChangeSet) {
        let aliases = self.rooms.store.links().aliases.clone();
        let has_parted =
            |&(alias, module): &(ModuleId, ModuleId)| self.rooms.names.has_parted(self.texts().tree(), alias, module);
        let parted: Vec<_> = aliases.into_iter().filter(has_parted).collect();
        let mut changes = ChangeSet::new();
        for &(alias, module) in &parted {
            for importer in self.rooms.store.importers(module).into_iter().filter_map(|id| self.base.get(id)) {
                if let (true, Some(source)) = (importer.children.iter().any(|it| it.via == alias), &importer.source) {
                    changes.insert(importer.id(), Change::again(source, Reason::Changed));
                }
            }
        }
        (parted.into_iter().map(|(alias, _)| alias).collect(), changes)
    }

    /// Returns changes that reload modules from the texts that are loaded already (R62).
    pub(super) fn again(&self, modules: &BTreeSet<ModuleId>) -> ChangeSet {
        let loaded = modules.iter().filter_map(|&id| self.base.get(id));
        let again =
            |module: &Arc<Module<L>>| Some((module.id(), Change::again(module.source.as_ref()?, Reason::Retry)));
        loaded.filter_map(again).collect()
    }

    /// Compares all loaded modules with other texts. Returns the modules that differ, with the importers of those that
    /// are missing, and the missing ones, which are dropped.
    pub(super) fn compare(&self, texts: &Texts) -> (ChangeSet, Vec<ModuleId>) {
        let (mut changes, mut dropped) = (ChangeSet::new(), self.switched_aliases(texts));
        for module in self.base.iter().filter(|module| module.kind == Kind::Reloadable) {
            let Some(loaded) = &module.source else { continue };
            match self.rooms.read(texts, module.path()) {
                Ok(source) if source.hash == loaded.hash && !self.rooms.may_be_met(texts, module) => {}
                Ok(source) => drop(changes.insert(module.id(), Change::changed(Ok(source)))),
                Err(ReadError::Missing) => dropped.push(module.id()),
                Err(error) => drop(changes.insert(module.id(), Change::changed(Err(error)))),
            }
        }
        let importers = dropped.iter().flat_map(|&id| self.rooms.store.importers(id)).collect();
        for (id, again) in self.again(&importers) {
            if !dropped.contains(&id) {
                changes.entry(id).or_insert(again);
            }
        }
        (changes, dropped)
    }

    /// Returns the aliases whose text differs from that of their module in other texts.
    fn switched_aliases(&self, texts: &Texts) -> Vec<ModuleId> {
        let aliases = self.rooms.store.links().aliases.clone();
        let hash = |id| self.rooms.read(texts, &self.rooms.names.path(id)).ok().map(|source| source.hash);
        aliases.into_iter().filter(|&(alias, module)| hash(alias) != hash(module)).map(|(alias, _)| alias).collect()
    }
}
