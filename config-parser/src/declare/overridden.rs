//! Values that a later line always replaces.

use std::collections::{HashMap, HashSet};
use std::slice;
use std::sync::Arc;

use crate::report::finding::{Finding, FindingCode};
use crate::schema::merge::{Held, Merge, collect};
use crate::schema::setting::Setting;

/// Finds lines that a later line of the same section replaces.
pub(crate) fn overridden_in_section(rule: Merge, lines: &[Arc<Setting>], held: &[Held]) -> Vec<Finding> {
    if lines.len() == held.len() {
        return Vec::new();
    }
    let holding: HashSet<_> = held.iter().map(|held| Arc::as_ptr(&held.setting)).collect();
    let by_key: HashMap<_, _> = held.iter().map(|held| (&held.key, &held.setting)).collect();
    let replaced = lines.iter().filter(|line| !holding.contains(&Arc::as_ptr(line)));
    let by = |line: &Arc<Setting>| {
        let entries = collect(rule, slice::from_ref(line));
        entries.iter().find_map(|entry| by_key.get(&entry.key)).and_then(|by| overridden(line, by))
    };
    replaced.filter_map(by).collect()
}

/// The warning that `by` always replaces `setting`.
pub(crate) fn overridden(setting: &Setting, by: &Setting) -> Option<Finding> {
    let (span, later) = (setting.origin().span()?, by.origin().span()?);
    let message = format!("this `{}` never takes effect", setting.directive());
    let expected = "a value that is merged later always replaces it";
    let help = "remove one of the two; the value that is merged later wins, even if the other section is more specific";
    Some(
        Finding::new(FindingCode::ALWAYS_OVERRIDDEN, span, message)
            .expected(expected)
            .related(later, "this one takes effect")
            .help(help.to_owned()),
    )
}
