//! Where a reload is decided: what changed, what that means, and whether it is served.
//!
//! One straight line: [`check`](Registry::check) finds changed texts, asks the policy, has a plan made, builds it as a
//! draft, and publishes the draft or refuses it as a whole.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use crate::{
    agreement::Disagreement,
    cost::Cost,
    detect::Change,
    diagnostic::Diagnostic,
    draft::Draft,
    event::{Event, Reason},
    first_load::Inside,
    id::{InstanceId, ModuleId},
    loader::Loader,
    plan::{Cause, Plan, plan},
    publish::{Leaving, Load, Published, Unpublished},
    refusal::{Refusal, Told},
    registry::{Registry, Writer},
    reloader::STACK,
    snapshot::{Module, Snapshot},
    sync::spare_threads,
    tree::ReadError,
};

/// Where to look for changes.
#[derive(Clone, Debug)]
pub enum Hint {
    /// Everywhere.
    Everything,
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

/// What a reload is made for.
struct Reload {
    changes: BTreeMap<ModuleId, Change>,
    dropped: Vec<ModuleId>,
    /// What was refused and told before: it is not news because somebody asks for it again.
    told: Vec<Told>,
    started: Instant,
}

/// Why a reload is planned again.
enum Again {
    /// A first load was published meanwhile that imports what the reload replaces, or that the reload has loaded as well.
    Outrun,
    /// These would disagree with what it has loaded (R62).
    Disagrees(BTreeSet<ModuleId>),
}

/// Alone, a reload cannot be outrun, and each disagreement adds a module to it; only who keeps removing and making files
/// can have it planned anew again and again. Then the next look finds what has come of it.
const ATTEMPTS: usize = 16;

impl<L: Loader> Registry<L> {
    /// Looks for changes and reloads what changed, with everything that imports it, as one generation (R27, R31).
    /// Returns when that is published, or refused. `forced` overrides scopes that say Off, but not freezing (R38).
    pub fn check(self: &Arc<Self>, hint: &Hint, forced: bool) -> Outcome {
        self.look(hint, forced, &BTreeSet::new()).0
    }

    /// As [`check`](Self::check). Returns what looking has cost, and nothing of what was found cost.
    pub(crate) fn paced_check(self: &Arc<Self>, hint: &Hint) -> Duration {
        self.look(hint, false, &BTreeSet::new()).1
    }

    /// Loads modules anew whose answers about others are out of date (R62), whatever their scopes say.
    pub(crate) fn join(self: &Arc<Self>, modules: &BTreeSet<ModuleId>) -> Outcome {
        self.look(&Hint::Paths(Vec::new()), false, modules).0
    }

    fn look(self: &Arc<Self>, hint: &Hint, forced: bool, joining: &BTreeSet<ModuleId>) -> (Outcome, Duration) {
        let started = Instant::now();
        self.report_retained();
        self.forget_failures();
        if self.is_frozen() {
            return (Outcome::Frozen, Duration::ZERO);
        }
        let mut writer = self.writer.lock();
        let _inside = Inside::enter();
        self.discard_away();
        // From now on first loads look at their files again before they are published, so this look misses nothing.
        self.looks.fetch_add(1, Ordering::SeqCst);
        let cost = Cost::begin();
        let base = self.snapshot();
        let mut changes = self.detect(&mut writer, &base, hint);
        changes.retain(|&id, _| forced || self.may_reload(&mut writer, &base, id));
        join(&mut changes, &base, joining);
        let mut dropped = self.droppable(&writer, &base);
        dropped.extend(self.parted(&base, &mut changes));
        let asked_again = |refusal: &&Refusal| forced && !self.waits.is_due(&refusal.planned, started);
        let told: Vec<_> = writer.refusals.iter().filter(asked_again).map(Refusal::told).collect();
        let is_news = self.is_news(&mut writer, &base, &mut changes, forced) || !dropped.is_empty();
        let cost = cost.so_far();
        if is_news {
            let change = Reload { changes, dropped, told, started };
            return (self.settle(&mut writer, change), cost);
        }
        self.show_refusals(&writer);
        let standing: Vec<_> = writer.refusals.iter().flat_map(|it| it.diagnostics.clone()).collect();
        (if standing.is_empty() { Outcome::UpToDate } else { Outcome::Refused(standing) }, cost)
    }

