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

/// The settings that hold for a request, or for a host outside of all sections.
///
/// Values are read with the [`Key`]s of the schema. A key that is not in the schema is a bug of the program: every method
/// that takes a key panics for it.
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

    /// Returns the value of a directive; the [`Shape`] of the key says whether that is one value, an `Option`, a list, or one
    /// value for each key.
    ///
    /// # Panics
    /// If the key is not in the schema.
    #[must_use]
    #[track_caller]
    pub fn get<T: Shape>(&self, key: Key<T>) -> T::Given<'_> {
        T::merged(self.lines(key))
    }

    /// Returns the value for one name of a directive that has a value for each; the last one if several lines hold for it.
    ///
    /// # Panics
    /// If the key is not in the schema.
    #[must_use]
    #[track_caller]
    pub fn at<V: Value>(&self, key: Key<PerKey<V>>, name: &str) -> Option<V::Given<'_>> {
        self.lines(key).rfind(|line| line.key() == Some(name)).map(Line::value)
    }

    /// Returns the line that holds, the last one if there are several, or the default.
    ///
    /// # Panics
    /// If the key is not in the schema.
    #[must_use]
    #[track_caller]
    pub fn line<T: Shape>(&self, key: Key<T>) -> Option<Line<'_, T::Value>> {
        self.lines(key).next_back()
    }

    /// Returns all lines of a directive that hold, in the order of merging, or its default.
    ///
    /// # Panics
    /// If the key is not in the schema.
    #[track_caller]
    pub fn lines<T: Shape>(&self, key: Key<T>) -> Lines<'_, T::Value> {
        let id = self.schema.of(key);
        Lines::new(&self.held[id.index()], self.schema.directive(id).default.as_ref())
    }

    /// Returns every directive of the schema with the lines that hold, in the order of merging, or its default. Lines of a
    /// directive that has a value for each name come with that name.
    pub fn iter(&self) -> impl Iterator<Item = (&Directive, impl Iterator<Item = (Option<&str>, &Setting)>)> {
        self.schema.iter().zip(&self.held).map(|(directive, held)| {
            let default = directive.default.as_deref().filter(|_| held.is_empty()).map(|default| (None, default));
            let lines = held.iter().map(|held| (held.key.as_deref(), held.setting.as_ref()));
            (directive, lines.chain(default))
        })
    }
}
