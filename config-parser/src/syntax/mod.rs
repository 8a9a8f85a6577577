//! Parses tokens into directives and sections, with recovery: one run finds every syntax error.
//!
//! This step knows no names: `Include` and `Define` are directives like any other here.

pub(crate) mod limits;
#[cfg(test)]
mod tests;
pub(crate) mod token;

use crate::report::finding::{Finding, FindingCode};
use crate::report::source::{FileId, Span, offset};
use crate::syntax::limits::ReadLimits;
use crate::syntax::token::{Token, TokenKind, joined, tokens};

/// A text that was parsed.
#[derive(Debug, Clone)]
pub(crate) struct Syntax {
    /// The lines and sections of the text.
    pub(crate) nodes: Vec<Node>,
    /// Syntax errors.
    pub(crate) findings: Vec<Finding>,
}

/// A directive or a section.
#[derive(Debug, Clone)]
pub(crate) enum Node {
    /// One directive.
    Directive(RawLine),
    /// One section.
    Section(RawSection),
}

/// A name and its arguments.
#[derive(Debug, Clone)]
pub(crate) struct RawLine {
    /// The name.
    pub(crate) name: Word,
    /// What follows it.
    pub(crate) arguments: Vec<Word>,
    /// From the name to the last argument; for a section from `<` to `>`.
    pub(crate) span: Span,
}

/// A section.
#[derive(Debug, Clone)]
pub(crate) struct RawSection {
    /// Its head.
    pub(crate) head: RawLine,
    /// All that stands in the head after the name, as it is written.
    pub(crate) expression: String,
    /// What is in it.
    pub(crate) nodes: Vec<Node>,
    /// Its closing line, if it has one.
    pub(crate) close: Option<Span>,
}

/// A name or an argument.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Word {
    /// What it says, without quotes; variables are not expanded yet.
    pub(crate) value: String,
    /// Where it stands, with its quotes.
    pub(crate) span: Span,
    /// Whether it opens a quote that nothing closes.
    pub(crate) unclosed: bool,
}

/// Reads the text of `file`.
pub(crate) fn parse(file: FileId, text: &str, limits: &ReadLimits) -> Syntax {
    let tokens = tokens(text);
    let mut parser = Parser { file, text, limits, open: Vec::new(), nodes: Vec::new(), findings: Vec::new() };
    for line in tokens.split(|token| token.kind == TokenKind::Newline) {
        if parser.line(line).is_break() {
            break;
        }
    }
    let end = Span { file, start: offset(text.len()), end: offset(text.len()) };
    while !parser.open.is_empty() {
        parser.abandon(end, None);
    }
    Syntax { nodes: parser.nodes, findings: parser.findings }
}

struct Parser<'t> {
    file: FileId,
    text: &'t str,
    limits: &'t ReadLimits,
    /// Sections that are not closed yet, outermost first.
    open: Vec<RawSection>,
    nodes: Vec<Node>,
    findings: Vec<Finding>,
}

type Flow = std::ops::ControlFlow<()>;

