//! Explains why settings hold.

use std::sync::Arc;

use crate::declare::declared::DeclaredSection;
use crate::resolve::host_resolver::HostResolver;
use crate::resolve::query::Query;
use crate::resolve::resolved::Resolved;
use crate::section::Section;
use crate::section::expression::Facts;

/// The settings that hold for a [`Query`], and every section with whether it matched.
#[derive(Debug)]
pub struct Trace {
    /// The virtual host that answers, or the main server.
    pub host: Arc<Section>,
    /// The settings that hold.
    pub resolved: Arc<Resolved>,
    /// All sections of the host, in the order of merging.
    pub sections: Vec<SectionMatch>,
}

/// A section, and whether it matched.
#[derive(Debug, Clone)]
pub struct SectionMatch {
    /// The section.
    pub section: Arc<Section>,
    /// Whether it matched.
    pub matched: bool,
}

impl Trace {
    pub(crate) fn new(host: &Arc<Section>, resolver: &HostResolver, query: &Query<'_>, facts: &dyn Facts) -> Self {
        let layout = resolver.layout();
        let mut matching = Vec::new();
        layout.matching(query.path, query.filename, query.exact, facts, &mut matching);
        let considered = |(rank, section): (u32, &Arc<DeclaredSection>)| SectionMatch {
            section: Arc::clone(&section.head),
            matched: matching.binary_search(&rank).is_ok(),
        };
        let sections = (0..).zip(layout.sections()).map(considered).collect();
        Self { host: Arc::clone(host), resolved: resolver.merged(&matching), sections }
    }
}
