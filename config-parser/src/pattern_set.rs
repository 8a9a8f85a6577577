//! The patterns of many sections, asked in one pass.

use std::cell::RefCell;
use std::sync::OnceLock;

use regex::Regex;
use regex_automata::meta;
use regex_automata::{Input, MatchKind, PatternSet};

use crate::layout::Rank;

/// Patterns with their ranks.
#[derive(Debug, Default)]
pub(crate) struct Patterns {
    each: Vec<(Regex, Rank)>,
    /// All of them as one, made when it is first asked: of a thousand hosts, most are not asked at once. `None` if it would be
    /// too large.
    all: OnceLock<Option<meta::Regex>>,
}

thread_local! {
    /// Which patterns match. One for each thread, so that a request allocates nothing.
    static FOUND: RefCell<PatternSet> = RefCell::new(PatternSet::new(0));
}

impl Patterns {
    pub(crate) fn push(&mut self, pattern: &Regex, rank: Rank) {
        self.each.push((pattern.clone(), rank));
    }

    /// Adds the ranks of all that match.
    pub(crate) fn matching(&self, text: &str, out: &mut Vec<Rank>) {
        if self.each.is_empty() {
            return;
        }
        let Some(all) = self.all.get_or_init(|| self.together()) else {
            out.extend(self.each.iter().filter(|(pattern, _)| pattern.is_match(text)).map(|(_, rank)| *rank));
            return;
        };
        FOUND.with_borrow_mut(|found| {
            if found.capacity() < self.each.len() {
                *found = PatternSet::new(self.each.len());
            }
            found.clear();
            all.which_overlapping_matches(&Input::new(text), found);
            out.extend(found.iter().filter_map(|pattern| self.each.get(pattern.as_usize())).map(|(_, rank)| *rank));
        });
    }

    fn together(&self) -> Option<meta::Regex> {
        let patterns: Vec<&str> = self.each.iter().map(|(pattern, _)| pattern.as_str()).collect();
        let config = meta::Config::new().match_kind(MatchKind::All);
        meta::Builder::new().configure(config).build_many(&patterns).ok()
    }
}
