//! A line of the configuration, its arguments, and where it comes from.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::report::source::Span;
use crate::schema::address::Address;
use crate::schema::parameter::ArgumentValue;
use crate::schema::value::{AnyValue, Choice};
use crate::section::Section;

/// One line of a configuration that sets a directive, or the directive's default.
#[derive(Debug, Clone)]
pub struct Setting {
    pub(crate) directive: &'static str,
    pub(crate) arguments: Vec<Argument>,
    /// Of the type that its directive reads.
    pub(crate) value: AnyValue,
    pub(crate) origin: Origin,
}

/// One argument of a setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Argument {
    pub(crate) text: Box<str>,
    pub(crate) value: ArgumentValue,
    pub(crate) span: Option<Span>,
}

/// Where a value comes from.
#[derive(Debug, Clone)]
pub enum Origin {
    /// The default of the directive: no line sets it.
    Default,
    /// A line of a file.
    Line {
        /// The file, as it was opened.
        file: Arc<str>,
        /// Line, from 1.
        line: u32,
        /// Column, from 1.
        column: u32,
        /// The same place, in the [`Sources`](crate::Sources) of the report.
        span: Span,
        /// The section around the line.
        section: Arc<Section>,
    },
}

impl Setting {
    /// Returns the name of the directive, as its key writes it.
    #[must_use]
    pub fn directive(&self) -> &'static str {
        self.directive
    }

    /// Returns all arguments.
    #[must_use]
    pub fn arguments(&self) -> &[Argument] {
        &self.arguments
    }

    /// Returns whether it is the default.
    #[must_use]
    pub fn is_default(&self) -> bool {
        matches!(self.origin, Origin::Default)
    }

    /// Returns where it comes from.
    #[must_use]
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// Returns the texts of all arguments.
    pub fn texts(&self) -> impl ExactSizeIterator<Item = &str> {
        self.arguments.iter().map(Argument::text)
    }

    /// Returns the text of the first argument.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        self.arguments.first().map(Argument::text)
    }
}

impl Argument {
    /// An argument of a default.
    pub(crate) fn unwritten(text: &str, value: ArgumentValue) -> Self {
        Self::new(text, value, None)
    }

    pub(crate) fn new(text: &str, value: ArgumentValue, span: Option<Span>) -> Self {
        // Programs compare it with the words of their parameters.
        let text = if let ArgumentValue::Choice(word) = value { word } else { text };
        Self { text: text.into(), value, span }
    }

    /// Returns the text without quotes, with variables replaced; one of some words is spelled as in the parameter.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns its place in the [`Sources`](crate::Sources) of the report; `None` for a default.
    #[must_use]
    pub fn span(&self) -> Option<Span> {
        self.span
    }

    /// Returns the value of a flag.
    #[must_use]
    pub fn flag(&self) -> Option<bool> {
        if let ArgumentValue::Flag(state) = self.value { Some(state) } else { None }
    }

    /// Returns the value of a whole number.
    #[must_use]
    pub fn integer(&self) -> Option<u64> {
        if let ArgumentValue::Integer(number) = self.value { Some(number) } else { None }
    }

    /// Returns the value of a time.
    #[must_use]
    pub fn duration(&self) -> Option<Duration> {
        if let ArgumentValue::Duration(span) = self.value { Some(span) } else { None }
    }

    /// Returns the value of a word.
    #[must_use]
    pub fn choice<V: Choice>(&self) -> Option<V> {
        let means = |(word, _): &&(&str, V)| word.eq_ignore_ascii_case(&self.text);
        V::WORDS.iter().find(means).map(|(_, value)| *value)
    }

    /// Returns the value of an address.
    #[must_use]
    pub fn address(&self) -> Option<&Address> {
        if let ArgumentValue::Address(address) = &self.value { Some(address) } else { None }
    }
}

impl Origin {
    /// Returns the section around the line; `None` for a default.
    #[must_use]
    pub fn section(&self) -> Option<&Arc<Section>> {
        match self {
            Self::Default => None,
            Self::Line { section, .. } => Some(section),
        }
    }

    /// Returns the place of the line; `None` for a default.
    #[must_use]
    pub fn span(&self) -> Option<Span> {
        match self {
            Self::Default => None,
            Self::Line { span, .. } => Some(*span),
        }
    }
}

impl fmt::Display for Origin {
    /// `file:line in <Section ..>`, or `default`.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => out.write_str("default"),
            Self::Line { file, line, section, .. } => write!(out, "{file}:{line} in {section}"),
        }
    }
}
