//! Reloads are decided here: what changed, whether it may be reloaded, which modules that means, and whether the result
//! is served.
//!
//! The steps follow one line, and each takes the value of the one before: a look [finds](Look::find) changed texts, the
//! [precedence](crate::change::Precedence) allows them, refused changes are [reconsidered](reconsider), a plan is made,
//! compiled and built, and the draft is published, or refused as a whole.

use std::{
    collections::BTreeSet,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use super::{
    draft::{Built, CompiledDraft, Draft, Ground, Unbuilt, Wrong},
    inside::Inside,
    look::Look,
    retire::{discard_away, purge, retire},
};
use crate::{
    change::{
        Allowed, Change, ChangeSet, Now, NowOf, Plan, Reconsidered, Refusal, ServedText, Standing, Told, Window,
        Withheld, plan, reconsider,
    },
    generation::{Disagreement, Loader, Rooms, Snapshot, Texts, Unpublished},
    module::{InstanceId, Module, ModuleId, Reason},
    release::ReleaseCause,
    report::Event,
    text::{Diagnostic, ReadError, SourceTree},
    watch::{Hint, cost::Cost},
};

/// The outcome of a check.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// Nothing changed.
    UpToDate,
    /// A new generation is served.
    Published {
        /// Its number.
        generation: u64,
        /// The modules that were reloaded, children first, and why.
        modules: Vec<(Arc<Path>, Reason)>,
        /// The time since the first look at the change.
        took: Duration,
    },
    /// The change was refused with these errors; the generation before it stays in use (R32).
    Refused(Vec<Diagnostic>),
    /// Reloading has ended (R40).
    Frozen,
}

/// Why the files are checked.
#[derive(Clone, Copy)]
pub(crate) enum Occasion<'a> {
    /// They may have changed.
    Noticed,
    /// A reload was requested: scopes that say Off do not count (R38).
    Asked,
    /// These modules are reloaded, since what they know about other modules is out of date (R62).
    Joining(&'a BTreeSet<ModuleId>),
}

impl Occasion<'_> {
    /// Returns the cause of the release that the reload makes.
    fn cause(self) -> ReleaseCause {
        match self {
            Self::Noticed => ReleaseCause::Files,
            Self::Asked => ReleaseCause::Command,
            Self::Joining(_) => ReleaseCause::Load,
        }
    }
}

/// A change on its way to publication.
struct Reload {
    texts: Texts,
    changes: ChangeSet,
    dropped: Vec<ModuleId>,
    /// Refusals that were reported before: they are not news when a reload is requested again.
    told: Vec<Told>,
    cause: ReleaseCause,
    /// When the change was made.
    windows: Vec<Window>,
    /// The moment of the look that found it.
    moment: i128,
    started: Instant,
}

impl Reload {
    /// Returns whether it brings other texts. A refusal is then reported and forgotten, since the files have nothing to
    /// do with it.
    fn is_switch<L: Loader>(&self, base: &Snapshot<L>) -> bool {
        self.texts.id() != base.texts().id()
    }
}

/// Why a reload is planned again.
enum Again {
    /// A first load was published meanwhile that imports a module which the reload replaces, or that the reload has
    /// loaded as well.
    Outrun,
    /// These modules would disagree with what it has loaded (R62).
    Disagrees(BTreeSet<ModuleId>),
}

/// How often a reload is planned. A reload that is alone cannot be outrun, and each disagreement adds a module to it.
/// Only files that keep appearing and disappearing can exhaust this; the next look then finds the result.
const ATTEMPTS: usize = 16;

/// Looks for changes and reloads the changed modules, with everything that imports them, as one generation (R27, R31).
/// Also returns the cost of looking, without the cost of reloading.
pub(crate) fn check<L: Loader>(rooms: &Arc<Rooms<L>>, hint: &Hint, occasion: Occasion<'_>) -> (Outcome, Duration) {
    let started = Instant::now();
    rooms.report_retained();
    rooms.sweep_failures();
    if rooms.store.is_frozen() {
        return (Outcome::Frozen, Duration::ZERO);
    }
    let mut standing = rooms.standing.lock();
    let _inside = Inside::enter();
    discard_away(rooms);
    // From now on first loads check their files again before they are published, so this look misses nothing.
    rooms.store.begin_look();
    let cost = Cost::begin();
    let change = found(rooms, &mut standing, hint, occasion, started);
    let cost = cost.so_far();
    if let Some(change) = change {
        return (settle(rooms, &mut standing, change), cost);
    }
    rooms.shown.show(&standing.refusals);
    let refused: Vec<_> = standing.refusals.iter().flat_map(|it| it.diagnostics.clone()).collect();
    (if refused.is_empty() { Outcome::UpToDate } else { Outcome::Refused(refused) }, cost)
}

