//! Checks the lines of a configuration, without the scripts.

use std::{collections::BTreeMap, net::SocketAddr, path::Path, sync::Arc};

use samovar_config::{
    Address, AddressHost, Config, Finding, FindingCode, Host, Line, Resolved, Section, SectionKind, Setting, nearest,
};

use super::{
    below_root,
    findings::{ADDRESS_TWICE, MIXED_RELOAD, NO_DIRECTORY, NO_LOG, OPTION_VALUE, UNKNOWN_OPTION},
    limits,
    lines::{belongs, host_of, span},
};
use crate::{
    net::bind::known,
    routing::private::{NamedFile, named},
    settings::{
        directives::{AUTO_RELOAD, DOCUMENT_ROOT, INTERPRETER, LISTEN, OPTION},
        directories::{IMPORTER_PATH, document_root},
        host::interpreter_of,
        policy::Naming,
        read::Opened,
    },
};

/// Checks what is written, without the scripts.
pub(super) fn check(opened: &Opened) -> Vec<Finding> {
    let config = &opened.loaded.config;
    let mut found = Vec::new();
    for host in std::iter::once(config.main()).chain(config.hosts()) {
        directories(opened, host, &mut found);
    }
    addresses(config, &mut found);
    logs(opened, &mut found);
    config.lines(OPTION).for_each(|line| option(line, &mut found));
    limits::check(config, &mut found);
    mixed_reload(config, &mut found);
    below_root::check(opened, &mut found);
    below_root::check_state(opened, &mut found);
    found
}

/// Document roots that do not exist, and sections for directories that no URL leads to.
fn directories(opened: &Opened, host: Host<'_>, found: &mut Vec<Finding>) {
    let settings = host.settings();
    let root = document_root(&opened.root, &settings);
    if let Some(line) = settings.line(DOCUMENT_ROOT).filter(|line| belongs(line, host) && !root.is_dir()) {
        let message = format!("`{}` is not a directory", root.display());
        found.push(Finding::new(NO_DIRECTORY, span(&line, 0), message).expected("expected a directory"));
    }
    let roots: Vec<_> = match host.index() {
        Some(_) => vec![root],
        // What stands in the main server holds for all.
        None => std::iter::once(root)
            .chain(opened.loaded.config.hosts().map(|host| document_root(&opened.root, &host.settings())))
            .collect(),
    };
    for (section, _) in host.sections().filter(|(section, _)| section.kind() == Some(SectionKind::Directory)) {
        let own = host_of(section).is_some_and(|of| Arc::ptr_eq(of, host.section()));
        let Some(directory) = section.literal().map(Path::new).filter(|_| own) else { continue };
        if !roots.iter().any(|root| root.starts_with(directory) || directory.starts_with(root)) {
            let message = format!("no URL leads to `{}`", directory.display());
            let wrong = Finding::new(FindingCode::NEVER_MATCHES, section.span(), message);
            let mut roots: Vec<_> = roots.iter().map(|root| format!("`{}`", root.display())).collect();
            roots.dedup();
            let expected = format!("expected a directory below {}, or around it", roots.join(" or "));
            found.push(wrong.expected(expected).help("URLs lead into the `DocumentRoot` only".to_owned()));
        }
    }
}

/// Two lines of `Listen` for one address, or for one and for all: the second cannot be bound.
fn addresses(config: &Config, found: &mut Vec<Finding>) {
    let settings = config.main().settings();
    let lines: Vec<_> = settings.lines(LISTEN).map(|line| (line, line.value())).collect();
    let is_in_the_way = |one: &SocketAddr, other: &SocketAddr| {
        let is_any = one.ip().is_unspecified() || other.ip().is_unspecified();
        let is_same = one.ip() == other.ip() || (is_any && one.is_ipv4() == other.is_ipv4());
        one.port() == other.port() && is_same && one.port() > 0
    };
    for (at, (line, address)) in lines.iter().enumerate() {
        // An address that is written out takes precedence over those that a port alone means; the same one twice is a
        // mistake.
        let clashes = |other: &Address| {
            let (one, other_known) = (known(address), known(other));
            let is_part = is_single(address) != is_single(other) && one.iter().any(|it| other_known.contains(it));
            *address == other
                || (!is_part && one.iter().any(|one| other_known.iter().any(|other| is_in_the_way(one, other))))
        };
        if let Some((earlier, _)) = lines[..at].iter().find(|(_, other)| address.port > 0 && clashes(other)) {
            let address = line.text().unwrap_or_default();
            let mut wrong = Finding::new(ADDRESS_TWICE, span(line, 0), format!("`{address}` is listened at already"));
            if let Some(place) = span(earlier, 0) {
                wrong = wrong.related(place, "here");
            }
            found.push(wrong.expected("expected another port or address").help("leave one of them out".to_owned()));
        }
    }
}

