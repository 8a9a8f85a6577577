//! The token mapper that both compilations share: one records, one rewrites.
//!
//! Rhai calls a mapper once for each token, in order, and offers no state for it. So the state of the compilation under
//! way lives in a thread-local, put there for the duration of one `compile` call.

use std::cell::RefCell;

use rhai::{LexError, Position, Token};

use crate::link::scan::{
    keep, name,
    token::{KEEP, Kind, Seen, begins_statement, defines_at_top_level},
};

/// What is said of a function, or a top level, with more variables than the limit.
pub(crate) const TOO_MANY_VARIABLES: &str = "more variables are in scope than may be";

/// What the second compilation puts in place of one token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Rewrite {
    Name(String),
    Text(String),
    Const,
    Open,
    Close,
    /// A name in place of `(`.
    Marked(String),
}

enum Pass {
    Scan { text: String, seen: Vec<Seen>, depth: usize, defined: usize },
    Link { rewrites: Vec<(Position, Rewrite)>, next: usize },
}

thread_local! {
    static PASS: RefCell<Option<Pass>> = const { RefCell::new(None) };
}

/// Runs a compilation of `text` that hides top-level definitions and records its tokens.
pub(crate) fn scanning<R>(text: &str, compile: impl FnOnce() -> R) -> (R, Vec<Seen>) {
    let (result, pass) = during(Pass::Scan { text: text.to_owned(), seen: Vec::new(), depth: 0, defined: 0 }, compile);
    match pass {
        Some(Pass::Scan { seen, .. }) => (result, seen),
        _ => (result, Vec::new()),
    }
}

/// Runs a compilation that puts `rewrites`, which are in the order of their positions, in place.
pub(crate) fn linking<R>(rewrites: Vec<(Position, Rewrite)>, compile: impl FnOnce() -> R) -> R {
    during(Pass::Link { rewrites, next: 0 }, compile).0
}

fn during<R>(pass: Pass, compile: impl FnOnce() -> R) -> (R, Option<Pass>) {
    /// Puts the outer compilation back, also when this one panics.
    struct Restore(Option<Pass>);
    impl Drop for Restore {
        fn drop(&mut self) {
            PASS.with(|current| std::mem::swap(&mut *current.borrow_mut(), &mut self.0));
        }
    }
    let outer = Restore(PASS.replace(Some(pass)));
    let result = compile();
    let done = PASS.take();
    drop(outer);
    (result, done)
}

/// The mapper itself, for `Engine::on_parse_token`. A top level that defines more variables than may be in scope would be
/// ended when it runs; it is refused before it is gone through, which takes the square of their number.
pub(crate) fn map(token: Token, at: Position, most_variables: usize) -> Token {
    PASS.with(|pass| match pass.borrow_mut().as_mut() {
        None => token,
        Some(Pass::Scan { text, seen, depth, defined }) => {
            *defined += usize::from(*depth == 0 && matches!(token, Token::Let | Token::Const));
            match *defined > most_variables {
                false => record(token, at, text, seen, depth),
                true => Token::LexError(LexError::Runtime(TOO_MANY_VARIABLES.to_owned()).into()),
            }
        }
        Some(Pass::Link { rewrites, next }) => rewrite(token, at, rewrites, next),
    })
}

fn record(token: Token, at: Position, text: &str, seen: &mut Vec<Seen>, depth: &mut usize) -> Token {
    let here = *depth;
    let kind = match Kind::of(&token) {
        Kind::Identifier(word) if word == KEEP && here == 0 && begins_statement(seen) && keep::defines(text, at) => {
            Kind::Keep
        }
        kind => kind,
    };
    match token {
        Token::LeftBrace | Token::LeftParen | Token::LeftBracket | Token::QuestionBracket | Token::MapStart => {
            *depth += 1;
        }
        Token::RightBrace | Token::RightParen | Token::RightBracket => *depth = depth.saturating_sub(1),
        _ => {}
    }
    let mapped = match &kind {
        Kind::Identifier(name) if here == 0 && defines_at_top_level(seen) => {
            Token::Identifier(Box::new(name::hidden(name).as_str().into()))
        }
        Kind::Keep => Token::Const,
        _ => token,
    };
    seen.push(Seen { kind, at, depth: here });
    mapped
}

fn rewrite(token: Token, at: Position, rewrites: &[(Position, Rewrite)], next: &mut usize) -> Token {
    while rewrites.get(*next).is_some_and(|(position, _)| *position < at) {
        *next += 1;
    }
    let Some((position, replacement)) = rewrites.get(*next) else { return token };
    if *position != at {
        return token;
    }
    match (replacement, token) {
        (Rewrite::Name(name), Token::Identifier(_) | Token::Reserved(_) | Token::DoubleColon) => {
            Token::Identifier(Box::new(name.as_str().into()))
        }
        (Rewrite::Text(text), Token::StringConstant(_)) => Token::StringConstant(Box::new(text.as_str().into())),
        (Rewrite::Text(text), Token::InterpolatedString(_)) => {
            Token::InterpolatedString(Box::new(text.as_str().into()))
        }
        (Rewrite::Const, Token::Identifier(_)) => Token::Const,
        (Rewrite::Marked(name), Token::LeftParen) => Token::Identifier(Box::new(name.as_str().into())),
        (Rewrite::Open, Token::Identifier(_) | Token::DoubleColon) => Token::LeftParen,
        (Rewrite::Close, Token::Identifier(_) | Token::DoubleColon) => Token::RightParen,
        (_, token) => token,
    }
}
