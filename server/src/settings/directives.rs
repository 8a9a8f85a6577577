//! Every directive that the program knows, with the type of its value: the one place where a directive is added.
//!
//! `samovar check`, `samovar explain` and the page "Configuration" of the guide are made from these declarations.

use std::time::Duration;

use samovar_config::{
    Address, HOST, Key, List,
    Merge::{PerKeyTighten, Replace, ReplaceKeyed},
    Parameter, PerKey, SERVER, directives,
};

use super::{
    log_level::{self, Level},
    migrating,
    values::{self, CustomLog, HistoryBounds, Import, Kind, LogFormat},
};

directives! {
    /// All of them, without what belongs to other servers.
    fn declared;

    pub(crate) const LISTEN: Key<List<Address>> = Key::address("Listen", "[host:]port").list().contexts(SERVER)
        .help("where the server accepts connections")
        .details(
            "`8080`, `:8080` and `*:8080` mean all addresses of the machine, of IPv4 and IPv6; `localhost:8080` and other names mean all addresses that the name stands \
         for; `127.0.0.1:8080` and `[::1]:8080` mean one. `[::]:8080` accepts IPv4 as well, unless another line does. An address family that the machine does not \
         have is left out, as long as there is another. Port 0 is any free port; the log says which. `--listen` takes the same forms, in place of all lines.",
        );

    pub(crate) const CONTROL_SOCKET: Key<Option<String>> = Key::text("ControlSocket", "file").contexts(SERVER)
        .help("where `samovar status`, `graph`, `reload` and `freeze` find the server")
        .details(
            "Without it, the socket is in `$XDG_RUNTIME_DIR/samovar`, or in `samovar-UID` in the temporary directory, under a name that is made from the site's path; see \
         [Operating](operating.md#where-the-socket-is). The socket's directory must exist. Set it for a server that another user starts, or a service manager with \
         private temporary directories.",
        );

    pub(crate) const STATE_DIRECTORY: Key<Option<String>> = Key::text("StateDirectory", "directory").contexts(SERVER)
        .help("where the server keeps what outlives it: the releases of each interpreter, as texts")
        .details(
            "Without it, nothing is kept. The directory is created if it does not exist; only its owner can read it. It cannot lie below a document root, nor contain one. One server uses it at a \
      time: a second one keeps no history, and logs a warning. `--state` and the environment variable `SAMOVAR_STATE` override the directive. A different directory takes effect when the \
      server is restarted. See [Operating](operating.md#releases).",
        );

    pub(crate) const HISTORY: Key<HistoryBounds> = Key::new("RhaiHistory", RELEASES_BYTES, values::bounds).contexts(SERVER).default(&["100", "67108864"])
        .help("how many releases are kept in the `StateDirectory`, and at most how many bytes of texts, of each interpreter")
        .details(
            "Every reload is a release. Equal texts are stored once, and count once. The newest release is always kept.",
        );

    pub(crate) const SERVER_ROOT: Key<Option<String>> = Key::text("ServerRoot", "directory").contexts(SERVER)
        .help("where relative paths start");

    pub(crate) const SERVER_NAME: Key<Option<String>> = Key::text("ServerName", "name").contexts(SERVER.or(HOST))
        .help("the name that a virtual host answers to, and that of its interpreter");

    pub(crate) const SERVER_ALIAS: Key<List<Vec<String>>> = Key::texts("ServerAlias", "name").list().contexts(HOST)
        .help("further names, with wildcards");

    pub(crate) const DOCUMENT_ROOT: Key<Option<String>> = Key::text("DocumentRoot", "directory").contexts(SERVER.or(HOST))
        .help("the directory whose files and scripts are served");

    pub(crate) const DIRECTORY_INDEX: Key<List<Vec<String>>> = Key::texts("DirectoryIndex", "name").list().merge(Replace).default(&["index.rhai", "index.html"])
        .help("the files that answer for a directory, the first that exists");

    pub(crate) const ERROR_LOG: Key<Option<String>> = Key::text("ErrorLog", "file").contexts(SERVER.or(HOST)).check(migrating::is_log_file)
        .help("the file for the log; in a virtual host, for errors of its requests; without it, standard error")
        .details(
            "In a virtual host, the file gets the errors of its requests. Everything else goes to the file of the main server.",
        );

    pub(crate) const LOG_LEVEL: Key<Level> = Key::new("LogLevel", LEVEL, log_level::read).default(&["info"])
        .help("which messages are logged")
        .details(
            "Of httpd's levels, `emerg`, `alert` and `crit` are `error` here, `notice` is `warn`, and `trace1` to `trace8` are `trace`. Of `module:level`, only the module \
         `rhai` counts. Outside all sections, the level is for the whole log; in a section, for what scripts print while they answer a request, and for messages about \
         them.",
        );

    pub(crate) const CUSTOM_LOG: Key<Option<CustomLog>> = Key::new("CustomLog", CUSTOM, values::custom_log).merge(Replace).contexts(SERVER.or(HOST)).check(migrating::is_log_file)
        .help("the access log: a file with one line for each request")
        .details(
            "`combined` is the default; `common` leaves out `Referer` and `User-Agent`. The user is what a script has set as `req.user`. Times are in UTC. Requests never wait \
         for the log: lines that cannot be written are dropped and counted. `SIGHUP` opens the files anew.",
        );

    pub(crate) const TIMEOUT: Key<Duration> = Key::seconds("Timeout", "seconds").contexts(SERVER.or(HOST)).default(&["60"])
        .help("how long a client may take to send a request, and to take the response")
        .details(
            "It is the time for the request line with the headers, and again for the body. While the headers come in, only the address tells which virtual host is meant. \
         Where `Timeout` is not set, the headers have 15 seconds. A client that takes nothing of its response for that long is cut off; a client that takes \
         something now and then is served to the end.",
        );

    pub(crate) const LIMIT_REQUEST_BODY: Key<u64> = Key::integer("LimitRequestBody", "bytes", 0, u64::MAX).default(&["1048576"])
        .help("the largest body of a request, in bytes; 0 is no limit");

    pub(crate) const SET_HANDLER: Key<Kind> = Key::new("SetHandler", KIND, values::kind).default(&["static"])
        .help("what answers: scripts, static files, or nothing")
        .details(
            "`rhai`: URLs name scripts (`/a/b` is `a/b.rhai`, or `a.rhai` with the path info `/b`), and other files are static files. `static`: only static files are \
         served. `none`: every URL is 404. The source of a script is never served. Where `SetHandler` is not set at all, `RhaiHandler` implies `rhai`.",
        );

    pub(crate) const ADD_HANDLER: Key<PerKey<Kind>> = Key::new("AddHandler", ADDED, values::kind).per_key().merge(ReplaceKeyed(values::added))
        .help("what answers for files with these extensions, where no `SetHandler` is set")
        .details(
            "With `rhai`, the functions of `RhaiHandler` answer for a file with the extension. If there are none, the file itself is the script.",
        );

    pub(crate) const HANDLER: Key<PerKey<Vec<String>>> = phase("RhaiHandler")
        .help("the functions that answer requests; without it, URLs name the scripts")
        .details(
            "The module is searched in the directory of the section that names it, then in `importer.path`, then in `RhaiPath`. Without `::function`, the function is \
         `handler`. With `| .ext ..`, the line is for files with these extensions. Several functions are called in order until one does not return `DECLINED`; if all \
         decline, the URL is answered with its static file, or with 404.",
        );

    pub(crate) const ACCESS_HANDLER: Key<PerKey<Vec<String>>> = phase("RhaiAccessHandler")
        .help("middleware for access control: functions that are called first");

    pub(crate) const AUTHEN_HANDLER: Key<PerKey<Vec<String>>> = phase("RhaiAuthenHandler")
        .help("middleware for authentication: functions that find out who the user is");

    pub(crate) const AUTHZ_HANDLER: Key<PerKey<Vec<String>>> = phase("RhaiAuthzHandler")
        .help("middleware for authorization: functions that decide whether the user may do this");

    pub(crate) const FIXUP_HANDLER: Key<PerKey<Vec<String>>> = phase("RhaiFixupHandler")
        .help("middleware: functions that are called last before the handler");

    pub(crate) const LOG_HANDLER: Key<PerKey<Vec<String>>> = phase("RhaiLogHandler")
        .help("functions that are called after the response has been sent");

    pub(crate) const CLEANUP_HANDLER: Key<PerKey<Vec<String>>> = phase("RhaiCleanupHandler")
        .help("functions that are called when everything else is done");

    pub(crate) const AUTO_RELOAD: Key<bool> = Key::flag("RhaiAutoReload").default(&["On"])
        .help("hot reload: whether changed scripts are reloaded");

    pub(crate) const DEBUG: Key<bool> = Key::flag("RhaiDebug").default(&["Off"])
        .help("whether clients see errors of scripts")
        .details(
            "With `On`, error pages show the error of a script, with its place and excerpt. While a change is refused, requests that would use a module of it get that error \
         with status 500, and not the page as it was before. With `Off`, the last good generation is served and the error is only logged. `On` also logs which modules \
         are imported, and how their state is carried over. It is for development, not for the public.",
        );

    pub(crate) const OPTION: Key<PerKey<String>> = Key::new("RhaiOption", KEY_VALUE, values::option).per_key()
        .help("a value for scripts, and for the importer")
        .details(
            "Scripts read `req.options[\"key\"]`. The importer reads three keys. `importer.path \"dir:dir\"` lists directories in which modules are searched; `~` is the \
         handler root. With `importer.freshness strict`, a request looks at its files itself, and sees every save that returned before the request began. With \
         `importer.carry strict`, state that holds code of the old instance is refused.",
        );

    pub(crate) const INTERPRETER: Key<Option<String>> = Key::text("RhaiInterpreter", "name")
        .help("the interpreter that runs the scripts; each interpreter has its own modules and state")
        .details(
            "It takes precedence over `RhaiInterpPerDirectory`, and that over `RhaiInterpPerDirective`. The default is the `ServerName` of the virtual host, and `main` for the \
         main server.",
        );

    pub(crate) const INTERP_PER_DIRECTORY: Key<bool> = Key::flag("RhaiInterpPerDirectory").default(&["Off"])
        .help("an interpreter for each directory that files are in")
        .details(
            "The interpreter is named after the directory. Each interpreter has its own threads that look for changes, so mind the number of directories.",
        );

    pub(crate) const INTERP_PER_DIRECTIVE: Key<bool> = Key::flag("RhaiInterpPerDirective").default(&["Off"])
        .help("an interpreter for each directory whose section names the handler")
        .details(
            "The interpreter is named after the handler root: the directory of the section that names the handler, or the document root.",
        );

    pub(crate) const IMPORT: Key<List<Import>> = Key::new("RhaiImport", MODULE_INTERPRETER, values::import).list().contexts(SERVER.or(HOST))
        .help("a module that is loaded, and a function that is called, before the first request")
        .details(
            "The lines run in order, each once in the life of the process. The function takes no arguments. A failure stops the start; when the configuration is read again, \
         a failure keeps the configuration that runs. `RhaiImport importer::freeze_modules NAME` ends all reloading of an interpreter.",
        );

    pub(crate) const PATH: Key<List<Vec<String>>> = Key::texts("RhaiPath", "directory").list().merge(Replace)
        .help("directories of modules that are loaded once and never reloaded");

    pub(crate) const LIMIT: Key<PerKey<u64>> = Key::new("RhaiLimit", WHAT_MOST, values::limit).per_key().merge(PerKeyTighten(values::allowed))
        .help("a limit for each call of a script")
        .details(
            "| limit | counts | default |\n|---|---|---|\n\
         | `time` | milliseconds; cannot be `none` | 1000 |\n\
         | `operations` | steps of the interpreter | 50 million |\n\
         | `depth` | calls within each other; the stack allows some thousands | 64 |\n\
         | `string` | bytes of a string | 16 MiB |\n\
         | `array` | items of an array, bytes of a blob | a million |\n\
         | `map` | entries of a map | half a million |\n\
         | `modules` | imports that a call makes by statement | 1,000 |\n\
         | `variables` | variables in scope at one time | 10,000 |\n\
         | `expression` | expressions and blocks within each other, at most 256; counted when a script is compiled | 64 |\n\
         | `functions` | functions and closures of one script; counted when it is compiled | 10,000 |\n\n\
         `none` is no limit. Loading a module has the limits of the main server, and at least a second. When the configuration is read again, new limits hold for \
         modules that are loaded already.",
        );
}

