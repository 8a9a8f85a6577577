//! Where a reload is decided: what changed, what that means, and whether it is served.
//!
//! One straight line: [`check`](Registry::check) finds changed texts, asks the policy, has a plan made, builds it as a
//! draft, and publishes the draft or refuses it as a whole.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use crate::{
    diagnostic::Diagnostic,
    draft::Draft,
    event::{Event, Reason},
    id::ModuleId,
    loader::Loader,
    plan::{Cause, plan},
    policy,
    registry::{Load, Registry, Writer},
    snapshot::{Kind, Module, Snapshot, Unmet},
    stamp::{ContentHash, Stamp},
    tree::{ReadError, Source},
};

/// Where to look for changes.
#[derive(Clone, Debug)]
pub enum Hint {
    /// Everywhere.
    Everything,
    /// Everywhere but at these files, which somebody is still writing.
    EverythingBut(BTreeSet<PathBuf>),
    /// At these files, and at whatever lies below these directories.
    Paths(Vec<PathBuf>),
}

/// What a check came to.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// Nothing changed.
    UpToDate,
    /// A new generation is served.
    Published {
        /// Its number.
        generation: u64,
        /// What was loaded anew, children first, and why.
        modules: Vec<(Arc<Path>, Reason)>,
        /// How long it took from the first look.
        took: Duration,
    },
    /// The change is wrong; what was served is served on (R32).
    Refused(Vec<Diagnostic>),
    /// Reloading has ended (R40).
    Frozen,
}

/// A change that was refused: not tried again, and not told again, until something that it depends on says otherwise.
pub(crate) struct Refusal {
    changed: BTreeMap<ModuleId, Option<ContentHash>>,
    planned: BTreeSet<ModuleId>,
    unmet: Vec<Unmet>,
    diagnostics: Vec<Diagnostic>,
}

/// A module whose file says something else than what is loaded.
struct Change {
    source: Result<Source, ReadError>,
    reason: Reason,
}

impl Change {
    fn hash(&self) -> Option<ContentHash> {
        self.source.as_ref().ok().map(|source| source.hash)
    }
}

impl<L: Loader> Registry<L> {
    /// Looks for changes and reloads what changed, with everything that imports it, as one generation (R27, R31).
    /// Returns when that is published, or refused. `forced` overrides scopes that say Off, but not freezing (R38).
    pub fn check(self: &Arc<Self>, hint: &Hint, forced: bool) -> Outcome {
        let started = Instant::now();
        self.report_retained();
        if self.is_frozen() {
            return Outcome::Frozen;
        }
        let mut writer = self.writer.lock();
        let base = self.snapshot();
        let mut changes = self.detect(&mut writer, &base, hint);
        changes.retain(|&id, _| forced || self.may_reload(&mut writer, &base, id));
        let mut dropped = self.droppable(&writer, &base);
        dropped.extend(self.parted(&writer, &base, &mut changes));
        if !self.is_news(&mut writer, &base, &mut changes, forced) && dropped.is_empty() {
            self.show_refusals(&writer);
            let standing: Vec<_> = writer.refusals.iter().flat_map(|it| it.diagnostics.clone()).collect();
            return if standing.is_empty() { Outcome::UpToDate } else { Outcome::Refused(standing) };
        }
        self.reload(&mut writer, &base, changes, &dropped, started)
    }

    /// Compares files with what is loaded. Stamps avoid reading, hashes decide (R25).
    fn detect(&self, writer: &mut Writer, base: &Snapshot<L>, hint: &Hint) -> BTreeMap<ModuleId, Change> {
        let mut changes = BTreeMap::new();
        for module in self.hinted(writer, base, hint) {
            let Some(loaded) = &module.source else { continue };
            let stamp = match self.tree().stamp(module.path()) {
                Err(ReadError::Missing) => {
                    self.missing(writer, &module, hint);
                    continue;
                }
                other => other,
            };
            let back = writer.removed.remove(&module.id()).is_some();
            if let Ok(stamp) = &stamp
                && !back
                && self.stamps.read().get(&module.id()) == Some(stamp)
            {
                if module.unmet.iter().any(|unmet| !self.is_still(unmet)) {
                    changes.insert(module.id(), Change { source: Ok(loaded.clone()), reason: Reason::Retry });
                }
                continue;
            }
            match self.tree().read(module.path()) {
                // A file that is being rewritten passes through these states; the next look will find it done.
                Err(ReadError::Empty | ReadError::Missing) => {}
                Ok(source) if source.hash == loaded.hash => self.trust(module.id(), source.stamp),
                source => {
                    changes.insert(module.id(), Change { source, reason: Reason::Changed });
                }
            }
        }
        changes
    }

