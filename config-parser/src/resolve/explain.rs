//! Why a setting holds.

use std::sync::Arc;

use crate::declare::declared::DeclaredSection;
use crate::resolve::host_scope::HostScope;
use crate::resolve::query::Query;
use crate::resolve::resolved::Resolved;
use crate::section::Scope;
use crate::section::expression::Facts;

/// The answer to a [`Query`], with everything that led to it.
#[derive(Debug)]
pub struct Explanation {
    /// The virtual host that answers, or the main server.
    pub host: Arc<Scope>,
    /// What holds.
    pub resolved: Arc<Resolved>,
    /// The sections that were considered, in the order in which they are merged.
    pub sections: Vec<Considered>,
}

/// A section that was considered.
#[derive(Debug, Clone)]
pub struct Considered {
    /// The section.
    pub scope: Arc<Scope>,
    /// Whether it matched.
    pub matched: bool,
}

impl Explanation {
    pub(crate) fn new(host: &Arc<Scope>, scope: &HostScope, query: &Query<'_>, facts: &dyn Facts) -> Self {
        let layout = scope.layout();
        let mut matching = Vec::new();
        layout.matching(query.path, query.filename, query.exact, facts, &mut matching);
        let considered = |(rank, section): (u32, &Arc<DeclaredSection>)| Considered {
            scope: Arc::clone(&section.scope),
            matched: matching.binary_search(&rank).is_ok(),
        };
        let sections = (0..).zip(layout.sections()).map(considered).collect();
        Self { host: Arc::clone(host), resolved: scope.merged(&matching), sections }
    }
}
