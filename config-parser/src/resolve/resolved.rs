//! The settings that hold for a request.

use std::sync::Arc;
use std::time::Duration;

use crate::schema::merge::Held;
use crate::schema::setting::{Argument, Setting};
use crate::schema::{DirectiveId, Schema};

/// The settings that hold.
#[derive(Debug)]
pub struct Resolved {
    schema: Arc<Schema>,
    /// By directive.
    held: Vec<Vec<Held>>,
}

/// A directive by its id or by its name.
pub trait Named: Copy {
    /// The directive, if the schema has it.
    fn find(self, schema: &Schema) -> Option<DirectiveId>;
}

impl Named for DirectiveId {
    fn find(self, schema: &Schema) -> Option<DirectiveId> {
        (self.index() < schema.len()).then_some(self)
    }
}

impl Named for &str {
    fn find(self, schema: &Schema) -> Option<DirectiveId> {
        schema.id(self)
    }
}

impl Resolved {
    /// `held` is by directive, in the order of the schema.
    pub(crate) fn new(schema: Arc<Schema>, held: Vec<Vec<Held>>) -> Self {
        Self { schema, held }
    }

    /// The setting that holds, the last one if there are several, or the default.
    #[must_use]
    pub fn get(&self, directive: impl Named) -> Option<&Setting> {
        let id = directive.find(&self.schema)?;
        let default = || self.schema.directive(id).default.as_ref();
        self.held.get(id.index())?.last().map(|held| &held.setting).or_else(default).map(AsRef::as_ref)
    }

    /// All settings of a directive that hold, in the order of merging, or its default.
    pub fn all(&self, directive: impl Named) -> impl Iterator<Item = &Setting> {
        let id = directive.find(&self.schema);
        let held = id.and_then(|id| self.held.get(id.index())).map(Vec::as_slice).unwrap_or_default();
        let default = id.filter(|_| held.is_empty()).and_then(|id| self.schema.directive(id).default.as_ref());
        held.iter().map(|held| &held.setting).chain(default).map(AsRef::as_ref)
    }

    /// The settings of a directive that has keys, each with its key, in the order of merging.
    pub fn keyed(&self, directive: impl Named) -> impl Iterator<Item = (&str, &Setting)> {
        let id = directive.find(&self.schema);
        let held = id.and_then(|id| self.held.get(id.index())).map(Vec::as_slice).unwrap_or_default();
        held.iter().map(|held| (held.key.as_deref().unwrap_or_default(), held.setting.as_ref()))
    }

    /// The last setting that holds for one key.
    #[must_use]
    pub fn key(&self, directive: impl Named, key: &str) -> Option<&Setting> {
        self.keyed(directive).filter(|(other, _)| *other == key).last().map(|(_, setting)| setting)
    }

    /// The text of the first argument of what holds.
    #[must_use]
    pub fn text(&self, directive: impl Named) -> Option<&str> {
        self.argument(directive).map(Argument::text)
    }

    /// The state of a flag that holds. False if neither a line nor a default sets it.
    #[must_use]
    pub fn flag(&self, directive: impl Named) -> bool {
        self.argument(directive).and_then(Argument::flag).unwrap_or(false)
    }

    /// The whole number that holds.
    #[must_use]
    pub fn integer(&self, directive: impl Named) -> Option<u64> {
        self.argument(directive).and_then(Argument::integer)
    }

    /// The time span that holds.
    #[must_use]
    pub fn duration(&self, directive: impl Named) -> Option<Duration> {
        self.argument(directive).and_then(Argument::duration)
    }

    /// The texts of all arguments of all settings that hold, as one list.
    pub fn texts(&self, directive: impl Named) -> impl Iterator<Item = &str> {
        self.all(directive).flat_map(Setting::texts)
    }

    /// Every directive that is set, with the settings that hold; defaults are left out.
    pub fn iter(&self) -> impl Iterator<Item = (DirectiveId, impl Iterator<Item = (Option<&str>, &Setting)>)> {
        let held = |id: DirectiveId| self.held.get(id.index()).into_iter().flatten();
        let ids = self.schema.iter().map(|(id, _)| id).filter(move |&id| held(id).next().is_some());
        ids.map(move |id| (id, held(id).map(|held| (held.key.as_deref(), held.setting.as_ref()))))
    }

    fn argument(&self, directive: impl Named) -> Option<&Argument> {
        self.get(directive).and_then(|setting| setting.arguments().first())
    }
}