impl Parser<'_> {
    fn line(&mut self, tokens: &[Token]) -> Flow {
        let Some((first, last)) = tokens.first().zip(tokens.last()) else { return Flow::Continue(()) };
        if last.range.end - first.range.start > self.limits.line_bytes {
            self.too_long(first.range.start);
            return Flow::Continue(());
        }
        let start = tokens.iter().position(|token| !matches!(token.kind, TokenKind::Blank | TokenKind::Continuation));
        let Some(start) = start else { return Flow::Continue(()) };
        match tokens[start].kind {
            TokenKind::Open => return self.open(&tokens[start..]),
            TokenKind::Close => self.close(&tokens[start..]),
            TokenKind::Word => {
                if let Some(line) = self.words(&tokens[start..]) {
                    self.push(Node::Directive(line));
                }
            }
            TokenKind::Newline | TokenKind::Blank | TokenKind::Continuation | TokenKind::Comment | TokenKind::End => {}
        }
        Flow::Continue(())
    }

    fn open(&mut self, tokens: &[Token]) -> Flow {
        let Some(mut section) = self.head(tokens) else { return Flow::Continue(()) };
        if self.open.len() >= self.limits.section_depth {
            let limit = self.limits.section_depth;
            let message = format!("sections are nested more than {limit} deep");
            let help = "the rest of this file was skipped".to_owned();
            self.findings.push(Finding::new(FindingCode::NESTED_TOO_DEEP, section.head.span, message).help(help));
            // What is open is not reported as unclosed: its end was never looked for.
            while let Some(inner) = self.open.pop() {
                self.push(Node::Section(inner));
            }
            return Flow::Break(());
        }
        section.expression = section.expression.trim().to_owned();
        self.open.push(section);
        Flow::Continue(())
    }

    /// The head of a section, from `<` to `>`.
    fn head(&mut self, tokens: &[Token]) -> Option<RawSection> {
        let whole = self.span(tokens.first()?, tokens.last()?);
        let Some(end) = tokens.iter().position(|token| token.kind == TokenKind::End) else {
            let at = Span { start: whole.end, ..whole };
            self.malformed(at, "the head of a section must end with `>`", "expected `>`");
            return self.words(tokens.get(1..)?).map(|head| unfinished(head, whole));
        };
        if let Some(extra) = tokens[end + 1..].iter().find(|token| token.kind == TokenKind::Word) {
            let after = self.span(extra, tokens.last()?);
            let found = Finding::new(FindingCode::TRAILING_TEXT, after, "text after the `>` of a section is ignored");
            self.findings.push(found.expected("expected the end of the line"));
        }
        let span = self.span(tokens.first()?, &tokens[end]);
        let head = self.words(&tokens[1..end]);
        if head.is_none() || tokens[1].kind != TokenKind::Word {
            self.malformed(span, "the name of a section follows `<` without a space", "expected `<Name ..>`");
        }
        let head = head?;
        let from = head.name.span.end as usize;
        let expression = joined(&self.text[from..tokens[end].range.start]);
        Some(RawSection { head: RawLine { span, ..head }, expression, nodes: Vec::new(), close: None })
    }

    fn close(&mut self, tokens: &[Token]) {
        let Some(section) = self.head(tokens) else { return };
        let (name, span) = (&section.head.name.value, section.head.span);
        if let Some(extra) = section.head.arguments.first() {
            self.malformed(extra.span, "the end of a section has no arguments", "expected `>`");
        }
        let matching = self.open.iter().rposition(|open| open.head.name.value.eq_ignore_ascii_case(name));
        let Some(matching) = matching else {
            let mut found =
                Finding::new(FindingCode::UNEXPECTED_CLOSE, span, format!("`</{name}>` closes no open section"));
            if let Some(open) = self.open.last() {
                let open = &open.head;
                found = found
                    .expected(format!("expected `</{}>`", open.name.value))
                    .related(open.span, "this section is open");
            } else {
                found = found.expected("no section is open here");
            }
            self.findings.push(found);
            return;
        };
        while self.open.len() > matching + 1 {
            self.abandon(span, Some(span));
        }
        if let Some(mut closed) = self.open.pop() {
            closed.close = Some(span);
            self.push(Node::Section(closed));
        }
    }

    /// Takes the innermost open section as ended at `at`, and says that it was not closed.
    fn abandon(&mut self, at: Span, closed_instead: Option<Span>) {
        let Some(section) = self.open.pop() else { return };
        let name = &section.head.name.value;
        let message = format!("`<{name}>` is not closed");
        let help =
            format!("add `</{name}>` {}", if closed_instead.is_some() { "before this line" } else { "at the end" });
        let mut found = Finding::new(FindingCode::UNCLOSED_SECTION, section.head.span, message).expected("opened here");
        if let Some(instead) = closed_instead {
            found = found.related(instead, format!("expected `</{name}>` before this"));
        } else {
            found = found.related(at, format!("the file ends, expected `</{name}>`"));
        }
        self.findings.push(found.help(help));
        self.push(Node::Section(section));
    }

    /// A name and its arguments; `None` if there is no word.
    fn words(&mut self, tokens: &[Token]) -> Option<RawLine> {
        let mut words = Vec::new();
        for token in tokens.iter().filter(|token| token.kind == TokenKind::Word) {
            let quoted = token.value(self.text);
            let span = self.span(token, token);
            if quoted.unclosed {
                let found = Finding::new(FindingCode::UNCLOSED_QUOTE, span, "this quote is not closed")
                    .expected("expected the same quote before the end of the line")
                    .help("the argument is read up to the end of the line".to_owned());
                self.findings.push(found);
            }
            words.push(Word { value: quoted.value, span, unclosed: quoted.unclosed });
        }
        let mut words = words.into_iter();
        let name = words.next()?;
        let arguments: Vec<Word> = words.collect();
        let span = arguments.last().map_or(name.span, |last| name.span.to(last.span));
        Some(RawLine { name, arguments, span })
    }

    fn push(&mut self, node: Node) {
        self.open.last_mut().map_or(&mut self.nodes, |section| &mut section.nodes).push(node);
    }

    fn malformed(&mut self, span: Span, message: &str, expected: &str) {
        self.findings.push(Finding::new(FindingCode::MALFORMED_SECTION, span, message).expected(expected));
    }

    fn too_long(&mut self, start: usize) {
        let end = start + self.text[start..].chars().take(20).map(char::len_utf8).sum::<usize>();
        let span = Span { file: self.file, start: offset(start), end: offset(end) };
        let message = format!("this line is longer than {} bytes", self.limits.line_bytes);
        let help = "the line was skipped".to_owned();
        self.findings.push(Finding::new(FindingCode::LINE_TOO_LONG, span, message).help(help));
    }

    fn span(&self, first: &Token, last: &Token) -> Span {
        Span { file: self.file, start: offset(first.range.start), end: offset(last.range.end) }
    }
}

fn unfinished(head: RawLine, span: Span) -> RawSection {
    RawSection { head: RawLine { span, ..head }, expression: String::new(), nodes: Vec::new(), close: None }
}
