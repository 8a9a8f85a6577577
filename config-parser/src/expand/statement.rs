//! Directives and sections after the expansion.

use crate::report::finding::{Finding, FindingCode};
use crate::report::source::Span;

/// A directive or a section.
#[derive(Debug)]
pub(crate) enum Item {
    Directive(Statement),
    Section(Block),
}

/// A name and its arguments.
#[derive(Debug)]
pub(crate) struct Statement {
    pub(crate) name: ExpandedWord,
    pub(crate) arguments: Vec<ExpandedWord>,
    pub(crate) span: Span,
}

/// A section and what is in it.
#[derive(Debug)]
pub(crate) struct Block {
    pub(crate) head: Statement,
    pub(crate) expression: String,
    pub(crate) items: Vec<Item>,
}

/// A word with its variables replaced.
#[derive(Debug, Clone)]
pub(crate) struct ExpandedWord {
    pub(crate) value: String,
    pub(crate) span: Span,
}

/// The advice about a comment at the end of a line.
pub(crate) const NO_COMMENT: &str =
    "as in httpd, `#` begins a comment only at the start of a line: put the comment on a line of its own";

/// Returns the finding if the number of arguments is wrong.
pub(crate) fn count_arguments(
    statement: &Statement,
    least: usize,
    most: Option<usize>,
    usage: &str,
) -> Option<Finding> {
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
        let found = Finding::new(FindingCode::EXTRA_ARGUMENT, extra.span.to(last.span), message);
        let help = if extra.value.starts_with('#') {
            NO_COMMENT.to_owned()
        } else {
            format!("{usage}; quote an argument that has spaces")
        };
        return Some(found.expected("expected no more arguments").help(help));
    }
    if count < least {
        let bound = if most == Some(least) { "" } else { "at least " };
        let message = format!("`{name}` takes {bound}{}, found {}", arguments(least), number(count));
        return Some(Finding::new(FindingCode::MISSING_ARGUMENT, statement.span, message).help(usage.to_owned()));
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
