//! Finds and merges the settings of one host.

use std::cell::RefCell;
use std::sync::Arc;

use papaya::HashMap;

use crate::declare::declared::{Declared, Settings};
use crate::layout::Layout;
use crate::layout::rank::Rank;
use crate::resolve::resolved::Resolved;
use crate::schema::Schema;
use crate::schema::merge::{Held, finish, overlay};
use crate::section::expression::Facts;

/// How many results are kept for one host. When there are more, all are dropped: so many different sets of sections are rare.
const KEPT: usize = 4096;

/// The main server or a virtual host, with its sections laid out and the results of earlier requests.
#[derive(Debug)]
pub(crate) struct HostResolver {
    schema: Arc<Schema>,
    /// The settings outside of all sections, by directive.
    base: Vec<Vec<Held>>,
    layout: Layout,
    /// The merged settings of each set of matching sections.
    results: HashMap<Box<[Rank]>, Arc<Resolved>>,
}

thread_local! {
    /// A buffer for the sections that match. Each thread has one, so that a request allocates nothing.
    static MATCHING: RefCell<Vec<Rank>> = const { RefCell::new(Vec::new()) };
}

impl HostResolver {
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
        // The buffer is taken out while it is used: facts may resolve another configuration on this thread.
        MATCHING.with(|own| {
            let mut matching = own.take();
            self.layout.matching(path, filename, exact, facts, &mut matching);
            let merged = self.merged(&matching);
            own.replace(matching);
            merged
        })
    }

    /// The merged settings of the sections with these ranks.
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
        for (id, directive) in self.schema.ids() {
            finish(directive.merge, &mut held[id.index()]);
        }
        Resolved::new(Arc::clone(&self.schema), held)
    }
}

fn lay_over(schema: &Schema, outer: &mut [Vec<Held>], inner: &Settings) {
    for (id, inner) in inner {
        let outer = &mut outer[id.index()];
        *outer = overlay(schema.directive(*id).merge, outer, inner);
    }
}
