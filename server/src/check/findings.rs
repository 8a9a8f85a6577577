//! Every kind of finding, with what it means and what to do about it: the last part of the guide's page.

use samovar_config::FindingCode;

/// `DocumentRoot` names no directory.
pub(crate) const NO_DIRECTORY: FindingCode = FindingCode::new("E101", "no-directory");
/// A log cannot be written where it is to be.
pub(crate) const NO_LOG: FindingCode = FindingCode::new("E102", "no-log");
/// Two addresses that cannot both be listened at.
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
/// A script imports what is not found.
pub(crate) const NO_IMPORT: FindingCode = FindingCode::new("E108", "no-such-import");
/// Scripts import each other in a circle.
pub(crate) const IMPORT_CYCLE: FindingCode = FindingCode::new("E109", "import-cycle");
/// A script asks in a `try` for what a module does not have.
pub(crate) const PERHAPS_MISSING: FindingCode = FindingCode::new("W102", "perhaps-missing");
/// A script that URLs name has no handler, but nearly.
pub(crate) const ANSWERS_NOBODY: FindingCode = FindingCode::new("W103", "answers-nobody");
/// An option that nothing reads.
pub(crate) const UNKNOWN_OPTION: FindingCode = FindingCode::new("W105", "unknown-option");
/// An option's value that means nothing.
pub(crate) const OPTION_VALUE: FindingCode = FindingCode::new("W106", "option-value");
/// A limit that holds nothing, because an outer one is smaller.
pub(crate) const LIMIT_LOOSENED: FindingCode = FindingCode::new("W107", "limit-loosened");
/// A limit that holds nothing, because it is one of loading and stands where none is loaded.
pub(crate) const LIMIT_OF_LOADING: FindingCode = FindingCode::new("W115", "limit-of-loading");
/// A file of the server's own lies where URLs lead.
pub(crate) const BELOW_ROOT: FindingCode = FindingCode::new("W108", "below-document-root");
/// An interpreter that runs nothing.
pub(crate) const UNUSED_INTERPRETER: FindingCode = FindingCode::new("W109", "unused-interpreter");
/// A condition asks for a host that no virtual host is.
pub(crate) const UNKNOWN_HOST: FindingCode = FindingCode::new("W110", "unknown-host");

