//! The files that were read, and places in them.
//!
//! A [`Span`] is three numbers; turning one into a line and a column needs the [`Sources`] it came from. A file that is
//! included twice is here twice, so that a place also says through which chain of includes it was reached.

use std::collections::BTreeSet;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The id of a file that was read. A file that is included twice has two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FileId(pub(crate) u32);

/// A place: byte offsets in the text of one file, `start` inclusive, `end` exclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Span {
    /// The file.
    pub file: FileId,
    /// Offset of the first byte.
    pub start: u32,
    /// Offset after the last byte.
    pub end: u32,
}

impl Span {
    /// Makes a place from two byte offsets.
    #[must_use]
    pub fn at(file: FileId, start: usize, end: usize) -> Self {
        Self { file, start: offset(start), end: offset(end) }
    }

    /// Returns the place from the start of `self` to the end of `other`, which is in the same file.
    #[must_use]
    pub fn to(self, other: Self) -> Self {
        Self { end: other.end.max(self.end), ..self }
    }

    pub(crate) fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}

/// Line and column, both counted from 1; columns count characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Position {
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
}

/// A file that was read.
#[derive(Debug, Clone)]
pub struct SourceFile {
    path: PathBuf,
    display: Arc<str>,
    text: Arc<str>,
    line_starts: Vec<u32>,
    included_from: Option<Span>,
}

impl SourceFile {
    fn new(path: PathBuf, text: Arc<str>, included_from: Option<Span>) -> Self {
        let line_starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| offset(at + 1))).collect();
        let display = path.to_string_lossy().into();
        Self { path, display, text, line_starts, included_from }
    }

    /// Returns the path as it was opened.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the path as text for messages.
    #[must_use]
    pub fn display(&self) -> &Arc<str> {
        &self.display
    }

    /// Returns the whole text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    pub(crate) fn shared_text(&self) -> Arc<str> {
        Arc::clone(&self.text)
    }

    /// Returns the place of the `Include` that names this file; `None` for the first file.
    #[must_use]
    pub fn included_from(&self) -> Option<Span> {
        self.included_from
    }

    /// Returns the line and column of a byte offset. An offset past the end means the end.
    #[must_use]
    pub fn position(&self, at: u32) -> Position {
        let at = at.min(offset(self.text.len()));
        let line = self.line_index(at);
        let before = self.text.get(self.line_starts[line] as usize..at as usize).unwrap_or_default();
        Position { line: offset(line + 1), column: offset(before.chars().count() + 1) }
    }

    /// Index, from 0, of the line that holds a byte offset.
    pub(crate) fn line_index(&self, at: u32) -> usize {
        // The first line starts at 0, so at least one start is not beyond `at`.
        self.line_starts.partition_point(|&start| start <= at).saturating_sub(1)
    }

    /// The bytes of one line, counted from 0, without its line end.
    pub(crate) fn line_range(&self, line: usize) -> Range<usize> {
        let start = self.line_starts.get(line).map_or(self.text.len(), |&at| at as usize);
        let end = self.line_starts.get(line + 1).map_or(self.text.len(), |&at| at as usize);
        let text = self.text[start..end].trim_end_matches(['\n', '\r']);
        start..start + text.len()
    }
}

/// All files that were read for one configuration.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    files: Vec<SourceFile>,
    asked: BTreeSet<PathBuf>,
}

impl Sources {
    /// Adds a text. `path` is only for messages; no file is read.
    pub fn add(&mut self, path: impl Into<PathBuf>, text: impl Into<Arc<str>>, included_from: Option<Span>) -> FileId {
        let id = FileId(offset(self.files.len()));
        self.files.push(SourceFile::new(path.into(), text.into(), included_from));
        id
    }

    /// Returns the file with an id.
    ///
    /// # Panics
    /// If the id is from other sources.
    #[must_use]
    pub fn get(&self, file: FileId) -> &SourceFile {
        &self.files[file.0 as usize]
    }

    /// Returns the line and column at which a place begins.
    ///
    /// # Panics
    /// If the place is from other sources.
    #[must_use]
    pub fn position(&self, span: Span) -> Position {
        self.get(span.file).position(span.start)
    }

    /// Returns all files in the order in which they were read.
    pub fn iter(&self) -> impl Iterator<Item = &SourceFile> {
        self.files.iter()
    }

    /// Returns the files and directories that were looked for, whether or not they exist. If none of them changes, neither
    /// does the configuration.
    pub fn asked(&self) -> impl Iterator<Item = &Path> {
        self.asked.iter().map(PathBuf::as_path)
    }

    pub(crate) fn ask(&mut self, path: &Path) {
        self.asked.insert(path.to_owned());
    }

    /// Returns the places of the `Include`s that led to a file, innermost first.
    pub(crate) fn include_chain(&self, file: FileId) -> impl Iterator<Item = Span> {
        std::iter::successors(self.get(file).included_from, |span| self.get(span.file).included_from)
    }
}

/// Offsets fit in 32 bits: [`ReadLimits`](crate::ReadLimits) caps the size of a file far below.
pub(crate) fn offset(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}
