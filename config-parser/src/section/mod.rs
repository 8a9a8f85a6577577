//! Sections, which say for which requests the lines in them hold.

pub(crate) mod expression;
pub(crate) mod host_address;
pub(crate) mod pattern;

use std::fmt;
use std::sync::Arc;

use regex::Regex;

use crate::report::source::Span;
use crate::section::expression::Condition;

/// The kinds of sections.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SectionKind {
    /// `<VirtualHost address ..>`
    VirtualHost,
    /// `<Directory path>`, `<Directory ~ regex>`
    Directory,
    /// `<DirectoryMatch regex>`
    DirectoryMatch,
    /// `<Files name>`, `<Files ~ regex>`
    Files,
    /// `<FilesMatch regex>`
    FilesMatch,
    /// `<Location url>`, `<Location ~ regex>`
    Location,
    /// `<LocationMatch regex>`
    LocationMatch,
    /// `<If "expression">`
    If,
    /// `<ElseIf "expression">`
    ElseIf,
    /// `<Else>`
    Else,
}

impl SectionKind {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::VirtualHost,
        Self::Directory,
        Self::DirectoryMatch,
        Self::Files,
        Self::FilesMatch,
        Self::Location,
        Self::LocationMatch,
        Self::If,
        Self::ElseIf,
        Self::Else,
    ];

    /// Returns its name, as it is written after `<`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::VirtualHost => "VirtualHost",
            Self::Directory => "Directory",
            Self::DirectoryMatch => "DirectoryMatch",
            Self::Files => "Files",
            Self::FilesMatch => "FilesMatch",
            Self::Location => "Location",
            Self::LocationMatch => "LocationMatch",
            Self::If => "If",
            Self::ElseIf => "ElseIf",
            Self::Else => "Else",
        }
    }

    pub(crate) fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name().eq_ignore_ascii_case(name))
    }

    pub(crate) fn takes(self) -> &'static str {
        match self {
            Self::VirtualHost => "address[:port] ..",
            Self::Directory => "path",
            Self::Files => "name",
            Self::Location => "url-path",
            Self::DirectoryMatch | Self::FilesMatch | Self::LocationMatch => "regex",
            Self::If | Self::ElseIf => "\"expression\"",
            Self::Else => "",
        }
    }

    /// Says where it is allowed, as [`may_stand_in`](Self::may_stand_in) decides.
    pub(crate) fn contexts(self) -> &'static str {
        match self {
            Self::VirtualHost => "outside all sections",
            Self::Directory | Self::DirectoryMatch | Self::Location | Self::LocationMatch => {
                "outside all sections or in `<VirtualHost>`"
            }
            Self::Files | Self::FilesMatch => "outside all sections, in `<VirtualHost>` or in `<Directory>`",
            Self::If | Self::ElseIf | Self::Else => "anywhere but in another `<If>`",
        }
    }

    /// Whether its argument is always a regular expression.
    pub(crate) fn is_match(self) -> bool {
        matches!(self, Self::DirectoryMatch | Self::FilesMatch | Self::LocationMatch)
    }

    pub(crate) fn is_directory(self) -> bool {
        matches!(self, Self::Directory | Self::DirectoryMatch)
    }

    pub(crate) fn is_files(self) -> bool {
        matches!(self, Self::Files | Self::FilesMatch)
    }

    pub(crate) fn is_condition(self) -> bool {
        matches!(self, Self::If | Self::ElseIf | Self::Else)
    }

    /// Whether a section of this kind may stand directly in `parent`; `None` is outside all sections.
    pub(crate) fn may_stand_in(self, parent: Option<Self>) -> bool {
        match parent {
            None => true,
            Some(Self::VirtualHost) => self != Self::VirtualHost,
            Some(Self::Directory | Self::DirectoryMatch) => self.is_files() || self.is_condition(),
            Some(Self::Files | Self::FilesMatch | Self::Location | Self::LocationMatch) => self.is_condition(),
            Some(Self::If | Self::ElseIf | Self::Else) => false,
        }
    }
}

/// What a section matches.
#[derive(Debug, Clone)]
pub(crate) enum Pattern {
    /// This name or path.
    Literal(String),
    /// Wildcards, as a regular expression, and the number of components of the path that they are.
    Wildcards(Regex, usize),
    /// A regular expression.
    Regex(Regex),
    /// What `<If>` asks of a request.
    Condition(Condition),
}

