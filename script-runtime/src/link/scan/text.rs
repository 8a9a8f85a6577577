//! The source text itself, where tokens do not tell enough.

use std::borrow::Cow;

use rhai::Position;

/// The text as it is compiled. A first line `#!..` is a comment, for those who start a script as a program; everything stays
/// in its place.
pub(crate) fn compiled(text: &str) -> Cow<'_, str> {
    match text.strip_prefix("#!") {
        Some(rest) => format!("//{rest}").into(),
        None => text.into(),
    }
}

/// The text up to a place.
pub(crate) fn before(text: &str, at: Position) -> &str {
    let Some(line) = at.line() else { return text };
    let start: usize = text.split_inclusive('\n').take(line - 1).map(str::len).sum();
    let column = at.position().unwrap_or(1).saturating_sub(1);
    let within = text[start..].char_indices().nth(column).map_or(text.len() - start, |(at, _)| at);
    &text[..start + within]
}

/// The text from a place on.
pub(crate) fn after(text: &str, at: Position) -> &str {
    &text[before(text, at).len()..]
}

/// What is left when blanks and comments are taken from the beginning.
pub(crate) fn skip_blank(mut text: &str) -> &str {
    loop {
        text = text.trim_start();
        if let Some(rest) = text.strip_prefix("//") {
            text = rest.split_once('\n').map_or("", |(_, rest)| rest);
        } else if let Some(rest) = text.strip_prefix("/*") {
            text = skip_comment(rest);
        } else {
            return text;
        }
    }
}

/// What follows a comment that was opened before `text`. Comments nest.
fn skip_comment(mut text: &str) -> &str {
    let mut open = 1;
    while open > 0 {
        let Some(at) = text.find(['*', '/']) else { return "" };
        let (step, change) = match &text[at..] {
            rest if rest.starts_with("*/") => (2, -1),
            rest if rest.starts_with("/*") => (2, 1),
            _ => (1, 0),
        };
        open += change;
        text = &text[at + step..];
    }
    text
}
