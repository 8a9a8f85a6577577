//! Everything that was found, with the texts it was found in.

pub(crate) mod finding;
mod render;
pub(crate) mod source;

use std::fmt;
use std::path::PathBuf;

use crate::report::finding::{Finding, Severity};
use crate::report::source::{FileId, Sources, Span};

/// Findings, in the order of the files and lines.
#[derive(Debug, Clone)]
pub struct Report {
    sources: Sources,
    findings: Vec<Finding>,
}

/// A finding with its places written out, for programs: every field is plain data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FindingRecord {
    /// `error` or `warning`.
    pub severity: &'static str,
    /// Stable number, such as `E010`.
    pub id: &'static str,
    /// Stable name, such as `unknown-directive`.
    pub slug: &'static str,
    /// One sentence.
    pub message: String,
    /// Where, if it has a place.
    pub place: Option<FileRange>,
    /// What was expected there.
    pub expected: Option<String>,
    /// Advice.
    pub help: Option<String>,
    /// Other places that belong to it, with what they have to do with it.
    pub related: Vec<(FileRange, String)>,
    /// The places of the includes through which the file was reached, innermost first.
    pub included_from: Vec<FileRange>,
}

/// A place with its file, lines and columns; the end is exclusive. Lines and columns count from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileRange {
    /// The file, as it was opened.
    pub file: String,
    /// First line.
    pub line: u32,
    /// First column, in characters.
    pub column: u32,
    /// Last line.
    pub end_line: u32,
    /// Column after the last character.
    pub end_column: u32,
}

impl Report {
    /// Findings about these texts.
    #[must_use]
    pub fn new(sources: Sources, findings: Vec<Finding>) -> Self {
        let mut report = Self { sources, findings: Vec::new() };
        report.extend(findings);
        report
    }

    /// The findings.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// The texts that were read.
    #[must_use]
    pub fn sources(&self) -> &Sources {
        &self.sources
    }

    /// Adds a text that findings are about, such as one of another language that the configuration names. Nothing is read.
    pub fn add_text(&mut self, path: impl Into<PathBuf>, text: &str) -> FileId {
        self.sources.add(path, text, None)
    }

    /// Adds findings, such as those of a program that checks what the values mean.
    pub fn extend(&mut self, findings: impl IntoIterator<Item = Finding>) {
        self.findings.extend(findings);
        self.findings.sort_by_key(|found| found.span.map(|span| (span.file, span.start)));
    }

    /// Whether nothing was found.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.findings.is_empty()
    }

    /// The number of errors.
    #[must_use]
    pub fn errors(&self) -> usize {
        self.findings.iter().filter(|found| found.severity() == Severity::Error).count()
    }

    /// Everything as text for people, with excerpts; `colored` with colours for a terminal.
    #[must_use]
    pub fn render(&self, colored: bool) -> String {
        render::report(&self.sources, &self.findings, colored)
    }

    /// Everything as data for programs.
    pub fn records(&self) -> impl Iterator<Item = FindingRecord> {
        self.findings.iter().map(|found| self.finding(found))
    }

    fn finding(&self, found: &Finding) -> FindingRecord {
        let chain = found.span.into_iter().flat_map(|span| self.sources.include_chain(span.file));
        FindingRecord {
            severity: match found.severity() {
                Severity::Error => "error",
                Severity::Warning => "warning",
            },
            id: found.code.id(),
            slug: found.code.slug(),
            message: found.message.clone(),
            place: found.span.map(|span| self.place(span)),
            expected: found.expected.clone(),
            help: found.help.clone(),
            related: found.related.iter().map(|other| (self.place(other.span), other.message.clone())).collect(),
            included_from: chain.map(|span| self.place(span)).collect(),
        }
    }

    fn place(&self, span: Span) -> FileRange {
        let source = self.sources.get(span.file);
        let (start, end) = (source.position(span.start), source.position(span.end));
        FileRange {
            file: source.display().to_string(),
            line: start.line,
            column: start.column,
            end_line: end.line,
            end_column: end.column,
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.render(false))
    }
}

impl std::error::Error for Report {}