/// Publishes other texts in place of those that are served (L1): modules that differ are reloaded, with everything that
/// imports them, and modules that are missing in the new texts are dropped.
pub(crate) fn switch<L: Loader>(rooms: &Arc<Rooms<L>>, tree: Arc<dyn SourceTree>) -> Outcome {
    let started = Instant::now();
    if rooms.store.is_frozen() {
        return Outcome::Frozen;
    }
    let mut standing = rooms.standing.lock();
    let _inside = Inside::enter();
    discard_away(rooms);
    rooms.store.begin_look();
    let (base, texts) = (rooms.store.current(), Texts::new(tree));
    let (changes, dropped) = Look { rooms: &**rooms, base: &base }.compare(&texts);
    let change = Reload {
        texts,
        changes,
        dropped,
        told: Vec::new(),
        cause: ReleaseCause::Command,
        windows: Vec::new(),
        moment: i128::MIN,
        started,
    };
    settle(rooms, &mut standing, change)
}

/// Returns what is to be reloaded, if anything: found, allowed, and not refused before.
fn found<L: Loader>(
    rooms: &Arc<Rooms<L>>,
    standing: &mut Standing,
    hint: &Hint,
    occasion: Occasion<'_>,
    started: Instant,
) -> Option<Reload> {
    let base = rooms.store.current();
    let forced = matches!(occasion, Occasion::Asked);
    let look = Look { rooms: &**rooms, base: &base };

    let moment = *base.texts().tree().moment().start();
    let found = look.find(standing, hint);
    // While files keep changing, any of them may belong together with the next.
    let is_quiet = matches!(hint, Hint::Everything) && rooms.writing.is_quiet();
    let is_same = is_quiet && found.0.is_empty() && standing.refusals.is_empty();
    let importers = |id| rooms.store.importers(id).into_iter().filter_map(|id| base.get(id)).collect();
    let (allowed, mixed) = rooms.precedence.allow(found, forced, importers);
    for mixed in mixed {
        let path = rooms.names.path(mixed.id);
        rooms.emit(Event::MixedReloading { path, origins: mixed.origins });
    }
    let (parted, importers_of_parted) = look.parted();
    let joining = if let Occasion::Joining(modules) = occasion { look.again(modules) } else { ChangeSet::new() };
    let allowed = allowed.with(joining).with(importers_of_parted);
    let dropped = [look.droppable(standing), parted].concat();

    let asked_again = |refusal: &&Refusal| forced && !rooms.waits.is_due(&refusal.planned, started);
    let told = standing.refusals.iter().filter(asked_again).map(Refusal::told).collect();
    // Events come late: what was saved right before this look may not have been reported yet. So the moment of one quiet
    // look counts from the next one on.
    if is_quiet && allowed.changes().is_empty() && standing.refusals.is_empty() {
        standing.accepted = standing.accepted.max(standing.quiet);
    }
    if is_same {
        standing.same = standing.same.max(standing.quiet);
    }
    if is_quiet {
        standing.quiet = Some(moment);
    }
    let begun = *rooms.begun.lock();
    (standing.accepted, standing.same) = (standing.accepted.or(begun), standing.same.or(begun));
    let (changes, windows) = not_refused(rooms, standing, &base, allowed, forced);
    let windows = standing.windows(*base.texts().tree().moment().end(), windows, forced);
    let is_news = !changes.is_empty() || !dropped.is_empty();
    is_news.then(|| {
        let (texts, cause) = (base.texts().clone(), occasion.cause());
        Reload { texts, changes, dropped, told, cause, windows, moment, started }
    })
}

