//! What can be said about a configuration without serving it: the findings of `samovar check`.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
};

use samovar_config::{
    Address, AddressHost, Code, Config, Diagnostic, Host, Report, Resolved, Scope, SectionKind, Setting, Span, nearest,
};

use crate::{
    bind::known,
    configuration::interpreter_of,
    limits, modules,
    open::{self, OpenError, Opened, document_root, path_in, server_root},
    policy::{Naming, naming},
    private,
};

/// `DocumentRoot` names no directory.
pub(crate) const NO_DIRECTORY: Code = Code::new("E101", "no-directory");
/// A log cannot be written where it is to be.
pub(crate) const NO_LOG: Code = Code::new("E102", "no-log");
/// Two addresses that cannot both be listened at.
pub(crate) const ADDRESS_TWICE: Code = Code::new("E104", "address-twice");
/// `RhaiImport` names what cannot be imported.
pub(crate) const BAD_IMPORT: Code = Code::new("E103", "bad-import");
/// Some modules of an interpreter are reloaded, and others not.
pub(crate) const MIXED_RELOAD: Code = Code::new("W101", "mixed-reload");
/// A handler's module is not found.
pub(crate) const NO_MODULE: Code = Code::new("E105", "no-such-module");
/// A module has no such function.
pub(crate) const NO_FUNCTION: Code = Code::new("E106", "no-such-function");
/// A script does not compile.
pub(crate) const SCRIPT_ERROR: Code = Code::new("E107", "script-error");
/// A script imports what is not found.
pub(crate) const NO_IMPORT: Code = Code::new("E108", "no-such-import");
/// Scripts import each other in a circle.
pub(crate) const IMPORT_CYCLE: Code = Code::new("E109", "import-cycle");
/// A script asks in a `try` for what a module does not have.
pub(crate) const PERHAPS_MISSING: Code = Code::new("W102", "perhaps-missing");
/// A script that URLs name has no handler, but nearly.
pub(crate) const ANSWERS_NOBODY: Code = Code::new("W103", "answers-nobody");
/// An option that nothing reads.
pub(crate) const UNKNOWN_OPTION: Code = Code::new("W105", "unknown-option");
/// An option's value that means nothing.
pub(crate) const OPTION_VALUE: Code = Code::new("W106", "option-value");

/// Says everything that is wrong with a directory's or file's configuration, and what cannot be meant: what its parser
/// finds, and what only the files that it names tell. Nothing is served, and no script runs.
///
/// # Errors
/// There is nothing to be read at the path.
pub fn check(path: impl AsRef<Path>, defines: &[String]) -> Result<Report, OpenError> {
    let opened = match open::read(path.as_ref(), defines) {
        Ok(opened) => opened,
        Err(OpenError::Configuration(report)) => return Ok(*report),
        Err(error) => return Err(error),
    };
    let found = judge(&opened);
    let judged = modules::judge(&opened);
    let mut report = opened.loaded.report;
    report.extend(found);
    judged.add_to(&mut report);
    Ok(report)
}

/// Judges what is written, without looking into scripts.
fn judge(opened: &Opened) -> Vec<Diagnostic> {
    let config = &opened.loaded.config;
    let mut found = Vec::new();
    for host in std::iter::once(config.main()).chain(config.hosts()) {
        directories(opened, host, &mut found);
    }
    addresses(config, &mut found);
    logs(opened, &mut found);
    config.settings().for_each(|line| option(line, &mut found));
    limits::judge(config, &mut found);
    mixed_reload(config, &mut found);
    private::judge(opened, &mut found);
    found
}

/// The place of a line's argument.
pub(crate) fn span(line: &Setting, argument: usize) -> Option<Span> {
    line.arguments().get(argument).and_then(samovar_config::Argument::span).or(line.origin().span())
}

