//! Finds the sections with plain paths that contain a path.

use std::collections::HashMap;

use crate::layout::rank::Rank;

/// The plain paths of sections, as a tree of their components.
#[derive(Debug, Default)]
pub(crate) struct PathTree {
    root: PathNode,
}

#[derive(Debug, Default)]
struct PathNode {
    /// Paths that end here without a slash.
    here: Vec<Rank>,
    /// Paths that end here with a slash.
    inside: Vec<Rank>,
    children: HashMap<Box<str>, PathNode>,
}

impl PathTree {
    pub(crate) fn insert(&mut self, path: &str, rank: Rank) {
        let Some(rest) = path.strip_prefix('/') else { return };
        let mut node = &mut self.root;
        let (rest, slash) = rest.strip_suffix('/').map_or((rest, rest.is_empty()), |rest| (rest, true));
        for part in rest.split('/').filter(|_| !rest.is_empty()) {
            node = node.children.entry(part.into()).or_default();
        }
        if slash { &mut node.inside } else { &mut node.here }.push(rank);
    }

    /// Adds the ranks of all sections that contain `path`: `/a` contains `/a` and everything below `/a/`, `/a/` only the latter.
    pub(crate) fn walk(&self, path: &str, out: &mut Vec<Rank>) {
        let Some(mut rest) = path.strip_prefix('/') else { return };
        let mut node = &self.root;
        out.extend(&node.inside);
        loop {
            let (part, after) = rest.split_once('/').map_or((rest, None), |(part, after)| (part, Some(after)));
            let Some(child) = node.children.get(part) else { return };
            out.extend(&child.here);
            let Some(after) = after else { return };
            out.extend(&child.inside);
            (node, rest) = (child, after);
        }
    }
}
