//! What the configuration says for a request, as values: who answers, in which interpreter, and where its modules come from.

use std::{path::Path, sync::Arc};

use samovar_config::{Host, Origin, Resolved, Setting};
use samovar_importer::Scope;

use super::{
    directories::{directory_in, search_path},
    origin::origin,
};

/// Who answers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    Scripts,
    Files,
    Nobody,
}

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
    let option = |key| resolved.key("RhaiOption", key).and_then(|line| line.texts().nth(1));
    let strict = |key| option(key).is_some_and(|value| value.eq_ignore_ascii_case("strict"));
    let library = resolved.texts("RhaiPath").map(|text| directory_in(server_root, text));
    Scope::new(resolved.get("RhaiAutoReload").map(origin).unwrap_or_default())
        .handler_root(root)
        .path(search_path(server_root, option("importer.path").unwrap_or_default()))
        .library(library)
        .autoreload(resolved.flag("RhaiAutoReload"))
        .log(resolved.flag("RhaiDebug"))
        .show_refusals(resolved.flag("RhaiDebug"))
        .strict(strict("importer.freshness"))
        .strict_carry(strict("importer.carry"))
}

/// `RhaiHandler` without `SetHandler` means scripts: nobody names a handler that is not to answer.
pub(crate) fn kind(resolved: &Resolved) -> Kind {
    let named = resolved.keyed("RhaiHandler").next().is_some();
    match resolved.text("SetHandler").map(kind_of) {
        _ if named && !is_set(resolved) => Kind::Scripts,
        kind => kind.unwrap_or(Kind::Files),
    }
}

fn is_set(resolved: &Resolved) -> bool {
    resolved.get("SetHandler").is_some_and(|line| !matches!(line.origin(), Origin::Default))
}

fn kind_of(text: &str) -> Kind {
    match text {
        "rhai" => Kind::Scripts,
        "none" => Kind::Nobody,
        _ => Kind::Files,
    }
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
    let kind = |line: &Setting| line.text().map_or(Kind::Files, kind_of);
    resolved.keyed("AddHandler").map(|(extension, line)| (extension.into(), kind(line))).collect()
}

/// The interpreter of the main server.
pub(crate) const MAIN: &str = "main";

/// Where the interpreter of a request comes from: a name beats the directory of the file, that beats the directory of the
/// line that names the handler, that beats the host.
pub(crate) fn naming(resolved: &Resolved, of_the_host: &str) -> Naming {
    match resolved.text("RhaiInterpreter") {
        Some(name) => Naming::Named(name.to_owned()),
        None if resolved.flag("RhaiInterpPerDirectory") => Naming::PerDirectory,
        None if resolved.flag("RhaiInterpPerDirective") => Naming::PerDirective,
        None => Naming::Named(of_the_host.to_owned()),
    }
}

/// The interpreter of a host that nothing else names: its `ServerName`, without scheme and port.
pub(crate) fn interpreter_of(host: Host<'_>, settings: &Resolved) -> String {
    let name = settings.text("ServerName").filter(|_| host.index().is_some());
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
pub(crate) fn named<'r>(resolved: &'r Resolved, file: &Path) -> Vec<&'r Setting> {
    let name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let fits = |extension: &str| extension.is_empty() || name.ends_with(extension);
    let longest =
        resolved.keyed("RhaiHandler").map(|(extension, _)| extension).filter(|it| fits(it)).max_by_key(|it| it.len());
    resolved.keyed("RhaiHandler").filter(|(extension, _)| Some(*extension) == longest).map(|(_, line)| line).collect()
}