/// A document root that is not there, and sections for directories that no URL leads to.
fn directories(opened: &Opened, host: Host<'_>, found: &mut Vec<Diagnostic>) {
    let settings = host.settings();
    let root = document_root(&opened.root, &settings);
    if let Some(line) = settings.get("DocumentRoot").filter(|line| belongs(line, host) && !root.is_dir()) {
        let message = format!("`{}` is not a directory", root.display());
        found.push(Diagnostic::new(NO_DIRECTORY, span(line, 0), message).expected("expected a directory"));
    }
    let roots: Vec<_> = match host.index() {
        Some(_) => vec![root],
        // What stands in the main server holds for all.
        None => std::iter::once(root)
            .chain(opened.loaded.config.hosts().map(|host| document_root(&opened.root, &host.settings())))
            .collect(),
    };
    for (scope, _) in host.sections().filter(|(scope, _)| scope.kind() == Some(SectionKind::Directory)) {
        let own = host_of(scope).is_some_and(|of| Arc::ptr_eq(of, host.scope()));
        let Some(directory) = scope.literal().map(Path::new).filter(|_| own) else { continue };
        if !roots.iter().any(|root| root.starts_with(directory) || directory.starts_with(root)) {
            let message = format!("no URL leads to `{}`", directory.display());
            let wrong = Diagnostic::new(Code::NEVER_MATCHES, scope.span(), message);
            let mut roots: Vec<_> = roots.iter().map(|root| format!("`{}`", root.display())).collect();
            roots.dedup();
            let expected = format!("expected a directory below {}, or around it", roots.join(" or "));
            found.push(wrong.expected(expected).help("URLs lead into the `DocumentRoot` only".to_owned()));
        }
    }
}

/// The scope of the virtual host, or of the main server, that a scope stands in.
pub(crate) fn host_of(scope: &Arc<Scope>) -> Option<&Arc<Scope>> {
    let outward = std::iter::successors(Some(scope), |scope| scope.parent());
    outward.into_iter().find(|scope| matches!(scope.kind(), None | Some(SectionKind::VirtualHost)))
}

/// Does a line stand in this host, and not in the one that it inherits from?
pub(crate) fn belongs(line: &Setting, host: Host<'_>) -> bool {
    line.origin().scope().and_then(host_of).is_some_and(|scope| Arc::ptr_eq(scope, host.scope()))
}

