//! The token mapper that both compilations share: one records, one rewrites.
//!
//! Rhai calls a mapper once for each token, in order, and offers no state for it. So the state of the compilation under
//! way lives in a thread-local, put there for the duration of one `compile` call.

use std::cell::RefCell;

use rhai::{LexError, Position, Token};

use super::message::TOO_MANY_VARIABLES;
use super::sites::IS_DEFINED;
use super::{keep, name};

/// What the scan needs to know of a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Identifier(String),
    /// A string, or the first part of an interpolated one.
    Text(String),
    Let,
    Const,
    /// `keep` where a statement begins at the top level: it is compiled as `const`.
    Keep,
    Fn,
    Import,
    /// `return` or `throw`.
    Leave,
    Export,
    As,
    DoubleColon,
    Period,
    Colon,
    /// `|` or `||`: what a closure begins with, among others.
    Pipe,
    Try,
    Catch,
    /// `is_def_var`
    IsDefined,
    SemiColon,
    /// `(`, `()` or `!`: what makes a call of the name before it.
    Call,
    Open,
    /// `{`: a statement may begin after it.
    OpenBrace,
    Close,
    /// `}`: what may end a statement.
    CloseBrace,
    Other,
}

#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) kind: Kind,
    pub(crate) at: Position,
    /// How many brackets are open before it.
    pub(crate) depth: usize,
}

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
    let kind = match kind_of(&token) {
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

/// Whether the tokens so far end in a `let` or `const` that begins a statement.
pub(crate) fn defines_at_top_level(before: &[Seen]) -> bool {
    let kinds = |back: usize| before.len().checked_sub(back).map(|at| &before[at].kind);
    matches!(kinds(1), Some(Kind::Let | Kind::Const | Kind::Keep))
        && matches!(kinds(2), None | Some(Kind::SemiColon | Kind::CloseBrace | Kind::Export))
}

/// The word that begins `keep NAME = expr;`.
pub(crate) const KEEP: &str = "keep";

/// Whether a statement ends with the tokens so far.
pub(crate) fn begins_statement(before: &[Seen]) -> bool {
    matches!(before.last().map(|token| &token.kind), None | Some(Kind::SemiColon | Kind::OpenBrace | Kind::CloseBrace))
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

fn kind_of(token: &Token) -> Kind {
    match token {
        Token::Identifier(name) => Kind::Identifier(name.to_string()),
        Token::Reserved(word) if **word == *IS_DEFINED => Kind::IsDefined,
        Token::StringConstant(text) | Token::InterpolatedString(text) => Kind::Text(text.to_string()),
        Token::Let => Kind::Let,
        Token::Const => Kind::Const,
        Token::Fn => Kind::Fn,
        Token::Import => Kind::Import,
        Token::Return | Token::Throw => Kind::Leave,
        Token::Export => Kind::Export,
        Token::As => Kind::As,
        Token::DoubleColon => Kind::DoubleColon,
        Token::Period | Token::Elvis => Kind::Period,
        Token::Colon => Kind::Colon,
        Token::Pipe | Token::Or => Kind::Pipe,
        Token::Try => Kind::Try,
        Token::Catch => Kind::Catch,
        Token::SemiColon => Kind::SemiColon,
        Token::LeftParen | Token::Unit | Token::Bang => Kind::Call,
        Token::LeftBrace => Kind::OpenBrace,
        Token::LeftBracket | Token::QuestionBracket | Token::MapStart => Kind::Open,
        Token::RightBrace => Kind::CloseBrace,
        Token::RightParen | Token::RightBracket => Kind::Close,
        _ => Kind::Other,
    }
}
