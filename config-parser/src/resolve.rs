//! Which settings hold for a request.

use std::borrow::Cow;
use std::cell::RefCell;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use papaya::HashMap;

use crate::declare::{Declared, Settings};
use crate::expression::Facts;
use crate::layout::{Layout, Rank};
use crate::merge::{Held, finish, overlay};
use crate::schema::{DirectiveId, Schema};
use crate::setting::{Argument, Setting};

/// What is asked of a configuration, for one request.
#[derive(Debug, Clone, Copy)]
pub struct Query<'q> {
    /// The local address that the client connected to.
    pub address: SocketAddr,
    /// The `Host` header, as it was sent.
    pub host: Option<&'q str>,
    /// The path of the URL, decoded and normalised by [`normalize`](crate::url::normalize).
    pub path: &'q str,
    /// The absolute path of the file that the URL names, if it names one; of a directory with a `/` at the end.
    ///
    /// As in httpd, where symbolic links are followed, `<Directory>` with the path of a file holds for that file.
    pub filename: Option<&'q str>,
    /// Whether there is such a file or directory, and the URL goes on with nothing after it. If not, `<Directory>` with its
    /// path does not hold for it.
    pub exact: bool,
}

/// What a query itself says of a request, for conditions.
pub(crate) struct Asked<'q> {
    pub(crate) host: Option<&'q str>,
    pub(crate) path: &'q str,
    pub(crate) filename: Option<&'q str>,
}

impl Facts for Asked<'_> {
    fn variable(&self, name: &str) -> Option<Cow<'_, str>> {
        let found = match name {
            "HTTP_HOST" => self.host,
            "REQUEST_URI" => Some(self.path),
            "REQUEST_FILENAME" | "SCRIPT_FILENAME" => self.filename,
            _ => None,
        };
        found.map(Cow::Borrowed)
    }

    fn header(&self, name: &str) -> Option<Cow<'_, str>> {
        self.host.filter(|_| name.eq_ignore_ascii_case("host")).map(Cow::Borrowed)
    }
}

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

/// Results kept for one host. Beyond it they are dropped, all at once: so many different sets of sections are rare.
const KEPT: usize = 4096;

/// The main server or a virtual host, ready to answer.
#[derive(Debug)]
pub(crate) struct HostScope {
    schema: Arc<Schema>,
    /// What holds before any section is merged, by directive.
    base: Vec<Vec<Held>>,
    layout: Layout,
    /// What each set of matching sections comes to.
    results: HashMap<Box<[Rank]>, Arc<Resolved>>,
}

thread_local! {
    /// Where matching sections are gathered. One for each thread, so that a request allocates nothing.
    static MATCHING: RefCell<Vec<Rank>> = const { RefCell::new(Vec::new()) };
}

impl HostScope {
    pub(crate) fn new(schema: Arc<Schema>, main: &Declared, host: Option<&Declared>) -> Self {
        let mut base = vec![Vec::new(); schema.len()];
        for server in std::iter::once(main).chain(host) {
            lay_over(&schema, &mut base, &server.settings);
        }
        Self { schema, base, layout: Layout::new(main, host), results: HashMap::new() }
    }

    pub(crate) fn layout(&self) -> &Layout {
        &self.layout
    }

    pub(crate) fn resolve(&self, path: &str, filename: Option<&str>, exact: bool, facts: &dyn Facts) -> Arc<Resolved> {
        // Taken out for the while: facts may come from anywhere, from another configuration as well.
        MATCHING.with(|own| {
            let mut matching = own.take();
            self.layout.matching(path, filename, exact, facts, &mut matching);
            let merged = self.merged(&matching);
            own.replace(matching);
            merged
        })
    }

    /// What the sections of these ranks come to.
    pub(crate) fn merged(&self, matching: &[Rank]) -> Arc<Resolved> {
        let results = self.results.pin();
        if let Some(found) = results.get(matching) {
            return Arc::clone(found);
        }
        if results.len() >= KEPT {
            results.clear();
        }
        let merged = Arc::new(self.merge(matching));
        results.insert(matching.into(), Arc::clone(&merged));
        merged
    }

    fn merge(&self, matching: &[Rank]) -> Resolved {
        let mut held = self.base.clone();
        for section in matching.iter().filter_map(|&rank| self.layout.sections().get(rank as usize)) {
            lay_over(&self.schema, &mut held, &section.settings);
        }
        for (id, directive) in self.schema.iter() {
            finish(directive.merge, &mut held[id.index()]);
        }
        Resolved { schema: Arc::clone(&self.schema), held }
    }
}

fn lay_over(schema: &Schema, outer: &mut [Vec<Held>], inner: &Settings) {
    for (id, inner) in inner {
        let outer = &mut outer[id.index()];
        *outer = overlay(schema.directive(*id).merge, outer, inner);
    }
}
