//! All findings about a configuration, with the texts that they are about.

pub(crate) mod finding;
mod render;
pub(crate) mod source;

use std::fmt;
use std::path::PathBuf;

use crate::report::finding::{Finding, Severity};
use crate::report::source::{FileId, Sources, Span};

/// The findings about a configuration, in the order of files and lines.
#[derive(Debug, Clone)]
pub struct Report {
    sources: Sources,
    findings: Vec<Finding>,
}

/// A finding as plain data for other programs, with files, lines and columns in place of offsets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FindingRecord {
    /// `error` or `warning`.
    pub severity: &'static str,
    /// The stable id, such as `E010`.
    pub id: &'static str,
    /// The stable name, such as `unknown-directive`.
    pub slug: &'static str,
    /// One sentence.
    pub message: String,
    /// The place, if there is one.
    pub place: Option<FileRange>,
    /// What was expected there.
    pub expected: Option<String>,
    /// What to do about it.
    pub help: Option<String>,
    /// Other places that belong to the finding, and what is there.
    pub related: Vec<(FileRange, String)>,
    /// The places of the includes through which the file was reached, innermost first.
    pub included_from: Vec<FileRange>,
}

/// A range in a file. Lines and columns count from 1; the end is exclusive.
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
    /// Makes a report of findings about these texts.
    #[must_use]
    pub fn new(sources: Sources, findings: Vec<Finding>) -> Self {
        let mut report = Self { sources, findings: Vec::new() };
        report.extend(findings);
        report
    }

    /// Returns the findings.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// Returns the texts that were read.
    #[must_use]
    pub fn sources(&self) -> &Sources {
        &self.sources
    }

    /// Adds a text that findings are about, such as a script that the configuration names. No file is read.
    pub fn add_text(&mut self, path: impl Into<PathBuf>, text: &str) -> FileId {
        self.sources.add(path, text, None)
    }

    /// Adds findings, such as those of a program that checks what the values mean.
    pub fn extend(&mut self, findings: impl IntoIterator<Item = Finding>) {
        self.findings.extend(findings);
        self.findings.sort_by_key(|found| found.span.map(|span| (span.file, span.start)));
    }

    /// Returns whether there are no findings.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.findings.is_empty()
    }

    /// Returns the number of errors.
    #[must_use]
    pub fn errors(&self) -> usize {
        self.findings.iter().filter(|found| found.severity() == Severity::Error).count()
    }

    /// Returns all findings as text with excerpts; if `colored`, with colours for a terminal.
    #[must_use]
    pub fn render(&self, colored: bool) -> String {
        render::report(&self.sources, &self.findings, colored)
    }

    /// Returns all findings as data for other programs.
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
