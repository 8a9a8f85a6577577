//! Every kind of finding, with what it means and what to do about it: the last part of the guide's page.

use samovar_config::FindingCode;

/// `DocumentRoot` names no directory.
pub(crate) const NO_DIRECTORY: FindingCode = FindingCode::new("E101", "no-directory");
/// A log file cannot be written.
pub(crate) const NO_LOG: FindingCode = FindingCode::new("E102", "no-log");
/// Two addresses that cannot both be bound.
pub(crate) const ADDRESS_TWICE: FindingCode = FindingCode::new("E104", "address-twice");
/// `RhaiImport` names what cannot be imported.
pub(crate) const BAD_IMPORT: FindingCode = FindingCode::new("E103", "bad-import");
/// Some modules of an interpreter are reloaded, and others not.
pub(crate) const MIXED_RELOAD: FindingCode = FindingCode::new("W101", "mixed-reload");
/// A handler's module is not found.
pub(crate) const NO_MODULE: FindingCode = FindingCode::new("E105", "no-such-module");
/// A module has no such function.
pub(crate) const NO_FUNCTION: FindingCode = FindingCode::new("E106", "no-such-function");
/// A script does not compile.
pub(crate) const SCRIPT_ERROR: FindingCode = FindingCode::new("E107", "script-error");
/// The state directory and a document root lie within each other.
pub(crate) const STATE_SERVED: FindingCode = FindingCode::new("E110", "state-directory-served");
/// A script imports what is not found.
pub(crate) const NO_IMPORT: FindingCode = FindingCode::new("E108", "no-such-import");
/// Scripts import each other in a circle.
pub(crate) const IMPORT_CYCLE: FindingCode = FindingCode::new("E109", "import-cycle");
/// A script uses, in a `try`, a name that a module does not have.
pub(crate) const PERHAPS_MISSING: FindingCode = FindingCode::new("W102", "perhaps-missing");
/// A script that URLs name has no handler, but a function that resembles one.
pub(crate) const ANSWERS_NOBODY: FindingCode = FindingCode::new("W103", "answers-nobody");
/// An option that nothing reads.
pub(crate) const UNKNOWN_OPTION: FindingCode = FindingCode::new("W105", "unknown-option");
/// An option's value that means nothing.
pub(crate) const OPTION_VALUE: FindingCode = FindingCode::new("W106", "option-value");
/// A limit without effect, because an outer one is smaller.
pub(crate) const LIMIT_LOOSENED: FindingCode = FindingCode::new("W107", "limit-loosened");
/// A limit of loading in a section, where it has no effect.
pub(crate) const LIMIT_OF_LOADING: FindingCode = FindingCode::new("W115", "limit-of-loading");
/// A private file below a document root.
pub(crate) const BELOW_ROOT: FindingCode = FindingCode::new("W108", "below-document-root");
/// An interpreter in which no request is answered.
pub(crate) const UNUSED_INTERPRETER: FindingCode = FindingCode::new("W109", "unused-interpreter");
/// A condition compares the host with an unknown name.
pub(crate) const UNKNOWN_HOST: FindingCode = FindingCode::new("W110", "unknown-host");

