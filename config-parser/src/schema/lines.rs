//! The lines of one directive that hold, each with its value.

use std::marker::PhantomData;
use std::ops::Deref;
use std::sync::Arc;
use std::{option, slice};

use crate::schema::merge::Held;
use crate::schema::setting::Setting;
use crate::schema::value::Value;

/// A line of the configuration, or a default, with a value of the type `V`.
#[derive(Debug)]
pub struct Line<'c, V> {
    key: Option<&'c str>,
    setting: &'c Arc<Setting>,
    value: PhantomData<fn() -> V>,
}

impl<V> Clone for Line<'_, V> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<V> Copy for Line<'_, V> {}

impl<'c, V: Value> Line<'c, V> {
    /// The caller has checked that the lines of the directive have values of this type.
    pub(crate) fn new(key: Option<&'c str>, setting: &'c Arc<Setting>) -> Self {
        Self { key, setting, value: PhantomData }
    }

    /// Returns the name for which it holds, if the directive has a value for each name.
    #[must_use]
    pub fn key(self) -> Option<&'c str> {
        self.key
    }

    /// Returns its value.
    ///
    /// # Panics
    /// If a rule of [`Merge::Custom`](crate::Merge::Custom) returned a line of another directive.
    #[must_use]
    pub fn value(self) -> V::Given<'c> {
        let value = self.setting.value.downcast_ref::<V>();
        value.expect("lines of a directive have values of one type").given()
    }

    /// Returns the line with its arguments and its origin.
    #[must_use]
    pub fn setting(self) -> &'c Arc<Setting> {
        self.setting
    }
}

impl<V> Deref for Line<'_, V> {
    type Target = Setting;

    fn deref(&self) -> &Setting {
        self.setting
    }
}

/// The lines of one directive that hold, in the order of merging.
#[derive(Debug)]
pub struct Lines<'c, V> {
    held: slice::Iter<'c, Held>,
    default: option::IntoIter<&'c Arc<Setting>>,
    value: PhantomData<fn() -> V>,
}

impl<'c, V: Value> Lines<'c, V> {
    /// The caller has checked that the lines have values of this type.
    pub(crate) fn new(held: &'c [Held], default: Option<&'c Arc<Setting>>) -> Self {
        let default = default.filter(|_| held.is_empty()).into_iter();
        Self { held: held.iter(), default, value: PhantomData }
    }
}

impl<'c, V: Value> Iterator for Lines<'c, V> {
    type Item = Line<'c, V>;

    fn next(&mut self) -> Option<Self::Item> {
        let held = self.held.next().map(|held| Line::new(held.key.as_deref(), &held.setting));
        held.or_else(|| self.default.next().map(|default| Line::new(None, default)))
    }
}

impl<V: Value> DoubleEndedIterator for Lines<'_, V> {
    fn next_back(&mut self) -> Option<Self::Item> {
        let default = self.default.next_back().map(|default| Line::new(None, default));
        default.or_else(|| self.held.next_back().map(|held| Line::new(held.key.as_deref(), &held.setting)))
    }
}
