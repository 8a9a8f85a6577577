//! The steps of a draft, as types: a [`Draft`] is compiled, then built, then published; afterwards the replaced
//! instances are retired.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Instant,
};

use super::{
    building::{Building, Ground},
    progress::Progress,
};
use crate::{
    change::{Cause, Change, ChangeSet, Plan},
    generation::{Load, Loader, Proposal, Published, Rooms, Snapshot, Unpublished},
    module::{ImportError, Located, Module, ModuleId, Reason, Scope, Unmet},
    release::ReleaseCause,
    sync::{STACK, spare_threads},
    text::{Diagnostic, ReadError},
};

/// A planned draft: which modules are reloaded, and from which texts. No text has run.
pub(crate) struct Draft<'a, L: Loader> {
    building: OnBoard<L>,
    plan: Plan,
    changes: &'a ChangeSet,
}

/// A draft whose planned texts all compile. No text has run.
pub(crate) struct CompiledDraft<L: Loader> {
    building: OnBoard<L>,
    plan: Plan,
}

/// A draft whose modules have all been loaded. No request sees them yet.
pub(crate) struct Built<L: Loader> {
    building: OnBoard<L>,
    state: Progress<L>,
}

/// A published draft, whose replaced instances have to be retired.
pub(crate) struct Served<L: Loader> {
    building: OnBoard<L>,
    state: Progress<L>,
    published: Published<L>,
}

/// The errors of a draft.
pub(crate) struct Wrong {
    /// The modules that were to be reloaded.
    pub(crate) planned: BTreeSet<ModuleId>,
    /// The imports that failed: once one of these paths has another text, building may succeed.
    pub(crate) unmet: Vec<Unmet>,
    pub(crate) diagnostics: Vec<Diagnostic>,
}

/// Why a draft was not built.
pub(crate) enum Unbuilt {
    Wrong(Wrong),
    /// It has met an instance that does not fit its base: another draft was published meanwhile.
    Moved,
}

/// The outcome of a first load.
pub(crate) enum First<L: Loader> {
    Loaded(Arc<Module<L>>, Built<L>),
    Failed {
        error: ImportError,
        unmet: Vec<Unmet>,
        /// Drafts that wait for the same load get this error from the flights until it is remembered among the
        /// failures.
        _flights: Built<L>,
    },
    /// Another draft was published meanwhile that replaces what it was built from.
    Moved,
}

impl<'a, L: Loader> Draft<'a, L> {
    pub(crate) fn of(rooms: &Arc<Rooms<L>>, base: Ground<'_, L>, plan: Plan, changes: &'a ChangeSet) -> Self {
        Self { building: OnBoard::new(Load::Reload, rooms, base), plan, changes }
    }

    /// Compiles the whole plan, before any hook is called and any text runs.
    pub(crate) fn compile(self) -> Result<CompiledDraft<L>, Wrong> {
        let Self { building, plan, changes } = self;
        let diagnostics = compile(&building.0, &plan, changes);
        if diagnostics.is_empty() {
            return Ok(CompiledDraft { building, plan });
        }
        let state = building.0.finish();
        Err(Wrong { planned: planned(&plan), unmet: state.unmet, diagnostics })
    }
}

impl<L: Loader> CompiledDraft<L> {
    /// Carries state over and runs the texts, children first.
    pub(crate) fn build(self) -> Result<Built<L>, Unbuilt> {
        let Self { building, plan } = self;
        for &(id, _) in &plan {
            building.0.build_planned(id);
        }
        let mut state = building.0.finish();
        match state.regressions.is_empty() {
            _ if state.moved => Err(Unbuilt::Moved),
            true => Ok(Built { building, state }),
            false => {
                let (unmet, diagnostics) = (state.unmet, std::mem::take(&mut state.regressions));
                Err(Unbuilt::Wrong(Wrong { planned: planned(&plan), unmet, diagnostics }))
            }
        }
    }
}

impl<L: Loader> Built<L> {
    /// Loads one module for the first time, with its imports, from the texts of `base`. Each text is compiled when it
    /// is needed.
    pub(crate) fn first(
        rooms: &Arc<Rooms<L>>,
        base: &Arc<Snapshot<L>>,
        located: &Located,
        scope: &Arc<Scope>,
    ) -> First<L> {
        let building = OnBoard::new(Load::First, rooms, Ground::of(base, base.withheld(|| rooms.shown.withheld())));
        let found = building.0.obtain(located, scope);
        let mut state = building.0.finish();
        match found {
            _ if state.moved => First::Moved,
            Ok(module) => First::Loaded(module, Self { building, state }),
            Err(error) => {
                let unmet = std::mem::take(&mut state.unmet);
                First::Failed { error, unmet, _flights: Self { building, state } }
            }
        }
    }

