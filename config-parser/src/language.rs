//! The names that belong to the language itself, not to any program's schema.

use crate::diagnostic::{Code, Diagnostic};
use crate::expand::Statement;
use crate::section::SectionKind;

pub(crate) const INCLUDE: &str = "Include";
pub(crate) const INCLUDE_OPTIONAL: &str = "IncludeOptional";

/// Directives that mean something to the language, if a schema declares them.
pub(crate) const SERVER_ROOT: &str = "ServerRoot";
pub(crate) const SERVER_NAME: &str = "ServerName";
pub(crate) const SERVER_ALIAS: &str = "ServerAlias";

/// A directive that is obeyed while reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Preprocessor {
    Include,
    IncludeOptional,
    Define,
    UnDefine,
}

impl Preprocessor {
    const ALL: [(&'static str, Self); 4] = [
        (INCLUDE, Self::Include),
        (INCLUDE_OPTIONAL, Self::IncludeOptional),
        ("Define", Self::Define),
        ("UnDefine", Self::UnDefine),
    ];

    pub(crate) fn of(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, which)| *which)
    }

    pub(crate) fn names() -> impl Iterator<Item = &'static str> {
        Self::ALL.iter().map(|(name, _)| *name)
    }
}

/// A section that is kept or left out while reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Condition {
    IfDefine,
    IfModule,
}

impl Condition {
    const ALL: [(&'static str, Self); 2] = [("IfDefine", Self::IfDefine), ("IfModule", Self::IfModule)];

    pub(crate) fn of(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, which)| *which)
    }
}

/// The names of all sections.
pub(crate) fn section_names() -> impl Iterator<Item = &'static str> {
    SectionKind::ALL.into_iter().map(SectionKind::name).chain(Condition::ALL.into_iter().map(|(name, _)| name))
}

/// What is said to whoever writes a comment behind something.
pub(crate) const NO_COMMENT: &str =
    "as in httpd, `#` begins a comment only at the start of a line: put the comment on a line of its own";

/// What is wrong with the number of arguments, if anything. `usage` says how it is written.
pub(crate) fn count_arguments(
    statement: &Statement,
    least: usize,
    most: Option<usize>,
    usage: &str,
) -> Option<Diagnostic> {
    let name = &statement.name.value;
    let count = statement.arguments.len();
    if let Some(extra) = most.and_then(|most| statement.arguments.get(most)) {
        let last = statement.arguments.last().unwrap_or(extra);
        let bound = if most == Some(least) { "" } else { "at most " };
        let message = format!(
            "`{name}` takes {bound}{}, found {count}",
            arguments(most.unwrap_or_default()),
            count = number(count)
        );
        let found = Diagnostic::new(Code::EXTRA_ARGUMENT, extra.span.to(last.span), message);
        let help = if extra.value.starts_with('#') {
            NO_COMMENT.to_owned()
        } else {
            format!("{usage}; an argument with spaces needs quotes")
        };
        return Some(found.expected("expected no more arguments").help(help));
    }
    if count < least {
        let bound = if most == Some(least) { "" } else { "at least " };
        let message = format!("`{name}` takes {bound}{}, found {}", arguments(least), number(count));
        return Some(Diagnostic::new(Code::MISSING_ARGUMENT, statement.span, message).help(usage.to_owned()));
    }
    None
}

fn arguments(count: usize) -> String {
    match count {
        0 => "no arguments".to_owned(),
        1 => "one argument".to_owned(),
        _ => format!("{} arguments", number(count)),
    }
}

fn number(count: usize) -> String {
    let words = ["none", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"];
    words.get(count).map_or_else(|| count.to_string(), |&word| word.to_owned())
}
