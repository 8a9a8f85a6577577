//! The token mapper that both compilations share: one records, one rewrites.
//!
//! Rhai offers no state for the mapper, so the compilation under way lives with the [thread](crate::thread::compiling).

use std::{cell::RefCell, rc::Rc};

use crate::thread::compiling::{self, Mapper};
use rhai::{LexError, Position, Token};

use crate::link::scan::{
    keep, name,
    token::{KEEP, Seen, TokenKind, begins_statement, defines_at_top_level},
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

/// The first compilation: it hides top-level definitions and records its tokens.
struct Scanning {
    text: String,
    seen: Vec<Seen>,
    depth: usize,
    defined: usize,
}

/// The second compilation: it puts `rewrites`, which are in the order of their positions, in place.
struct Linking {
    rewrites: Vec<(Position, Rewrite)>,
    next: usize,
}

/// Runs a compilation of `text` that hides top-level definitions and records its tokens.
pub(crate) fn scanning<R>(text: &str, compile: impl FnOnce() -> R) -> (R, Vec<Seen>) {
    let scanning = Scanning { text: text.to_owned(), seen: Vec::new(), depth: 0, defined: 0 };
    let scanning = Rc::new(RefCell::new(scanning));
    let result = compiling::during(scanning.clone(), compile);
    let seen = std::mem::take(&mut scanning.borrow_mut().seen);
    (result, seen)
}

/// Runs a compilation that puts `rewrites`, which are in the order of their positions, in place.
pub(crate) fn linking<R>(rewrites: Vec<(Position, Rewrite)>, compile: impl FnOnce() -> R) -> R {
    compiling::during(Rc::new(RefCell::new(Linking { rewrites, next: 0 })), compile)
}

impl Mapper for Scanning {
    /// A top level that defines more variables than may be in scope would be ended when it runs; it is refused before it is
    /// gone through, which takes the square of their number.
    fn map(&mut self, token: Token, at: Position, most_variables: usize) -> Token {
        let Self { text, seen, depth, defined } = self;
        *defined += usize::from(*depth == 0 && matches!(token, Token::Let | Token::Const));
        match *defined > most_variables {
            false => record(token, at, text, seen, depth),
            true => Token::LexError(LexError::Runtime(TOO_MANY_VARIABLES.to_owned()).into()),
        }
    }
}

impl Mapper for Linking {
    fn map(&mut self, token: Token, at: Position, _most_variables: usize) -> Token {
        rewrite(token, at, &self.rewrites, &mut self.next)
    }
}

fn record(token: Token, at: Position, text: &str, seen: &mut Vec<Seen>, depth: &mut usize) -> Token {
    let here = *depth;
    let kind = match TokenKind::of(&token) {
        TokenKind::Identifier(word)
            if word == KEEP && here == 0 && begins_statement(seen) && keep::defines(text, at) =>
        {
            TokenKind::Keep
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
        TokenKind::Identifier(name) if here == 0 && defines_at_top_level(seen) => {
            Token::Identifier(Box::new(name::hidden(name).as_str().into()))
        }
        TokenKind::Keep => Token::Const,
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
