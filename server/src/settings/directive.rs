//! Every directive that the program knows, as one table: name, arguments, context, default, merge rule, help.

use samovar_config::{
    ANYWHERE, ArgumentFault, Directive, HOST,
    Merge::{Accumulate, Innermost, PerKey, PerKeyTighten, Replace, ReplaceKeyed},
    Parameter, SERVER, Schema, Setting,
};

use crate::settings::{limits, log_level, migrating};

const HANDLERS: &[&str] = &["rhai", "static", "none"];
const FORMATS: &[&str] = &["combined", "common"];
const PHASE: &str = "module[::function] .. [| .ext ..]";

/// The directives, one a row.
#[rustfmt::skip]
pub(crate) fn schema() -> Schema {
    let text = Parameter::text;
    let limit = [Parameter::choice("what", limits::NAMES).absences(limits::ABSENT), Parameter::integer_or("most", 1, u64::MAX, limits::NONE)];
    let phase = |name| Directive::new(name, [text("module").many()], ANYWHERE, ReplaceKeyed(extensions))
        .written(PHASE).check(modules_first);
    Schema::new([
        //             name               arguments                                 context        merge
        Directive::new("Listen",           [Parameter::address("[host:]port")],   SERVER,        Accumulate)
            .help("where the server accepts connections"),
        Directive::new("ControlSocket",    [text("file")],                           SERVER,        Innermost)
            .help("where `samovar status`, `graph`, `reload` and `freeze` find the server"),
        Directive::new("ServerRoot",       [text("directory")],                      SERVER,        Innermost)
            .help("where relative paths start"),
        Directive::new("ServerName",       [text("name")],                           SERVER | HOST, Innermost)
            .help("the name that a virtual host answers to, and that of its interpreter"),
        Directive::new("ServerAlias",      [text("name").many()],                    HOST,          Accumulate)
            .help("further names, with wildcards"),
        Directive::new("DocumentRoot",     [text("directory")],                      SERVER | HOST, Innermost)
            .help("the directory that URLs lead into"),
        Directive::new("DirectoryIndex",   [text("name").many()],                    ANYWHERE,      Replace)
            .default(&["index.rhai", "index.html"])
            .help("the files that answer for a directory, the first that exists"),
        Directive::new("ErrorLog",         [text("file")],                           SERVER | HOST, Innermost)
            .check(migrating::is_log_file)
            .help("the file for what goes wrong; of a virtual host, for its requests; without it, standard error"),
        Directive::new("LogLevel",         [Parameter::checked("level", log_level::EXPECTED, log_level::is_level).many()], ANYWHERE, Innermost)
            .default(&["info"])
            .help("how much is told"),
        Directive::new("CustomLog",        [text("file"), Parameter::choice("format", FORMATS).optional()], SERVER | HOST, Replace)
            .check(migrating::is_log_file)
            .help("a file with one line for each request"),
        Directive::new("Timeout",          [Parameter::seconds("seconds")],          SERVER | HOST, Innermost)
            .default(&["60"])
            .help("how long a client may take to send a request"),
        Directive::new("LimitRequestBody", [Parameter::integer("bytes", 0, u64::MAX)], ANYWHERE,    Innermost)
            .default(&["1048576"])
            .help("the largest body that a handler takes; 0 is no limit"),
        Directive::new("SetHandler",       [Parameter::choice("handler", HANDLERS).absences(migrating::HANDLERS)], ANYWHERE, Innermost)
            .default(&["static"])
            .help("who answers: scripts, files, or nobody"),
        Directive::new("AddHandler",       [Parameter::choice("handler", HANDLERS).absences(migrating::HANDLERS), text(".ext").many()], ANYWHERE, ReplaceKeyed(added))
            .help("who answers for files with these extensions, where no `SetHandler` says it for all"),
        phase("RhaiHandler")
            .help("the functions that answer; without it, URLs name the scripts"),
        phase("RhaiAccessHandler")
            .help("functions that are asked first, whether the request may come in at all"),
        phase("RhaiAuthenHandler")
            .help("functions that find out who asks"),
        phase("RhaiAuthzHandler")
            .help("functions that decide whether that one may"),
        phase("RhaiFixupHandler")
            .help("functions that run last before the answer is made"),
        phase("RhaiLogHandler")
            .help("functions that run when the answer was sent"),
        phase("RhaiCleanupHandler")
            .help("functions that run when all else is done"),
        Directive::new("RhaiAutoReload",   [Parameter::flag()],                      ANYWHERE,      Innermost).default(&["On"])
            .help("whether changed scripts are loaded again"),
        Directive::new("RhaiDebug",        [Parameter::flag()],                      ANYWHERE,      Innermost).default(&["Off"])
            .help("whether clients see what is wrong with a script"),
        Directive::new("RhaiOption",       [text("key"), text("value").optional()],  ANYWHERE,      PerKey)
            .help("a value that scripts read as `req.options[key]`; `importer.path` is where modules are searched"),
        Directive::new("RhaiInterpreter",  [text("name")],                           ANYWHERE,      Innermost)
            .help("the interpreter that runs the scripts; each has modules and state of its own"),
        Directive::new("RhaiInterpPerDirectory", [Parameter::flag()],                ANYWHERE,      Innermost).default(&["Off"])
            .help("an interpreter for each directory that files are in"),
        Directive::new("RhaiInterpPerDirective", [Parameter::flag()],                ANYWHERE,      Innermost).default(&["Off"])
            .help("an interpreter for each directory whose section names the handler"),
        Directive::new("RhaiImport",       [text("module[::function]"), text("interpreter")], SERVER | HOST, Accumulate)
            .help("what is loaded, and called, before the first request"),
        Directive::new("RhaiPath",         [text("directory").many()],               ANYWHERE,      Replace)
            .help("directories of modules that are loaded once and never reloaded"),
        Directive::new("RhaiLimit",        limit,                                    ANYWHERE,      PerKeyTighten(limits::number))
            .check(limits::in_range)
            .help("what a call of a script may use up; `time` in milliseconds"),
    ])
    .absences(migrating::ABSENT)
}

/// The keys of a handler's line: its extensions, or one empty key for all files.
fn extensions(arguments: &[&str]) -> Vec<String> {
    match arguments.iter().position(|text| *text == "|") {
        Some(bar) => arguments[bar + 1..].iter().map(|text| (*text).to_owned()).collect(),
        None => vec![String::new()],
    }
}

/// The modules of a handler's line.
pub(crate) fn modules(line: &Setting) -> impl Iterator<Item = &str> {
    line.texts().take_while(|text| *text != "|")
}

/// The keys of `AddHandler`: extensions, which may be written without their dot and in any case.
fn added(arguments: &[&str]) -> Vec<String> {
    arguments.iter().skip(1).map(|text| text.trim_start_matches('.').to_ascii_lowercase()).collect()
}

fn modules_first(arguments: &[&str]) -> Result<(), ArgumentFault> {
    let fault = |argument, message: &str, expected: &str| {
        Err(ArgumentFault { argument, message: message.to_owned(), expected: expected.to_owned() })
    };
    match arguments.iter().position(|text| *text == "|") {
        Some(0) => fault(0, "no module stands before `|`", "expected a module"),
        Some(bar) if bar + 1 == arguments.len() => fault(bar, "no extension stands after `|`", "expected `.ext`"),
        _ => Ok(()),
    }
}
