//! The first use of a module: loaded once, on the thread that asks first, for all who ask (R23, R24, R33).

use std::{
    cell::Cell,
    collections::{BTreeSet, HashMap},
    sync::Arc,
    time::{Duration, Instant},
};

use crate::{
    agreement::Disagreement,
    diagnostic::Diagnostic,
    draft::{Draft, State},
    error::ImportError,
    event::Event,
    id::ModuleId,
    loader::Loader,
    locate::Located,
    publish::{Leaving, Load, Unpublished},
    registry::Registry,
    reload::Outcome,
    scope::Scope,
    snapshot::{Module, Unmet},
    sync::LOADING,
    tree::ReadError,
};

/// A first load that failed (R33): the answer for those who ask again too soon.
pub(crate) struct Failure {
    pub(crate) error: ImportError,
    at: Instant,
    unmet: Vec<Unmet>,
}

/// More failures than these are not remembered, the oldest first.
const FAILURES: usize = 1_000;

/// First loads that failed, by module.
#[derive(Default)]
pub(crate) struct Failures {
    by_module: HashMap<ModuleId, Failure>,
    swept: Option<Instant>,
}

impl Failures {
    pub(crate) fn iter(&self) -> impl Iterator<Item = (ModuleId, &ImportError)> {
        self.by_module.iter().map(|(&id, failure)| (id, &failure.error))
    }

    /// Remembers a failure in the place of the one before, and of the oldest if there are too many.
    fn insert(&mut self, id: ModuleId, failure: Failure) -> Option<Failure> {
        if self.by_module.len() >= FAILURES && !self.by_module.contains_key(&id) {
            let oldest = self.by_module.iter().min_by_key(|(_, failure)| failure.at).map(|(&id, _)| id);
            oldest.and_then(|oldest| self.by_module.remove(&oldest));
        }
        self.by_module.insert(id, failure)
    }

    /// Whether it is time to look through them; if so, the next time is later.
    fn is_due(&mut self, now: Instant) -> bool {
        let is_due = self.swept.is_none_or(|swept| now.saturating_duration_since(swept) >= RETRY);
        if is_due {
            self.swept = Some(now);
        }
        is_due
    }
}

/// A failed first load is tried again after this time, or as soon as something that it read has changed.
const RETRY: Duration = Duration::from_secs(1);

/// Alone, a load is outrun by those only who keep writing its files.
const ATTEMPTS: usize = 16;

/// This thread is loading something.
pub(crate) struct Inside {
    /// It was before.
    pub(crate) again: bool,
}

impl Inside {
    pub(crate) fn enter() -> Self {
        Self { again: LOADING.with(|loading| loading.replace(true)) }
    }

    pub(crate) fn is() -> bool {
        LOADING.with(Cell::get)
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        LOADING.with(|loading| loading.set(self.again));
    }
}

/// Why a first load is planned again.
enum Outrun {
    /// Others published meanwhile what it was built from, or files have changed.
    Moved,
    /// These do without what it has loaded (R62).
    Disagrees(BTreeSet<ModuleId>),
}

impl<L: Loader> Registry<L> {
    /// Loads a module that no generation has, on the thread that asks (R23).
    ///
    /// It is built beside whatever else is being loaded. If others publish meanwhile what it was built from, or files
    /// change, it is planned again, and then alone.
    pub(crate) fn first_load(
        self: &Arc<Self>,
        located: &Located,
        scope: &Arc<Scope>,
    ) -> Result<Arc<Module<L>>, ImportError> {
        if let Some(error) = self.recent_failure(located.id) {
            return Err(error);
        }
        let inside = Inside::enter();
        // What is loaded on behalf of a load has its place beside the others already, and would wait for itself.
        let mut agreed = !inside.again;
        for attempt in 0..ATTEMPTS {
            let outrun = {
                let alone = attempt > 0 && !inside.again;
                let _reloads = alone.then(|| self.writer.lock());
                let _others = alone.then(|| self.gate.close());
                let _beside = (attempt == 0 && !inside.again).then(|| self.gate.enter());
                self.try_first_load(located, scope, agreed && !self.is_frozen())
            };
            match outrun {
                Ok(found) => return found,
                Err(Outrun::Moved) => {}
                Err(Outrun::Disagrees(others)) => {
                    // Where that is refused, the others serve on as they are, and nobody else is kept waiting for them.
                    agreed = matches!(self.join(&others), Outcome::Published { .. });
                }
            }
        }
        let message = format!("`{}` kept changing while it was loaded; try again", located.path.display());
        Err(ImportError::Failed(Arc::new(Diagnostic::error(message))))
    }

