//! The sections of a host, indexed so that those that match a request are found quickly.
//!
//! Every section has a rank: its place in the order in which sections are merged. To resolve a request means to
//! find the ranks of the sections that match, in any order, and to sort them. Plain paths are found in a tree of their
//! components, names in a hash map, and all patterns of a group in one pass.

mod path_tree;
mod pattern_set;
pub(crate) mod rank;

use std::collections::HashMap;
use std::sync::Arc;

use crate::declare::declared::{Declared, DeclaredSection};
use crate::layout::path_tree::PathTree;
use crate::layout::pattern_set::Patterns;
use crate::layout::rank::Rank;
use crate::section::expression::{Condition, Facts};
use crate::section::{Pattern, SectionKind, components};

/// All sections of one host and of the main server.
#[derive(Debug, Default)]
pub(crate) struct Layout {
    sections: Vec<Arc<DeclaredSection>>,
    directories: PathTree,
    /// Wildcards match a directory; regular expressions search the whole file name.
    directory_wildcards: Patterns,
    directory_regexes: Patterns,
    files: HashMap<Box<str>, Vec<Rank>>,
    file_patterns: Patterns,
    /// For each `<Files>` section in a `<Directory>`, the rank of the latter. Indexed by rank, from `first_file` on.
    within: Vec<Option<Rank>>,
    first_file: Rank,
    locations: PathTree,
    location_patterns: Patterns,
    /// `<If>` sections, indexed by rank from `first_condition` on.
    conditions: Vec<Branch>,
    first_condition: Rank,
}

/// An `<If>` section, or an `<ElseIf>` or `<Else>` after one.
#[derive(Debug)]
struct Branch {
    /// The rank of the section around it.
    within: Option<Rank>,
    /// It can match only if no branch before it did, back to the `<If>`.
    is_else: bool,
    condition: Condition,
}

impl Layout {
    /// Lays out the sections of a host over those of the main server; `host` is `None` for the main server itself.
    pub(crate) fn new(main: &Declared, host: Option<&Declared>) -> Self {
        let mut layout = Self::default();
        let both = |of: fn(&Declared) -> &Vec<Arc<DeclaredSection>>| {
            of(main).iter().chain(host.map(of).into_iter().flatten()).cloned().collect::<Vec<_>>()
        };
        let mut directories = both(|server| &server.directories);
        // The sort is stable: among sections of equal depth the main server's come first, so that the host's win.
        directories.sort_by_key(|section| merge_depth(section));
        for section in &directories {
            layout.directory(section);
        }
        layout.first_file = layout.next_rank();
        for section in both(|server| &server.files) {
            layout.file(&section, None);
        }
        for (within, directory) in (0..).zip(&directories) {
            for section in &directory.files {
                layout.file(section, Some(within));
            }
        }
        for section in both(|server| &server.locations) {
            layout.location(&section);
        }
        layout.first_condition = layout.next_rank();
        for section in both(|server| &server.conditions) {
            layout.condition(&section, None);
        }
        // In the order in which the sections around them are merged.
        for (within, around) in (0..layout.first_condition).zip(layout.sections.clone()) {
            for section in &around.conditions {
                layout.condition(section, Some(within));
            }
        }
        layout
    }

    /// All sections in the order of merging.
    pub(crate) fn sections(&self) -> &[Arc<DeclaredSection>] {
        &self.sections
    }

    /// Writes the ranks of all sections that match to `out`, in the order of merging.
    pub(crate) fn matching(
        &self,
        path: &str,
        filename: Option<&str>,
        exact: bool,
        facts: &dyn Facts,
        out: &mut Vec<Rank>,
    ) {
        out.clear();
        if let Some(filename) = filename {
            let parent = filename.rfind('/').map_or("", |slash| &filename[..slash]);
            let walked = if exact { filename } else { parent };
            self.directories.walk(walked, out);
            // `/a/*` matches what is in `/a`, not `/a/` itself.
            self.directory_wildcards.matching(walked.strip_suffix('/').unwrap_or(walked), out);
            self.directory_regexes.matching(filename, out);
            out.sort_unstable();
            self.matching_files(filename, out);
        }
        self.locations.walk(path, out);
        self.location_patterns.matching(path, out);
        out.sort_unstable();
        self.matching_conditions(facts, out);
    }

