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
    values::{self, CustomLog, Import, Kind, LogFormat},
};

directives! {
    /// All of them, without what belongs to other servers.
    fn declared;

    pub(crate) const LISTEN: Key<List<Address>> = Key::address("Listen", "[host:]port").list().contexts(SERVER)
        .help("where the server accepts connections")
        .details(
            "`8080`, `:8080` and `*:8080` are for all addresses of the machine, of IPv4 and IPv6; `localhost:8080` and other names for all that they stand for; \
         `127.0.0.1:8080` and `[::1]:8080` for one. `[::]:8080` takes IPv4 as well, unless another line does. A family that the machine does not have is left out, \
         as long as there is another. Port 0 is any free port; the log says which. `--listen` takes the same, in place of all lines.",
        );

    pub(crate) const CONTROL_SOCKET: Key<Option<String>> = Key::text("ControlSocket", "file").contexts(SERVER)
        .help("where `samovar status`, `graph`, `reload` and `freeze` find the server")
        .details(
            "Without it, the socket is in `$XDG_RUNTIME_DIR/samovar`, or in `samovar-UID` of the temporary directory where there is none, under a name that is \
      made of the site's path; see [Operating](operating.md#where-the-socket-is). Its directory must be there. A server that another user, or a service manager \
      with private temporary directories, starts is found most easily at a `ControlSocket`.",
        );

    pub(crate) const SERVER_ROOT: Key<Option<String>> = Key::text("ServerRoot", "directory").contexts(SERVER)
        .help("where relative paths start");

    pub(crate) const SERVER_NAME: Key<Option<String>> = Key::text("ServerName", "name").contexts(SERVER.or(HOST))
        .help("the name that a virtual host answers to, and that of its interpreter");

    pub(crate) const SERVER_ALIAS: Key<List<Vec<String>>> = Key::texts("ServerAlias", "name").list().contexts(HOST)
        .help("further names, with wildcards");

    pub(crate) const DOCUMENT_ROOT: Key<Option<String>> = Key::text("DocumentRoot", "directory").contexts(SERVER.or(HOST))
        .help("the directory that URLs lead into");

    pub(crate) const DIRECTORY_INDEX: Key<List<Vec<String>>> = Key::texts("DirectoryIndex", "name").list().merge(Replace).default(&["index.rhai", "index.html"])
        .help("the files that answer for a directory, the first that exists");

    pub(crate) const ERROR_LOG: Key<Option<String>> = Key::text("ErrorLog", "file").contexts(SERVER.or(HOST)).check(migrating::is_log_file)
        .help("the file for what goes wrong; of a virtual host, for its requests; without it, standard error")
        .details(
            "In a virtual host it takes what its requests fail with. What is not about a request of a virtual host goes to the file of \
      the main server.",
        );

    pub(crate) const LOG_LEVEL: Key<Level> = Key::new("LogLevel", LEVEL, log_level::read).default(&["info"])
        .help("how much is told")
        .details(
            "httpd's levels: `emerg`, `alert` and `crit` are `error` here, `notice` is `warn`, `trace1` to `trace8` are `trace`. Of `module:level`, what is \
      said of `rhai` holds, and the rest is passed over. Outside of all sections it is for the whole log; elsewhere for what scripts print while they answer a \
      request, and for what is told of them.",
        );

    pub(crate) const CUSTOM_LOG: Key<Option<CustomLog>> = Key::new("CustomLog", CUSTOM, values::custom_log).merge(Replace).contexts(SERVER.or(HOST)).check(migrating::is_log_file)
        .help("a file with one line for each request")
        .details(
            "`combined` is the default; `common` leaves out `Referer` and `User-Agent`. The user is what a script has set as `req.user`. \
      Times are in UTC. Lines that cannot be written are dropped and counted; requests never wait for the log. A hang-up \
      signal opens the files anew.",
        );

    pub(crate) const TIMEOUT: Key<Duration> = Key::seconds("Timeout", "seconds").contexts(SERVER.or(HOST)).default(&["60"])
        .help("how long a client may take to send a request")
        .details(
            "It holds for the head of a request, before which only the address tells which virtual host is meant, and for its body. Where it is not set, a head has \
      15 seconds. A client that takes nothing of its answer for so long is cut off; one that takes something now and then is served to the end.",
        );

    pub(crate) const LIMIT_REQUEST_BODY: Key<u64> = Key::integer("LimitRequestBody", "bytes", 0, u64::MAX).default(&["1048576"])
        .help("the largest body that a handler takes; 0 is no limit");

    pub(crate) const SET_HANDLER: Key<Kind> = Key::new("SetHandler", KIND, values::kind).default(&["static"])
        .help("who answers: scripts, files, or nobody")
        .details(
            "`rhai`: URLs name scripts (`/a/b` is `a.rhai` with the path info `/b`, or `a/b.rhai`), and other files are served. `static`: files are \
      served. `none`: nobody answers. The source of a script is never served. Where `SetHandler` is not set at all, `RhaiHandler` implies `rhai`.",
        );

    pub(crate) const ADD_HANDLER: Key<PerKey<Kind>> = Key::new("AddHandler", ADDED, values::kind).per_key().merge(ReplaceKeyed(values::added))
        .help("who answers for files with these extensions, where no `SetHandler` says it for all")
        .details(
            "With `rhai`, a file with the extension is handed to the functions of `RhaiHandler`; without any, it is itself the script.",
        );

    pub(crate) const HANDLER: Key<PerKey<Vec<String>>> = phase("RhaiHandler")
        .help("the functions that answer; without it, URLs name the scripts")
        .details(
            "The module is searched in the directory of the section that names it, then in `importer.path`, then in `RhaiPath`; without `::function` the \
      function is `handler`. With `| .ext ..` the line is for files with these extensions. Several functions are asked in order until one does not return \
      `DECLINED`; if all decline, the file is served, if it is one.",
        );

    pub(crate) const ACCESS_HANDLER: Key<PerKey<Vec<String>>> = phase("RhaiAccessHandler")
        .help("functions that are asked first, whether the request may come in at all");

    pub(crate) const AUTHEN_HANDLER: Key<PerKey<Vec<String>>> = phase("RhaiAuthenHandler")
        .help("functions that find out who asks");

    pub(crate) const AUTHZ_HANDLER: Key<PerKey<Vec<String>>> = phase("RhaiAuthzHandler")
        .help("functions that decide whether that one may");

    pub(crate) const FIXUP_HANDLER: Key<PerKey<Vec<String>>> = phase("RhaiFixupHandler")
        .help("functions that run last before the answer is made");

    pub(crate) const LOG_HANDLER: Key<PerKey<Vec<String>>> = phase("RhaiLogHandler")
        .help("functions that run when the answer was sent");

    pub(crate) const CLEANUP_HANDLER: Key<PerKey<Vec<String>>> = phase("RhaiCleanupHandler")
        .help("functions that run when all else is done");

    pub(crate) const AUTO_RELOAD: Key<bool> = Key::flag("RhaiAutoReload").default(&["On"])
        .help("whether changed scripts are loaded again");

    pub(crate) const DEBUG: Key<bool> = Key::flag("RhaiDebug").default(&["Off"])
        .help("whether clients see what is wrong with a script")
        .details(
            "Where it is `On`, clients see what is wrong: the error of a script, with its excerpt, and while a change is refused, everybody who would use a \
      module of it gets that error with status 500, not the page as it was before. Elsewhere the last good generation is served on, and the error \
      stands in the log alone. It also writes to the log which modules are imported, and how their state is carried. It is for those who edit, not for the public.",
        );

    pub(crate) const OPTION: Key<PerKey<String>> = Key::new("RhaiOption", KEY_VALUE, values::option).per_key()
        .help("a value that scripts read as `req.options[key]`; `importer.path` is where modules are searched")
        .details(
            "Scripts read `req.options[\"key\"]`. The importer reads `importer.path \"dir:dir\"` (`~` is the handler root), `importer.freshness strict` (a request \
      looks at its files itself, and sees every save that returned before it began) and `importer.carry strict` (state that is no plain data is refused).",
        );

    pub(crate) const INTERPRETER: Key<Option<String>> = Key::text("RhaiInterpreter", "name")
        .help("the interpreter that runs the scripts; each has modules and state of its own")
        .details(
            "It beats `RhaiInterpPerDirectory`, which beats `RhaiInterpPerDirective`, which beats the default: the `ServerName` of the virtual host, `main` for the \
      main server.",
        );

    pub(crate) const INTERP_PER_DIRECTORY: Key<bool> = Key::flag("RhaiInterpPerDirectory").default(&["Off"])
        .help("an interpreter for each directory that files are in")
        .details(
            "The interpreter is named after the directory. Each has threads of its own that look for changes: mind the number of directories.",
        );

    pub(crate) const INTERP_PER_DIRECTIVE: Key<bool> = Key::flag("RhaiInterpPerDirective").default(&["Off"])
        .help("an interpreter for each directory whose section names the handler")
        .details(
            "The interpreter is named after the handler root: the directory of the section that names the handler, or the document root.",
        );

    pub(crate) const IMPORT: Key<List<Import>> = Key::new("RhaiImport", MODULE_INTERPRETER, values::import).list().contexts(SERVER.or(HOST))
        .help("what is loaded, and called, before the first request")
        .details(
            "The lines run in their order, each once in the life of the process. The function takes no arguments. `RhaiImport importer::freeze_modules NAME` ends all \
      reloading of an interpreter. A failure stops the start; when the configuration is read again, it keeps what runs.",
        );

    pub(crate) const PATH: Key<List<Vec<String>>> = Key::texts("RhaiPath", "directory").list().merge(Replace)
        .help("directories of modules that are loaded once and never reloaded");

    pub(crate) const LIMIT: Key<PerKey<u64>> = Key::new("RhaiLimit", WHAT_MOST, values::limit).per_key().merge(PerKeyTighten(values::allowed))
        .help("what a call of a script may use up; `time` in milliseconds")
        .details(
            "They hold for each call. `time` is in milliseconds (1000 unless it is set), `operations` counts steps (50 million), `depth` calls within each other (64), `string` \
      bytes (16 MiB), `array` items, and bytes of a blob (a million), `map` entries (half a million), `modules` the imports that a call makes by statement (1,000), `variables` those in scope at one time (10,000). \
      `expression`, the expressions and blocks within each other (64, and 256 at most), and `functions`, those of one script with its closures (10,000), are counted when a text is compiled. `none` is no limit; \
      only `time` cannot be without. Calls can be nested as deeply as the stack allows, whatever the limit: some thousands.\n\nLoading a module has the limits of the main server, and at least a second. When the \
      configuration is read again, limits hold for what runs as well.",
        );
}

/// The schema of the configuration, with advice for those who come from other servers.
pub(crate) fn schema() -> samovar_config::Schema {
    declared().absences(migrating::ABSENT)
}

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
