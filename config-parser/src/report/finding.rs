//! A finding: what is wrong, where, and what to do about it.

use std::fmt;

use crate::report::source::Span;

/// How serious a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    /// The configuration can be used, and something in it is probably a mistake.
    Warning,
    /// The configuration cannot be used.
    Error,
}

/// An error or a warning about a configuration, with its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The kind of finding.
    pub code: FindingCode,
    /// One sentence without a full stop.
    pub message: String,
    /// The place; `None` if there is none, as for a first file that cannot be read.
    pub span: Option<Span>,
    /// The text below the place, mostly what was expected there.
    pub expected: Option<String>,
    /// What to do about it.
    pub help: Option<String>,
    /// Other places that belong to the finding, such as the head of an unclosed section.
    pub related: Vec<Related>,
}

/// A place that belongs to a finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Related {
    /// The place.
    pub span: Span,
    /// What is there.
    pub message: String,
}

impl Finding {
    /// Makes a finding at a place.
    #[must_use]
    pub fn new(code: FindingCode, span: impl Into<Option<Span>>, message: impl Into<String>) -> Self {
        let (span, message) = (span.into(), message.into());
        Self { code, message, span, expected: None, help: None, related: Vec::new() }
    }

    /// Adds what was expected at the place.
    #[must_use]
    pub fn expected(mut self, expected: impl Into<String>) -> Self {
        self.expected = Some(expected.into());
        self
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn help(mut self, help: impl Into<Option<String>>) -> Self {
        self.help = help.into().or(self.help);
        self
    }

    /// Adds another place.
    #[must_use]
    pub fn related(mut self, span: Span, message: impl Into<String>) -> Self {
        self.related.push(Related { span, message: message.into() });
        self
    }

    /// Returns how serious it is.
    #[must_use]
    pub fn severity(&self) -> Severity {
        self.code.severity()
    }
}

/// A kind of finding. A program with checks of its own declares their kinds with [`FindingCode::new`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FindingCode {
    id: &'static str,
    slug: &'static str,
}

macro_rules! codes {
    ($($name:ident = $id:literal $slug:literal, $meaning:literal;)*) => {
        impl FindingCode {
            $(#[doc = $meaning] pub const $name: Self = Self::new($id, $slug);)*

            /// Every kind that this crate finds, in the order of the ids.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];
        }
    };
}

codes! {
    UNCLOSED_SECTION = "E001" "unclosed-section", "A section is not closed.";
    UNEXPECTED_CLOSE = "E002" "unexpected-close", "A section is closed that is not open.";
    MALFORMED_SECTION = "E003" "malformed-section", "The head of a section is malformed.";
    LINE_TOO_LONG = "E004" "line-too-long", "A line is longer than allowed.";
    NESTED_TOO_DEEP = "E005" "nested-too-deep", "Sections are nested deeper than allowed.";
    NOT_TEXT = "E006" "not-text", "A file is not UTF-8 text.";
    UNKNOWN_DIRECTIVE = "E010" "unknown-directive", "No directive has this name.";
    UNKNOWN_SECTION = "E011" "unknown-section", "No section has this name.";
    WRONG_CONTEXT = "E012" "wrong-context", "A directive or section is not allowed where it is.";
    MISSING_ARGUMENT = "E013" "missing-argument", "Too few arguments.";
    EXTRA_ARGUMENT = "E014" "extra-argument", "Too many arguments.";
    BAD_ARGUMENT = "E015" "bad-argument", "An argument is not of the kind that the directive takes.";
    BAD_PATTERN = "E016" "bad-pattern", "A regular expression or wildcard is malformed.";
    BAD_ADDRESS = "E017" "bad-address", "Not an address and port.";
    BAD_EXPRESSION = "E018" "bad-expression", "The condition of an `<If>` is malformed, or asks for something that is not available.";
    INCLUDE_MISSING = "E020" "include-missing", "An included file does not exist.";
    INCLUDE_UNREADABLE = "E021" "include-unreadable", "A file cannot be read.";
    INCLUDE_CYCLE = "E022" "include-cycle", "A file includes itself.";
    INCLUDE_TOO_DEEP = "E023" "include-too-deep", "Includes are nested deeper than allowed.";
    TOO_MANY_FILES = "E024" "too-many-files", "More files, or more bytes in them, than allowed.";
    UNDEFINED_VARIABLE = "W001" "undefined-variable", "A variable is used that is not defined.";
    UNCLOSED_QUOTE = "W002" "unclosed-quote", "A quote is not closed in its line.";
    NEVER_MATCHES = "W003" "never-matches", "A section that no request can match.";
    ALWAYS_OVERRIDDEN = "W004" "always-overridden", "A value that a later line always replaces.";
    DUPLICATE_HOST = "W005" "duplicate-host", "A virtual host has only names and addresses of an earlier one.";
    TRAILING_TEXT = "W006" "trailing-text", "Text after the `>` of a section is ignored.";
}

impl FindingCode {
    /// Declares a kind of finding. The id begins with `E` for an error and with `W` for a warning.
    #[must_use]
    pub const fn new(id: &'static str, slug: &'static str) -> Self {
        Self { id, slug }
    }

    /// Returns the stable id, such as `E010`.
    #[must_use]
    pub const fn id(self) -> &'static str {
        self.id
    }

    /// Returns the stable name, such as `unknown-directive`.
    #[must_use]
    pub const fn slug(self) -> &'static str {
        self.slug
    }

    /// Returns how serious it is.
    #[must_use]
    pub fn severity(self) -> Severity {
        if self.id().starts_with('E') { Severity::Error } else { Severity::Warning }
    }
}

impl fmt::Display for FindingCode {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} {}", self.id(), self.slug())
    }
}
