//! What this thread is updating. A function that changes the very value that it is to update would overtake itself, and
//! be run again and again until its deadline; so that is refused at once.

use std::cell::{Cell, RefCell};

use rhai::ImmutableString;

use super::error::StateError;

/// A cell, or an entry of a table, by the address of its state.
type Place = (usize, Option<ImmutableString>);

thread_local! {
    static UPDATING: RefCell<Vec<Place>> = const { RefCell::new(Vec::new()) };
    /// How many there are: what every change asks first.
    static DEPTH: Cell<usize> = const { Cell::new(0) };
}

/// Notes that this thread updates a value, until it is dropped.
pub(super) struct Updating;

impl Updating {
    /// Fails if it does so already.
    pub(super) fn start(address: usize, key: Option<&ImmutableString>) -> Result<Self, StateError> {
        refuse_inside(address, key)?;
        UPDATING.with_borrow_mut(|updating| updating.push((address, key.cloned())));
        DEPTH.set(DEPTH.get() + 1);
        Ok(Self)
    }
}

impl Drop for Updating {
    fn drop(&mut self) {
        DEPTH.set(DEPTH.get() - 1);
        // They are nested like the calls that made them.
        UPDATING.with_borrow_mut(Vec::pop);
    }
}

/// Fails if this thread is updating the value that is about to be changed.
pub(super) fn refuse_inside(address: usize, key: Option<&ImmutableString>) -> Result<(), StateError> {
    refuse(|(of, updated)| *of == address && updated.as_ref() == key)
}

/// Fails if this thread is updating any entry of a table that is about to be cleared.
pub(super) fn refuse_inside_any(address: usize) -> Result<(), StateError> {
    refuse(|(of, _)| *of == address)
}

fn refuse(is_meant: impl Fn(&Place) -> bool) -> Result<(), StateError> {
    if DEPTH.get() == 0 {
        return Ok(());
    }
    UPDATING.with_borrow(|updating| match updating.iter().find(|place| is_meant(place)) {
        Some((_, key)) => Err(StateError::ChangedInUpdate { key: key.as_ref().map(ToString::to_string) }),
        None => Ok(()),
    })
}