/// In the order of their numbers.
#[rustfmt::skip]
pub(crate) const FINDINGS: &[(FindingCode, &str)] = &[
    (FindingCode::UNCLOSED_SECTION, "A section is opened and never closed. The finding points to its opener; add `</Section>`."),
    (FindingCode::UNEXPECTED_CLOSE, "A section is closed that is not open, or not the innermost one."),
    (FindingCode::MALFORMED_SECTION, "The first line of a section is not `<Name argument>`. Usually the `>` is missing."),
    (FindingCode::LINE_TOO_LONG, "A line, with its continuations, is longer than 64 KiB. Such a line is not a configuration."),
    (FindingCode::NESTED_TOO_DEEP, "Sections are nested deeper than the limit."),
    (FindingCode::NOT_TEXT, "A file is not UTF-8 text. The finding names the first byte that is wrong."),
    (FindingCode::UNKNOWN_DIRECTIVE, "There is no directive of this name: it is misspelled, or one of httpd's that this server does not have. Lines for httpd alone \
      can stand in `<IfModule name>`, which is skipped here."),
    (FindingCode::UNKNOWN_SECTION, "There is no section of this name."),
    (FindingCode::WRONG_CONTEXT, "A directive or section stands where it has no meaning; the finding says where it may stand."),
    (FindingCode::MISSING_ARGUMENT, "A directive needs more arguments."),
    (FindingCode::EXTRA_ARGUMENT, "A directive has more arguments than it takes. Quote what has white space in it; there are no comments at the end of a line."),
    (FindingCode::BAD_ARGUMENT, "An argument is not of the kind that the directive takes."),
    (FindingCode::BAD_PATTERN, "A regular expression or wildcard is not valid."),
    (FindingCode::BAD_ADDRESS, "The address of a `<VirtualHost>` is not valid. Host names are not looked up; they belong in `ServerName`."),
    (FindingCode::BAD_EXPRESSION, "The condition of an `<If>` is not valid, or asks for something that this server does not know."),
    (FindingCode::INCLUDE_MISSING, "An included file does not exist, or a wildcard matches nothing. With `IncludeOptional`, that is no error."),
    (FindingCode::INCLUDE_UNREADABLE, "A file exists and cannot be read."),
    (FindingCode::INCLUDE_CYCLE, "A file includes itself, directly or through others; the finding prints the chain."),
    (FindingCode::INCLUDE_TOO_DEEP, "Includes are nested deeper than the limit."),
    (FindingCode::TOO_MANY_FILES, "The files are too many, or too large together. Usually a wildcard matches more than was meant."),
    (NO_DIRECTORY, "`DocumentRoot` names no directory."),
    (NO_LOG, "A log file cannot be made: its directory does not exist, or the path is a directory."),
    (BAD_IMPORT, "`RhaiImport` names a module that is not found. The server would not start."),
    (ADDRESS_TWICE, "Two lines of `Listen` are for the same address, or one is for all addresses of the port of the other. The server would not start."),
    (NO_MODULE, "A handler's module is not found; the finding lists every place that was searched."),
    (NO_FUNCTION, "A line of the configuration, or an importing script, names a function or variable that the module does not have, or a function with another number of \
      parameters. A handler takes one argument, `req`."),
    (SCRIPT_ERROR, "A script that a line of the configuration, a URL or an import leads to does not compile, or cannot be read."),
    (NO_IMPORT, "A script imports a module by a literal name, and the module is not found; the finding lists every place that was searched. In a `try`, that is no finding."),
    (IMPORT_CYCLE, "Scripts import each other in a circle while they are loaded."),
    (STATE_SERVED, "`StateDirectory` lies below a document root, or contains one. It holds the source of scripts: put it somewhere else. The server would not start."),
    (FindingCode::UNDEFINED_VARIABLE, "`${NAME}` is neither defined nor in the environment; the text is left as it is."),
    (FindingCode::UNCLOSED_QUOTE, "A quote is not closed on its line. As in httpd, it extends to the end of the line."),
    (FindingCode::NEVER_MATCHES, "No request can match the section: its pattern matches nothing, or no URL leads to its directory."),
    (FindingCode::ALWAYS_OVERRIDDEN, "A value never applies, because a section that is merged later always replaces it. The later section wins, whichever is longer."),
    (FindingCode::DUPLICATE_HOST, "A virtual host is never chosen, because an earlier one has its addresses and names."),
    (FindingCode::TRAILING_TEXT, "There is text after the `>` of a section. It is ignored."),
    (MIXED_RELOAD, "One interpreter has sections with `RhaiAutoReload On` and others with `Off`. A module that both import is reloaded, and an importer is reloaded \
      with its child even under `Off`. To make sure that scripts do not change, give them an interpreter of their own, and freeze it."),
    (PERHAPS_MISSING, "A script uses, in a `try`, something that the module does not have. Outside a `try`, that is an error."),
    (ANSWERS_NOBODY, "A script that URLs name has no public function `handler` with one parameter, but one that is nearly so named."),
    (UNKNOWN_OPTION, "The key of a `RhaiOption` begins with `importer.` or resembles a key that the importer reads, and is not one."),
    (OPTION_VALUE, "The importer does not know the value of an option."),
    (LIMIT_LOOSENED, "A `RhaiLimit` allows more than one around it, and has no effect: an inner section can tighten a limit, not loosen it."),
    (BELOW_ROOT, "A file that was read as configuration, a log or the control socket lies below a document root. It is never served, whatever its name is, but \
      it is better kept somewhere else. There is no warning for `samovar.conf`, since no file of that name is ever served."),
    (UNUSED_INTERPRETER, "`RhaiImport` names an interpreter in which no request is answered. Usually the name is misspelled, so that the module is loaded, or the interpreter frozen, in vain."),
    (UNKNOWN_HOST, "An `<If>` compares the host with a name that is neither a `ServerName` nor a `ServerAlias`."),
    (LIMIT_OF_LOADING, "`RhaiLimit expression` and `RhaiLimit functions` apply when a script is compiled. A script is compiled once for all its users, so only the main server's values have an effect."),
];

/// Every kind that is found here and in the modules, in the order of the numbers.
#[cfg(test)]
pub(crate) const CODES: &[FindingCode] = &[
    NO_DIRECTORY,
    NO_LOG,
    BAD_IMPORT,
    ADDRESS_TWICE,
    NO_MODULE,
    NO_FUNCTION,
    SCRIPT_ERROR,
    NO_IMPORT,
    IMPORT_CYCLE,
    STATE_SERVED,
    MIXED_RELOAD,
    PERHAPS_MISSING,
    ANSWERS_NOBODY,
    UNKNOWN_OPTION,
    OPTION_VALUE,
    LIMIT_LOOSENED,
    BELOW_ROOT,
    UNUSED_INTERPRETER,
    UNKNOWN_HOST,
    LIMIT_OF_LOADING,
];