/// Leaves out refused changes, unless there is a reason to try them again.
fn not_refused<L: Loader>(
    rooms: &Rooms<L>,
    standing: &mut Standing,
    base: &Snapshot<L>,
    allowed: Allowed,
    forced: bool,
) -> (ChangeSet, Vec<Window>) {
    let refusals = std::mem::take(&mut standing.refusals);
    let ids: BTreeSet<_> = refusals.iter().flat_map(|refusal| refusal.changed.keys().copied()).collect();
    let loaded = || ids.iter().filter_map(|&id| base.get(id).map(|module| (id, module)));
    let read = |(id, module): (ModuleId, &Arc<Module<L>>)| (id, rooms.read(base.texts(), module.path()));
    let unnamed = loaded().filter(|(id, _)| !allowed.changes().contains_key(id)).map(read).collect();
    let served = |(id, module): (ModuleId, &Arc<Module<L>>)| {
        let hash = module.source.as_ref()?.hash;
        Some((id, ServedText { hash, lacks: !module.unmet.is_empty() }))
    };
    let of = |refusal: &Refusal| NowOf {
        due: rooms.waits.is_due(&refusal.planned, Instant::now()),
        met: refusal.unmet.iter().any(|unmet| !rooms.is_still(base.texts(), unmet)),
    };
    let (served, gone) = (loaded().filter_map(served).collect(), standing.gone(rooms.grace()));
    let of = refusals.iter().map(of).collect();
    let links = rooms.store.links();
    let now = Now { graph: &links.graph, unnamed, served, gone, of, forced };
    let Reconsidered { try_now, windows, still_refused, mended, unawaited } = reconsider(refusals, allowed, now);
    drop(links);
    unawaited.into_iter().for_each(|id| rooms.waits.forget(id));
    mended.iter().for_each(|_| rooms.emit(Event::Mended { generation: base.generation() }));
    standing.refusals = still_refused;
    (try_now, windows)
}

/// Tries until the change is published or refused: first loads may be published in between.
fn settle<L: Loader>(rooms: &Arc<Rooms<L>>, standing: &mut Standing, mut change: Reload) -> Outcome {
    let mut purged = BTreeSet::new();
    let mut alone = None;
    for _ in 0..ATTEMPTS {
        match reload(rooms, standing, &mut change, &mut purged) {
            Ok(outcome) => return outcome,
            Err(Again::Outrun) if alone.is_none() => alone = Some(rooms.gate.close()),
            Err(Again::Outrun) => {}
            Err(Again::Disagrees(others)) => {
                let base = rooms.store.current();
                let again = Look { rooms: &**rooms, base: &base }.again(&others);
                for (id, again) in again {
                    change.changes.entry(id).or_insert(again);
                }
            }
        }
        if !change.is_switch(&rooms.store.current()) {
            change.dropped.retain(|&id| rooms.store.importers(id).is_empty());
        }
    }
    Outcome::UpToDate
}

/// Plans, compiles, builds and publishes a change on the newest generation.
fn reload<L: Loader>(
    rooms: &Arc<Rooms<L>>,
    standing: &mut Standing,
    change: &mut Reload,
    purged: &mut BTreeSet<InstanceId>,
) -> Result<Outcome, Again> {
    let base = rooms.store.current();
    // Other texts count their moments in their own way.
    let is_switch = change.is_switch(&base);
    let withheld = if is_switch { Withheld::default() } else { Withheld::by(&standing.refusals) };
    let built = match compiled(rooms, &base, &withheld, change).map_err(Unbuilt::Wrong).and_then(CompiledDraft::build) {
        Ok(built) => built,
        Err(Unbuilt::Moved) => return Err(Again::Outrun),
        Err(Unbuilt::Wrong(wrong)) => return Ok(refuse(rooms, standing, change, wrong)),
    };
    rooms.shown.show(&standing.refusals);
    publish(rooms, standing, change, built, purged)
}

/// Plans a change, and compiles the whole plan before the first hook is called.
///
/// When several files are saved, more of them have been saved by now. Two files that belong together must not be served
/// half changed, so the planned files are checked again before and after compiling.
fn compiled<L: Loader>(
    rooms: &Arc<Rooms<L>>,
    base: &Arc<Snapshot<L>>,
    withheld: &Withheld,
    change: &mut Reload,
) -> Result<CompiledDraft<L>, Wrong> {
    /// How often: files that never stop changing are not waited for.
    const LOOKS: usize = 8;
    let mut looks = 0;
    loop {
        let plan = plan(&rooms.store.links().graph, &change.changes.keys().copied().collect());
        looks += 1;
        if looks < LOOKS && look_again(rooms, base, &plan, change) {
            continue;
        }
        let on = Ground { texts: &change.texts, snapshot: base, withheld: withheld.clone() };
        let compiled = Draft::of(rooms, on, plan.clone(), &change.changes).compile();
        if looks >= LOOKS || !look_again(rooms, base, &plan, change) {
            return compiled;
        }
    }
}

