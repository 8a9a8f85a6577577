//! Values of directives that take more than one argument, or words of their own.

use samovar_config::{Argument, ArgumentFault, Choice, Setting, Value};
use samovar_importer::Bounds;

/// What answers: scripts, static files, or nothing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    Scripts,
    Files,
    Nobody,
}

impl Choice for Kind {
    const WORDS: &'static [(&'static str, Self)] =
        &[("rhai", Self::Scripts), ("static", Self::Files), ("none", Self::Nobody)];
}

/// Reads the handler of `SetHandler` and `AddHandler`.
pub(crate) fn kind(arguments: &[Argument]) -> Result<Kind, ArgumentFault> {
    Ok(arguments[0].choice().unwrap_or(Kind::Files))
}

/// The keys of `AddHandler`: extensions, which may be written without their dot and in any case.
pub(crate) fn added(arguments: &[&str]) -> Vec<String> {
    arguments.iter().skip(1).map(|text| text.trim_start_matches('.').to_ascii_lowercase()).collect()
}

/// How lines of an access log are written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum LogFormat {
    Combined,
    Common,
}

impl Choice for LogFormat {
    const WORDS: &'static [(&'static str, Self)] = &[("combined", Self::Combined), ("common", Self::Common)];
}

/// A line of `CustomLog`.
pub(crate) struct CustomLog {
    pub(crate) file: String,
    pub(crate) format: LogFormat,
}

impl Value for CustomLog {
    type Given<'v> = &'v Self;

    fn given(&self) -> &Self {
        self
    }
}

/// Reads `file [format]`.
pub(crate) fn custom_log(arguments: &[Argument]) -> Result<CustomLog, ArgumentFault> {
    let format = arguments.get(1).and_then(Argument::choice).unwrap_or(LogFormat::Combined);
    Ok(CustomLog { file: arguments[0].text().to_owned(), format })
}

/// A line of `RhaiHistory`.
pub(crate) struct HistoryBounds(pub(crate) Bounds);

impl Value for HistoryBounds {
    type Given<'v> = Bounds;

    fn given(&self) -> Bounds {
        self.0
    }
}

/// Reads `releases [bytes]`.
pub(crate) fn bounds(arguments: &[Argument]) -> Result<HistoryBounds, ArgumentFault> {
    let default = Bounds::default();
    let number = |at: usize| arguments.get(at).and_then(Argument::integer);
    let releases = number(0).map_or(default.releases, |most| usize::try_from(most).unwrap_or(usize::MAX));
    Ok(HistoryBounds(Bounds { releases, bytes: number(1).unwrap_or(default.bytes) }))
}

/// A line of `RhaiImport`.
pub(crate) struct Import {
    /// `module`, or `module::function`.
    pub(crate) module: String,
    pub(crate) interpreter: String,
}

impl Value for Import {
    type Given<'v> = &'v Self;

    fn given(&self) -> &Self {
        self
    }
}

/// Reads `module[::function] interpreter`.
pub(crate) fn import(arguments: &[Argument]) -> Result<Import, ArgumentFault> {
    Ok(Import { module: arguments[0].text().to_owned(), interpreter: arguments[1].text().to_owned() })
}

/// Reads the value of an option; it is empty in a line that deletes the option.
pub(crate) fn option(arguments: &[Argument]) -> Result<String, ArgumentFault> {
    Ok(arguments.get(1).map(|value| value.text().to_owned()).unwrap_or_default())
}

/// Reads the modules of a handler's line, which stand before its extensions.
pub(crate) fn modules(arguments: &[Argument]) -> Result<Vec<String>, ArgumentFault> {
    let fault = |argument, message: &str, expected: &str| {
        Err(ArgumentFault { argument, message: message.to_owned(), expected: expected.to_owned() })
    };
    match arguments.iter().position(|argument| argument.text() == "|") {
        Some(0) => fault(0, "no module stands before `|`", "expected a module"),
        Some(bar) if bar + 1 == arguments.len() => fault(bar, "no extension stands after `|`", "expected `.ext`"),
        bar => Ok(arguments[..bar.unwrap_or(arguments.len())].iter().map(|module| module.text().to_owned()).collect()),
    }
}

/// The keys of a handler's line: its extensions, or one empty key for all files.
pub(crate) fn extensions(arguments: &[&str]) -> Vec<String> {
    match arguments.iter().position(|text| *text == "|") {
        Some(bar) => arguments[bar + 1..].iter().map(|text| (*text).to_owned()).collect(),
        None => vec![String::new()],
    }
}

/// The limits that there are.
pub(crate) const LIMITS: &[&str] =
    &["operations", "depth", "expression", "string", "array", "map", "modules", "variables", "functions", "time"];

/// The word for no limit.
pub(crate) const NO_LIMIT: &str = "none";

/// Limits that do not exist, each with the ones that serve its purpose.
pub(crate) const NOT_LIMITED: &[(&str, &str)] = &[(
    "memory",
    "memory is not counted; `string`, `array` and `map` bound single values, `operations` and `time` their number",
)];

/// Reads the amount of a limit; 0 means no limit, as in [`samovar_rhai::Limits`].
pub(crate) fn limit(arguments: &[Argument]) -> Result<u64, ArgumentFault> {
    match (arguments[0].text(), arguments[1].integer()) {
        ("time", None) => Err(ArgumentFault {
            argument: 1,
            message: "every call has to end".to_owned(),
            expected: "expected a whole number from 1, in milliseconds".to_owned(),
        }),
        (_, most) => Ok(most.unwrap_or(0)),
    }
}

/// How much a line of `RhaiLimit` allows: the more, the looser.
pub(crate) fn allowed(line: &Setting) -> u64 {
    line.arguments().get(1).and_then(Argument::integer).unwrap_or(u64::MAX)
}
