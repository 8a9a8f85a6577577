//! A shared cache: values by key that expire, and that make room for others.

use std::sync::Arc;
use std::time::{Duration, Instant};

use quick_cache::sync::{Cache as Bounded, DefaultLifecycle, EntryAction, EntryResult};
use quick_cache::{OptionsBuilder, UnitWeighter};
use rhai::{Dynamic, Engine, EvalAltResult, FLOAT, FnPtr, FuncRegistration, INT, ImmutableString, NativeCallContext};

use crate::{
    state::{
        copy::stored,
        error::{DeadlineReached, StateError, waiting_at},
        handle::{self, Handle, rust_traits, within_limits},
        holds::OnlyPlain,
        table::key,
    },
    thread::{call::wait_until, changing::Changing, drop_flat},
};

/// A shared cache. In a script: `cache(capacity, seconds)`; the seconds may be a fraction.
///
/// | in a script | |
/// |---|---|
/// | `c[k]`, `c.get(k)` | a copy of the value, or `()` if there is none |
/// | `c.get_or(k, \|\| ..)` | a copy of the value; if there is none, what the function returns, which is then stored |
/// | `c[k] = v`, `c.set(k, v)` | stores a copy |
/// | `k in c` | is there a value? |
/// | `c.remove(k)` | removes the entry and returns its value, or `()` |
/// | `c.len`, `c.clear()` | all entries |
///
/// There are never more than `capacity` entries, and no value is given out once it is `seconds` old. When it is full, entries
/// that were not used lately make room, mostly. Keys are those of [`Table`](super::Table).
///
/// While the function of `get_or` runs for a key, other calls of `get_or` for this key wait for its value, until their
/// deadline, and do not run their functions; if it raises, the next call runs its own. Calling `get_or` for a key inside
/// its own function is an error.
///
/// Built on `quick_cache`, which brings only a hash table, drops at once what it removes, and wakes waiters by itself.
/// It knows no time to live, so each value carries its own end; an old value stays in memory until it is asked for,
/// counted by `len`, or makes room.
///
/// ```
/// use samovar_rhai::state::{Cache, StateError};
/// use std::time::Duration;
///
/// let pages = Cache::new(100, Duration::from_secs(60))?;
/// let page = pages.get_or("/", || Ok::<_, StateError>("<h1>Tea</h1>".into()))?;
/// assert_eq!(page.into_string().unwrap(), "<h1>Tea</h1>");
/// assert!(pages.get("/about").is_none());
/// # Ok::<(), StateError>(())
/// ```
#[derive(Clone)]
pub struct Cache {
    shared: Arc<Shared>,
}

type Entries = Bounded<ImmutableString, Entry, UnitWeighter, std::hash::RandomState>;

struct Shared {
    entries: Entries,
    keeps: Duration,
    only_plain: OnlyPlain,
}

#[derive(Clone)]
struct Entry {
    value: Arc<Dynamic>,
    ends: Instant,
}

impl Cache {
    /// The largest capacity.
    pub const MAX_CAPACITY: usize = 1_000_000;

    /// The longest time to live: a year.
    pub const MAX_TIME_TO_LIVE: Duration = Duration::from_secs(31_536_000);

    /// Creates a cache for `capacity` values, each of which expires after `keeps`.
    ///
    /// # Errors
    ///
    /// [`StateError::Capacity`] if it is 0 or over [`Cache::MAX_CAPACITY`]; [`StateError::Seconds`] if `keeps` is 0 or
    /// over [`Cache::MAX_TIME_TO_LIVE`].
    pub fn new(capacity: usize, keeps: Duration) -> Result<Self, StateError> {
        if capacity == 0 || capacity > Self::MAX_CAPACITY {
            let found = INT::try_from(capacity).unwrap_or(INT::MAX);
            return Err(StateError::Capacity { found, most: Self::MAX_CAPACITY });
        }
        if keeps.is_zero() || keeps > Self::MAX_TIME_TO_LIVE {
            return Err(StateError::Seconds { found: format!("{:?}", keeps.as_secs_f64()) });
        }
        let (entries, only_plain) = (bounded(capacity), OnlyPlain::default());
        Ok(Self { shared: Arc::new(Shared { entries, keeps, only_plain }) })
    }

