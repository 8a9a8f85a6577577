//! What changed on disk: files against what was loaded of them (R25, R34, R36, R37, R19).

use std::{
    collections::{BTreeMap, BTreeSet, hash_map::Entry},
    sync::Arc,
    time::{Duration, Instant},
};

use crate::{
    event::{Event, Reason},
    id::ModuleId,
    loader::Loader,
    policy,
    registry::{Registry, Writer},
    reload::Hint,
    snapshot::{Kind, Module, Snapshot},
    stamp::{ContentHash, Stamp},
    tree::{ReadError, Source},
};

/// A module whose file says something else than what is loaded.
pub(crate) struct Change {
    pub(crate) source: Result<Source, ReadError>,
    pub(crate) reason: Reason,
}

impl Change {
    pub(crate) fn hash(&self) -> Option<ContentHash> {
        self.source.as_ref().ok().map(|source| source.hash)
    }
}

impl<L: Loader> Registry<L> {
    /// Compares files with what is loaded. Stamps avoid reading, hashes decide (R25).
    pub(crate) fn detect(&self, writer: &mut Writer, base: &Snapshot<L>, hint: &Hint) -> BTreeMap<ModuleId, Change> {
        let mut changes = BTreeMap::new();
        for module in self.hinted(base, hint) {
            let Some(loaded) = &module.source else { continue };
            let stamp = match self.tree().stamp(module.path()) {
                Err(ReadError::Missing) => {
                    self.missing(writer, &module, hint);
                    continue;
                }
                other => other,
            };
            let back = writer.removed.remove(&module.id()).is_some();
            let is_trusted = |stamp: &Stamp| !back && self.stamps.read().get(&module.id()) == Some(stamp);
            if !stamp.as_ref().is_ok_and(is_trusted) {
                let read = self.read(module.path());
                self.left_open(writer, &module, matches!(read, Err(ReadError::BeingWritten)));
                match read {
                    Ok(source) if source.hash == loaded.hash => self.trust(module.id(), &source),
                    Err(error) if error.is_passing() => continue,
                    source => {
                        changes.insert(module.id(), Change { source, reason: Reason::Changed });
                        continue;
                    }
                }
            }
            // Its own text is what is loaded. What it waits for may be there all the same.
            if self.may_be_met(&module) {
                changes.insert(module.id(), Change { source: Ok(loaded.clone()), reason: Reason::Retry });
            }
        }
        changes
    }

    /// May an import succeed now that the module has swallowed (R36)? One that was a cycle may when the other module is
    /// loaded anew, which is found out then.
    pub(crate) fn may_be_met(&self, module: &Module<L>) -> bool {
        module.unmet.iter().any(|unmet| !unmet.cycle && !self.is_still(unmet))
    }

    /// Remembers under which stamp a text was read, if a later write must have another: else the next look reads the
    /// file again.
    pub(crate) fn trust(&self, id: ModuleId, source: &Source) {
        let mut stamps = self.stamps.write();
        if source.settled {
            stamps.insert(id, source.stamp);
        } else {
            stamps.remove(&id);
        }
    }

    /// Editors remove a file and write it again, so a hint at a missing file says nothing yet: complete looks count.
    fn missing(&self, writer: &mut Writer, module: &Module<L>, hint: &Hint) {
        if matches!(hint, Hint::Paths(_)) {
            return;
        }
        if let Entry::Vacant(entry) = writer.removed.entry(module.id()) {
            entry.insert(Instant::now());
            self.emit(Event::Removed { path: module.path().clone() });
        }
    }

    /// A file that is saved is open for moments. One that somebody forgets to close is told of, or nobody would know why it
    /// is not loaded.
    fn left_open(&self, writer: &mut Writer, module: &Module<L>, is_open: bool) {
        const MOMENTS: Duration = Duration::from_secs(3);
        if !is_open {
            writer.left_open.remove(&module.id());
            return;
        }
        let (since, told) = writer.left_open.entry(module.id()).or_insert((Instant::now(), false));
        if since.elapsed() >= MOMENTS && !std::mem::replace(told, true) {
            self.emit(Event::LeftOpen { path: module.path().clone() });
        }
    }

    /// The modules at which a hint points, without asking all of them; and those that wait for something to appear.
    fn hinted(&self, base: &Snapshot<L>, hint: &Hint) -> Vec<Arc<Module<L>>> {
        let ids: BTreeSet<ModuleId> = match hint {
            Hint::Everything => base.iter().map(|module| module.id()).collect(),
            Hint::Paths(paths) => {
                self.modules_under(paths).into_iter().chain(self.links.lock().waiting.iter().copied()).collect()
            }
        };
        let modules = ids.into_iter().filter_map(|id| base.get(id));
        modules.filter(|module| module.kind == Kind::Reloadable).cloned().collect()
    }

    pub(crate) fn may_reload(&self, writer: &mut Writer, base: &Snapshot<L>, id: ModuleId) -> bool {
        let wishes = self.wishes(base, id);
        let on = wishes.iter().find(|(reload, _)| *reload);
        let off = wishes.iter().find(|(reload, _)| !reload);
        if let (Some((_, on)), Some((_, off)), Some(module)) = (on, off, base.get(id))
            && writer.mixed.insert(id)
        {
            let origins = [on.clone(), off.clone()];
            self.emit(Event::MixedPolicy { path: module.path().clone(), origins });
        }
        policy::is_candidate(wishes.iter().map(|(reload, _)| *reload))
    }

    /// Modules whose file has been gone for a while, and that nothing imports (R37).
    pub(crate) fn droppable(&self, writer: &Writer, base: &Snapshot<L>) -> Vec<ModuleId> {
        let gone = writer.removed.iter().filter(|(_, since)| since.elapsed() >= self.grace());
        let mut dropped: Vec<_> = gone.map(|(&id, _)| id).filter(|&id| base.get(id).is_some()).collect();
        dropped.retain(|&id| {
            let is_friend = || base.iter().any(|module| module.importer.friends().contains(&id));
            self.importers(id).is_empty() && !is_friend()
        });
        dropped
    }

    /// Names that led to a module of another name and lead elsewhere now (R19). Whoever imported by such a name is to be
    /// loaded anew; the name itself is free again.
    pub(crate) fn parted(&self, base: &Snapshot<L>, changes: &mut BTreeMap<ModuleId, Change>) -> Vec<ModuleId> {
        let aliases = self.links.lock().aliases.clone();
        let parted: Vec<_> = aliases.into_iter().filter(|&(alias, module)| self.has_parted(alias, module)).collect();
        for &(alias, module) in &parted {
            for importer in self.importers(module).into_iter().filter_map(|id| base.get(id)) {
                if let (true, Some(source)) = (importer.children.iter().any(|it| it.via == alias), &importer.source) {
                    let change = || Change { source: Ok(source.clone()), reason: Reason::Changed };
                    changes.entry(importer.id()).or_insert_with(change);
                }
            }
        }
        parted.into_iter().map(|(alias, _)| alias).collect()
    }
}
