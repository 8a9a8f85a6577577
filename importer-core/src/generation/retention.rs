//! Replaced instances that are still alive, and what holds them (R51).

use std::{
    path::Path,
    sync::{Arc, Weak},
    time::{Duration, Instant, SystemTime},
};

use parking_lot::Mutex;

use super::{
    loader::{Code, Loader},
    snapshot::Snapshot,
};
use crate::{
    module::{InstanceId, Module, ModuleId, Record},
    report::{Holder, Retained},
};

pub(crate) struct Retention<L: Loader> {
    retired: Mutex<Vec<Arc<Retired<L>>>>,
    grace: Mutex<Duration>,
}

struct Retired<L: Loader> {
    id: ModuleId,
    path: Arc<Path>,
    instance: InstanceId,
    record: Record,
    /// The first generation without it.
    until: u64,
    children: Vec<ModuleId>,
    at: Instant,
    replaced: SystemTime,
    module: Weak<Module<L>>,
    code: Weak<dyn Code<L>>,
    reported: Mutex<bool>,
}

impl<L: Loader> Retired<L> {
    fn is_alive(&self) -> bool {
        self.module.strong_count() > 0 || self.code.strong_count() > 0
    }

    fn retained(&self, loader: &L, newest: &Snapshot<L>, alive: &[Arc<Self>]) -> Retained {
        let mut holders = loader.holders(self.id, self.instance, newest);
        let importers = alive.iter().filter(|other| other.imports(self));
        holders.extend(
            importers.map(|other| Holder::Importer { path: other.path.clone(), generation: other.record.generation }),
        );
        if holders.is_empty() {
            holders.push(Holder::Host);
        }
        let (path, instance, replaced) = (self.path.clone(), self.instance, self.replaced);
        Retained { path, instance, record: self.record.clone(), replaced, holders }
    }

    /// Returns whether it was made while `child` was the newest instance of its module, and imported it.
    fn imports(&self, child: &Self) -> bool {
        self.children.contains(&child.id) && (child.record.generation..child.until).contains(&self.record.generation)
    }
}

/// How long an instance may stay alive after its replacement without being reported. Most requests in progress end
/// sooner.
const GRACE: Duration = Duration::from_secs(5);

impl<L: Loader> Default for Retention<L> {
    fn default() -> Self {
        Self { retired: Mutex::default(), grace: Mutex::new(GRACE) }
    }
}

impl<L: Loader> Retention<L> {
    /// Follows an instance; `generation` is the first without it. Also forgets those that are gone.
    pub(crate) fn retire(&self, module: &Arc<Module<L>>, loader: &L, generation: u64) {
        let retired = Retired {
            id: module.id(),
            path: module.path().clone(),
            instance: module.instance(),
            record: module.record(),
            until: generation,
            children: module.children().collect(),
            at: Instant::now(),
            replaced: SystemTime::now(),
            module: Arc::downgrade(module),
            code: loader.code(&module.value),
            reported: Mutex::new(false),
        };
        let mut all = self.retired.lock();
        all.retain(|retired| retired.is_alive());
        all.push(Arc::new(retired));
    }

    /// Returns how many are still alive.
    pub(crate) fn count(&self) -> usize {
        self.alive().len()
    }

    /// Sets how long an instance may stay alive before it is reported.
    pub(crate) fn report_after(&self, grace: Duration) {
        *self.grace.lock() = grace;
    }

    /// Returns those that are still alive, oldest first, with what holds them.
    pub(crate) fn retained(&self, loader: &L, newest: &Snapshot<L>) -> Vec<Retained> {
        let alive = self.alive();
        alive.iter().map(|retired| retired.retained(loader, newest, &alive)).collect()
    }

    /// Returns each instance that has been alive for too long, once.
    pub(crate) fn late(&self, loader: &L, newest: &Snapshot<L>) -> Vec<Retained> {
        let grace = *self.grace.lock();
        let alive = self.alive();
        let late = alive.iter().filter(|retired| retired.at.elapsed() >= grace);
        let unreported = late.filter(|retired| !std::mem::replace(&mut *retired.reported.lock(), true));
        let still_held = |retired: &&Arc<Retired<L>>| {
            // References to itself may have come into its state after it was replaced.
            if let Some(code) = retired.code.upgrade() {
                code.release(newest);
            }
            retired.is_alive()
        };
        unreported.filter(still_held).map(|retired| retired.retained(loader, newest, &alive)).collect()
    }

    fn alive(&self) -> Vec<Arc<Retired<L>>> {
        self.retired.lock().iter().filter(|retired| retired.is_alive()).cloned().collect()
    }
}