/// The schema of the configuration, with advice for those who come from other servers.
pub(crate) fn schema() -> samovar_config::Schema {
    declared().absences(migrating::ABSENT)
}

const RELEASES_BYTES: &[Parameter] =
    &[Parameter::integer("releases", 1, u64::MAX), Parameter::integer("bytes", 1, u64::MAX).optional()];
const LEVEL: &[Parameter] = &[Parameter::checked("level", log_level::EXPECTED, log_level::is_level).many()];
const CUSTOM: &[Parameter] = &[Parameter::text("file"), Parameter::choice_of::<LogFormat>("format").optional()];
const KIND: &[Parameter] = &[HANDLER_NAME];
const ADDED: &[Parameter] = &[HANDLER_NAME, Parameter::text(".ext").many()];
const HANDLER_NAME: Parameter = Parameter::choice_of::<Kind>("handler").absences(migrating::HANDLERS);
const MODULES: &[Parameter] = &[Parameter::text("module").many()];
const KEY_VALUE: &[Parameter] = &[Parameter::text("key"), Parameter::text("value").optional()];
const MODULE_INTERPRETER: &[Parameter] = &[Parameter::text("module[::function]"), Parameter::text("interpreter")];
const WHAT_MOST: &[Parameter] = &[
    Parameter::choice("what", values::LIMITS).absences(values::NOT_LIMITED),
    Parameter::integer_or("most", 1, u64::MAX, values::NO_LIMIT),
];

