//! Warns of private files below a document root.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use samovar_config::{Finding, Span};

use super::{
    findings::{BELOW_ROOT, STATE_SERVED},
    lines::span,
};
use crate::{
    routing::{hidden::is_hidden, private::named},
    settings::{
        directories::{document_root, real},
        read::Opened,
        state,
    },
};

/// Finds a state directory that lies where URLs lead, which would keep the server from starting.
pub(crate) fn check_state(opened: &Opened, found: &mut Vec<Finding>) {
    let Some((line, root)) = state::configured_and_served(opened) else { return };
    let message = format!("the state directory and the document root `{}` lie within each other", root.display());
    let help = "put it outside of all document roots: it holds the texts of scripts".to_owned();
    found.push(Finding::new(STATE_SERVED, span(line, 0), message).expected("expected another directory").help(help));
}

/// Warns of private files below a document root, unless their names alone keep them from being served.
pub(crate) fn check(opened: &Opened, found: &mut Vec<Finding>) {
    let config = &opened.loaded.config;
    let hosts = std::iter::once(config.main()).chain(config.hosts());
    let roots: BTreeSet<PathBuf> =
        hosts.filter_map(|host| document_root(&opened.root, &host.settings()).canonicalize().ok()).collect();
    let below = |path: &Path| {
        let path = real(path);
        let is_open = |root: &PathBuf| {
            let below = path.strip_prefix(root).ok();
            below.is_some_and(|below| !below.iter().any(|name| is_hidden(&name.to_string_lossy())))
        };
        roots.iter().any(is_open)
    };
    let mut warn = |span: Option<Span>, what: &str, path: &Path| {
        let message = format!("{what} `{}` lies below a document root", path.display());
        let help = "this server keeps it to itself, another one would not: put it somewhere else".to_owned();
        let wrong = Finding::new(BELOW_ROOT, span, message).help(help);
        if below(path) && !found.contains(&wrong) {
            found.push(wrong);
        }
    };
    for source in opened.loaded.report.sources().iter().filter(|_| opened.is_configured) {
        warn(source.included_from(), "a file of the configuration,", source.path());
    }
    for file in named(config, &opened.root) {
        let what = if file.is_log { "a log," } else { "the control socket," };
        warn(span(file.line, 0), what, &file.path);
    }
}
