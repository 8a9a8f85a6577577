//! Values by key, for any number of threads.

use std::sync::Arc;

use dashmap::DashMap;
use dashmap::mapref::entry::Entry;
use rhai::{Dynamic, EvalAltResult, INT, ImmutableString, Map};

use crate::{
    state::{
        copy::stored,
        error::StateError,
        handle::{Handle, rust_traits},
        holds::OnlyPlain,
        retry::Attempts,
        walk::type_name,
    },
    thread::{
        Meter,
        changing::{Changing, refuse_inside},
        drop_flat,
    },
    value::merge_sort,
};

/// A shared map. In a script: `table()`.
///
/// | in a script | |
/// |---|---|
/// | `t[k]`, `t.get(k)`, `t.get(k, default)` | a copy of the value; `()`, or the default, if there is none |
/// | `t[k] = v`, `t.set(k, v)` | stores a copy |
/// | `k in t` | is there an entry? |
/// | `t.incr(k)`, `t.incr(k, n)` | adds 1 or `n` to an integer (0 if there is none) and returns the new value |
/// | `t.update(k, \|old\| ..)` | replaces the value by what the function returns, and returns that |
/// | `t.remove(k)` | removes the entry and returns its value, or `()` |
/// | `t.len`, `t.is_empty`, `t.keys()`, `t.values()`, `t.to_map()`, `t.clear()` | all entries, in the order of their keys |
/// | `for e in t` | goes over the entries, each `#{ key, value }` |
///
/// As with Rhai's maps, `t.name` is `t["name"]` for every other name.
///
/// Keys are strings. An integer stands for its decimal digits, so `t[404]` and `t["404"]` are one entry, and `keys()`
/// gives `"404"`. Any other key is an error.
///
/// Each operation on one entry is atomic. `update` loses nothing: if another changed the entry while the function ran,
/// the function runs again with the new value, so it should do nothing but compute; `old` is `()` if there is no entry.
/// To change the entry in its own function is an error.
/// `t[k] += 1` and `t[k].push(1)` are a read and a write: what others do in between is lost.
///
/// What goes over all entries works on a copy made at its start: an entry that is there all the time while the copy is
/// made is in it exactly once, one that comes, goes or changes meanwhile may be seen or not. What happens later is not
/// seen.
///
/// A value that is replaced or removed is dropped at once. That is why this is a map with locks inside, held for one
/// look-up each and never while script code runs; lock-free maps drop values some time later, and would keep alive what
/// a script has let go.
///
/// ```
/// use samovar_rhai::{Interpreter, importer::MemoryTree, state::Table};
///
/// let tree = MemoryTree::default();
/// tree.write("/site/m.rhai", r#"fn note(hits) { hits.incr("/about"); hits.update("/", |old| 40 + 1) }"#);
/// let note = Interpreter::builder("site").build_on(tree, Some("/site".as_ref())).handler("m::note")?;
/// let hits = Table::new();
/// assert_eq!(note.call::<i64>((hits.clone(),))?, 41);
/// assert_eq!(hits.incr("/", 1)?, 42);
/// assert_eq!(hits.keys(), ["/", "/about"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Default)]
pub struct Table {
    shared: Arc<Shared>,
}

/// A value, and its identity: `update` knows by the pointer whether it was overtaken.
type Slot = Arc<Dynamic>;

struct Shared {
    slots: DashMap<ImmutableString, Slot>,
    only_plain: OnlyPlain,
}

/// Fewer than the default of a large machine, for a script may make many tables.
const SHARDS: usize = 16;

impl Default for Shared {
    fn default() -> Self {
        Self { slots: DashMap::with_shard_amount(SHARDS), only_plain: OnlyPlain::default() }
    }
}

