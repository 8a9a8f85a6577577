//! The first use of a module: loaded once, on the thread that asks first, for all who ask (R23, R24, R33).

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use crate::{
    draft::{Draft, State},
    error::ImportError,
    event::Event,
    id::ModuleId,
    loader::Loader,
    locate::Located,
    registry::{Load, Registry},
    scope::Scope,
    snapshot::{Module, Unmet},
    stamp::ContentHash,
};

/// A first load that failed (R33): the answer for those who ask again too soon.
pub(crate) struct Failure {
    pub(crate) error: ImportError,
    at: Instant,
    unmet: Vec<Unmet>,
}

/// A failed first load is tried again after this time, or as soon as something that it read has changed.
const RETRY: Duration = Duration::from_secs(1);

impl<L: Loader> Registry<L> {
    /// Loads a module that no generation has, on the thread that asks (R23).
    pub(crate) fn first_load(
        self: &Arc<Self>,
        located: &Located,
        scope: &Arc<Scope>,
    ) -> Result<Arc<Module<L>>, ImportError> {
        if let Some(error) = self.recent_failure(located.id) {
            return Err(error);
        }
        let started = Instant::now();
        let mut writer = self.writer.lock();
        // Whoever held the lock before may have loaded it, or failed to.
        let base = self.current.load();
        if let Some(module) = base.get(located.id) {
            return Ok(module.clone());
        }
        if let Some(error) = self.recent_failure(located.id) {
            return Err(error);
        }
        let draft = Draft::new(self.clone(), base);
        let found = draft.obtain(located, scope);
        let state = draft.finish();
        match &found {
            Ok(_) => {
                self.failures.lock().remove(&located.id);
                self.publish(&mut writer, &draft, &state, &[], Load::First, started);
            }
            Err(error) => self.first_load_failed(located, error, state),
        }
        found
    }

    fn first_load_failed(&self, located: &Located, error: &ImportError, state: State<L>) {
        let hash = self.tree().read(&located.path).ok().map(|source| source.hash);
        let mut unmet = state.unmet;
        unmet.push(Unmet { path: located.path.clone(), hash });
        let failure = Failure { error: error.clone(), at: Instant::now(), unmet };
        self.failures.lock().insert(located.id, failure);
        self.emit(Event::LoadFailed { path: located.path.clone(), diagnostic: error.diagnostic() });
    }

    fn recent_failure(&self, id: ModuleId) -> Option<ImportError> {
        let failures = self.failures.lock();
        let failure = failures.get(&id).filter(|failure| failure.at.elapsed() < RETRY)?;
        failure.unmet.iter().all(|unmet| self.is_still(unmet)).then(|| failure.error.clone())
    }

    /// Does the path still say what it said when it failed?
    pub(crate) fn is_still(&self, unmet: &Unmet) -> bool {
        let hash: Option<ContentHash> = self.tree().read(&unmet.path).ok().map(|source| source.hash);
        hash == unmet.hash
    }
}
