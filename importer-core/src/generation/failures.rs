//! Failed first loads: their errors answer imports that come soon after (R33).

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use crate::{
    module::{ImportError, ModuleId, Unmet},
    sync::Mutex,
};

/// How long a failed first load is not tried again, unless something that it read has changed.
const RETRY: Duration = Duration::from_secs(1);

/// The most failures that are remembered; the oldest are dropped first.
const FAILURES: usize = 1_000;

#[derive(Default)]
pub(crate) struct Failures(Mutex<Remembered>);

#[derive(Default)]
struct Remembered {
    by_module: HashMap<ModuleId, Failure>,
    swept: Option<Instant>,
}

struct Failure {
    error: ImportError,
    at: Instant,
    unmet: Vec<Unmet>,
}

impl Failures {
    /// Returns all remembered failures.
    pub(crate) fn all(&self) -> Vec<(ModuleId, ImportError)> {
        self.0.lock().by_module.iter().map(|(&id, failure)| (id, failure.error.clone())).collect()
    }

    /// Remembers a failure in place of the module's last one, and of the oldest if there are too many. Returns whether
    /// it is news: imports that waited for the same load report the same error.
    pub(crate) fn insert(&self, id: ModuleId, error: &ImportError, unmet: Vec<Unmet>) -> bool {
        let by_module = &mut self.0.lock().by_module;
        if by_module.len() >= FAILURES && !by_module.contains_key(&id) {
            let oldest = by_module.iter().min_by_key(|(_, failure)| failure.at).map(|(&id, _)| id);
            oldest.and_then(|oldest| by_module.remove(&oldest));
        }
        let before = by_module.insert(id, Failure { error: error.clone(), at: Instant::now(), unmet });
        !before.is_some_and(|before| before.at.elapsed() < RETRY && before.error.is_shared_with(error))
    }

    pub(crate) fn forget(&self, id: ModuleId) {
        self.0.lock().by_module.remove(&id);
    }

    /// Returns the error of a load that failed a moment ago, if everything that it read is unchanged.
    pub(crate) fn recent(&self, id: ModuleId, is_still: impl Fn(&Unmet) -> bool) -> Option<ImportError> {
        let remembered = self.0.lock();
        let failure = remembered.by_module.get(&id).filter(|failure| failure.at.elapsed() < RETRY)?;
        failure.unmet.iter().all(is_still).then(|| failure.error.clone())
    }

    /// Forgets the failures of modules whose files are gone (R63), and shortens the texts of the others to what an
    /// excerpt shows. Runs at most once in [`RETRY`].
    pub(crate) fn sweep(&self, is_gone: impl Fn(ModuleId) -> bool) {
        let old: Vec<_> = {
            let mut remembered = self.0.lock();
            let now = Instant::now();
            if remembered.swept.is_some_and(|swept| now.saturating_duration_since(swept) < RETRY) {
                return;
            }
            remembered.swept = Some(now);
            let old = remembered.by_module.iter().filter(|(_, failure)| failure.at.elapsed() >= RETRY);
            old.map(|(&id, failure)| (id, failure.at)).collect()
        };
        for (id, at) in old {
            // This reads the file system, so it is done without the lock.
            let is_gone = is_gone(id);
            let mut remembered = self.0.lock();
            match remembered.by_module.get_mut(&id).filter(|failure| failure.at == at) {
                Some(_) if is_gone => drop(remembered.by_module.remove(&id)),
                Some(failure) => failure.error.shorten(),
                None => {}
            }
        }
    }
}