/// A section, or the main server: everything outside of all sections.
#[derive(Debug)]
pub struct Section {
    pub(crate) kind: Option<SectionKind>,
    /// Everything after the name, as it is written.
    pub(crate) argument: String,
    pub(crate) pattern: Option<Pattern>,
    pub(crate) parent: Option<Arc<Section>>,
    pub(crate) file: Arc<str>,
    pub(crate) line: u32,
    pub(crate) span: Option<Span>,
}

impl Section {
    /// Returns the kind of section; `None` for the main server.
    #[must_use]
    pub fn kind(&self) -> Option<SectionKind> {
        self.kind
    }

    /// Returns the text after its name, as it is written.
    #[must_use]
    pub fn argument(&self) -> &str {
        &self.argument
    }

    /// Returns the path or name that it matches, if that is neither a pattern nor a regular expression. A relative directory
    /// is joined to the server root.
    #[must_use]
    pub fn literal(&self) -> Option<&str> {
        if let Some(Pattern::Literal(text)) = &self.pattern { Some(text) } else { None }
    }

    /// Returns the texts that the condition of an `<If>` compares one of [`VARIABLES`](crate::VARIABLES) with, by `==` or
    /// `!=`.
    #[must_use]
    pub fn compared_with(&self, variable: &str) -> Vec<&str> {
        let mut found = Vec::new();
        if let Some(Pattern::Condition(condition)) = &self.pattern {
            condition.literals(variable, &mut found);
        }
        found
    }

    /// Returns the section around it.
    #[must_use]
    pub fn parent(&self) -> Option<&Arc<Self>> {
        self.parent.as_ref()
    }

    /// Returns the file with its head.
    #[must_use]
    pub fn file(&self) -> &Arc<str> {
        &self.file
    }

    /// Returns the line of its head, counted from 1.
    #[must_use]
    pub fn line(&self) -> u32 {
        self.line
    }

    /// Returns the place of its head, from `<` to `>`, in the [`Sources`](crate::Sources) of the report; `None` for the main
    /// server.
    #[must_use]
    pub fn span(&self) -> Option<Span> {
        self.span
    }

    /// Returns the innermost `<Directory>` section among this one and those around it.
    #[must_use]
    pub fn directory(&self) -> Option<&Self> {
        let outward = std::iter::successors(Some(self), |section| section.parent.as_deref());
        outward.into_iter().find(|section| section.kind.is_some_and(SectionKind::is_directory))
    }

    /// Returns the directory that the `<Directory>` section of this section means for a file that it matches: the leading part
    /// of `filename` that the path or wildcard matches, or, for a regular expression, the directory of the file. `None` if
    /// there is no `<Directory>` section around it.
    #[must_use]
    pub fn directory_in<'f>(&self, filename: &'f str) -> Option<&'f str> {
        let parent = filename.rfind('/')?;
        let length = match self.directory()?.pattern.as_ref()? {
            Pattern::Literal(path) => path.len(),
            // Wildcards may match the file itself, which is not a directory.
            Pattern::Wildcards(leading, _) => parent.min(leading.find(filename)?.end().saturating_sub(1)),
            Pattern::Regex(_) | Pattern::Condition(_) => parent,
        };
        filename.get(..length.max(1))
    }
}

impl fmt::Display for Section {
    /// `<Section argument>`, or `the main server`.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            Some(kind) => write!(out, "<{} {}>", kind.name(), self.argument),
            None => out.write_str("the main server"),
        }
    }
}

/// The components of a path.
pub(crate) fn components(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter(|part| !part.is_empty())
}

/// Compiles what a section of this kind matches. `regex` says whether the argument is a regular expression.
pub(crate) fn compile(kind: SectionKind, argument: &str, regex: bool) -> Result<Pattern, regex::Error> {
    if regex {
        return Regex::new(argument).map(Pattern::Regex);
    }
    if !pattern::has_wildcards(argument) {
        return Ok(Pattern::Literal(argument.to_owned()));
    }
    let compile = if kind.is_directory() { pattern::leading } else { pattern::whole };
    compile(argument).map(|regex| Pattern::Wildcards(regex, components(argument).count()))
}