    /// Returns the generation on which it was built.
    pub(crate) fn base(&self) -> &Arc<Snapshot<L>> {
        &self.building.0.base
    }

    /// Returns the new instances, children first.
    pub(crate) fn modules(&self) -> &[Arc<Module<L>>] {
        &self.state.order
    }

    /// Returns the view of its modules while they were loaded, for the hooks of modules that are dropped with it.
    pub(crate) fn view(&self) -> &Arc<Building<L>> {
        &self.building.0
    }

    /// Makes it the newest generation, with one store. `agreed`: the generation must give one answer about each module.
    pub(crate) fn publish(
        self,
        dropped: &[ModuleId],
        agreed: bool,
        (cause, started): (ReleaseCause, Instant),
    ) -> Result<Served<L>, Unpublished> {
        let Self { building, state } = self;
        let proposal = Proposal {
            load: building.0.kind(),
            texts: building.0.texts(),
            base: &building.0.base,
            built: &state.order,
            aliases: &state.aliases,
            dropped,
            agreed,
            started,
            cause,
        };
        let published = building.0.rooms.publish(&proposal)?;
        Ok(Served { building, state, published })
    }
}

impl<L: Loader> Served<L> {
    pub(crate) fn published(&self) -> &Published<L> {
        &self.published
    }

    /// Returns the new instances, children first.
    pub(crate) fn modules(&self) -> &[Arc<Module<L>>] {
        &self.state.order
    }

    /// Returns the old instances whose clone hook failed, which are to be purged (R45).
    pub(crate) fn to_purge(&self) -> &[ModuleId] {
        &self.state.purge
    }

    /// Returns the view of its modules while they were loaded, for hooks that are called afterwards.
    pub(crate) fn view(&self) -> &Arc<Building<L>> {
        &self.building.0
    }
}

/// A draft whose flights are cleared when it ends, even by a panic.
struct OnBoard<L: Loader>(Arc<Building<L>>);

impl<L: Loader> OnBoard<L> {
    fn new(load: Load, rooms: &Arc<Rooms<L>>, base: Ground<'_, L>) -> Self {
        Self(Building::new(load, rooms, base))
    }
}

impl<L: Loader> Drop for OnBoard<L> {
    fn drop(&mut self) {
        self.0.rooms.flights.clear(self.0.id());
    }
}

fn planned(plan: &Plan) -> BTreeSet<ModuleId> {
    plan.iter().map(|&(id, _)| id).collect()
}

/// How many texts justify another thread: starting one takes as long as compiling a few short texts.
const WORTH_A_THREAD: usize = 16;

/// Compiles all planned modules on the spare threads and this one. Returns the errors in the order of the plan.
fn compile<L: Loader>(draft: &Building<L>, plan: &Plan, changes: &ChangeSet) -> Vec<Diagnostic> {
    let next = AtomicUsize::new(0);
    let work = || {
        let mut wrong = Vec::new();
        while let Some(&(id, cause)) = plan.get(next.fetch_add(1, Ordering::Relaxed)) {
            let result = draft.base.get(id).map_or(Ok(()), |old| compile_one(draft, old, cause, changes));
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
    let order: HashMap<_, _> = plan.iter().enumerate().map(|(at, &(id, _))| (id, at)).collect();
    wrong.sort_by_key(|(id, _)| order.get(id).copied());
    wrong.into_iter().map(|(_, diagnostic)| diagnostic).collect()
}

fn compile_one<L: Loader>(
    draft: &Building<L>,
    old: &Module<L>,
    cause: Cause,
    changes: &ChangeSet,
) -> Result<(), Vec<Diagnostic>> {
    let path_of = |id| draft.base.get(id).map_or_else(|| old.path().clone(), |module| module.path().clone());
    match (changes.get(&old.id()), cause, &old.source) {
        (Some(Change { text: Ok(source), reason }), ..) => draft.prepare(old, source.clone(), reason.clone()),
        (Some(Change { text: Err(error), .. }), ..) => Err(vec![unreadable(old, error)]),
        (None, Cause::Child(child), Some(source)) => draft.prepare(old, source.clone(), Reason::Child(path_of(child))),
        _ => Ok(()),
    }
}

fn unreadable<L: Loader>(module: &Module<L>, error: &ReadError) -> Diagnostic {
    Diagnostic::error(format!("`{}` {error}", module.path().display()))
}