impl Table {
    /// A table without entries.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A copy of the value of `key`.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<Dynamic> {
        self.slot(key).map(|slot| Dynamic::clone(&slot))
    }

    /// Stores a copy of `value`.
    ///
    /// # Errors
    ///
    /// [`StateError::TooDeep`] and [`StateError::InUse`], as for all that is stored; [`StateError::ChangedInUpdate`] if
    /// this thread is updating the entry.
    pub fn set(&self, key: impl Into<ImmutableString>, value: Dynamic) -> Result<(), StateError> {
        let key = key.into();
        refuse_inside(self.address(), Some(&key))?;
        let (value, _noted) = self.shared.only_plain.note(stored(value)?);
        let old = self.shared.slots.insert(key, Arc::new(value));
        drop(old);
        Ok(())
    }

    /// Is there an entry for `key`?
    #[must_use]
    pub fn contains(&self, key: &str) -> bool {
        self.shared.slots.contains_key(key)
    }

    /// Adds `step`, which may be negative, to the value of `key` (0 if there is none), and returns the new value.
    ///
    /// # Errors
    ///
    /// [`StateError::NotAnInteger`], [`StateError::Overflow`], [`StateError::ChangedInUpdate`]. The entry is left as it is.
    pub fn incr(&self, key: impl Into<ImmutableString>, step: INT) -> Result<INT, StateError> {
        let key = key.into();
        refuse_inside(self.address(), Some(&key))?;
        match self.shared.slots.entry(key) {
            Entry::Occupied(mut entry) => {
                let Ok(total) = entry.get().as_int() else {
                    let (key, found) = (entry.key().to_string(), type_name(entry.get()).to_owned());
                    return Err(StateError::NotAnInteger { key, found });
                };
                let new = total.checked_add(step).ok_or(StateError::Overflow { total, step })?;
                // In place unless an `update` looks at it, which would not notice that.
                match Arc::get_mut(entry.get_mut()) {
                    Some(value) => *value = new.into(),
                    None => drop(entry.insert(Arc::new(new.into()))),
                }
                Ok(new)
            }
            Entry::Vacant(entry) => {
                entry.insert(Arc::new(step.into()));
                Ok(step)
            }
        }
    }

    /// Replaces the value of `key` by what `change` makes of it (`()` if there is none), and returns the new value.
    ///
    /// `change` runs again if another thread changed the entry meanwhile. If it fails, nothing changes.
    ///
    /// # Errors
    ///
    /// Those of `change`; those of [`Table::set`]; [`StateError::Deadline`] if it was overtaken until the deadline.
    /// To change the entry in `change` is an error, since that would overtake itself.
    pub fn update<E: From<StateError>>(
        &self,
        key: impl Into<ImmutableString>,
        mut change: impl FnMut(Dynamic) -> Result<Dynamic, E>,
    ) -> Result<Dynamic, E> {
        let key = key.into();
        let _updating = Changing::start(self.address(), Some(&key)).map_err(StateError::from)?;
        let mut attempts = Attempts::default();
        loop {
            let old = self.slot(&key);
            let new = stored(change(old.as_deref().cloned().unwrap_or_default())?)?;
            let (new, _noted) = self.shared.only_plain.note(new);
            if self.replace(&key, old.as_ref(), &new) {
                return Ok(new);
            }
            attempts.overtaken().map_err(StateError::from)?;
        }
    }

    /// Removes the entry of `key` and returns its value.
    pub fn remove(&self, key: &str) -> Option<Dynamic> {
        let (_, slot) = self.shared.slots.remove(key)?;
        Some(Arc::try_unwrap(slot).unwrap_or_else(|slot| Dynamic::clone(&slot)))
    }

    /// Removes all entries that are there when it starts.
    pub fn clear(&self) {
        // One by one, so that each value is dropped without a lock held.
        for key in self.keys() {
            self.remove(&key);
        }
    }

    /// How many entries there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.shared.slots.len()
    }

    /// Is there none?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The keys, in order.
    #[must_use]
    pub fn keys(&self) -> Vec<ImmutableString> {
        let mut keys: Vec<_> = self.shared.slots.iter().map(|entry| entry.key().clone()).collect();
        keys.sort_unstable();
        keys
    }

    /// Copies of all entries, in the order of their keys.
    #[must_use]
    pub fn entries(&self) -> Vec<(ImmutableString, Dynamic)> {
        // Values are copied when no lock is held any more.
        let mut slots: Vec<_> =
            self.shared.slots.iter().map(|entry| (entry.key().clone(), Arc::clone(entry.value()))).collect();
        slots.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
        slots.into_iter().map(|(key, slot)| (key, Dynamic::clone(&slot))).collect()
    }

    /// As [`keys`](Self::keys), for a script: not beyond its deadline.
    pub(super) fn keys_in_time(&self) -> Result<Vec<ImmutableString>, Box<EvalAltResult>> {
        let mut meter = Meter::new();
        let mut keys = Vec::new();
        for entry in &self.shared.slots {
            meter.step()?;
            keys.push(entry.key().clone());
        }
        merge_sort(keys, &mut |one, other| {
            meter.step()?;
            Ok(one.cmp(other))
        })
    }

    /// As [`entries`](Self::entries), for a script: not beyond its deadline.
    pub(super) fn entries_in_time(&self) -> Result<Vec<(ImmutableString, Dynamic)>, Box<EvalAltResult>> {
        let mut meter = Meter::new();
        let mut slots = Vec::new();
        for entry in &self.shared.slots {
            meter.step()?;
            slots.push((entry.key().clone(), Arc::clone(entry.value())));
        }
        let slots = merge_sort(slots, &mut |(one, _), (other, _)| {
            meter.step()?;
            Ok(one.cmp(other))
        })?;
        let mut entries = Vec::with_capacity(slots.len());
        for (key, slot) in slots {
            meter.step()?;
            entries.push((key, Dynamic::clone(&slot)));
        }
        Ok(entries)
    }

    /// As [`clear`](Self::clear), for a script: not beyond its deadline, with which it leaves some entries.
    pub(super) fn clear_in_time(&self) -> Result<(), Box<EvalAltResult>> {
        let mut meter = Meter::new();
        for key in self.keys_in_time()? {
            meter.step()?;
            self.remove(&key);
        }
        Ok(())
    }

    /// Can there be no function and no other handle in it?
    pub(super) fn only_plain(&self) -> &OnlyPlain {
        &self.shared.only_plain
    }

    /// Puts what `change` makes of each value in its place, where it says that it made something else. What others
    /// change meanwhile is left as it is.
    pub(super) fn rewrite(&self, change: &mut dyn FnMut(&mut Dynamic) -> bool) {
        for key in self.keys() {
            let Some(old) = self.slot(&key) else { continue };
            let mut new = Dynamic::clone(&old);
            if change(&mut new) {
                self.replace(&key, Some(&old), &new);
            }
        }
    }

    fn slot(&self, key: &str) -> Option<Slot> {
        self.shared.slots.get(key).map(|slot| Arc::clone(&slot))
    }

    /// Stores `new` if the entry is still as it was when `old` was read.
    fn replace(&self, key: &ImmutableString, old: Option<&Slot>, new: &Dynamic) -> bool {
        let new = Arc::new(new.clone());
        match (self.shared.slots.entry(key.clone()), old) {
            (Entry::Occupied(mut entry), Some(old)) if Arc::ptr_eq(entry.get(), old) => {
                // `old` lives on in the caller, so nothing is dropped under the lock.
                entry.insert(new);
                true
            }
            (Entry::Vacant(entry), None) => {
                entry.insert(new);
                true
            }
            _ => false,
        }
    }
}

