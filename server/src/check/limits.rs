//! Warns of limits without effect.

use std::sync::Arc;

use samovar_config::{Config, Finding, Section, Setting};

use super::{
    findings::{LIMIT_LOOSENED, LIMIT_OF_LOADING},
    lines::span,
};
use crate::settings::{directives::LIMIT, values::allowed};

/// Limits that are counted when a text is compiled.
const OF_LOADING: &[&str] = &["expression", "functions"];

/// Warns of limits that are larger than one around them, and of those that have no effect in a section.
pub(crate) fn check(config: &Config, found: &mut Vec<Finding>) {
    let lines: Vec<_> = config.lines(LIMIT).collect();
    for line in &lines {
        let is_inside = line.origin().section().is_some_and(|section| section.parent().is_some());
        if let Some(key) = line.key().filter(|key| is_inside && OF_LOADING.contains(key)) {
            let message = format!("the limit of `{key}` holds when a text is compiled, which is done for all sections");
            let help = "put the line outside of all sections";
            found.push(Finding::new(LIMIT_OF_LOADING, span(line, 0), message).help(help.to_owned()));
        }
    }
    for line in &lines {
        let Some(section) = line.origin().section() else { continue };
        let around = std::iter::successors(section.parent(), |section| section.parent());
        let is_around = |other: &Setting| around.clone().any(|section| stands_in(other, section));
        let outer = lines.iter().filter(|other| other.key() == line.key() && is_around(other));
        if let Some(outer) = outer.min_by_key(|outer| allowed(outer)).filter(|outer| allowed(outer) < allowed(line)) {
            let key = line.key().unwrap_or_default();
            let most = outer.texts().nth(1).unwrap_or_default();
            let message = format!("the limit of `{key}` is {most} here as well");
            let mut wrong = Finding::new(LIMIT_LOOSENED, span(line, 1), message);
            if let Some(place) = span(outer, 1) {
                wrong = wrong.related(place, "this one holds");
            }
            let help = "leave it out, or allow more outside and less in the other sections";
            found.push(wrong.expected("an inner section can tighten, not loosen").help(help.to_owned()));
        }
    }
}

fn stands_in(line: &Setting, section: &Arc<Section>) -> bool {
    line.origin().section().is_some_and(|of| Arc::ptr_eq(of, section))
}
