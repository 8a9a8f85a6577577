//! The settings that hold for a request.

use std::sync::Arc;

use crate::schema::Schema;
use crate::schema::directive::Directive;
use crate::schema::key::Key;
use crate::schema::lines::{Line, Lines};
use crate::schema::merge::Held;
use crate::schema::setting::Setting;
use crate::schema::shape::{PerKey, Shape};
use crate::schema::value::Value;

/// The settings that hold for a request, or for a host before any section is considered.
///
/// It is asked with the [`Key`]s of its schema. A key that the schema was not made with is a mistake of the program: every
/// method that takes one panics for it.
#[derive(Debug)]
pub struct Resolved {
    schema: Arc<Schema>,
    /// By directive.
    held: Vec<Vec<Held>>,
}

impl Resolved {
    /// `held` is by directive, in the order of the schema.
    pub(crate) fn new(schema: Arc<Schema>, held: Vec<Vec<Held>>) -> Self {
        Self { schema, held }
    }

    /// What a directive comes to; its [`Shape`] says whether that is one value, perhaps one, several, or one for each key.
    ///
    /// # Panics
    /// If the schema was not made with the key.
    #[must_use]
    #[track_caller]
    pub fn get<T: Shape>(&self, key: Key<T>) -> T::Given<'_> {
        T::merged(self.lines(key))
    }

    /// The value of one key of a directive that has keys; the last one if several lines hold for it.
    ///
    /// # Panics
    /// If the schema was not made with the key.
    #[must_use]
    #[track_caller]
    pub fn at<V: Value>(&self, key: Key<PerKey<V>>, name: &str) -> Option<V::Given<'_>> {
        self.lines(key).rfind(|line| line.key() == Some(name)).map(Line::value)
    }

    /// The line that holds, the last one if there are several, or the default.
    ///
    /// # Panics
    /// If the schema was not made with the key.
    #[must_use]
    #[track_caller]
    pub fn line<T: Shape>(&self, key: Key<T>) -> Option<Line<'_, T::Value>> {
        self.lines(key).next_back()
    }

    /// All lines of a directive that hold, in the order of merging, or its default.
    ///
    /// # Panics
    /// If the schema was not made with the key.
    #[track_caller]
    pub fn lines<T: Shape>(&self, key: Key<T>) -> Lines<'_, T::Value> {
        let id = self.schema.of(key);
        Lines::new(&self.held[id.index()], self.schema.directive(id).default.as_ref())
    }

    /// Every directive of the schema with the lines that hold, in the order of merging, or its default; each line with its key,
    /// if the directive has keys.
    pub fn iter(&self) -> impl Iterator<Item = (&Directive, impl Iterator<Item = (Option<&str>, &Setting)>)> {
        self.schema.iter().zip(&self.held).map(|(directive, held)| {
            let default = directive.default.as_deref().filter(|_| held.is_empty()).map(|default| (None, default));
            let lines = held.iter().map(|held| (held.key.as_deref(), held.setting.as_ref()));
            (directive, lines.chain(default))
        })
    }
}