    /// Reloads until the change is published or refused: others may come in between.
    fn settle(self: &Arc<Self>, writer: &mut Writer, mut change: Reload) -> Outcome {
        let mut purged = BTreeSet::new();
        let mut alone = None;
        for _ in 0..ATTEMPTS {
            let base = self.snapshot();
            match self.reload(writer, &base, &mut change, &mut purged) {
                Ok(outcome) => return outcome,
                Err(Again::Outrun) if alone.is_none() => alone = Some(self.gate.close()),
                Err(Again::Outrun) => {}
                Err(Again::Disagrees(others)) => join(&mut change.changes, &self.snapshot(), &others),
            }
            change.dropped.retain(|&id| self.importers(id).is_empty());
        }
        Outcome::UpToDate
    }

    fn reload(
        self: &Arc<Self>,
        writer: &mut Writer,
        base: &Arc<Snapshot<L>>,
        change: &mut Reload,
        purged: &mut BTreeSet<InstanceId>,
    ) -> Result<Outcome, Again> {
        let (plan, draft, mut diagnostics) = self.prepare(base, &mut change.changes);
        let _flights = self.flights.until_ended(draft.id());
        let changed = change.changes.iter().map(|(&id, change)| (id, change.hash())).collect();
        let planned = plan.iter().map(|&(id, _)| id).collect();
        if diagnostics.is_empty() {
            for &(id, _) in &plan {
                draft.build_planned(id);
            }
        }
        let mut state = draft.finish();
        if state.moved {
            return Err(Again::Outrun);
        }
        diagnostics.append(&mut state.regressions);
        if !diagnostics.is_empty() {
            let refusal = Refusal { changed, planned, unmet: state.unmet, diagnostics: diagnostics.clone() };
            let is_news = !change.told.contains(&refusal.told());
            // Requests see what is wrong as soon as anybody hears of it.
            writer.refusals.push(refusal);
            self.show_refusals(writer);
            if is_news {
                self.emit(Event::Refused { generation: base.generation(), diagnostics: diagnostics.clone() });
            }
            return Ok(Outcome::Refused(diagnostics));
        }

        self.show_refusals(writer);
        let built = state.order.clone();
        let is_itself = |id: ModuleId| base.get(id).filter(|module| module.id() == id).cloned();
        let leaving: Vec<_> = change.dropped.iter().filter_map(|&id| is_itself(id)).collect();
        for old in leaving.iter().filter(|old| purged.insert(old.instance())) {
            self.purge(old, &draft);
        }
        let with_it = Leaving { dropped: &change.dropped, agreed: true };
        let Published { generation, gone } = match self.publish(&draft, &state, with_it, change.started) {
            Ok(published) => published,
            Err(Unpublished::Frozen) => return Ok(Outcome::Frozen),
            Err(Unpublished::Moved) => return Err(Again::Outrun),
            Err(Unpublished::Disagrees(Disagreement(others))) => return Err(Again::Disagrees(others)),
        };
        for gone in gone.into_iter().filter_map(is_itself) {
            if writer.removed.remove(&gone.id()).is_none() {
                self.emit(Event::Removed { path: gone.path().clone() });
            }
        }
        for old in &leaving {
            writer.removed.remove(&old.id());
            writer.left_open.remove(&old.id());
            self.emit(Event::Dropped { path: old.path().clone() });
        }
        let modules = built.iter().map(|module| (module.path().clone(), module.record.reason.clone())).collect();
        Ok(Outcome::Published { generation, modules, took: change.started.elapsed() })
    }

    /// Plans, and compiles the whole plan before the first hook runs; also returns everything that does not compile.
    ///
    /// Who saves several files has saved more of them by now. A change of two that belong together is not to be served
    /// by halves, so whatever is planned is looked at once more, before and after compiling.
    fn prepare(
        self: &Arc<Self>,
        base: &Arc<Snapshot<L>>,
        changes: &mut BTreeMap<ModuleId, Change>,
    ) -> (Plan, Arc<Draft<L>>, Vec<Diagnostic>) {
        /// Somebody who never stops saving is not waited for.
        const LOOKS: usize = 8;
        let mut looks = 0;
        loop {
            let plan = plan(&self.links.lock().graph, &changes.keys().copied().collect());
            looks += 1;
            if looks < LOOKS && self.look_again(base, &plan, changes) {
                continue;
            }
            let draft = Draft::new(Load::Reload, self.clone(), base.clone());
            let diagnostics = compile(&draft, base, &plan, changes);
            if looks >= LOOKS || !self.look_again(base, &plan, changes) {
                return (plan, draft, diagnostics);
            }
        }
    }