fn is_single(address: &Address) -> bool {
    matches!(address.host, AddressHost::Ip(_))
}

fn logs(opened: &Opened, found: &mut Vec<Finding>) {
    let config = &opened.loaded.config;
    for NamedFile { line, path, .. } in named(config, &opened.root).into_iter().filter(|file| file.is_log) {
        if !path.parent().is_some_and(Path::is_dir) || path.is_dir() {
            let message = format!("there can be no file `{}`", path.display());
            found.push(Finding::new(NO_LOG, span(line, 0), message).expected("its directory must be there"));
        }
    }
}

/// The options that the server reads, and their values.
const OPTIONS: &[(&str, &[&str])] =
    &[(IMPORTER_PATH, &[]), ("importer.freshness", &["strict"]), ("importer.carry", &["strict"])];

fn option(line: Line<'_, String>, found: &mut Vec<Finding>) {
    let (key, value) = (line.key().unwrap_or_default(), line.value());
    match OPTIONS.iter().find(|(name, _)| *name == key) {
        None => {
            let close = nearest(key, OPTIONS.iter().map(|(name, _)| *name));
            // Other keys are the scripts' own.
            if close.is_some() || key.starts_with("importer.") {
                let message = format!("nothing reads the option `{key}`");
                let names: Vec<_> = OPTIONS.iter().map(|(name, _)| *name).collect();
                let wrong = Finding::new(UNKNOWN_OPTION, span(&line, 0), message);
                let help = close.map(|close| format!("did you mean `{close}`?"));
                found.push(wrong.expected(format!("the importer reads: {}", names.join(", "))).help(help));
            }
        }
        Some((_, values))
            if !values.is_empty() && !value.is_empty() && !values.iter().any(|it| it.eq_ignore_ascii_case(value)) =>
        {
            let message = format!("`{key}` has no meaning for `{value}`");
            let expected = format!("expected {}", values.join(" or "));
            found.push(Finding::new(OPTION_VALUE, span(&line, 1), message).expected(expected));
        }
        Some(_) => {}
    }
}

/// An interpreter whose modules are reloaded for one section and not for another (R39).
fn mixed_reload(config: &Config, found: &mut Vec<Finding>) {
    let mut said: BTreeMap<String, Vec<(bool, Arc<Setting>)>> = BTreeMap::new();
    for host in std::iter::once(config.main()).chain(config.hosts()) {
        let settings = host.settings();
        let default = interpreter_of(host, &settings);
        let mut say = |resolved: &Resolved| {
            let (Naming::Named(name), Some(line)) = (Naming::of(resolved, &default), resolved.line(AUTO_RELOAD)) else {
                return;
            };
            let said = said.entry(name).or_default();
            if !said.iter().any(|(_, known)| known.origin().span() == line.origin().span()) {
                said.push((line.value(), line.setting().clone()));
            }
        };
        say(&settings);
        let speaks = |section: &Section, resolved: &Resolved| {
            let lines = [resolved.line(AUTO_RELOAD).map(Line::setting), resolved.line(INTERPRETER).map(Line::setting)];
            let sections = lines.into_iter().flatten().filter_map(|line| line.origin().section());
            sections.into_iter().any(|of| std::ptr::eq(Arc::as_ptr(of), section))
        };
        host.sections()
            .filter(|(section, resolved)| speaks(section, resolved))
            .for_each(|(_, resolved)| say(&resolved));
    }
    for (interpreter, said) in said {
        let on = said.iter().find(|(on, _)| *on);
        for ((_, line), (_, other)) in said.iter().filter(|(on, _)| !on).filter_map(|off| Some((off, on?))) {
            let message = format!("some modules of the interpreter `{interpreter}` are reloaded, and others not");
            let mut wrong = Finding::new(MIXED_RELOAD, span(line, 0), message);
            if let Some(span) = span(other, 0) {
                wrong = wrong.related(span, "here they are");
            }
            let help = "a module that both import is reloaded; give one of them an interpreter of its own";
            found.push(wrong.expected("here they are not").help(help.to_owned()));
        }
    }
}