    /// Remembers under which stamp a text was read.
    ///
    /// File systems keep times in steps. A text that was written in the very step in which it was read may be written
    /// again without another stamp, so a stamp that young is not trusted: the next look reads the file.
    pub(crate) fn trust(&self, id: ModuleId, stamp: Stamp) {
        const STEP: i128 = 20_000_000;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_nanos().cast_signed());
        let mut stamps = self.stamps.write();
        if stamp.changed < now - STEP {
            stamps.insert(id, stamp);
        } else {
            stamps.remove(&id);
        }
    }

    /// Editors remove a file and write it again, so a hint at a missing file says nothing yet: complete looks count.
    fn missing(&self, writer: &mut Writer, module: &Module<L>, hint: &Hint) {
        if matches!(hint, Hint::Paths(_)) {
            return;
        }
        let looks = writer.removed.entry(module.id()).or_default();
        *looks += 1;
        if *looks == 1 {
            self.emit(Event::Removed { path: module.path().clone() });
        }
    }

    /// The modules at which a hint points, without asking all of them; and those that wait for something to appear.
    fn hinted(&self, writer: &Writer, base: &Snapshot<L>, hint: &Hint) -> Vec<Arc<Module<L>>> {
        let ids: BTreeSet<ModuleId> = match hint {
            Hint::Everything => base.iter().map(|module| module.id()).collect(),
            Hint::EverythingBut(left_out) => {
                base.iter().filter(|it| !left_out.contains(&**it.path())).map(|it| it.id()).collect()
            }
            Hint::Paths(paths) => self.modules_under(paths).into_iter().chain(writer.waiting.iter().copied()).collect(),
        };
        let modules = ids.into_iter().filter_map(|id| base.get(id));
        modules.filter(|module| module.kind == Kind::Reloadable).cloned().collect()
    }

    fn may_reload(&self, writer: &mut Writer, base: &Snapshot<L>, id: ModuleId) -> bool {
        let wishes = self.wishes(writer, base, id);
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

    /// Modules whose file is gone for two complete looks, and that nothing imports (R37).
    fn droppable(&self, writer: &Writer, base: &Snapshot<L>) -> Vec<ModuleId> {
        let gone = writer.removed.iter().filter(|(_, looks)| **looks > 1);
        let mut dropped: Vec<_> = gone.map(|(&id, _)| id).collect();
        dropped.retain(|&id| {
            let is_friend = || base.iter().any(|module| module.importer.friends().contains(&id));
            base.get(id).is_some() && writer.graph.importers(id).next().is_none() && !is_friend()
        });
        dropped
    }

    /// Names that led to a module of another name and lead elsewhere now (R19). Whoever imported by such a name is to be
    /// loaded anew; the name itself is free again.
    fn parted(&self, writer: &Writer, base: &Snapshot<L>, changes: &mut BTreeMap<ModuleId, Change>) -> Vec<ModuleId> {
        let parted = writer.aliases.iter().filter(|(alias, module)| self.has_parted(**alias, **module));
        let parted: Vec<_> = parted.map(|(&alias, &module)| (alias, module)).collect();
        for &(alias, module) in &parted {
            for importer in writer.graph.importers(module).filter_map(|id| base.get(id)) {
                if let (true, Some(source)) = (importer.children.iter().any(|it| it.via == alias), &importer.source) {
                    let change = || Change { source: Ok(source.clone()), reason: Reason::Changed };
                    changes.entry(importer.id()).or_insert_with(change);
                }
            }
        }
        parted.into_iter().map(|(alias, _)| alias).collect()
    }

    /// Is there anything in the changes that was not refused before? Refused changes that a new one touches are tried
    /// again together with it; those that were taken back are forgotten.
    fn is_news(
        &self,
        writer: &mut Writer,
        base: &Snapshot<L>,
        changes: &mut BTreeMap<ModuleId, Change>,
        forced: bool,
    ) -> bool {
        let refusals = std::mem::take(&mut writer.refusals);
        let mut known = BTreeSet::new();
        for refusal in refusals {
            if self.taken_back(&refusal, base) {
                refusal.planned.iter().for_each(|&id| self.waits.forget(id));
                self.emit(Event::Mended { generation: base.generation() });
                continue;
            }
            let reads = |id: &ModuleId| changes.get(id).map_or_else(|| self.content(base, *id), Change::hash);
            let same = refusal.changed.iter().all(|(id, hash)| reads(id) == *hash);
            let fresh: BTreeSet<_> = changes.keys().filter(|id| !refusal.changed.contains_key(id)).copied().collect();
            let touched = plan(&writer.graph, &fresh).iter().any(|(id, _)| refusal.planned.contains(id));
            let due = self.waits.is_due(&refusal.planned, Instant::now());
            if same && !touched && !forced && !due && refusal.unmet.iter().all(|unmet| self.is_still(unmet)) {
                known.extend(refusal.changed.keys().copied());
                writer.refusals.push(refusal);
            } else {
                // A part of the change that no hint named this time belongs to it all the same.
                for &id in refusal.changed.keys() {
                    if let (None, Some(module)) = (changes.get(&id), base.get(id)) {
                        let change = Change { source: self.tree().read(module.path()), reason: Reason::Changed };
                        if change.hash() != module.source.as_ref().map(|loaded| loaded.hash) {
                            changes.insert(id, change);
                        }
                    }
                }
            }
        }
        changes.retain(|id, _| !known.contains(id));
        !changes.is_empty()
    }

    fn content(&self, base: &Snapshot<L>, id: ModuleId) -> Option<ContentHash> {
        self.tree().read(base.get(id)?.path()).ok().map(|source| source.hash)
    }

    /// Lets requests know which modules wait for a change to be mended.
    fn show_refusals(&self, writer: &Writer) {
        let of = |refusal: &Refusal| {
            let diagnostics: Arc<[Diagnostic]> = refusal.diagnostics.clone().into();
            refusal.planned.iter().map(move |&id| (id, diagnostics.clone())).collect::<Vec<_>>()
        };
        self.refused.store(Arc::new(writer.refusals.iter().flat_map(of).collect()));
    }

    fn taken_back(&self, refusal: &Refusal, base: &Snapshot<L>) -> bool {
        refusal.changed.keys().all(|&id| {
            let loaded = base.get(id).and_then(|module| Some((module, module.source.as_ref()?)));
            loaded.is_none_or(|(module, loaded)| {
                module.unmet.is_empty()
                    && self.tree().read(module.path()).is_ok_and(|source| source.hash == loaded.hash)
            })
        })
    }

    fn reload(
        self: &Arc<Self>,
        writer: &mut Writer,
        base: &Arc<Snapshot<L>>,
        changes: BTreeMap<ModuleId, Change>,
        dropped: &[ModuleId],
        started: Instant,
    ) -> Outcome {
        let changed = changes.iter().map(|(&id, change)| (id, change.hash())).collect();
        let plan = plan(&writer.graph, &changes.keys().copied().collect());
        let planned = plan.iter().map(|&(id, _)| id).collect();
        let draft = Draft::new(self.clone(), base.clone());

        let mut diagnostics = self.prepare(&draft, base, &plan, changes);
        if diagnostics.is_empty() {
            for &(id, _) in &plan {
                draft.build_planned(id);
            }
        }
        let mut state = draft.finish();
        diagnostics.append(&mut state.regressions);
        if !diagnostics.is_empty() {
            self.emit(Event::Refused { generation: base.generation(), diagnostics: diagnostics.clone() });
            writer.refusals.push(Refusal { changed, planned, unmet: state.unmet, diagnostics: diagnostics.clone() });
            self.show_refusals(writer);
            return Outcome::Refused(diagnostics);
        }

        self.show_refusals(writer);
        let built = state.order.clone();
        let is_itself = |id: ModuleId| base.get(id).filter(|module| module.id() == id).cloned();
        let leaving: Vec<_> = dropped.iter().filter_map(|&id| is_itself(id)).collect();
        for old in &leaving {
            self.purge(old, &draft);
        }
        let Some(generation) = self.publish(writer, &draft, &state, dropped, Load::Reload, started) else {
            return Outcome::Frozen;
        };
        for old in &leaving {
            writer.removed.remove(&old.id());
            self.emit(Event::Dropped { path: old.path().clone() });
        }
        let modules = built.iter().map(|module| (module.path().clone(), module.record.reason.clone())).collect();
        Outcome::Published { generation, modules, took: started.elapsed() }
    }

    /// Compiles the whole plan before the first hook runs; returns everything that does not compile.
    fn prepare(
        &self,
        draft: &Arc<Draft<L>>,
        base: &Snapshot<L>,
        plan: &[(ModuleId, Cause)],
        mut changes: BTreeMap<ModuleId, Change>,
    ) -> Vec<Diagnostic> {
        let mut diagnostics = Vec::new();
        for &(id, cause) in plan {
            let Some(old) = base.get(id) else { continue };
            let path_of = |id| base.get(id).map_or_else(|| old.path().clone(), |module| module.path().clone());
            let result = match (changes.remove(&id), cause, &old.source) {
                (Some(Change { source: Ok(source), reason }), ..) => draft.prepare(old, source, reason),
                (Some(Change { source: Err(error), .. }), ..) => Err(unreadable(old, &error)),
                (None, Cause::Child(child), Some(source)) => {
                    draft.prepare(old, source.clone(), Reason::Child(path_of(child)))
                }
                _ => Ok(()),
            };
            diagnostics.extend(result.err());
        }
        diagnostics
    }
}

fn unreadable<L: Loader>(module: &Module<L>, error: &ReadError) -> Diagnostic {
    Diagnostic::error(format!("`{}` {error}", module.path().display()))
}

/// For the tests of this crate and of those above: what is loaded, by path.
impl<L: Loader> Registry<L> {
    /// Paths and numbers of all modules of the newest generation.
    #[must_use]
    pub fn paths(&self) -> HashMap<Arc<Path>, ModuleId> {
        self.snapshot().iter().map(|module| (module.path().clone(), module.id())).collect()
    }
}
