//! Tokens, as far as the scan needs to know them.

use rhai::{Position, Token};

use crate::link::scan::uses::IS_DEFINED;

/// What the scan needs to know of a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TokenKind {
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
    pub(crate) kind: TokenKind,
    pub(crate) at: Position,
    /// How many brackets are open before it.
    pub(crate) depth: usize,
}

/// Whether the tokens so far end in a `let` or `const` that begins a statement.
pub(crate) fn defines_at_top_level(before: &[Seen]) -> bool {
    let kinds = |back: usize| before.len().checked_sub(back).map(|at| &before[at].kind);
    matches!(kinds(1), Some(TokenKind::Let | TokenKind::Const | TokenKind::Keep))
        && matches!(kinds(2), None | Some(TokenKind::SemiColon | TokenKind::CloseBrace | TokenKind::Export))
}

/// The word that begins `keep NAME = expr;`.
pub(crate) const KEEP: &str = "keep";

/// Whether a statement ends with the tokens so far.
pub(crate) fn begins_statement(before: &[Seen]) -> bool {
    matches!(
        before.last().map(|token| &token.kind),
        None | Some(TokenKind::SemiColon | TokenKind::OpenBrace | TokenKind::CloseBrace)
    )
}

impl TokenKind {
    pub(crate) fn of(token: &Token) -> Self {
        match token {
            Token::Identifier(name) => TokenKind::Identifier(name.to_string()),
            Token::Reserved(word) if **word == *IS_DEFINED => TokenKind::IsDefined,
            Token::StringConstant(text) | Token::InterpolatedString(text) => TokenKind::Text(text.to_string()),
            Token::Let => TokenKind::Let,
            Token::Const => TokenKind::Const,
            Token::Fn => TokenKind::Fn,
            Token::Import => TokenKind::Import,
            Token::Return | Token::Throw => TokenKind::Leave,
            Token::Export => TokenKind::Export,
            Token::As => TokenKind::As,
            Token::DoubleColon => TokenKind::DoubleColon,
            Token::Period | Token::Elvis => TokenKind::Period,
            Token::Colon => TokenKind::Colon,
            Token::Pipe | Token::Or => TokenKind::Pipe,
            Token::Try => TokenKind::Try,
            Token::Catch => TokenKind::Catch,
            Token::SemiColon => TokenKind::SemiColon,
            Token::LeftParen | Token::Unit | Token::Bang => TokenKind::Call,
            Token::LeftBrace => TokenKind::OpenBrace,
            Token::LeftBracket | Token::QuestionBracket | Token::MapStart => TokenKind::Open,
            Token::RightBrace => TokenKind::CloseBrace,
            Token::RightParen | Token::RightBracket => TokenKind::Close,
            _ => TokenKind::Other,
        }
    }
}
