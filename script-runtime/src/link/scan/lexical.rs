//! What the tokens of a text tell by themselves: names that are defined, imports, `global::`, and where writes begin.

use std::cmp::Ordering;
use std::collections::{HashMap, HashSet};

use rhai::Position;

use crate::link::scan::{
    caught, name,
    token::{self, Seen, TokenKind},
    uses::{ForeignWrite, Use},
};

#[derive(Clone, Debug)]
pub(crate) enum Lexical {
    /// `keep` that begins a definition.
    Keep,
    /// The name in `fn name`, in `import .. as name` or before `::`.
    Owned(String),
    /// A path after `import`, or the part of it that comes first.
    Path(String),
    GlobalOpen(String),
    GlobalName(String),
    GlobalClose(String),
    /// `alias::X` at the root of a write, which has a number.
    ForeignOpen,
    ForeignName(String, usize),
    ForeignClose,
    /// What a `catch` names, where it does so and in its block.
    Caught(String),
    /// The `(` after an `is_def_var` that is called with one argument.
    Asked,
}

pub(crate) fn reserved(seen: &Seen) -> Option<(String, Position)> {
    match &seen.kind {
        TokenKind::Identifier(text) if name::is_reserved(text) => Some((text.clone(), seen.at)),
        _ => None,
    }
}

pub(crate) fn variables(seen: &[Seen]) -> Vec<String> {
    let (mut names, mut known) = (Vec::new(), HashSet::new());
    for (index, token) in seen.iter().enumerate() {
        if let TokenKind::Identifier(name) = &token.kind
            && token.depth == 0
            && token::defines_at_top_level(&seen[..index])
            && known.insert(name)
        {
            names.push(name.clone());
        }
    }
    names
}

pub(crate) fn defined(seen: &[Seen]) -> Vec<(Position, String)> {
    let function = |after: &[Seen]| match defined_function(after) {
        Some((at, Lexical::Owned(name))) => Some((at, name)),
        _ => None,
    };
    let definition = |(index, token): (usize, &Seen)| match &token.kind {
        TokenKind::Fn => function(&seen[index + 1..]),
        TokenKind::Identifier(name) if token.depth == 0 && token::defines_at_top_level(&seen[..index]) => {
            Some((token.at, name.clone()))
        }
        _ => None,
    };
    seen.iter().enumerate().filter_map(definition).collect()
}

/// The writes that begin with `alias::X`, and their places among what the tokens tell.
pub(crate) fn foreign_writes(
    seen: &[Seen],
    uses: &[(Position, Use)],
    lexical: &mut Vec<(Position, Lexical)>,
) -> Vec<ForeignWrite> {
    let index: HashMap<Position, usize> = seen.iter().enumerate().map(|(index, token)| (token.at, index)).collect();
    let mut found = Vec::new();
    let mut places = Vec::new();
    for (at, used) in uses {
        let Use::ForeignWrite(foreign) = used else { continue };
        let length = foreign.path.len();
        let names = || foreign.path.iter().chain([&foreign.name]);
        let is_it = |tokens: &&[Seen]| {
            let separators = || tokens.iter().skip(1).step_by(2);
            separators().all(|token| token.kind == TokenKind::DoubleColon)
                && names()
                    .zip(tokens.iter().step_by(2))
                    .all(|(name, it)| it.kind == TokenKind::Identifier(name.clone()))
        };
        // Rhai gives it the place of its beginning or of its end.
        let Some(index) = index.get(at).copied() else { continue };
        let starts = [Some(index), index.checked_sub(2 * length)].into_iter().flatten();
        let tokens = starts.filter_map(|start| seen.get(start..=start + 2 * length)).find(is_it);
        let Some(tokens) = tokens else { continue };
        places.extend(tokens.iter().enumerate().map(|(index, token)| {
            let what = match index.cmp(&length) {
                Ordering::Less => Lexical::ForeignOpen,
                Ordering::Equal => Lexical::ForeignName(foreign.name.clone(), found.len()),
                Ordering::Greater => Lexical::ForeignClose,
            };
            (token.at, what)
        }));
        let at = if foreign.steps == 0 { tokens[2 * length].at } else { tokens[0].at };
        found.push(ForeignWrite { at, ..foreign.clone() });
    }
    let taken: HashSet<Position> = places.iter().map(|(at, _)| *at).collect();
    lexical.retain(|(at, _)| !taken.contains(at));
    lexical.extend(places);
    found
}

/// The names that are given to closures as entries of maps: `name: || ..`, `map.name = || ..`.
pub(crate) fn entries(seen: &[Seen]) -> HashSet<String> {
    let entry = |tokens: &[Seen]| match tokens {
        [name, gives, closure]
            if closure.kind == TokenKind::Pipe && matches!(gives.kind, TokenKind::Colon | TokenKind::Other) =>
        {
            match &name.kind {
                TokenKind::Identifier(name) | TokenKind::Text(name) => Some(name.clone()),
                _ => None,
            }
        }
        _ => None,
    };
    seen.windows(3).filter_map(entry).collect()
}