/// An entry as scripts see it: `#{ key, value }`.
pub(super) fn entry((key, value): (ImmutableString, Dynamic)) -> Map {
    Map::from_iter([("key".into(), Dynamic::from(key)), ("value".into(), value)])
}

/// Goes over copies of the entries, each as scripts see it: `#{ key, value }`.
impl IntoIterator for Table {
    type Item = Map;
    type IntoIter = std::vec::IntoIter<Map>;

    fn into_iter(self) -> Self::IntoIter {
        self.entries().into_iter().map(entry).collect::<Vec<_>>().into_iter()
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        let slots = std::mem::take(&mut self.slots);
        drop_flat(slots.into_iter().filter_map(|(_, slot)| Arc::into_inner(slot)));
    }
}

impl Handle for Table {
    const NAME: &'static str = "table";

    fn address(&self) -> usize {
        Arc::as_ptr(&self.shared) as usize
    }

    fn describe(&self) -> String {
        match self.len() {
            1 => "table(1 entry)".to_owned(),
            len => format!("table({len} entries)"),
        }
    }
}

rust_traits!(Table);

/// A key as scripts may write it.
pub(super) fn key(key: &Dynamic) -> Result<ImmutableString, StateError> {
    if let Some(text) = key.read_lock::<ImmutableString>() {
        return Ok(text.clone());
    }
    let found = || StateError::KeyType { found: type_name(key).to_owned() };
    key.as_int().map(|int| int.to_string().into()).map_err(|_| found())
}
