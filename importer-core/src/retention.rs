//! Which replaced instances are still alive, and who holds them (R51).

use std::{
    any::Any,
    fmt,
    path::Path,
    sync::{Arc, Weak},
    time::{Duration, Instant, SystemTime},
};

use parking_lot::Mutex;

use crate::{
    event::Event,
    id::{InstanceId, ModuleId},
    loader::Loader,
    registry::Registry,
    snapshot::{Module, Record},
};

/// An instance that was replaced, or dropped, and that something still holds.
#[derive(Clone, Debug)]
pub struct Retained {
    /// The module.
    pub path: Arc<Path>,
    /// The instance.
    pub instance: InstanceId,
    /// How it came about.
    pub record: Record,
    /// When it was replaced.
    pub replaced: SystemTime,
    /// Everyone who is known to hold it. Never empty: who cannot be found is [`Holder::Host`].
    pub holders: Vec<Holder>,
}

/// Who holds an old instance.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Holder {
    /// A request, or another call from outside, that still runs.
    Call {
        /// What it was called for: `GET /cart`.
        what: String,
        /// When it began.
        since: SystemTime,
    },
    /// A value in the state of a loaded module.
    State {
        /// The module.
        path: Arc<Path>,
        /// The variable and the way inside it: `cache["on_done"][2]`.
        place: String,
    },
    /// An old instance that imports it, and that is held itself.
    Importer {
        /// The importing module.
        path: Arc<Path>,
        /// The generation that first held the importing instance.
        generation: u64,
    },
    /// None of these: a value, a module or a whole generation that the host keeps.
    Host,
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Call { what, since } => {
                let seconds = since.elapsed().unwrap_or_default().as_secs();
                write!(f, "{what}, which has been running for {seconds} s")
            }
            Self::State { path, place } => write!(f, "`{place}` in {}", path.display()),
            Self::Importer { path, generation } => {
                write!(f, "the old instance of {} from generation {generation}, which imports it", path.display())
            }
            Self::Host => f.write_str("a value, module or generation that the host holds"),
        }
    }
}

/// Code that outlives its module when somebody holds a function of it.
pub(crate) type Code = Weak<dyn Any + Send + Sync>;

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
    code: Code,
    reported: Mutex<bool>,
}

impl<L: Loader> Retired<L> {
    fn is_alive(&self) -> bool {
        self.module.strong_count() > 0 || self.code.strong_count() > 0
    }

    /// Was it made while `child` was the newest instance of its module, and did it import that?
    fn imports(&self, child: &Self) -> bool {
        self.children.contains(&child.id) && (child.record.generation..child.until).contains(&self.record.generation)
    }
}

/// A request that is under way when a module is replaced ends soon; who holds it longer is told.
const GRACE: Duration = Duration::from_secs(5);

impl<L: Loader> Default for Retention<L> {
    fn default() -> Self {
        Self { retired: Mutex::default(), grace: Mutex::new(GRACE) }
    }
}

impl<L: Loader> Retention<L> {
    /// Follows an instance that `generation` is the first not to hold. Those that are gone are forgotten on the way.
    pub(crate) fn retire(&self, module: &Arc<Module<L>>, code: Code, generation: u64) {
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
            code,
            reported: Mutex::new(false),
        };
        let mut all = self.retired.lock();
        all.retain(|retired| retired.is_alive());
        all.push(Arc::new(retired));
    }

    fn alive(&self) -> Vec<Arc<Retired<L>>> {
        self.retired.lock().iter().filter(|retired| retired.is_alive()).cloned().collect()
    }
}

impl<L: Loader> Registry<L> {
    /// The replaced instances that are still alive, with those who hold them, oldest first.
    ///
    /// Looks at the running calls and walks the state of all modules: for a status page, not for each request.
    #[must_use]
    pub fn retained(self: &Arc<Self>) -> Vec<Retained> {
        let alive = self.retention.alive();
        alive.iter().map(|retired| self.retained_one(retired, &alive)).collect()
    }

    /// How many replaced instances are still alive.
    #[must_use]
    pub fn retained_count(&self) -> usize {
        self.retention.alive().len()
    }

    /// Sets how long an old instance may live on before it is reported (R51). The default is five seconds.
    pub fn report_retained_after(&self, grace: Duration) {
        *self.retention.grace.lock() = grace;
    }

    /// Reports each old instance that has been alive for too long, once.
    pub(crate) fn report_retained(self: &Arc<Self>) {
        let grace = *self.retention.grace.lock();
        let alive = self.retention.alive();
        let late = alive.iter().filter(|retired| retired.at.elapsed() >= grace);
        for retired in late.filter(|retired| !std::mem::replace(&mut *retired.reported.lock(), true)) {
            // What it holds itself may have come into its state after it was replaced.
            if let Some(code) = retired.code.upgrade() {
                self.loader().release(&*code, &self.snapshot());
            }
            if retired.is_alive() {
                self.emit(Event::Retained(self.retained_one(retired, &alive)));
            }
        }
    }

    fn retained_one(self: &Arc<Self>, retired: &Retired<L>, alive: &[Arc<Retired<L>>]) -> Retained {
        let mut holders = self.loader().holders(retired.id, retired.instance, self);
        let importers = alive.iter().filter(|other| other.imports(retired));
        holders.extend(
            importers.map(|other| Holder::Importer { path: other.path.clone(), generation: other.record.generation }),
        );
        if holders.is_empty() {
            holders.push(Holder::Host);
        }
        let (path, instance, replaced) = (retired.path.clone(), retired.instance, retired.replaced);
        Retained { path, instance, record: retired.record.clone(), replaced, holders }
    }
}