/// A directive that names the functions of a phase.
const fn phase(name: &'static str) -> Key<PerKey<Vec<String>>> {
    Key::new(name, MODULES, values::modules)
        .per_key()
        .merge(ReplaceKeyed(values::extensions))
        .written("module[::function] .. [| .ext ..]")
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    /// The schema uses every key, so the compiler does not say that nothing else does.
    #[test]
    fn every_directive_is_read_somewhere() {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let declared = fs::read_to_string(source.join("settings/directives.rs")).expect("this file");
        let others: String = texts(&source).into_iter().filter(|text| *text != declared).collect();
        let words: Vec<&str> = others.split(|letter: char| !letter.is_alphanumeric() && letter != '_').collect();
        let keys: Vec<&str> = declared.lines().filter_map(|line| key(line)).collect();
        assert!(keys.len() > 30, "{keys:?}");
        // The configuration's own crate chooses the virtual host by it.
        let unread: Vec<_> = keys.into_iter().filter(|key| *key != "SERVER_ALIAS" && !words.contains(key)).collect();
        assert!(unread.is_empty(), "declared and never read: {unread:?}");
    }

    fn key(line: &str) -> Option<&str> {
        line.trim().strip_prefix("pub(crate) const ")?.split_once(": Key<").map(|(name, _)| name)
    }

    fn texts(directory: &Path) -> Vec<String> {
        let entries = fs::read_dir(directory).expect("a directory").map(|entry| entry.expect("an entry").path());
        let text = |path: &Path| vec![fs::read_to_string(path).expect("a text")];
        entries.flat_map(|path| if path.is_dir() { texts(&path) } else { text(&path) }).collect()
    }
}
