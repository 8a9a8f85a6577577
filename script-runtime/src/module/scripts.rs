//! What compiles and runs scripts: a linker, and what there is beside it for one interpreter.

use std::{
    any::TypeId,
    collections::{HashMap, HashSet},
    path::Path,
    sync::{Arc, OnceLock, Weak},
    time::Duration,
};

use parking_lot::Mutex;
use samovar_importer::{ContentHash, Registry, Source};

use crate::{
    link::{Linker, Scan, ScriptError},
    module::doubts::Doubts,
};

/// Scanned texts, by file and content.
type Scans = HashMap<(Arc<Path>, ContentHash), Weak<Scan>>;

/// How long the parts of a reload may take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Times {
    pub(crate) load: Duration,
    pub(crate) clone: Duration,
    pub(crate) purge: Duration,
}

/// Compiles and runs Rhai texts for a [`Registry`].
pub(crate) struct Scripts {
    linker: Linker,
    times: Mutex<Times>,
    /// The host's types whose values outlive reloads.
    carryable: Arc<HashSet<TypeId>>,
    /// Texts that were scanned and are still in use: an importer that is loaded anew because of its child is compiled
    /// once, not twice.
    scans: Mutex<Scans>,
    /// What a reload that is under way has carried over and cannot judge yet.
    doubts: Doubts,
    registry: OnceLock<Weak<Registry<Scripts>>>,
}

impl Scripts {
    pub(crate) fn new(linker: Linker, times: Times, carryable: HashSet<TypeId>) -> Self {
        let carryable = Arc::new(carryable);
        let (times, scans) = (Mutex::new(times), Mutex::default());
        let (doubts, registry) = (Doubts::default(), OnceLock::new());
        Self { linker, times, carryable, scans, doubts, registry }
    }

    pub(crate) fn times(&self) -> Times {
        *self.times.lock()
    }

    pub(crate) fn set_load_time(&self, load: Duration) {
        self.times.lock().load = load;
    }

    pub(crate) fn carryable(&self) -> &Arc<HashSet<TypeId>> {
        &self.carryable
    }

    pub(crate) fn linker(&self) -> &Linker {
        &self.linker
    }

    /// Sets the registry, once it exists.
    pub(crate) fn belong_to(&self, registry: &Arc<Registry<Self>>) {
        let _ = self.registry.set(Arc::downgrade(registry));
    }

    /// The registry whose they are, if it is not gone.
    pub(crate) fn registry(&self) -> Weak<Registry<Self>> {
        self.registry.get().cloned().unwrap_or_default()
    }

    pub(crate) fn doubts(&self) -> &Doubts {
        &self.doubts
    }

    pub(crate) fn scan(&self, source: &Source) -> Result<Arc<Scan>, ScriptError> {
        let key = (source.path.clone(), source.hash);
        if let Some(scan) = self.scans.lock().get(&key).and_then(Weak::upgrade) {
            return Ok(scan);
        }
        let scan = Arc::new(self.linker.scan(&source.path.to_string_lossy(), &source.text)?);
        let mut scans = self.scans.lock();
        // Only when there is no room left, so that loading thousands of modules does not look at all of them each time.
        if scans.len() == scans.capacity() {
            scans.retain(|_, scan| scan.strong_count() > 0);
        }
        scans.insert(key, Arc::downgrade(&scan));
        Ok(scan)
    }
}
