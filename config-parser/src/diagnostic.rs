//! What is wrong, where, and what would be right.

use std::fmt;

use crate::source::Span;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    /// Worth a look; the configuration can be used.
    Warning,
    /// The configuration cannot be used.
    Error,
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// What kind of finding it is.
    pub code: Code,
    /// One sentence without a full stop.
    pub message: String,
    /// The place; `None` for what has none, such as a first file that cannot be read.
    pub span: Option<Span>,
    /// What stands under the place: mostly what was expected there.
    pub expected: Option<String>,
    /// What to do about it.
    pub help: Option<String>,
    /// Other places that belong to it, such as the opener of an unclosed section.
    pub related: Vec<Related>,
}

/// A place that belongs to a finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Related {
    /// The place.
    pub span: Span,
    /// What it has to do with the finding.
    pub message: String,
}

impl Diagnostic {
    /// A finding at a place.
    #[must_use]
    pub fn new(code: Code, span: impl Into<Option<Span>>, message: impl Into<String>) -> Self {
        let (span, message) = (span.into(), message.into());
        Self { code, message, span, expected: None, help: None, related: Vec::new() }
    }

    /// With what was expected at the place.
    #[must_use]
    pub fn expected(mut self, expected: impl Into<String>) -> Self {
        self.expected = Some(expected.into());
        self
    }

    /// With advice.
    #[must_use]
    pub fn help(mut self, help: impl Into<Option<String>>) -> Self {
        self.help = help.into().or(self.help);
        self
    }

    /// With another place.
    #[must_use]
    pub fn related(mut self, span: Span, message: impl Into<String>) -> Self {
        self.related.push(Related { span, message: message.into() });
        self
    }

    /// How bad it is.
    #[must_use]
    pub fn severity(&self) -> Severity {
        self.code.severity()
    }
}

macro_rules! codes {
    ($($name:ident = $id:literal $slug:literal, $meaning:literal;)*) => {
        /// The kinds of findings. Ids and slugs are stable: `E` is an error, `W` a warning.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum Code {
            $(#[doc = $meaning] $name,)*
        }

        impl Code {
            /// Every kind, in the order of the ids.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The stable number, such as `E010`.
            #[must_use]
            pub fn id(self) -> &'static str {
                match self { $(Self::$name => $id),* }
            }

            /// The stable name, such as `unknown-directive`.
            #[must_use]
            pub fn slug(self) -> &'static str {
                match self { $(Self::$name => $slug),* }
            }
        }
    };
}

codes! {
    UnclosedSection = "E001" "unclosed-section", "A section is not closed.";
    UnexpectedClose = "E002" "unexpected-close", "A section is closed that was not open.";
    MalformedSection = "E003" "malformed-section", "The head of a section is not written right.";
    LineTooLong = "E004" "line-too-long", "A line is longer than allowed.";
    NestedTooDeep = "E005" "nested-too-deep", "Sections stand in each other deeper than allowed.";
    NotText = "E006" "not-text", "A file is not UTF-8 text.";
    UnknownDirective = "E010" "unknown-directive", "No directive has this name.";
    UnknownSection = "E011" "unknown-section", "No section has this name.";
    WrongContext = "E012" "wrong-context", "A directive or section stands where it may not.";
    MissingArgument = "E013" "missing-argument", "Too few arguments.";
    ExtraArgument = "E014" "extra-argument", "Too many arguments.";
    BadArgument = "E015" "bad-argument", "An argument is not of the kind that belongs there.";
    BadPattern = "E016" "bad-pattern", "A regular expression or wildcard is not written right.";
    BadAddress = "E017" "bad-address", "Not an address and port.";
    Unsupported = "E018" "unsupported", "A part of the language that is not evaluated.";
    IncludeMissing = "E020" "include-missing", "An included file is not there.";
    IncludeUnreadable = "E021" "include-unreadable", "A file cannot be read.";
    IncludeCycle = "E022" "include-cycle", "A file includes itself.";
    IncludeTooDeep = "E023" "include-too-deep", "Includes stand in each other deeper than allowed.";
    TooManyFiles = "E024" "too-many-files", "More files, or more bytes in them, than allowed.";
    UndefinedVariable = "W001" "undefined-variable", "A variable is used that is not defined.";
    UnclosedQuote = "W002" "unclosed-quote", "A quote is opened and not closed in its line.";
    NeverMatches = "W003" "never-matches", "A section that no request can match.";
    AlwaysOverridden = "W004" "always-overridden", "A value that a later line always replaces.";
    DuplicateHost = "W005" "duplicate-host", "A virtual host that an earlier one hides.";
}

impl Code {
    /// How bad it is.
    #[must_use]
    pub fn severity(self) -> Severity {
        if self.id().starts_with('E') { Severity::Error } else { Severity::Warning }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} {}", self.id(), self.slug())
    }
}
