//! `keep NAME = value;` among the tokens of a text. It is compiled as `const`, and read as a definition that a reload
//! takes over.

use rhai::Position;

use crate::link::scan::{
    text,
    token::{self, Seen, TokenKind},
};

/// Where each stands that begins a definition, and the variable that it defines.
pub(crate) fn places(seen: &[Seen]) -> Vec<(Position, String)> {
    let kept = |pair: &[Seen]| match pair {
        [Seen { kind: TokenKind::Keep, at, .. }, Seen { kind: TokenKind::Identifier(name), .. }] => {
            Some((*at, name.clone()))
        }
        _ => None,
    };
    seen.windows(2).filter_map(kept).collect()
}

/// Whether the `keep` at this place, which begins a statement, defines something: a name follows, or `=` for want of one. All
/// else that may follow makes it an ordinary name, as in `keep(3);`.
pub(crate) fn defines(text: &str, keep: Position) -> bool {
    let after = &text::after(text, keep)[token::KEEP.len()..];
    let next = text::skip_blank(after);
    let word = next.split(|letter: char| !(letter.is_ascii_alphanumeric() || letter == '_')).next().unwrap_or_default();
    let is_name = word.starts_with(|letter: char| letter.is_ascii_alphabetic() || letter == '_') && word != "in";
    is_name || (next.starts_with('=') && !next.starts_with("=="))
}

/// A `keep` that defines nothing, and one that would inside of a block or function. `keep` is an ordinary name in all
/// other places.
pub(crate) fn misplaced(seen: &[Seen]) -> Option<(Position, String)> {
    let is_name = |token: Option<&Seen>| matches!(token.map(|token| &token.kind), Some(TokenKind::Identifier(_)));
    seen.iter().enumerate().find_map(|(index, token)| {
        let next = seen.get(index + 1);
        match &token.kind {
            TokenKind::Keep if !is_name(next) => {
                let message = "`keep` begins a definition at the top level: write `keep NAME = value;`";
                Some((token.at, message.to_owned()))
            }
            TokenKind::Identifier(word)
                if word == token::KEEP && is_name(next) && token::begins_statement(&seen[..index]) =>
            {
                let message = "`keep` stands at the top level of a module only, where what it keeps lives on; \
                               use `let` here";
                Some((token.at, message.to_owned()))
            }
            _ => None,
        }
    })
}
