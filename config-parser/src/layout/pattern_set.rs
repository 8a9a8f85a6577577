//! Matches the patterns of many sections in few passes.

use std::cell::RefCell;
use std::sync::OnceLock;

use regex::Regex;
use regex_automata::meta;
use regex_automata::{Input, MatchKind, PatternSet};

use crate::layout::rank::Rank;

/// How many patterns are combined. Measured: for up to some hundreds, one pass over all takes less than a tenth of the time of
/// matching each; with thousands the automaton outgrows its cache, and takes seconds to build.
const TOGETHER: usize = 128;

/// Patterns with their ranks.
#[derive(Debug, Default)]
pub(crate) struct Patterns {
    each: Vec<(Regex, Rank)>,
    /// One combined pattern for every [`TOGETHER`] of them, built when it is first needed: of a thousand hosts, few are
    /// needed soon. `None` if it would be too large.
    groups: OnceLock<Vec<Option<meta::Regex>>>,
}

thread_local! {
    /// The patterns that match. Each thread has one set, so that a request allocates nothing.
    static FOUND: RefCell<PatternSet> = RefCell::new(PatternSet::new(TOGETHER));
}

impl Patterns {
    /// Adds a pattern. All are added before the first call of [`matching`](Self::matching).
    pub(crate) fn push(&mut self, pattern: &Regex, rank: Rank) {
        self.each.push((pattern.clone(), rank));
    }

    /// Adds the ranks of all patterns that match.
    pub(crate) fn matching(&self, text: &str, out: &mut Vec<Rank>) {
        let groups = self.groups.get_or_init(|| self.each.chunks(TOGETHER).map(together).collect());
        FOUND.with_borrow_mut(|found| {
            for (each, all) in self.each.chunks(TOGETHER).zip(groups) {
                let Some(all) = all else {
                    out.extend(each.iter().filter(|(pattern, _)| pattern.is_match(text)).map(|(_, rank)| *rank));
                    continue;
                };
                found.clear();
                all.which_overlapping_matches(&Input::new(text), found);
                out.extend(found.iter().filter_map(|pattern| each.get(pattern.as_usize())).map(|(_, rank)| *rank));
            }
        });
    }
}

fn together(each: &[(Regex, Rank)]) -> Option<meta::Regex> {
    let patterns: Vec<&str> = each.iter().map(|(pattern, _)| pattern.as_str()).collect();
    let config = meta::Config::new().match_kind(MatchKind::All);
    meta::Builder::new().configure(config).build_many(&patterns).ok()
}