/// Takes up changes of the planned modules since the last look. Returns whether there were any.
fn look_again<L: Loader>(rooms: &Rooms<L>, base: &Snapshot<L>, plan: &Plan, change: &mut Reload) -> bool {
    let Reload { texts, changes, .. } = change;
    let mut moved = false;
    for module in plan.iter().filter_map(|&(id, _)| base.get(id)) {
        let known = match changes.get(&module.id()) {
            Some(change) => change.text.as_ref().ok().map(|source| source.stamp),
            None => rooms.store.stamp(module.id()),
        };
        let now = texts.tree().stamp(module.path());
        if now.is_ok_and(|now| Some(now) == known) {
            continue;
        }
        let text = rooms.read(texts, module.path());
        if text.as_ref().is_err_and(ReadError::is_passing) {
            continue;
        }
        let change = Change::changed(text);
        let before = changes.get(&module.id()).map(Change::hash);
        let before = before.unwrap_or_else(|| module.source.as_ref().map(|loaded| loaded.hash));
        if change.hash() != before {
            changes.insert(module.id(), change);
            moved = true;
        }
    }
    moved
}

/// Refuses a change: the generation before it stays in use. Remembers the errors, and reports them if they are news.
fn refuse<L: Loader>(rooms: &Rooms<L>, standing: &mut Standing, change: &Reload, wrong: Wrong) -> Outcome {
    let Wrong { planned, unmet, diagnostics } = wrong;
    let changed = change.changes.iter().map(|(&id, change)| (id, change.hash())).collect();
    let mut windows = change.windows.clone();
    // Files saved during compiling belong to the change as well.
    if let Some(window) = windows.last_mut() {
        window.until = *change.texts.tree().moment().end();
    }
    let refusal = Refusal { changed, planned, unmet, diagnostics: diagnostics.clone(), windows };
    let is_news = !change.told.contains(&refusal.told());
    let base = rooms.store.current();
    if !change.is_switch(&base) {
        // Requests see the errors before the event is emitted.
        standing.refusals.push(refusal);
        rooms.shown.show(&standing.refusals);
    }
    if is_news {
        let generation = base.generation();
        rooms.emit(Event::Refused { generation, diagnostics: diagnostics.clone() });
    }
    Outcome::Refused(diagnostics)
}

/// Calls the purge hooks of modules that are dropped, and makes the draft the newest generation.
fn publish<L: Loader>(
    rooms: &Arc<Rooms<L>>,
    standing: &mut Standing,
    change: &Reload,
    built: Built<L>,
    purged: &mut BTreeSet<InstanceId>,
) -> Result<Outcome, Again> {
    let base = built.base().clone();
    let itself = |id: ModuleId| base.get(id).filter(|module| module.id() == id);
    let leaving: Vec<_> = change.dropped.iter().filter_map(|&id| itself(id)).collect();
    for old in leaving.iter().filter(|old| purged.insert(old.instance())) {
        purge(old, built.view());
    }
    let served = match built.publish(&change.dropped, true, (change.cause.clone(), change.started)) {
        Ok(served) => served,
        Err(Unpublished::Frozen) => return Ok(Outcome::Frozen),
        Err(Unpublished::Moved) => return Err(Again::Outrun),
        Err(Unpublished::Disagrees(Disagreement(others))) => return Err(Again::Disagrees(others)),
    };
    retire(&served, &change.dropped);
    let published = served.published();
    if change.is_switch(&published.before) {
        // What was refused of the texts before stays unseen by views that still load from them.
        published.before.withhold(rooms.shown.withheld());
        // All texts are now what is served, and these texts have a clock of their own.
        let now = Some(*change.texts.tree().moment().start());
        *standing = Standing { quiet: now, accepted: now, same: now, ..Standing::default() };
        rooms.shown.show(&standing.refusals);
    } else if standing.refusals.is_empty() {
        // What was there when this change was found belongs to no later one.
        standing.accepted = standing.accepted.max(Some(change.moment));
    }
    for gone in published.gone.iter().filter_map(|&id| itself(id)) {
        if standing.removed.remove(&gone.id()).is_none() {
            rooms.emit(Event::Removed { path: gone.path().clone() });
        }
    }
    for old in leaving {
        standing.removed.remove(&old.id());
        standing.left_open.remove(&old.id());
        rooms.emit(Event::Dropped { path: old.path().clone() });
    }
    let loaded = served.modules().iter().map(|module| (module.path().clone(), module.record.reason.clone()));
    Ok(Outcome::Published {
        generation: published.generation,
        modules: loaded.collect(),
        took: change.started.elapsed(),
    })
}