/// In the order of their numbers.
#[rustfmt::skip]
pub(crate) const FINDINGS: &[(FindingCode, &str)] = &[
    (FindingCode::UNCLOSED_SECTION, "A section is opened and never closed. The finding points to its opener; add `</Section>`."),
    (FindingCode::UNEXPECTED_CLOSE, "A section is closed that is not open, or not the innermost one."),
    (FindingCode::MALFORMED_SECTION, "The head of a section is not `<Name argument>`. Mostly the `>` is missing."),
    (FindingCode::LINE_TOO_LONG, "A line, with its continuations, is longer than 64 KiB. Such a line is no configuration."),
    (FindingCode::NESTED_TOO_DEEP, "Sections stand in each other deeper than anybody could mean."),
    (FindingCode::NOT_TEXT, "A file is not UTF-8 text. The finding names the first byte that is wrong."),
    (FindingCode::UNKNOWN_DIRECTIVE, "There is no directive of this name: it is misspelled, or one of httpd's that this server does not have. Put what only httpd \
      understands into `<IfModule name>`, and it is skipped."),
    (FindingCode::UNKNOWN_SECTION, "There is no section of this name."),
    (FindingCode::WRONG_CONTEXT, "A directive or section stands where it has no meaning; the finding says where it may stand."),
    (FindingCode::MISSING_ARGUMENT, "A directive needs more arguments."),
    (FindingCode::EXTRA_ARGUMENT, "A directive has more arguments than it takes. Quote what has white space in it; there are no comments at the end of a line."),
    (FindingCode::BAD_ARGUMENT, "An argument is not of the kind that belongs there."),
    (FindingCode::BAD_PATTERN, "A regular expression or wildcard is not written right."),
    (FindingCode::BAD_ADDRESS, "The address of a `<VirtualHost>` is none. Host names are not looked up; they belong in `ServerName`."),
    (FindingCode::BAD_EXPRESSION, "The condition of an `<If>` is not written right, or asks for something that is not known here. It would never be ignored."),
    (FindingCode::INCLUDE_MISSING, "An included file is not there, or a wildcard matches nothing. `IncludeOptional` takes that for granted."),
    (FindingCode::INCLUDE_UNREADABLE, "A file is there and cannot be read."),
    (FindingCode::INCLUDE_CYCLE, "A file includes itself, directly or through others; the finding prints the chain."),
    (FindingCode::INCLUDE_TOO_DEEP, "Includes stand in each other deeper than anybody could mean."),
    (FindingCode::TOO_MANY_FILES, "The files are too many, or too large together. Mostly a wildcard matches more than was meant."),
    (NO_DIRECTORY, "`DocumentRoot` names no directory."),
    (NO_LOG, "A log file cannot be made: its directory is not there, or the path is a directory."),
    (BAD_IMPORT, "`RhaiImport` names a module that is not found. The server would not start."),
    (ADDRESS_TWICE, "Two lines of `Listen` are for the same address, or one is for all addresses of the port of the other. The server would not start."),
    (NO_MODULE, "A handler's module is not found; the finding lists every place that was looked at."),
    (NO_FUNCTION, "A module does not have the function, with this number of parameters, that a line or an importing script asks for, or not the variable. A handler takes \
      one argument, `req`."),
    (SCRIPT_ERROR, "A script that a line, a URL or an import leads to does not compile, or cannot be read."),
    (NO_IMPORT, "A script imports, by a literal name, what is not found; the finding lists every place that was looked at. In a `try` that is no finding."),
    (IMPORT_CYCLE, "Scripts import each other in a circle while they are loaded."),
    (FindingCode::UNDEFINED_VARIABLE, "`${NAME}` is neither defined nor in the environment; it is left as it is written."),
    (FindingCode::UNCLOSED_QUOTE, "A quote is opened and not closed in its line. As in httpd, it goes to the end of the line."),
    (FindingCode::NEVER_MATCHES, "No request can match the section: its pattern matches nothing, or no URL leads to its directory."),
    (FindingCode::ALWAYS_OVERRIDDEN, "A value never holds, because one that is merged later always takes its place. What is merged later wins, whichever section is longer."),
    (FindingCode::DUPLICATE_HOST, "A virtual host never answers, because an earlier one has its addresses and names."),
    (FindingCode::TRAILING_TEXT, "After the `>` of a section stands text that nobody reads."),
    (MIXED_RELOAD, "One interpreter has sections with `RhaiAutoReload On` and others with `Off`. A module that both import is reloaded, and an importer is reloaded \
      with its child even under `Off`: only freezing is certain. Give what is not to change an interpreter of its own, and freeze that."),
    (PERHAPS_MISSING, "A script asks, in a `try`, for something that the module does not have. Elsewhere that is an error."),
    (ANSWERS_NOBODY, "A script that URLs name has no public function `handler` with one parameter, but one that is nearly so."),
    (UNKNOWN_OPTION, "The key of a `RhaiOption` is close to one that the importer reads, or begins with `importer.`, and is none."),
    (OPTION_VALUE, "The value of an option that the importer reads means nothing to it."),
    (LIMIT_LOOSENED, "A `RhaiLimit` allows more than one around it, which holds on: an inner section can tighten a limit, not loosen it."),
    (BELOW_ROOT, "A file that was read as configuration, a log or the control socket lies below a document root. It is served to nobody, whatever its name is \
      (`samovar.conf` is a name that is never served, so there is no warning of it), but it is better kept somewhere else."),
    (UNUSED_INTERPRETER, "`RhaiImport` names an interpreter in which no request is answered: mostly a slip, by which what was to be loaded, or frozen, is not."),
    (UNKNOWN_HOST, "An `<If>` asks whether the host is one that has neither a `ServerName` nor a `ServerAlias`."),
    (LIMIT_OF_LOADING, "`RhaiLimit expression` and `RhaiLimit functions` hold when a text is compiled. It is compiled once for whoever uses it, so that only the main server's hold."),
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
