//! Remembers the scripts of URLs, so that requests do not touch the file system.

use std::{
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use papaya::HashMap;

use crate::routing::route::{Index, Route, Target};

/// Routes to scripts, by the part of the path that names the script.
#[derive(Default)]
pub(crate) struct Routes(HashMap<Box<str>, Known>);

/// A script that a path names. Valid until files come or go, as far as events report it, and for a few seconds at most,
/// since they do not report everything.
struct Known {
    file: Arc<Path>,
    index: Option<Arc<Index>>,
    stirred: u64,
    since: Instant,
}

const BELIEVED: Duration = Duration::from_secs(5);

/// The most paths that are remembered. A site has no more; a client can make them up.
const ROUTES: usize = 16 << 10;

impl Routes {
    /// The route of a path, if it is known. `stirred` changes when files come, go or change.
    pub(crate) fn get(&self, path: &str, stirred: u64) -> Option<Route> {
        let routes = self.0.pin();
        let is_good = |known: &&Known| known.stirred == stirred && known.since.elapsed() < BELIEVED;
        let ends = path.match_indices('/').map(|(at, _)| at).skip(1).chain([path.len()]);
        ends.filter(|end| *end > 1).find_map(|end| {
            let Known { file, index, .. } = routes.get(&path[..end]).filter(is_good)?;
            let target = Target::Script { file: file.clone(), path_info: path[end..].to_owned() };
            Some(Route { target, index: index.clone() })
        })
    }

    /// Remembers a route that leads to a script.
    pub(crate) fn remember(&self, path: &str, route: &Route, stirred: u64) {
        let Target::Script { file, path_info } = &route.target else { return };
        let routes = self.0.pin();
        if routes.len() >= ROUTES {
            routes.clear();
        }
        let own = path.strip_suffix(path_info.as_str()).unwrap_or(path);
        let (file, index) = (file.clone(), route.index.clone());
        routes.insert(own.into(), Known { file, index, stirred, since: Instant::now() });
    }

    /// Forgets all routes: one of the scripts is gone.
    pub(crate) fn forget(&self) {
        self.0.pin().clear();
    }
}
