//! Names in a configuration that do not exist: mistakes that would otherwise show when it is too late.

use std::{collections::BTreeSet, path::Path};

use samovar_config::{Config, Finding, Host, nearest};

use super::{
    findings::{UNKNOWN_HOST, UNUSED_INTERPRETER},
    lines::span,
};
use crate::net::bind;
use crate::settings::{
    directives::{IMPORT, SERVER_NAME},
    host::interpreter_of,
    policy::Naming,
    server::listens,
};

/// Warns of interpreters in `RhaiImport` in which no request is answered, and of unknown hosts in conditions.
pub(crate) fn check(config: &Config) -> Vec<Finding> {
    let mut found = Vec::new();
    interpreters(config, &mut found);
    hosts(config, &mut found);
    found
}

fn hosts_of(config: &Config) -> impl Iterator<Item = Host<'_>> {
    std::iter::once(config.main()).chain(config.hosts())
}

/// Do any requests come to this host? Where a virtual host is the default of every address, none come to the main server.
pub(crate) fn is_asked(config: &Config, host: Host<'_>) -> bool {
    host.index().is_some()
        || bind::reachable(&listens(config)).into_iter().any(|address| config.host_for(address, None).index().is_none())
}

fn interpreters(config: &Config, found: &mut Vec<Finding>) {
    let imports: Vec<_> = config.lines(IMPORT).collect();
    if imports.is_empty() {
        return;
    }
    let (mut used, mut by_directory) = (BTreeSet::new(), false);
    for host in hosts_of(config).filter(|host| is_asked(config, *host)) {
        let settings = host.settings();
        let own = interpreter_of(host, &settings);
        for resolved in std::iter::once(settings).chain(host.sections().map(|(_, resolved)| resolved)) {
            match Naming::of(&resolved, &own) {
                Naming::Named(name) => drop(used.insert(name)),
                Naming::PerDirectory | Naming::PerDirective => by_directory = true,
            }
        }
    }
    let is_used = |name: &str| used.contains(name) || (by_directory && Path::new(name).is_dir());
    for line in imports {
        let name = &line.value().interpreter;
        if is_used(name) {
            continue;
        }
        let message = format!("no request is answered in the interpreter `{name}`");
        let names: Vec<_> = used.iter().map(|name| format!("`{name}`")).collect();
        let wrong = Finding::new(UNUSED_INTERPRETER, span(&line, 1), message);
        let wrong = wrong.expected(format!("requests are answered in {}", names.join(", ")));
        found.push(wrong.help(meant(name, used.iter().map(String::as_str))));
    }
}

fn hosts(config: &Config, found: &mut Vec<Finding>) {
    let main = config.main().settings();
    let main = main.get(SERVER_NAME).map(samovar_config::server_name);
    let names: Vec<&str> = config.hosts().flat_map(|host| host.names()).chain(main).collect();
    // A site without names has one host, whatever it is called.
    if names.is_empty() {
        return;
    }
    let is_known = |name: &str| {
        let bare = samovar_config::server_name(name);
        bare.parse::<std::net::IpAddr>().is_ok()
            || bare.starts_with('[')
            || bare.eq_ignore_ascii_case("localhost")
            || main.is_some_and(|main| main.eq_ignore_ascii_case(bare))
            || config.hosts().any(|host| host.answers_to(bare))
    };
    let mut sections = Vec::new();
    for (section, _) in hosts_of(config).flat_map(|host| host.sections()) {
        if !sections.iter().any(|known| std::ptr::eq(*known, std::sync::Arc::as_ptr(section))) {
            sections.push(std::sync::Arc::as_ptr(section));
            let compared = ["HTTP_HOST", "SERVER_NAME"].map(|variable| section.compared_with(variable)).concat();
            for name in compared.into_iter().filter(|name| !name.is_empty() && !is_known(name)) {
                let wrong = Finding::new(UNKNOWN_HOST, section.span(), format!("no host has the name `{name}`"));
                let wrong = wrong.expected("expected a `ServerName` or `ServerAlias`");
                found.push(wrong.help(meant(name, names.iter().copied())));
            }
        }
    }
}

fn meant<'n>(name: &str, names: impl Iterator<Item = &'n str>) -> Option<String> {
    nearest(name, names).map(|close| format!("did you mean `{close}`?"))
}
