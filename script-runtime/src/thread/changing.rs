//! What this thread is changing, or making, in a handle. A function that changes the very value that it is to update would
//! overtake itself, and be run again and again until its deadline; one that asks a cache for the key that it is to make
//! would wait for itself. So both are refused at once.

use std::cell::{Cell, RefCell};

use rhai::ImmutableString;

/// A cell, or an entry of a table or cache, by the address of its state.
type Entry = (usize, Option<ImmutableString>);

thread_local! {
    static CHANGED: RefCell<Vec<Entry>> = const { RefCell::new(Vec::new()) };
    /// How many there are: what every change asks first.
    static DEPTH: Cell<usize> = const { Cell::new(0) };
}

/// Notes that this thread updates or makes a value, until it is dropped.
pub(crate) struct Changing;

/// The value is being changed by this thread already: the entry of this key, or a cell.
pub(crate) struct ChangedAlready(pub(crate) Option<ImmutableString>);

impl Changing {
    /// Fails if it does so already.
    pub(crate) fn start(address: usize, key: Option<&ImmutableString>) -> Result<Self, ChangedAlready> {
        refuse_inside(address, key)?;
        CHANGED.with_borrow_mut(|changed| changed.push((address, key.cloned())));
        DEPTH.set(DEPTH.get() + 1);
        Ok(Self)
    }
}

impl Drop for Changing {
    fn drop(&mut self) {
        DEPTH.set(DEPTH.get() - 1);
        // They are nested like the calls that made them.
        CHANGED.with_borrow_mut(Vec::pop);
    }
}

/// Fails if this thread is updating the value that is about to be changed.
pub(crate) fn refuse_inside(address: usize, key: Option<&ImmutableString>) -> Result<(), ChangedAlready> {
    refuse(|(of, changed)| *of == address && changed.as_ref() == key)
}

/// Fails if this thread is updating any entry of a table that is about to be cleared.
pub(crate) fn refuse_inside_any(address: usize) -> Result<(), ChangedAlready> {
    refuse(|(of, _)| *of == address)
}

fn refuse(is_meant: impl Fn(&Entry) -> bool) -> Result<(), ChangedAlready> {
    if DEPTH.get() == 0 {
        return Ok(());
    }
    CHANGED.with_borrow(|changed| match changed.iter().find(|entry| is_meant(entry)) {
        Some((_, key)) => Err(ChangedAlready(key.clone())),
        None => Ok(()),
    })
}
