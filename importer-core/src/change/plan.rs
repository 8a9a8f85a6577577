//! Plans: which modules a set of changes reloads, and in which order (R27).
//!
//! Pure: a graph and a set of modules go in, an order comes out.

use std::collections::{BTreeMap, BTreeSet};

use crate::module::{Graph, ModuleId};

/// Why a module is in the plan.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Cause {
    /// Its own text changed, or an import that had failed may succeed now.
    Itself,
    /// This child of the module is in the plan.
    Child(ModuleId),
}

/// The modules to reload, in order, and why.
pub(crate) type Plan = Vec<(ModuleId, Cause)>;

/// Returns the modules to reload, children before importers, each once.
///
/// The loader must not rely on the order: a new text may import other modules than the old one did, and the draft
/// follows the actual imports.
pub(crate) fn plan(graph: &Graph, changed: &BTreeSet<ModuleId>) -> Plan {
    let causes = closure(graph, changed);
    let mut order = Vec::with_capacity(causes.len());
    let mut visited = BTreeSet::new();
    for &root in causes.keys() {
        // Depth first along the planned children, without recursion: chains may be longer than the stack is deep.
        let mut stack = vec![(root, false)];
        while let Some((id, children_done)) = stack.pop() {
            if children_done {
                order.push((id, causes[&id]));
            } else if visited.insert(id) {
                stack.push((id, true));
                let planned = graph.children(id).iter().rev().filter(|child| causes.contains_key(child));
                stack.extend(planned.map(|&child| (child, false)));
            }
        }
    }
    order
}

/// Returns the changed modules and all their direct and indirect importers, each with the first cause found.
fn closure(graph: &Graph, changed: &BTreeSet<ModuleId>) -> BTreeMap<ModuleId, Cause> {
    let mut causes: BTreeMap<_, _> = changed.iter().map(|&id| (id, Cause::Itself)).collect();
    let mut todo: Vec<_> = changed.iter().copied().collect();
    while let Some(child) = todo.pop() {
        for importer in graph.importers(child) {
            if let std::collections::btree_map::Entry::Vacant(entry) = causes.entry(importer) {
                entry.insert(Cause::Child(child));
                todo.push(importer);
            }
        }
    }
    causes
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Builds the graph from lines of `importer: child child`, and checks the order in which the letters are loaded.
    #[track_caller]
    fn check(graph: &str, changed: &str, expected: &str) {
        let id = |letter: char| ModuleId(letter as u32);
        let mut drawn = Graph::default();
        for line in graph.lines() {
            let (importer, children) = line.trim().split_once(':').expect("importer: children");
            let children = children.split_whitespace().filter_map(|name| name.chars().next()).map(id).collect();
            drawn.set(importer.chars().next().map(id).expect("a letter"), children);
        }
        let changed = changed.chars().map(id).collect();
        let order: String = plan(&drawn, &changed).iter().filter_map(|(id, _)| char::from_u32(id.0)).collect();
        assert_eq!(order, expected);
    }

    #[test]
    fn r27_importers_follow_their_children() {
        check("h: c\nc: s\ns:", "s", "sch");
    }

    #[test]
    fn r27_a_diamond_is_loaded_once() {
        check("h: a b\na: s\nb: s\ns:", "s", "sabh");
    }

    #[test]
    fn r27_unchanged_siblings_are_left_alone() {
        check("h: a b\na: s\nb:\ns:", "a", "ah");
    }

    #[test]
    fn r27_two_changes_in_one_plan() {
        check("h: a b\ng: b\na:\nb:", "ab", "abgh");
    }

    #[test]
    fn a_long_chain_does_not_exhaust_the_stack() {
        let mut graph = Graph::default();
        for id in 1..100_000 {
            graph.set(ModuleId(id), vec![ModuleId(id - 1)]);
        }
        assert_eq!(plan(&graph, &[ModuleId(0)].into()).len(), 100_000);
    }
}
