//! A realistic program: the directives of a web server that runs scripts.

use std::net::SocketAddr;
use std::sync::Arc;

use std::time::Duration;

use samovar_config::Merge::{PerKeyTighten, Replace, ReplaceKeyed};
use samovar_config::{
    Address, Argument, ArgumentFault, Choice, Config, HOST, Key, List, Loaded, MemoryFiles, Parameter, PerKey, Query,
    Reader, Resolved, SERVER, Setting, directives,
};

/// How much is logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Level {
    Error,
    Warn,
    Info,
    Debug,
    Trace,
}

impl Choice for Level {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("error", Self::Error),
        ("warn", Self::Warn),
        ("info", Self::Info),
        ("debug", Self::Debug),
        ("trace", Self::Trace),
    ];
}

const LIMITS: &[&str] = &["operations", "depth", "string", "array", "map", "time", "memory"];
const MODULES: &[Parameter] = &[Parameter::text("module").many()];
const OPTION: &[Parameter] = &[Parameter::text("key"), Parameter::text("value").optional()];
const IMPORT: &[Parameter] = &[Parameter::text("module"), Parameter::text("interpreter")];
const LIMIT: &[Parameter] = &[Parameter::choice("what", LIMITS), Parameter::integer("most", 0, u64::MAX)];

directives! {
    /// The directives, one a row.
    pub(crate) fn schema;

    pub(crate) const LISTEN: Key<List<Address>> = Key::address("Listen", "[address:]port").list().contexts(SERVER);
    pub(crate) const SERVER_ROOT: Key<Option<String>> = Key::text("ServerRoot", "directory").contexts(SERVER);
    pub(crate) const SERVER_NAME: Key<Option<String>> = Key::text("ServerName", "name").contexts(SERVER.or(HOST));
    pub(crate) const SERVER_ALIAS: Key<List<Vec<String>>> = Key::texts("ServerAlias", "name").list().contexts(HOST);
    pub(crate) const DOCUMENT_ROOT: Key<Option<String>> = Key::text("DocumentRoot", "directory").contexts(SERVER.or(HOST));
    pub(crate) const DIRECTORY_INDEX: Key<List<Vec<String>>> =
        Key::texts("DirectoryIndex", "name").list().merge(Replace).default(&["index.html"]);
    pub(crate) const ERROR_LOG: Key<Option<String>> = Key::text("ErrorLog", "file").contexts(SERVER.or(HOST));
    pub(crate) const LOG_LEVEL: Key<Level> = Key::choice("LogLevel", "level").default(&["warn"]);
    pub(crate) const TIMEOUT: Key<Duration> =
        Key::seconds("Timeout", "seconds").contexts(SERVER.or(HOST)).default(&["60"]);
    pub(crate) const LIMIT_REQUEST_BODY: Key<Option<u64>> = Key::integer("LimitRequestBody", "bytes", 0, 1 << 31);
    pub(crate) const SET_HANDLER: Key<String> = Key::text("SetHandler", "handler").default(&["static"]);
    pub(crate) const SCRIPT_HANDLER: Key<PerKey<Vec<String>>> = Key::new("ScriptHandler", MODULES, modules)
        .per_key()
        .merge(ReplaceKeyed(extensions))
        .written("module[::function] .. [| .ext ..]");
    pub(crate) const SCRIPT_RELOAD: Key<bool> =
        Key::flag("ScriptReload").default(&["On"]).help("whether changed scripts are loaded again");
    pub(crate) const SCRIPT_OPTION: Key<PerKey<String>> = Key::new("ScriptOption", OPTION, second).per_key();
    pub(crate) const SCRIPT_IMPORT: Key<List<String>> =
        Key::new("ScriptImport", IMPORT, second).list().contexts(SERVER.or(HOST));
    pub(crate) const SCRIPT_PATH: Key<List<Vec<String>>> = Key::texts("ScriptPath", "directory").list().merge(Replace);
    pub(crate) const SCRIPT_LIMIT: Key<PerKey<u64>> =
        Key::new("ScriptLimit", LIMIT, |arguments| Ok(arguments[1].integer().unwrap_or_default()))
            .per_key()
            .merge(PerKeyTighten(most));
    pub(crate) const MARK: Key<List<String>> = Key::text("Mark", "name").list();
}

fn second(arguments: &[Argument]) -> Result<String, ArgumentFault> {
    Ok(arguments.get(1).map(|argument| argument.text().to_owned()).unwrap_or_default())
}

/// The keys of a handler's line: its extensions, or one empty key for all files.
fn extensions(arguments: &[&str]) -> Vec<String> {
    match arguments.iter().position(|text| *text == "|") {
        Some(bar) => arguments[bar + 1..].iter().map(|text| (*text).to_owned()).collect(),
        None => vec![String::new()],
    }
}

fn modules(arguments: &[Argument]) -> Result<Vec<String>, ArgumentFault> {
    let fault = |argument, message: &str, expected: &str| {
        Err(ArgumentFault { argument, message: message.to_owned(), expected: expected.to_owned() })
    };
    let texts: Vec<String> = arguments.iter().map(|argument| argument.text().to_owned()).collect();
    match texts.iter().position(|text| text == "|") {
        Some(0) => fault(0, "no module stands before `|`", "expected a module"),
        Some(bar) if bar + 1 == arguments.len() => {
            fault(bar, "no extension stands after `|`", "expected `.ext` after it")
        }
        bar => Ok(texts[..bar.unwrap_or(texts.len())].to_vec()),
    }
}

fn most(setting: &Setting) -> u64 {
    setting.arguments().get(1).and_then(Argument::integer).unwrap_or(u64::MAX)
}

pub(crate) fn reader() -> Reader {
    Reader::new(schema()).module("script_module")
}

/// Loads one text as `/etc/site.conf`.
#[track_caller]
pub(crate) fn load(text: &str) -> Loaded {
    load_files(&MemoryFiles::new().file("/etc/site.conf", text))
}

#[track_caller]
pub(crate) fn load_files(files: &MemoryFiles) -> Loaded {
    reader().read(files, "/etc/site.conf").unwrap_or_else(|report| panic!("should load:\n{report}"))
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
