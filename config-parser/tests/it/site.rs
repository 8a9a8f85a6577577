//! A realistic program: the directives of a web server that runs scripts.

use std::net::SocketAddr;
use std::sync::Arc;

use samovar_config::Merge::{Accumulate, Innermost, PerKey, PerKeyTighten, Replace, ReplaceKeyed};
use samovar_config::{
    ANYWHERE, ArgumentFault, Config, Directive, HOST, Loaded, Loader, MemoryFiles, Parameter, Query, Resolved, SERVER,
    Schema, Setting,
};

const LEVELS: &[&str] = &["error", "warn", "info", "debug", "trace"];
const LIMITS: &[&str] = &["operations", "depth", "string", "array", "map", "time", "memory"];

/// The directives, one a row.
#[rustfmt::skip]
pub(crate) fn schema() -> Schema {
    let text = Parameter::text;
    Schema::new([
        //             name                arguments                                           context   merge
        Directive::new("Listen",           [Parameter::address("[address:]port")],             SERVER,   Accumulate),
        Directive::new("ServerRoot",       [text("directory")],                                SERVER,   Innermost),
        Directive::new("ServerName",       [text("name")],                                     SERVER | HOST, Innermost),
        Directive::new("ServerAlias",      [text("name").many()],                              HOST,     Accumulate),
        Directive::new("DocumentRoot",     [text("directory")],                                SERVER | HOST, Innermost),
        Directive::new("DirectoryIndex",   [text("name").many()],                              ANYWHERE, Replace).default(&["index.html"]),
        Directive::new("ErrorLog",         [text("file")],                                     SERVER | HOST, Innermost),
        Directive::new("LogLevel",         [Parameter::choice("level", LEVELS)],               ANYWHERE, Innermost).default(&["warn"]),
        Directive::new("Timeout",          [Parameter::seconds("seconds")],                    SERVER | HOST, Innermost).default(&["60"]),
        Directive::new("LimitRequestBody", [Parameter::integer("bytes", 0, 1 << 31)],          ANYWHERE, Innermost),
        Directive::new("SetHandler",       [text("handler")],                                  ANYWHERE, Innermost).default(&["static"]),
        Directive::new("ScriptHandler",    [text("module").many()],                            ANYWHERE, ReplaceKeyed(extensions))
            .written("module[::function] .. [| .ext ..]").check(modules_first),
        Directive::new("ScriptReload",     [Parameter::flag()],                                ANYWHERE, Innermost).default(&["On"])
            .help("whether changed scripts are loaded again"),
        Directive::new("ScriptOption",     [text("key"), text("value").optional()],            ANYWHERE, PerKey),
        Directive::new("ScriptImport",     [text("module"), text("interpreter")],              SERVER | HOST, Accumulate),
        Directive::new("ScriptPath",       [text("directory").many()],                         ANYWHERE, Replace),
        Directive::new("ScriptLimit",      [Parameter::choice("what", LIMITS), Parameter::integer("most", 0, u64::MAX)],
                                                                                               ANYWHERE, PerKeyTighten(most)),
        Directive::new("Mark",             [text("name")],                                     ANYWHERE, Accumulate),
    ])
}

/// The keys of a handler's line: its extensions, or one empty key for all files.
fn extensions(arguments: &[&str]) -> Vec<String> {
    match arguments.iter().position(|text| *text == "|") {
        Some(bar) => arguments[bar + 1..].iter().map(|text| (*text).to_owned()).collect(),
        None => vec![String::new()],
    }
}

fn modules_first(arguments: &[&str]) -> Result<(), ArgumentFault> {
    let fault = |argument, message: &str, expected: &str| {
        Err(ArgumentFault { argument, message: message.to_owned(), expected: expected.to_owned() })
    };
    match arguments.iter().position(|text| *text == "|") {
        Some(0) => fault(0, "no module stands before `|`", "expected a module"),
        Some(bar) if bar + 1 == arguments.len() => {
            fault(bar, "no extension stands after `|`", "expected `.ext` after it")
        }
        _ => Ok(()),
    }
}

fn most(setting: &Setting) -> u64 {
    setting.arguments().get(1).and_then(samovar_config::Argument::integer).unwrap_or(u64::MAX)
}

pub(crate) fn loader() -> Loader {
    Loader::new(schema()).module("script_module")
}

/// Loads one text as `/etc/site.conf`.
#[track_caller]
pub(crate) fn load(text: &str) -> Loaded {
    load_files(&MemoryFiles::new().file("/etc/site.conf", text))
}

#[track_caller]
pub(crate) fn load_files(files: &MemoryFiles) -> Loaded {
    loader().load(files, "/etc/site.conf").unwrap_or_else(|report| panic!("should load:\n{report}"))
}

/// A request: `[http://host[:port]]/path[ -> /file/name]`.
pub(crate) fn ask(config: &Config, request: &str) -> Arc<Resolved> {
    config.resolve(&query(request))
}

pub(crate) fn query(request: &str) -> Query<'_> {
    let (url, filename) = request.split_once(" -> ").map_or((request, None), |(url, file)| (url, Some(file)));
    let (host, path) = match url.strip_prefix("http://").map(|rest| rest.split_at(rest.find('/').expect("a path"))) {
        Some((host, path)) => (Some(host), path),
        None => (None, url),
    };
    Query { address: SocketAddr::from(([10, 0, 0, 1], 80)), host, path, filename, exact: true }
}
