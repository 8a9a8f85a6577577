//! Warnings about what is valid and certainly a mistake: values that are always replaced, hosts that never answer.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use crate::declare::declared::Declared;
use crate::declare::overridden::overridden;
use crate::layout::Layout;
use crate::report::finding::{Finding, FindingCode};
use crate::schema::Schema;
use crate::schema::merge::replaces;
use crate::section::host_address::HostAddress;
use crate::section::pattern::host_matches;
use crate::section::{Pattern, Section, SectionKind};

/// Warns about a whole configuration. `names` returns the names that a host answers to.
pub(crate) fn lint(schema: &Schema, main: &Declared, names: &dyn Fn(&Declared) -> Vec<String>) -> Vec<Finding> {
    let mut found = Vec::new();
    for server in std::iter::once(main).chain(&main.hosts) {
        // Each host by itself: replacing the main server's values is what hosts are for.
        overridden_by_sections(schema, &Layout::new(server, None), &mut found);
    }
    hidden_hosts(&main.hosts, names, &mut found);
    found
}

/// Finds settings of a section that a section merged later replaces wherever the first one matches.
fn overridden_by_sections(schema: &Schema, layout: &Layout, found: &mut Vec<Finding>) {
    let entries = || {
        let sections = layout.sections().iter().enumerate();
        let settings = sections.flat_map(|(rank, section)| section.settings.iter().map(move |it| (rank, section, it)));
        let replacing = settings.filter(|(_, _, (id, _))| replaces(schema.directive(*id).merge));
        replacing.flat_map(|(rank, section, (id, held))| held.iter().map(move |held| (rank, section, *id, held)))
    };
    let mut last = HashMap::new();
    for (rank, section, id, held) in entries() {
        last.insert((reach(&section.head), id, &held.key), (rank, &held.setting));
    }
    for (rank, section, id, held) in entries() {
        let later = |reach| last.get(&(reach, id, &held.key)).filter(|(later, _)| *later > rank);
        let by = wider_reaches(&section.head).into_iter().filter_map(later).max_by_key(|(rank, _)| *rank);
        found.extend(by.and_then(|(_, by)| overridden(&held.setting, by)));
    }
}

/// A name for the set of requests that a section matches. Equal names mean equal sets.
fn reach(section: &Section) -> String {
    let group = match section.kind {
        Some(SectionKind::Directory | SectionKind::DirectoryMatch) => "directory",
        Some(SectionKind::Files | SectionKind::FilesMatch) => "files",
        Some(SectionKind::Location | SectionKind::LocationMatch) => "location",
        Some(SectionKind::VirtualHost | SectionKind::If | SectionKind::ElseIf | SectionKind::Else) | None => {
            return String::new();
        }
    };
    let around = section.parent.as_deref().map(reach).unwrap_or_default();
    match &section.pattern {
        Some(Pattern::Literal(text)) => format!("{around}{group} {text}\n"),
        Some(Pattern::Wildcards(regex, _) | Pattern::Regex(regex)) => format!("{around}{group} regex {regex}\n"),
        Some(Pattern::Condition(_)) | None => String::new(),
    }
}

/// How many components of a path are looked at. Few enough that a very long path costs little.
const DEEPEST: usize = 64;

/// The names of all sets that contain every request of this section, its own included.
fn wider_reaches(section: &Section) -> Vec<String> {
    let mut reaches = vec![reach(section), "location /\n".to_owned()];
    if let (Some(SectionKind::Location), Some(Pattern::Literal(path))) = (section.kind, &section.pattern) {
        for (slash, _) in path.match_indices('/').skip(1).take(DEEPEST) {
            reaches.push(format!("location {}\n", &path[..slash]));
            // `/a/` holds for all of `/a/b`, but not for `/a` itself.
            if slash + 1 < path.len() {
                reaches.push(format!("location {}\n", &path[..=slash]));
            }
        }
    }
    // A section with an invalid pattern has no name.
    reaches.retain(|reach| !reach.is_empty());
    reaches.sort_unstable();
    reaches.dedup();
    reaches
}

/// Finds hosts of which every name belongs to an earlier host with the same addresses.
fn hidden_hosts(hosts: &[Declared], names: &dyn Fn(&Declared) -> Vec<String>, found: &mut Vec<Finding>) {
    let mut earlier: HashMap<&[HostAddress], Taken<'_>> = HashMap::new();
    for host in hosts.iter().filter(|host| !host.addresses.is_empty()) {
        let Some(span) = host.head.span else { continue };
        let names = names(host);
        match earlier.entry(&host.addresses) {
            Entry::Vacant(first) => first.insert(Taken::new(host)).take(host, names),
            Entry::Occupied(mut taken) => {
                let by: Option<Vec<&Declared>> = names.iter().map(|name| taken.get().by(name)).collect();
                if let Some(by) = by {
                    let by = by.first().copied().unwrap_or(taken.get().first);
                    let reason = if names.is_empty() {
                        "it has no name and is not the first host"
                    } else {
                        "other hosts have all its names"
                    };
                    let wrong = Finding::new(FindingCode::DUPLICATE_HOST, span, "this virtual host never answers");
                    let wrong = wrong.expected(reason).help("give it a `ServerName` of its own".to_owned());
                    let by = by.head.span.unwrap_or(span);
                    found.push(wrong.related(by, "this host answers for its addresses and names"));
                }
                taken.get_mut().take(host, names);
            }
        }
    }
}

/// The names that hosts with the same addresses answer to.
struct Taken<'d> {
    first: &'d Declared,
    plain: HashMap<String, &'d Declared>,
    wild: Vec<(String, &'d Declared)>,
}

impl<'d> Taken<'d> {
    fn new(first: &'d Declared) -> Self {
        Self { first, plain: HashMap::new(), wild: Vec::new() }
    }

    fn take(&mut self, host: &'d Declared, names: Vec<String>) {
        for name in names {
            // A pattern is only compared with equal patterns.
            self.plain.entry(name.to_ascii_lowercase()).or_insert(host);
            if name.contains(['*', '?']) {
                self.wild.push((name, host));
            }
        }
    }

    fn by(&self, name: &str) -> Option<&'d Declared> {
        let wild = || self.wild.iter().find(|(pattern, _)| !name.contains(['*', '?']) && host_matches(pattern, name));
        self.plain.get(&name.to_ascii_lowercase()).copied().or_else(|| wild().map(|(_, host)| *host))
    }
}
