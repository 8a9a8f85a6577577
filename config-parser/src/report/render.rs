//! Findings as text for people.

use std::ops::Range;

use annotate_snippets::{Annotation, AnnotationKind, Group, Level, Renderer, Snippet};

use crate::report::finding::{Finding, Severity};
use crate::report::source::{SourceFile, Sources, Span};

/// How many bytes of a line are shown.
const SHOWN: usize = 160;

pub(crate) fn report(sources: &Sources, findings: &[Finding], colored: bool) -> String {
    let renderer = if colored { Renderer::styled() } else { Renderer::plain() };
    let mut out = String::new();
    for found in findings {
        let level = match found.severity() {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
        };
        let title = level.primary_title(found.message.as_str()).id(found.code.to_string());
        let mut group = Group::with_title(title).elements(snippets(sources, found));
        if let Some(span) = found.span {
            for include in sources.include_chain(span.file) {
                let place = place(sources, include);
                group = group.element(Level::NOTE.message(format!("included from {place}")));
            }
        }
        if let Some(help) = &found.help {
            group = group.element(Level::HELP.message(help.as_str()));
        }
        out.push_str(&renderer.render(&[group]));
        out.push_str("\n\n");
    }
    out
}

/// `file:line:column`
fn place(sources: &Sources, span: Span) -> String {
    let position = sources.position(span);
    format!("{}:{}:{}", sources.get(span.file).display(), position.line, position.column)
}

/// The excerpts of a finding: places near each other in one file are shown in one.
fn snippets<'d>(sources: &'d Sources, found: &'d Finding) -> Vec<Snippet<'d, Annotation<'d>>> {
    let Some(span) = found.span else { return Vec::new() };
    let primary = (span, AnnotationKind::Primary, found.expected.as_deref());
    let related = found.related.iter().map(|other| (other.span, AnnotationKind::Context, Some(other.message.as_str())));
    let mut excerpts: Vec<Excerpt<'_>> = Vec::new();
    for (span, kind, label) in std::iter::once(primary).chain(related) {
        let source = sources.get(span.file);
        let lines = lines_of(source, span);
        match excerpts.iter_mut().find(|excerpt| excerpt.is_near(span, &lines)) {
            Some(excerpt) => excerpt.lines = excerpt.lines.start.min(lines.start)..excerpt.lines.end.max(lines.end),
            None => excerpts.push(Excerpt { source, file: span, lines: lines.clone(), marks: Vec::new() }),
        }
        if let Some(excerpt) = excerpts.iter_mut().find(|excerpt| excerpt.is_near(span, &lines)) {
            excerpt.marks.push((span, kind, label));
        }
    }
    excerpts.into_iter().map(Excerpt::snippet).collect()
}

/// Consecutive lines of a text with places in them.
struct Excerpt<'d> {
    source: &'d SourceFile,
    file: Span,
    lines: Range<usize>,
    marks: Vec<(Span, AnnotationKind, Option<&'d str>)>,
}

impl<'d> Excerpt<'d> {
    fn is_near(&self, span: Span, lines: &Range<usize>) -> bool {
        let apart = |one: &Range<usize>, other: &Range<usize>| one.end + 3 < other.start;
        self.file.file == span.file && !apart(&self.lines, lines) && !apart(lines, &self.lines)
    }

    fn snippet(self) -> Snippet<'d, Annotation<'d>> {
        let (mut text, mut starts) = (String::new(), Vec::new());
        for line in self.lines.clone() {
            let range = self.source.line_range(line);
            starts.push((range.start, text.len()));
            text.push_str(shown(&self.source.text()[range]));
            text.push('\n');
        }
        // An offset in the file as one in the excerpt, where lines may be cut.
        let translate = |at: usize| {
            let index = starts.partition_point(|(start, _)| *start <= at).saturating_sub(1);
            let (from, to) = starts[index];
            let end = starts.get(index + 1).map_or(text.len(), |(_, next)| *next) - 1;
            floor(&text, (to + at.saturating_sub(from)).min(end))
        };
        let annotate = |(span, kind, label): (Span, AnnotationKind, Option<&'d str>)| {
            let range = span.range();
            kind.span(translate(range.start)..translate(range.end)).label(label)
        };
        let marks: Vec<_> = self.marks.iter().map(|mark| annotate(*mark)).collect();
        Snippet::source(text).line_start(self.lines.start + 1).path(&**self.source.display()).annotations(marks)
    }
}

fn lines_of(source: &SourceFile, span: Span) -> Range<usize> {
    let (first, last) = (source.line_index(span.start), source.line_index(span.end.max(span.start)));
    first..last + 1
}

fn shown(line: &str) -> &str {
    &line[..floor(line, SHOWN)]
}

/// The last boundary of a character that is not beyond `at`.
fn floor(text: &str, at: usize) -> usize {
    text.floor_char_boundary(at)
}