    fn try_first_load(
        self: &Arc<Self>,
        located: &Located,
        scope: &Arc<Scope>,
        agreed: bool,
    ) -> Result<Result<Arc<Module<L>>, ImportError>, Outrun> {
        let started = Instant::now();
        let base = self.snapshot();
        if let Some(module) = base.get(located.id) {
            return Ok(Ok(module.clone()));
        }
        let draft = Draft::new(Load::First, self.clone(), base);
        let _flights = self.flights.until_ended(draft.id());
        let found = draft.obtain(located, scope);
        let state = draft.finish();
        match &found {
            _ if state.moved => return Err(Outrun::Moved),
            Ok(_) => match self.publish(&draft, &state, Leaving { dropped: &[], agreed }, started) {
                Ok(_) => drop(self.failures.lock().by_module.remove(&located.id)),
                Err(Unpublished::Disagrees(Disagreement(others))) => return Err(Outrun::Disagrees(others)),
                Err(Unpublished::Frozen | Unpublished::Moved) => return Err(Outrun::Moved),
            },
            Err(error) => self.first_load_failed(located, error, state),
        }
        Ok(found)
    }

    fn first_load_failed(&self, located: &Located, error: &ImportError, state: State<L>) {
        let hash = self.read(&located.path).ok().map(|source| source.hash);
        let mut unmet = state.unmet;
        unmet.push(Unmet { path: located.path.clone(), hash, cycle: false });
        let failure = Failure { error: error.clone(), at: Instant::now(), unmet };
        self.forget_failures();
        let before = self.failures.lock().insert(located.id, failure);
        // Those who waited for the same load have the same error, and it is told once.
        if before.is_some_and(|before| before.at.elapsed() < RETRY && before.error.is_shared_with(error)) {
            return;
        }
        self.emit(Event::LoadFailed { path: located.path.clone(), diagnostic: error.diagnostic() });
    }

    fn recent_failure(&self, id: ModuleId) -> Option<ImportError> {
        let failures = self.failures.lock();
        let failure = failures.by_module.get(&id).filter(|failure| failure.at.elapsed() < RETRY)?;
        failure.unmet.iter().all(|unmet| self.is_still(unmet)).then(|| failure.error.clone())
    }

    /// Forgets the failures of modules whose files are gone (R63), and of the others the most of their texts: those who ask
    /// at the same time have been answered, and an excerpt is what people are shown. At most once in [`RETRY`].
    pub(crate) fn forget_failures(&self) {
        let failed: Vec<_> = {
            let mut failures = self.failures.lock();
            if !failures.is_due(Instant::now()) {
                return;
            }
            let old = failures.by_module.iter().filter(|(_, failure)| failure.at.elapsed() >= RETRY);
            old.map(|(&id, failure)| (id, failure.at)).collect()
        };
        for (id, at) in failed {
            let path = self.ids.read().path(id);
            let is_gone = matches!(self.tree().stamp(&path), Err(ReadError::Missing));
            let mut failures = self.failures.lock();
            match failures.by_module.get_mut(&id).filter(|failure| failure.at == at) {
                Some(_) if is_gone => drop(failures.by_module.remove(&id)),
                Some(failure) => failure.error.shorten(),
                None => {}
            }
        }
    }

    /// Does the path still say what it said when it failed? While it is being written, it says nothing new.
    pub(crate) fn is_still(&self, unmet: &Unmet) -> bool {
        match self.read(&unmet.path) {
            Ok(source) => Some(source.hash) == unmet.hash,
            Err(ReadError::BeingWritten) => true,
            Err(_) => unmet.hash.is_none(),
        }
    }
}