    fn matching_conditions(&self, facts: &dyn Facts, out: &mut Vec<Rank>) {
        let around = out.len();
        let mut is_taken = false;
        for (rank, Branch { within, is_else, condition }) in (self.first_condition..).zip(&self.conditions) {
            is_taken &= *is_else;
            let is_asked = within.is_none_or(|within| out[..around].binary_search(&within).is_ok());
            if is_asked && !is_taken && condition.holds(facts) {
                is_taken = true;
                out.push(rank);
            }
        }
    }

    fn matching_files(&self, filename: &str, out: &mut Vec<Rank>) {
        let directories = out.len();
        let name = filename.rsplit('/').next().unwrap_or(filename);
        out.extend(self.files.get(name).into_iter().flatten());
        self.file_patterns.matching(name, out);
        let mut kept = directories;
        for index in directories..out.len() {
            let rank = out[index];
            let within = self.within.get((rank - self.first_file) as usize).copied().flatten();
            if within.is_none_or(|within| out[..directories].binary_search(&within).is_ok()) {
                out[kept] = rank;
                kept += 1;
            }
        }
        out.truncate(kept);
    }

    fn directory(&mut self, section: &Arc<DeclaredSection>) {
        let rank = self.push(section);
        match &section.head.pattern {
            Some(Pattern::Literal(path)) => self.directories.insert(path, rank),
            Some(Pattern::Wildcards(pattern, _)) => self.directory_wildcards.push(pattern, rank),
            Some(Pattern::Regex(pattern)) => self.directory_regexes.push(pattern, rank),
            Some(Pattern::Condition(_)) | None => {}
        }
    }

    fn file(&mut self, section: &Arc<DeclaredSection>, within: Option<Rank>) {
        let rank = self.push(section);
        self.within.push(within);
        match &section.head.pattern {
            Some(Pattern::Literal(name)) => self.files.entry(name.as_str().into()).or_default().push(rank),
            Some(Pattern::Wildcards(pattern, _) | Pattern::Regex(pattern)) => self.file_patterns.push(pattern, rank),
            Some(Pattern::Condition(_)) | None => {}
        }
    }

    fn location(&mut self, section: &Arc<DeclaredSection>) {
        let rank = self.push(section);
        match &section.head.pattern {
            Some(Pattern::Literal(path)) => self.locations.insert(path, rank),
            Some(Pattern::Wildcards(pattern, _) | Pattern::Regex(pattern)) => {
                self.location_patterns.push(pattern, rank);
            }
            Some(Pattern::Condition(_)) | None => {}
        }
    }

    fn condition(&mut self, section: &Arc<DeclaredSection>, within: Option<Rank>) {
        // An invalid condition has been reported, and matches nothing.
        let condition = match &section.head.pattern {
            Some(Pattern::Condition(condition)) => condition.clone(),
            _ => Condition::Constant(false),
        };
        self.push(section);
        let is_else = section.head.kind != Some(SectionKind::If);
        self.conditions.push(Branch { within, is_else, condition });
    }

    fn push(&mut self, section: &Arc<DeclaredSection>) -> Rank {
        let rank = self.next_rank();
        self.sections.push(Arc::clone(section));
        rank
    }

    fn next_rank(&self) -> Rank {
        // The limits on bytes and files keep the number of sections far below.
        Rank::try_from(self.sections.len()).unwrap_or(Rank::MAX)
    }
}

/// The key by which `<Directory>` sections are sorted: plain paths and wildcards by the number of their components, then
/// regular expressions. Like httpd, this counts the slashes of a regular expression, and one more at its end, whatever
/// they mean there.
fn merge_depth(section: &DeclaredSection) -> (bool, usize) {
    match &section.head.pattern {
        Some(Pattern::Literal(path)) => (false, components(path).count()),
        Some(Pattern::Wildcards(_, components)) => (false, *components),
        Some(Pattern::Regex(regex)) => {
            let text = regex.as_str();
            (true, text.matches('/').count() + usize::from(!text.ends_with('/')))
        }
        Some(Pattern::Condition(_)) | None => (true, 0),
    }
}
