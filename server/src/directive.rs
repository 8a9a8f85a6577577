//! Every directive that the program knows, as one table: name, arguments, context, default, merge rule, help.

use samovar_config::{
    ANYWHERE, ArgumentFault, Directive, HOST,
    Merge::{Accumulate, Innermost, PerKey, PerKeyTighten, Replace, ReplaceKeyed},
    Parameter, SERVER, Schema, Setting,
};

const LEVELS: &[&str] = &["error", "warn", "info", "debug", "trace"];
const LIMITS: &[&str] = &["operations", "depth", "string", "array", "map", "time"];

/// The directives, one a row.
#[rustfmt::skip]
pub(crate) fn schema() -> Schema {
    let text = Parameter::text;
    let limit = [Parameter::choice("what", LIMITS), Parameter::integer("most", 1, u64::MAX)];
    Schema::new([
        //             name               arguments                                 context        merge
        Directive::new("Listen",           [Parameter::address("[address:]port")],   SERVER,        Accumulate)
            .help("where the server accepts connections"),
        Directive::new("ServerRoot",       [text("directory")],                      SERVER,        Innermost)
            .help("where relative paths start"),
        Directive::new("ServerName",       [text("name")],                           SERVER | HOST, Innermost),
        Directive::new("ServerAlias",      [text("name").many()],                    HOST,          Accumulate),
        Directive::new("DocumentRoot",     [text("directory")],                      SERVER | HOST, Innermost)
            .help("the directory that URLs lead into"),
        Directive::new("DirectoryIndex",   [text("name").many()],                    ANYWHERE,      Replace)
            .default(&["index.rhai", "index.html"])
            .help("the files that answer for a directory, the first that exists"),
        Directive::new("LogLevel",         [Parameter::choice("level", LEVELS)],     SERVER,        Innermost)
            .default(&["info"]),
        Directive::new("Timeout",          [Parameter::seconds("seconds")],          SERVER | HOST, Innermost)
            .default(&["60"])
            .help("how long a client may take to send a request"),
        Directive::new("LimitRequestBody", [Parameter::integer("bytes", 0, u64::MAX)], ANYWHERE,    Innermost)
            .default(&["1048576"])
            .help("the largest body that a handler takes; 0 is no limit"),
        Directive::new("SetHandler",       [Parameter::choice("handler", &["rhai", "static", "none"])], ANYWHERE, Innermost)
            .default(&["static"])
            .help("who answers: scripts, files, or nobody"),
        Directive::new("RhaiHandler",      [text("module").many()],                  ANYWHERE,      ReplaceKeyed(extensions))
            .written("module[::function] .. [| .ext ..]").check(modules_first)
            .help("the functions that answer; without it, URLs name the scripts"),
        Directive::new("RhaiAutoReload",   [Parameter::flag()],                      ANYWHERE,      Innermost).default(&["On"])
            .help("whether changed scripts are loaded again"),
        Directive::new("RhaiDebug",        [Parameter::flag()],                      ANYWHERE,      Innermost).default(&["Off"])
            .help("whether clients see what is wrong with a script"),
        Directive::new("RhaiOption",       [text("key"), text("value").optional()],  ANYWHERE,      PerKey)
            .help("a value that scripts read; `importer.path` is where modules are searched"),
        Directive::new("RhaiInterpreter",  [text("name")],                           ANYWHERE,      Innermost)
            .help("the interpreter that runs the scripts; each has modules and state of its own"),
        Directive::new("RhaiImport",       [text("module[::function]"), text("interpreter")], SERVER | HOST, Accumulate)
            .help("what is loaded, and called, before the first request"),
        Directive::new("RhaiPath",         [text("directory").many()],               ANYWHERE,      Replace)
            .help("directories of modules that are loaded once and never reloaded"),
        Directive::new("RhaiLimit",        limit,                                    ANYWHERE,      PerKeyTighten(most))
            .help("what a script may use up; `time` in milliseconds"),
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
        Some(bar) if bar + 1 == arguments.len() => fault(bar, "no extension stands after `|`", "expected `.ext`"),
        _ => Ok(()),
    }
}

fn most(setting: &Setting) -> u64 {
    setting.arguments().get(1).and_then(samovar_config::Argument::integer).unwrap_or(u64::MAX)
}
