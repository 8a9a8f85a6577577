//! Where a text imports by a literal name: what can be found out about its imports without running it.

use rhai::Position;

use crate::link::scan::token::{Seen, TokenKind};

/// An `import "name"` or `import_module("name")`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ImportSite {
    pub(crate) name: String,
    /// Where the name stands.
    pub(crate) at: Position,
    /// What it is called from then on.
    pub(crate) alias: Option<String>,
    /// Is it made whenever the top level runs to its end?
    pub(crate) is_certain: bool,
}

/// All of them, in order.
pub(crate) fn find(seen: &[Seen]) -> Vec<ImportSite> {
    let mut found = Vec::new();
    let mut left = false;
    let mut function_end = 0;
    for (index, token) in seen.iter().enumerate() {
        match token.kind {
            TokenKind::Fn => function_end = function_end.max(crate::link::scan::lexical::end_of_block(seen, index)),
            // What follows may never run.
            TokenKind::Leave if index >= function_end => left = true,
            _ => {}
        }
        if let Some((name, at, alias)) = literal(&seen[index..]) {
            let is_certain = token.depth == 0 && token.kind == TokenKind::Import && index >= function_end && !left;
            found.push(ImportSite { name, at, alias, is_certain });
        }
    }
    found
}

fn literal(tokens: &[Seen]) -> Option<(String, Position, Option<String>)> {
    let text = |token: &Seen| match &token.kind {
        TokenKind::Text(text) => Some((text.clone(), token.at)),
        _ => None,
    };
    match tokens {
        [import, path, rest @ ..] if import.kind == TokenKind::Import => {
            let (name, at) = text(path)?;
            match rest {
                [token, alias, ..] if token.kind == TokenKind::As => match &alias.kind {
                    TokenKind::Identifier(alias) => Some((name, at, Some(alias.clone()))),
                    _ => None,
                },
                [] => Some((name, at, None)),
                [end, ..] if matches!(end.kind, TokenKind::SemiColon | TokenKind::CloseBrace) => Some((name, at, None)),
                _ => None,
            }
        }
        [Seen { kind: TokenKind::Identifier(function), .. }, open, path, close, ..]
            if function == "import_module" && open.kind == TokenKind::Call && close.kind == TokenKind::Close =>
        {
            let (name, at) = text(path)?;
            Some((name, at, None))
        }
        _ => None,
    }
}

/// The blocks of `try`, from the word to their end: what fails in them was thought of.
pub(crate) fn guarded(seen: &[Seen]) -> Vec<(Position, Position)> {
    let block = |(index, token): (usize, &Seen)| {
        (token.kind == TokenKind::Try).then(|| {
            let end = crate::link::scan::lexical::end_of_block(seen, index);
            (token.at, seen.get(end.saturating_sub(1)).map_or(token.at, |last| last.at))
        })
    };
    seen.iter().enumerate().filter_map(block).collect()
}