    /// Returns a copy of the value of `key`.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<Dynamic> {
        self.get_at(key, Instant::now())
    }

    /// Stores a copy of `value`.
    ///
    /// # Errors
    ///
    /// [`StateError::TooDeep`] and [`StateError::InUse`], as for all that is stored.
    pub fn set(&self, key: impl Into<ImmutableString>, value: Dynamic) -> Result<(), StateError> {
        let (value, _noted) = self.shared.only_plain.note(stored(value)?);
        self.shared.entries.insert(key.into(), self.entry(value));
        Ok(())
    }

    /// Returns a copy of the value of `key`. Without one, calls `make` and stores what it returns.
    ///
    /// # Errors
    ///
    /// Those of `make`; those of [`Cache::set`]; [`StateError::Deadline`] if another thread did not finish making the
    /// value in time; [`StateError::GetOrInside`] if this thread is making it.
    pub fn get_or<E: From<StateError>>(
        &self,
        key: impl Into<ImmutableString>,
        make: impl FnOnce() -> Result<Dynamic, E>,
    ) -> Result<Dynamic, E> {
        let key = key.into();
        if let Some(value) = self.get(&key) {
            return Ok(value);
        }
        let inside = |_| StateError::GetOrInside { key: key.to_string() };
        let _making = Changing::start(self.address(), Some(&key)).map_err(inside)?;
        let patience = wait_until().saturating_duration_since(Instant::now());
        let live = |_: &ImmutableString, entry: &mut Entry| match entry.ends > Instant::now() {
            true => EntryAction::Retain(Arc::clone(&entry.value)),
            false => EntryAction::ReplaceWithGuard,
        };
        let place = match self.shared.entries.entry(&key, Some(patience), live) {
            EntryResult::Retained(value) => return Ok(Dynamic::clone(&value)),
            EntryResult::Vacant(place) | EntryResult::Replaced(place, _) => place,
            // `live` removes nothing; what is left is the time-out.
            EntryResult::Timeout | EntryResult::Removed(..) => {
                let waited_for = format!("another call to make the value of \"{key}\" in get_or(..)");
                return Err(StateError::from(DeadlineReached::new(waited_for)).into());
            }
        };
        let (value, _noted) = self.shared.only_plain.note(stored(make()?)?);
        // A `set` or `remove` that came while the value was made is newer, and wins.
        drop(place.insert(self.entry(value.clone())));
        Ok(value)
    }

    /// Removes the entry of `key` and returns its value.
    pub fn remove(&self, key: &str) -> Option<Dynamic> {
        let (_, entry) = self.shared.entries.remove(key)?;
        (entry.ends > Instant::now()).then(|| Dynamic::clone(&entry.value))
    }

    /// Removes all entries.
    pub fn clear(&self) {
        // Dropped here, where no lock is held.
        drop(self.shared.entries.drain().collect::<Vec<_>>());
    }

    /// Drops expired entries and returns the number of the others.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len_at(Instant::now())
    }

    /// Returns whether there is no entry.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the capacity.
    #[must_use]
    pub fn capacity(&self) -> usize {
        usize::try_from(self.shared.entries.capacity()).unwrap_or(usize::MAX)
    }

    /// Copies of all entries, in the order of their keys.
    pub(super) fn entries(&self) -> Vec<(ImmutableString, Dynamic)> {
        let mut entries: Vec<_> =
            self.shared.entries.iter().map(|(key, entry)| (key, Dynamic::clone(&entry.value))).collect();
        entries.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
        entries
    }

    /// Can there be no function and no other handle in it?
    pub(super) fn only_plain(&self) -> &OnlyPlain {
        &self.shared.only_plain
    }

    /// As [`Table::rewrite`](super::Table). No value lives longer by it.
    pub(super) fn rewrite(&self, change: &mut dyn FnMut(&mut Dynamic) -> bool) {
        for (key, Entry { value, ends }) in self.shared.entries.iter().collect::<Vec<_>>() {
            let mut new = Dynamic::clone(&value);
            if change(&mut new) {
                let entry = Entry { value: Arc::new(new), ends };
                // An entry that left meanwhile stays away.
                let _ = self.shared.entries.replace(key, entry, true);
            }
        }
    }

    pub(super) fn get_at(&self, key: &str, now: Instant) -> Option<Dynamic> {
        let entry = self.shared.entries.get(key)?;
        if entry.ends > now {
            return Some(Dynamic::clone(&entry.value));
        }
        self.shared.entries.remove_if(key, |entry| entry.ends <= now);
        None
    }

    pub(super) fn len_at(&self, now: Instant) -> usize {
        self.shared.entries.retain(|_, entry| entry.ends > now);
        self.shared.entries.len()
    }

    fn entry(&self, value: Dynamic) -> Entry {
        Entry { value: Arc::new(value), ends: Instant::now() + self.shared.keeps }
    }
}

