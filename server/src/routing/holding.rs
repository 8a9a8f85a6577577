//! The settings that hold for a request.

use std::{path::Path, sync::Arc};

use samovar_config::{Host, Resolved};

use super::{facts::RequestFacts, route::Route};
use crate::settings::directives::DIRECTORY_INDEX;

/// The settings that hold for a URL.
pub(crate) struct Holding {
    /// For the page; also if it answers for a directory.
    pub(crate) page: Arc<Resolved>,
    /// For the directory that the page answers for, unless the same holds for both.
    pub(crate) directory: Option<Arc<Resolved>>,
}

impl Holding {
    /// `asked` are the facts that are known from the request alone.
    pub(crate) fn of(host: Host<'_>, route: &Route, asked: &RequestFacts<'_>) -> Self {
        let filename = route.target.filename().map(Path::to_string_lossy);
        let facts = asked.of_page(route, filename.as_deref());
        let page = host.resolve_for(facts.path, facts.filename, route.target.is_exact(), &facts);
        let directory = route.index.as_ref().map(|index| {
            let facts = RequestFacts { path: asked.path, filename: index.directory.to_str(), ..facts };
            host.resolve_for(facts.path, facts.filename, true, &facts)
        });
        // Where the same settings hold for both, no handler runs twice.
        let directory = directory.filter(|directory| !Arc::ptr_eq(directory, &page));
        Self { page, directory }
    }
}

/// The names that answer for a directory, by the settings that hold for it.
pub(crate) fn index_names(host: Host<'_>, path: &str, directory: &Path) -> Vec<String> {
    let resolved = host.resolve(path, directory.join("").to_str(), true);
    resolved.get(DIRECTORY_INDEX).flatten().cloned().collect()
}
