//! What the configuration says for a request, as values: who answers, in which interpreter, and where its modules come from.

use std::{path::Path, sync::Arc};

use samovar_config::{Host, Line, Resolved, Setting};
use samovar_importer::Scope;

use super::{
    directives::{
        ADD_HANDLER, AUTO_RELOAD, DEBUG, HANDLER, INTERP_PER_DIRECTIVE, INTERP_PER_DIRECTORY, INTERPRETER, OPTION,
        PATH, SERVER_NAME, SET_HANDLER,
    },
    directories::{IMPORTER_PATH, directory_in, search_path},
    origin::origin,
    values::Kind,
};

/// Where the interpreter comes from that a handler runs in.
pub(crate) enum Naming {
    Named(String),
    PerDirectory,
    PerDirective,
}

/// Where a line stands: it decides about the handler root.
pub(crate) struct Place(Option<Arc<samovar_config::Scope>>);

impl Place {
    pub(crate) fn of(line: Option<&Setting>) -> Self {
        Self(line.and_then(|line| line.origin().scope()).filter(|scope| scope.directory().is_some()).cloned())
    }

    /// The handler root: the directory of the section that named the handler; for locations, hosts and the server the
    /// document root.
    pub(crate) fn root<'f>(&self, file: &'f Path, document_root: &'f Path) -> &'f Path {
        let within = self.0.as_ref().and_then(|scope| scope.directory_in(file.to_str()?));
        within.map_or(document_root, Path::new)
    }
}

/// What the configuration says for imports that start at a handler root.
pub(crate) fn scope(resolved: &Resolved, root: &Path, server_root: &Path) -> Scope {
    let option = |key| resolved.at(OPTION, key);
    let strict = |key| option(key).is_some_and(|value| value.eq_ignore_ascii_case("strict"));
    let library = resolved.get(PATH).flatten().map(|text| directory_in(server_root, text));
    Scope::new(resolved.line(AUTO_RELOAD).map(|line| origin(&line)).unwrap_or_default())
        .handler_root(root)
        .path(search_path(server_root, option(IMPORTER_PATH).unwrap_or_default()))
        .library(library)
        .autoreload(resolved.get(AUTO_RELOAD))
        .log(resolved.get(DEBUG))
        .show_refusals(resolved.get(DEBUG))
        .strict(strict("importer.freshness"))
        .strict_carry(strict("importer.carry"))
}

/// `RhaiHandler` without `SetHandler` means scripts: nobody names a handler that is not to answer.
pub(crate) fn kind(resolved: &Resolved) -> Kind {
    let is_named = resolved.get(HANDLER).next().is_some();
    if is_named && !is_set(resolved) { Kind::Scripts } else { resolved.get(SET_HANDLER) }
}

fn is_set(resolved: &Resolved) -> bool {
    resolved.line(SET_HANDLER).is_some_and(|line| !line.is_default())
}

/// What `AddHandler` says of a file.
pub(crate) fn added_kind(added: &[(Box<str>, Kind)], file: &Path) -> Option<Kind> {
    if added.is_empty() {
        return None;
    }
    let name = file.file_name()?.to_str()?;
    // As in httpd, a name may have several extensions, and the last that means something counts.
    let kind = |part: &str| added.iter().find(|(it, _)| it.eq_ignore_ascii_case(part)).map(|(_, kind)| *kind);
    name.split('.').skip(1).filter_map(kind).last()
}

/// By extension, what `AddHandler` says where no `SetHandler` speaks for all files.
pub(crate) fn added(resolved: &Resolved) -> Vec<(Box<str>, Kind)> {
    if is_set(resolved) {
        return Vec::new();
    }
    resolved.get(ADD_HANDLER).map(|(extension, kind)| (extension.into(), kind)).collect()
}

/// The interpreter of the main server.
pub(crate) const MAIN: &str = "main";

/// Where the interpreter of a request comes from: a name beats the directory of the file, that beats the directory of the
/// line that names the handler, that beats the host.
pub(crate) fn naming(resolved: &Resolved, of_the_host: &str) -> Naming {
    match resolved.get(INTERPRETER) {
        Some(name) => Naming::Named(name.to_owned()),
        None if resolved.get(INTERP_PER_DIRECTORY) => Naming::PerDirectory,
        None if resolved.get(INTERP_PER_DIRECTIVE) => Naming::PerDirective,
        None => Naming::Named(of_the_host.to_owned()),
    }
}

/// The interpreter of a host that nothing else names: its `ServerName`, without scheme and port.
pub(crate) fn interpreter_of(host: Host<'_>, settings: &Resolved) -> String {
    let name = settings.get(SERVER_NAME).filter(|_| host.index().is_some());
    name.map_or(MAIN, samovar_config::server_name).to_owned()
}

/// Who answers for a file, and whether `AddHandler` makes the file itself a script.
pub(crate) fn kind_of_file(resolved: &Resolved, file: &Path) -> (Kind, bool) {
    let added = added(resolved);
    match added_kind(&added, file) {
        Some(kind) => (kind, kind == Kind::Scripts),
        None => (kind(resolved), false),
    }
}

/// The lines of `RhaiHandler` that answer for a file.
pub(crate) fn named<'r>(resolved: &'r Resolved, file: &Path) -> Vec<Line<'r, Vec<String>>> {
    let name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let extensions = resolved.get(HANDLER).map(|(extension, _)| extension);
    let longest = extensions.filter(|it| name.ends_with(it)).max_by_key(|it| it.len());
    resolved.lines(HANDLER).filter(|line| line.key() == longest).collect()
}
