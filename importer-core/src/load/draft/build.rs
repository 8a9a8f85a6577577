//! A module's turn: its state is carried over, its text runs, and the result is kept in the draft.
//!
//! The build of a module builds its imports recursively, so the data of a turn is kept off the stack.

use std::{
    sync::Arc,
    time::{Instant, SystemTime},
};

use super::{ahead::CompiledText, building::Building, prepared::Prepared, progress::Loading};
use crate::{
    generation::{Carry, Loader, Modules, View},
    module::{Because, ImportError, Importer, Kind, Module, Reason, Record, Scope, Unmet},
    report::Event,
    text::{Diagnostic, Source},
};

/// A module whose text is about to run, is running or has run.
struct Turn<L: Loader> {
    importer: Arc<Importer>,
    source: Source,
    scope: Arc<Scope>,
    reason: Reason,
    log: bool,
    /// The start of the turn, moved back by the time that compiling took.
    started: Instant,
    /// The instance that hands over its state: the served one, or one that is away and comes back.
    old: Option<Arc<Module<L>>>,
    is_served: bool,
    /// How many regressions there were when it began.
    regressions: usize,
}

impl<L: Loader> Building<L> {
    /// Carries state over and runs the text. No lock is held meanwhile, since the text may import.
    pub(super) fn build(self: &Arc<Self>, prepared: Prepared<L>) -> Result<Arc<Module<L>>, ImportError> {
        let (mut turn, unit) = self.turn(prepared);
        let view = Arc::new(View::new(self.clone(), turn.scope.clone()));
        let carried = self.carried(&turn, &view)?;
        self.begin(&mut turn);
        let result = self.rooms.loader.load(unit, &turn.importer, turn.old.as_deref(), carried, &view);
        match result {
            Ok(value) => Ok(self.ended(turn, value)),
            Err(diagnostic) => Err(self.failed(&turn, diagnostic)),
        }
    }

    fn turn(&self, prepared: Prepared<L>) -> (Box<Turn<L>>, L::Unit) {
        let Prepared { compiled: CompiledText { importer, source, unit, took }, scope, reason, log } = prepared;
        let now = Instant::now();
        let started = now.checked_sub(took).unwrap_or(now);
        let served = self.base.get(importer.id()).cloned();
        let is_served = served.is_some();
        let old = served.or_else(|| self.rooms.store.away(importer.id()));
        (Box::new(Turn { importer, source, scope, reason, log, started, old, is_served, regressions: 0 }), unit)
    }

    /// Returns the state that the old instance hands over, if any.
    fn carried(self: &Arc<Self>, turn: &Turn<L>, view: &Arc<View<L>>) -> Result<Option<L::Carried>, ImportError> {
        let Some(old) = &turn.old else { return Ok(None) };
        self.carry(old, view).map_err(|waited| {
            let mut state = self.state.lock();
            state.regressions.push(waited.clone());
            let error = ImportError::Failed(Arc::new(waited));
            state.failed.insert(turn.importer.id(), error.clone());
            error
        })
    }

    fn begin(&self, turn: &mut Turn<L>) {
        let (id, path) = (turn.importer.id(), turn.importer.path().clone());
        let mut state = self.state.lock();
        state.loading.push(Loading { id, path, children: Vec::new(), unmet: Vec::new() });
        turn.regressions = state.regressions.len();
    }

    fn ended(&self, turn: Box<Turn<L>>, value: L::Instance) -> Arc<Module<L>> {
        let Turn { importer, source, scope, reason, log, started, old, .. } = *turn;
        let path = importer.path().clone();
        let record = self.record(old.as_ref(), reason.clone(), started);
        let kind = if self.rooms.names.is_library(importer.id()) { Kind::Library } else { Kind::Reloadable };
        let module = {
            let mut state = self.state.lock();
            let (children, unmet) = state.loading.pop().map(|it| (it.children, it.unmet)).unwrap_or_default();
            state.insert(Module { importer, kind, source: Some(source), value, children, unmet, scope, log, record })
        };
        let (generation, took) = (self.generation(), started.elapsed());
        self.rooms.emit(Event::Loaded { path, reason, generation, took, log });
        module
    }

    fn failed(&self, turn: &Turn<L>, diagnostic: Diagnostic) -> ImportError {
        let (id, path, hash) = (turn.importer.id(), turn.importer.path().clone(), turn.source.hash);
        let mut state = self.state.lock();
        let unmet = state.loading.pop().map(|it| it.unmet).unwrap_or_default();
        // A module that catches this error also waits for what the failed module would have needed.
        unmet.into_iter().for_each(|unmet| state.unmet(unmet));
        state.unmet(Unmet { path, hash: Some(hash), because: Because::Text });
        // A failure caused by a failed child is reported by the child.
        if turn.is_served && state.regressions.len() == turn.regressions {
            state.regressions.push(diagnostic.clone());
        }
        let error = ImportError::Failed(Arc::new(diagnostic));
        state.failed.insert(id, error.clone());
        error
    }

    /// Calls the clone hook of the old instance. An error means that it timed out waiting for a lock, and will be
    /// called again.
    fn carry(self: &Arc<Self>, old: &Arc<Module<L>>, view: &Arc<View<L>>) -> Result<Option<L::Carried>, Diagnostic> {
        let path = old.path().clone();
        let started = Instant::now();
        match self.rooms.loader.carry(old, view) {
            Carry::NoHook => Ok(None),
            Carry::Carried(carried) => {
                let (generation, took, log) = (old.record().generation, started.elapsed(), old.log);
                self.rooms.emit(Event::Carried { path, generation, took, log });
                Ok(Some(carried))
            }
            Carry::Waited(diagnostic) if self.rooms.waits.waited(old.id(), started, Instant::now()) => Err(diagnostic),
            Carry::Waited(diagnostic) | Carry::Failed(diagnostic) => {
                self.state.lock().purge.push(old.id());
                self.rooms.emit(Event::CarryFailed { path, diagnostic });
                Ok(None)
            }
        }
    }

    pub(super) fn record(&self, old: Option<&Arc<Module<L>>>, reason: Reason, started: Instant) -> Record {
        Record {
            generation: self.generation(),
            instances: old.map_or(0, |old| old.record.instances) + 1,
            loaded: SystemTime::now(),
            took: started.elapsed(),
            reason,
        }
    }
}
