//! What is right by the letter, and yet cannot be meant: values that never hold, hosts that never answer.

use std::collections::HashMap;
use std::sync::Arc;

use crate::declare::{Declared, DeclaredSection};
use crate::diagnostic::{Code, Diagnostic};
use crate::layout::Layout;
use crate::merge::{Held, Merge, replaces};
use crate::pattern::host_matches;
use crate::schema::Schema;
use crate::section::{Pattern, Scope, SectionKind};
use crate::setting::Setting;

/// Judges everything that is declared. `names` gives the names that a host answers to.
pub(crate) fn lint(schema: &Schema, main: &Declared, names: &dyn Fn(&Declared) -> Vec<String>) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for server in std::iter::once(main).chain(&main.hosts) {
        // Laid out alone: that the sections of one host replace those of the main server is what hosts are for.
        overridden_by_sections(schema, &Layout::new(server, None), &mut found);
    }
    hidden_hosts(&main.hosts, names, &mut found);
    found
}

/// Lines that a later line of the same section replaces.
pub(crate) fn overridden_in_section(rule: Merge, lines: &[Arc<Setting>], held: &[Held]) -> Vec<Diagnostic> {
    let is_held = |line: &Arc<Setting>| held.iter().any(|held| Arc::ptr_eq(&held.setting, line));
    let replaced = lines.iter().filter(|line| !is_held(line));
    replaced
        .filter_map(|line| {
            let entries = crate::merge::collect(rule, std::slice::from_ref(line));
            let by = entries.iter().find_map(|entry| held.iter().find(|later| replaces(rule, entry, later)))?;
            overridden(line, &by.setting)
        })
        .collect()
}

/// Settings of a section that a section merged later replaces wherever the first one matches.
fn overridden_by_sections(schema: &Schema, layout: &Layout, found: &mut Vec<Diagnostic>) {
    let sections = layout.sections();
    let mut by_reach: HashMap<String, Vec<usize>> = HashMap::new();
    for (rank, section) in sections.iter().enumerate() {
        by_reach.entry(reach(&section.scope)).or_default().push(rank);
    }
    for (rank, section) in sections.iter().enumerate() {
        let covering = wider_reaches(&section.scope).into_iter().filter_map(|reach| by_reach.get(&reach)).flatten();
        let mut covering: Vec<usize> = covering.copied().filter(|&other| other > rank).collect();
        covering.sort_unstable();
        let covering: Vec<&Arc<DeclaredSection>> = covering.into_iter().rev().map(|other| &sections[other]).collect();
        for (id, held) in &section.settings {
            let rule = schema.directive(*id).merge;
            let later = || covering.iter().flat_map(|other| &other.settings).filter(|(other, _)| other == id);
            for entry in held {
                let by = later().flat_map(|(_, held)| held).find(|later| replaces(rule, entry, later));
                found.extend(by.and_then(|by| overridden(&entry.setting, &by.setting)));
            }
        }
    }
}

fn overridden(setting: &Setting, by: &Setting) -> Option<Diagnostic> {
    let (span, later) = (setting.origin().span()?, by.origin().span()?);
    let message = format!("this `{}` never holds", setting.directive());
    let expected = "always replaced by a value that is merged later";
    let help = "remove one of the two; what is merged later wins, whichever section is longer";
    Some(
        Diagnostic::new(Code::ALWAYS_OVERRIDDEN, span, message)
            .expected(expected)
            .related(later, "this one holds")
            .help(help.to_owned()),
    )
}

/// Names the set of requests that a scope matches: equal names, equal sets.
fn reach(scope: &Scope) -> String {
    let group = match scope.kind {
        Some(SectionKind::Directory | SectionKind::DirectoryMatch) => "directory",
        Some(SectionKind::Files | SectionKind::FilesMatch) => "files",
        Some(SectionKind::Location | SectionKind::LocationMatch) => "location",
        Some(SectionKind::VirtualHost | SectionKind::If) | None => return String::new(),
    };
    let around = scope.parent.as_deref().map(reach).unwrap_or_default();
    match &scope.pattern {
        Some(Pattern::Literal(text)) => format!("{around}{group} {text}\n"),
        Some(Pattern::Wildcards(regex, _) | Pattern::Regex(regex)) => format!("{around}{group} regex {regex}\n"),
        None => String::new(),
    }
}

/// The reaches, its own included, that hold wherever this scope matches.
fn wider_reaches(scope: &Scope) -> Vec<String> {
    let mut reaches = vec![reach(scope), "location /\n".to_owned()];
    if let (Some(SectionKind::Location), Some(Pattern::Literal(path))) = (scope.kind, &scope.pattern) {
        for (slash, _) in path.match_indices('/').skip(1) {
            reaches.push(format!("location {}\n", &path[..slash]));
            // `/a/` holds for all of `/a/b`, but not for `/a` itself.
            if slash + 1 < path.len() {
                reaches.push(format!("location {}\n", &path[..=slash]));
            }
        }
    }
    reaches.sort_unstable();
    reaches.dedup();
    reaches
}

/// Hosts whose every name an earlier host with the same addresses answers to.
fn hidden_hosts(hosts: &[Declared], names: &dyn Fn(&Declared) -> Vec<String>, found: &mut Vec<Diagnostic>) {
    let named: Vec<Vec<String>> = hosts.iter().map(names).collect();
    for (index, host) in hosts.iter().enumerate() {
        let earlier = hosts.iter().zip(&named).take(index).filter(|(other, _)| other.addresses == host.addresses);
        let hides = |patterns: &Vec<String>| {
            named[index].iter().all(|name| patterns.iter().any(|pattern| answers_all(pattern, name)))
        };
        let hidden_by = earlier.into_iter().find(|(_, patterns)| hides(patterns)).map(|(other, _)| other);
        let Some((span, by)) = host.scope.span.zip(hidden_by.and_then(|by| by.scope.span)) else { continue };
        if host.addresses.is_empty() {
            continue;
        }
        let reason =
            if named[index].is_empty() { "it has no name, and is not the first" } else { "its names are taken" };
        let wrong = Diagnostic::new(Code::DUPLICATE_HOST, span, "this virtual host never answers")
            .expected(reason)
            .related(by, "this one answers for its addresses and names")
            .help("give it a `ServerName` of its own".to_owned());
        found.push(wrong);
    }
}

/// Whether a pattern matches whatever another name or pattern does. Of two patterns, only equal ones are taken to.
fn answers_all(pattern: &str, name: &str) -> bool {
    if name.contains(['*', '?']) { pattern.eq_ignore_ascii_case(name) } else { host_matches(pattern, name) }
}