/// Two lines of `Listen` for one address, or for one and for all: the second could not be had.
fn addresses(config: &Config, found: &mut Vec<Diagnostic>) {
    let settings = config.main().settings();
    let lines: Vec<_> =
        settings.all("Listen").filter_map(|line| Some((line, line.arguments().first()?.address()?))).collect();
    let is_in_the_way = |one: &SocketAddr, other: &SocketAddr| {
        let is_any = one.ip().is_unspecified() || other.ip().is_unspecified();
        let is_same = one.ip() == other.ip() || (is_any && one.is_ipv4() == other.is_ipv4());
        one.port() == other.port() && is_same && one.port() > 0
    };
    for (at, (line, address)) in lines.iter().enumerate() {
        // What is written out is not meant by what stands for all; twice the same is a slip.
        let clashes = |other: &Address| {
            let (one, other_known) = (known(address), known(other));
            let is_part = is_single(address) != is_single(other) && one.iter().any(|it| other_known.contains(it));
            *address == other
                || (!is_part && one.iter().any(|one| other_known.iter().any(|other| is_in_the_way(one, other))))
        };
        if let Some((earlier, _)) = lines[..at].iter().find(|(_, other)| address.port > 0 && clashes(other)) {
            let address = line.text().unwrap_or_default();
            let mut wrong =
                Diagnostic::new(ADDRESS_TWICE, span(line, 0), format!("`{address}` is listened at already"));
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

fn logs(opened: &Opened, found: &mut Vec<Diagnostic>) {
    let config = &opened.loaded.config;
    let root = server_root(&opened.root, &config.main().settings());
    for line in config.settings().filter(|line| matches!(line.directive(), "ErrorLog" | "CustomLog")) {
        let Some(path) = line.text().map(|file| path_in(&root, file)) else { continue };
        if !path.parent().is_some_and(Path::is_dir) || path.is_dir() {
            let message = format!("there can be no file `{}`", path.display());
            found.push(Diagnostic::new(NO_LOG, span(line, 0), message).expected("its directory must be there"));
        }
    }
}

/// The options that the program itself reads, and the values that they may have.
const OPTIONS: &[(&str, &[&str])] =
    &[("importer.path", &[]), ("importer.freshness", &["strict"]), ("importer.carry", &["strict"])];

fn option(line: &Setting, found: &mut Vec<Diagnostic>) {
    let texts: Vec<&str> = line.texts().collect();
    let ("RhaiOption", [key, value @ ..]) = (line.directive(), texts.as_slice()) else { return };
    let known = OPTIONS.iter().find(|(name, _)| name == key);
    match (known, value) {
        (None, _) => {
            let close = nearest(key, OPTIONS.iter().map(|(name, _)| *name));
            // Other keys are the scripts' own.
            if close.is_some() || key.starts_with("importer.") {
                let message = format!("nothing reads the option `{key}`");
                let names: Vec<_> = OPTIONS.iter().map(|(name, _)| *name).collect();
                let wrong = Diagnostic::new(UNKNOWN_OPTION, span(line, 0), message);
                let help = close.map(|close| format!("did you mean `{close}`?"));
                found.push(wrong.expected(format!("the importer reads: {}", names.join(", "))).help(help));
            }
        }
        (Some((_, values)), [value, ..])
            if !values.is_empty() && !value.is_empty() && !values.iter().any(|it| it.eq_ignore_ascii_case(value)) =>
        {
            let message = format!("`{key}` has no meaning for `{value}`");
            let expected = format!("expected {}", values.join(" or "));
            found.push(Diagnostic::new(OPTION_VALUE, span(line, 1), message).expected(expected));
        }
        (Some(_), _) => {}
    }
}

/// One interpreter whose modules are reloaded for one place of the configuration and not for another (R39).
fn mixed_reload(config: &Config, found: &mut Vec<Diagnostic>) {
    let mut said: BTreeMap<String, Vec<(bool, Setting)>> = BTreeMap::new();
    for host in std::iter::once(config.main()).chain(config.hosts()) {
        let settings = host.settings();
        let default = interpreter_of(host, &settings);
        let mut say = |resolved: &Resolved| {
            let (Naming::Named(name), Some(line)) = (naming(resolved, &default), resolved.get("RhaiAutoReload")) else {
                return;
            };
            let said = said.entry(name).or_default();
            if !said.iter().any(|(_, known)| known.origin().span() == line.origin().span()) {
                said.push((resolved.flag("RhaiAutoReload"), line.clone()));
            }
        };
        say(&settings);
        let speaks = |scope: &Scope, resolved: &Resolved| {
            let stands_in = |directive: &str| {
                let line = resolved.get(directive).and_then(|line| line.origin().scope());
                line.is_some_and(|of| std::ptr::eq(Arc::as_ptr(of), scope))
            };
            stands_in("RhaiAutoReload") || stands_in("RhaiInterpreter")
        };
        host.sections().filter(|(scope, resolved)| speaks(scope, resolved)).for_each(|(_, resolved)| say(&resolved));
    }
    for (interpreter, said) in said {
        let on = said.iter().find(|(on, _)| *on);
        for ((_, line), (_, other)) in said.iter().filter(|(on, _)| !on).filter_map(|off| Some((off, on?))) {
            let message = format!("some modules of the interpreter `{interpreter}` are reloaded, and others not");
            let mut wrong = Diagnostic::new(MIXED_RELOAD, span(line, 0), message);
            if let Some(span) = span(other, 0) {
                wrong = wrong.related(span, "here they are");
            }
            let help = "a module that both import is reloaded; give one of them an interpreter of its own";
            found.push(wrong.expected("here they are not").help(help.to_owned()));
        }
    }
}

/// Directories in which the modules of the whole configuration are searched: more than any one place has, so that what
/// is not found is nowhere.
pub(crate) fn searched(opened: &Opened) -> (Vec<PathBuf>, Vec<PathBuf>) {
    let config = &opened.loaded.config;
    let root = server_root(&opened.root, &config.main().settings());
    let (mut path, mut library) = (Vec::new(), Vec::new());
    for line in config.settings() {
        let texts: Vec<_> = line.texts().collect();
        match (line.directive(), texts.as_slice()) {
            ("RhaiOption", ["importer.path", list]) => {
                path.extend(open::search_path(&root, list));
            }
            ("RhaiPath", list) => library.extend(list.iter().map(|text| open::directory_in(&root, text))),
            _ => {}
        }
    }
    (path, library)
}

/// Every kind that is found here and in the modules, in the order of the numbers.
#[cfg(test)]
pub(crate) const CODES: &[Code] = &[
    NO_DIRECTORY,
    NO_LOG,
    BAD_IMPORT,
    ADDRESS_TWICE,
    NO_MODULE,
    NO_FUNCTION,
    SCRIPT_ERROR,
    NO_IMPORT,
    IMPORT_CYCLE,
    MIXED_RELOAD,
    PERHAPS_MISSING,
    ANSWERS_NOBODY,
    UNKNOWN_OPTION,
    OPTION_VALUE,
    limits::LIMIT_LOOSENED,
    private::BELOW_ROOT,
    crate::names::UNUSED_INTERPRETER,
    crate::names::UNKNOWN_HOST,
    limits::LIMIT_OF_LOADING,
];