/// Where an `import` is followed by a literal.
pub(crate) fn literal_imports(seen: &[Seen]) -> HashSet<Position> {
    let literal = |pair: &[Seen]| match pair {
        [import, path] if import.kind == TokenKind::Import && matches!(path.kind, TokenKind::Text(_)) => {
            Some(import.at)
        }
        _ => None,
    };
    seen.windows(2).filter_map(literal).collect()
}

pub(crate) fn top_level_imports(seen: &[Seen]) -> Vec<String> {
    let literal = |tokens: &[Seen]| match tokens {
        [import, path, end] if import.depth == 0 && matches!(end.kind, TokenKind::As | TokenKind::SemiColon) => {
            match (&import.kind, &path.kind) {
                (TokenKind::Import, TokenKind::Text(path)) => Some(path.clone()),
                _ => None,
            }
        }
        _ => None,
    };
    let mut names = Vec::new();
    let mut at = 0;
    while let Some(token) = seen.get(at) {
        match token.kind {
            TokenKind::Fn => at = end_of_block(seen, at),
            // What follows may never run.
            TokenKind::Leave => break,
            _ => {
                names.extend(seen.get(at..at + 3).and_then(literal));
                at += 1;
            }
        }
    }
    names
}

/// The index behind the block that follows, in which nothing is a part of what encloses it.
pub(crate) fn end_of_block(seen: &[Seen], at: usize) -> usize {
    let inside = seen[at].depth + 1;
    let is_end = |token: &Seen| token.kind == TokenKind::CloseBrace && token.depth == inside;
    seen[at..].iter().position(is_end).map_or(seen.len(), |end| at + end + 1)
}

/// What the second compilation puts other tokens for.
pub(crate) fn read(seen: &[Seen]) -> Vec<(Position, Lexical)> {
    let aliases = aliases(seen);
    let kind = |index: usize| seen.get(index).map(|token| &token.kind);
    let mut found = Vec::new();
    for (index, token) in seen.iter().enumerate() {
        match &token.kind {
            TokenKind::Keep => found.push((token.at, Lexical::Keep)),
            TokenKind::Fn => found.extend(defined_function(&seen[index + 1..])),
            TokenKind::Catch => {
                let places = caught::places(&seen[index + 1..]);
                found.extend(places.into_iter().map(|(at, name)| (at, Lexical::Caught(name))));
            }
            TokenKind::Import => {
                if let Some(TokenKind::Text(path)) = kind(index + 1) {
                    found.push((seen[index + 1].at, Lexical::Path(path.clone())));
                }
            }
            TokenKind::Identifier(name) if aliases.contains(&index) => {
                found.push((token.at, Lexical::Owned(name.clone())));
            }
            TokenKind::Identifier(name)
                if kind(index + 1) == Some(&TokenKind::DoubleColon)
                    && (index == 0 || kind(index - 1) != Some(&TokenKind::DoubleColon)) =>
            {
                if aliases.iter().any(|alias| kind(*alias) == Some(&token.kind)) {
                    found.push((token.at, Lexical::Owned(name.clone())));
                } else if name == "global" {
                    found.extend(global(&seen[index..]));
                }
            }
            _ => {}
        }
    }
    found
}

/// The indices of the names that imports introduce.
pub(crate) fn aliases(seen: &[Seen]) -> Vec<usize> {
    let mut importing = false;
    let mut found = Vec::new();
    for (index, token) in seen.iter().enumerate() {
        match token.kind {
            TokenKind::Import => importing = true,
            TokenKind::SemiColon => importing = false,
            TokenKind::As if importing => {
                importing = false;
                if matches!(seen.get(index + 1).map(|next| &next.kind), Some(TokenKind::Identifier(_))) {
                    found.push(index + 1);
                }
            }
            _ => {}
        }
    }
    found
}

pub(crate) fn import_names(seen: &[Seen]) -> Vec<String> {
    let name = |index: usize| match &seen[index].kind {
        TokenKind::Identifier(name) => Some(name.clone()),
        _ => None,
    };
    aliases(seen).into_iter().filter_map(name).collect()
}

/// The name in `fn name` or `fn Type.name`, from what follows the keyword.
pub(crate) fn defined_function(after: &[Seen]) -> Option<(Position, Lexical)> {
    let name = match after {
        [_, period, name, ..] if period.kind == TokenKind::Period => name,
        [name, ..] => name,
        [] => return None,
    };
    match &name.kind {
        TokenKind::Identifier(text) => Some((name.at, Lexical::Owned(text.clone()))),
        _ => None,
    }
}

/// `global::X` becomes `(X)`, token by token: the parser would look for a module of that name otherwise.
pub(crate) fn global(tokens: &[Seen]) -> Vec<(Position, Lexical)> {
    match tokens {
        [open, middle, close, rest @ ..] => match (&close.kind, rest.first().map(|next| &next.kind)) {
            (_, Some(TokenKind::Call | TokenKind::DoubleColon)) => Vec::new(),
            (TokenKind::Identifier(name), _) => vec![
                (open.at, Lexical::GlobalOpen(name.clone())),
                (middle.at, Lexical::GlobalName(name.clone())),
                (close.at, Lexical::GlobalClose(name.clone())),
            ],
            _ => Vec::new(),
        },
        _ => Vec::new(),
    }
}
