//! Tokens, as far as the scan needs to know them.

use rhai::{Position, Token};

use crate::link::scan::sites::IS_DEFINED;

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

impl Kind {
    pub(crate) fn of(token: &Token) -> Self {
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
}