    /// Takes up what has changed of the planned modules since it was last looked at. Whether anything has.
    fn look_again(&self, base: &Snapshot<L>, plan: &Plan, changes: &mut BTreeMap<ModuleId, Change>) -> bool {
        let mut moved = false;
        for module in plan.iter().filter_map(|&(id, _)| base.get(id)) {
            let known = match changes.get(&module.id()) {
                Some(change) => change.source.as_ref().ok().map(|source| source.stamp),
                None => self.stamps.read().get(&module.id()).copied(),
            };
            let now = self.tree().stamp(module.path());
            if now.is_ok_and(|now| Some(now) == known) {
                continue;
            }
            let source = self.read(module.path());
            if source.as_ref().is_err_and(ReadError::is_passing) {
                continue;
            }
            let change = Change { source, reason: Reason::Changed };
            let before = changes.get(&module.id()).map(Change::hash);
            let before = before.unwrap_or_else(|| module.source.as_ref().map(|loaded| loaded.hash));
            if change.hash() != before {
                changes.insert(module.id(), change);
                moved = true;
            }
        }
        moved
    }
}

/// Adds modules to a change whose own texts are what is loaded.
fn join<L: Loader>(changes: &mut BTreeMap<ModuleId, Change>, base: &Snapshot<L>, modules: &BTreeSet<ModuleId>) {
    for module in modules.iter().filter_map(|&id| base.get(id)) {
        if let Some(source) = &module.source {
            let change = || Change { source: Ok(source.clone()), reason: Reason::Retry };
            changes.entry(module.id()).or_insert_with(change);
        }
    }
}

/// To start a thread takes as long as compiling a few short texts.
const WORTH_A_THREAD: usize = 16;

/// Compiles everything that is planned, on all threads that there are; returns what is wrong, in the plan's order.
fn compile<L: Loader>(
    draft: &Arc<Draft<L>>,
    base: &Snapshot<L>,
    plan: &Plan,
    changes: &BTreeMap<ModuleId, Change>,
) -> Vec<Diagnostic> {
    let next = AtomicUsize::new(0);
    let work = || {
        let mut wrong = Vec::new();
        while let Some(&(id, cause)) = plan.get(next.fetch_add(1, Ordering::Relaxed)) {
            let result = base.get(id).map_or(Ok(()), |old| compile_one(draft, base, old, cause, changes));
            wrong.extend(result.err().into_iter().flatten().map(|diagnostic| (id, diagnostic)));
        }
        wrong
    };
    let mut wrong = std::thread::scope(|threads| {
        let others: Vec<_> = (0..spare_threads().min(plan.len() / WORTH_A_THREAD))
            .filter_map(|_| std::thread::Builder::new().stack_size(STACK).spawn_scoped(threads, work).ok())
            .collect();
        let mut wrong = work();
        for other in others {
            match other.join() {
                Ok(more) => wrong.extend(more),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        wrong
    });
    wrong.sort_by_key(|(id, _)| plan.iter().position(|(planned, _)| planned == id));
    wrong.into_iter().map(|(_, diagnostic)| diagnostic).collect()
}

fn compile_one<L: Loader>(
    draft: &Draft<L>,
    base: &Snapshot<L>,
    old: &Module<L>,
    cause: Cause,
    changes: &BTreeMap<ModuleId, Change>,
) -> Result<(), Vec<Diagnostic>> {
    let path_of = |id| base.get(id).map_or_else(|| old.path().clone(), |module| module.path().clone());
    match (changes.get(&old.id()), cause, &old.source) {
        (Some(Change { source: Ok(source), reason }), ..) => draft.prepare(old, source.clone(), reason.clone()),
        (Some(Change { source: Err(error), .. }), ..) => Err(vec![unreadable(old, error)]),
        (None, Cause::Child(child), Some(source)) => draft.prepare(old, source.clone(), Reason::Child(path_of(child))),
        _ => Ok(()),
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