/// An empty cache of `quick_cache`, in one piece if it is small: pieces fill unevenly, and would forget too early.
fn bounded(capacity: usize) -> Entries {
    const PIECES: usize = 8;
    let (pieces, capacity) = if capacity < 1024 { (1, capacity) } else { (PIECES, capacity - capacity % PIECES) };
    let options = OptionsBuilder::new()
        .shards(pieces)
        // Room that is taken at once; more is taken when it is needed.
        .estimated_items_capacity(capacity.min(32 * pieces))
        .weight_capacity(capacity as u64)
        .build();
    match options {
        Ok(options) => Bounded::with_options(options, UnitWeighter, Default::default(), DefaultLifecycle::default()),
        // Only for options that were left out.
        Err(_) => {
            Bounded::with(capacity.min(32), capacity as u64, UnitWeighter, Default::default(), Default::default())
        }
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        drop_flat(self.entries.drain().filter_map(|(_, entry)| Arc::into_inner(entry.value)));
    }
}

impl Handle for Cache {
    const NAME: &'static str = "cache";

    fn address(&self) -> usize {
        Arc::as_ptr(&self.shared) as usize
    }

    fn describe(&self) -> String {
        format!("cache({} of {})", self.len(), self.capacity())
    }
}

rust_traits!(Cache);

type Fallible<T> = Result<T, Box<EvalAltResult>>;

/// Makes `cache` known to `engine`.
#[allow(clippy::needless_pass_by_value)] // Rhai hands arguments over by value
pub(super) fn register(engine: &mut Engine) {
    fn get(context: NativeCallContext<'_>, cache: &mut Cache, k: Dynamic) -> Fallible<Dynamic> {
        within_limits(context.engine(), cache.get(&key(&k)?).unwrap_or_default())
    }
    fn get_or(context: NativeCallContext<'_>, cache: &mut Cache, k: Dynamic, make: FnPtr) -> Fallible<Dynamic> {
        let value = cache.get_or(key(&k)?, || make.call_within_context::<Dynamic>(&context, ()));
        let value = value.map_err(|error| waiting_at(&context, error))?;
        within_limits(context.engine(), value)
    }
    fn set(cache: &mut Cache, k: Dynamic, value: Dynamic) -> Fallible<()> {
        Ok(cache.set(key(&k)?, value)?)
    }
    #[allow(clippy::cast_possible_wrap)] // at most MAX_CAPACITY
    fn len(cache: &mut Cache) -> INT {
        cache.len() as INT
    }

    handle::register::<Cache>(engine);
    register_new(engine);
    engine
        .register_fn("get", get)
        .register_fn("get_or", get_or)
        .register_fn("set", set)
        .register_indexer_get(get)
        .register_fn("contains", |cache: &mut Cache, k: Dynamic| -> Fallible<bool> {
            Ok(cache.get(&key(&k)?).is_some())
        })
        .register_fn("remove", |cache: &mut Cache, k: Dynamic| -> Fallible<Dynamic> {
            Ok(cache.remove(&key(&k)?).unwrap_or_default())
        })
        .register_fn("len", len)
        .register_get("len", len)
        .register_fn("clear", |cache: &mut Cache| cache.clear());
    FuncRegistration::new_index_setter().with_purity(true).register_into_engine(engine, set);
}

fn register_new(engine: &mut Engine) {
    fn new(capacity: INT, seconds: FLOAT) -> Fallible<Cache> {
        let out_of_range = StateError::Capacity { found: capacity, most: Cache::MAX_CAPACITY };
        let capacity = usize::try_from(capacity).map_err(|_| out_of_range)?;
        let keeps = Duration::try_from_secs_f64(seconds);
        let keeps = keeps.map_err(|_| StateError::Seconds { found: format!("{seconds:?}") })?;
        Ok(Cache::new(capacity, keeps)?)
    }
    // Volatile: no optimiser may make one cache of two calls.
    FuncRegistration::new("cache").with_volatility(true).register_into_engine(engine, new);
    FuncRegistration::new("cache").with_volatility(true).register_into_engine(
        engine,
        #[allow(clippy::cast_precision_loss)] // a year has fewer seconds than a float tells apart
        |capacity: INT, seconds: INT| new(capacity, seconds as FLOAT),
    );
}
