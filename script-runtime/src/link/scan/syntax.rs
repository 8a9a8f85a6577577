//! What was probably meant where a text is no script. Rhai says what it expected; most slips are habits of other languages.

use rhai::{LexError, ParseErrorType, Position};
use samovar_importer::{Help, Limit};

use crate::link::scan::{error::raise, pass::TOO_MANY_VARIABLES, text::before, token::Seen};

/// What to do about a syntax error at `at`, after the tokens `seen`.
pub(crate) fn help(error: &ParseErrorType, text: &str, seen: &[Seen], at: Position) -> Option<Help> {
    let before = before(text, at);
    if text[before.len()..].trim().is_empty()
        && let Some(open) = unclosed(seen)
    {
        return Some(
            format!("the script ends, and the `{}` of {} is not closed", bracket(text, open), place(open)).into(),
        );
    }
    let help = match error {
        ParseErrorType::Reserved(word) => reserved(word)?,
        ParseErrorType::UnknownOperator(operator) => operator_of_others(operator)?,
        ParseErrorType::BadInput(error) => return bad_input(error, before, seen),
        ParseErrorType::MissingToken(token, _) if token == ";" => return unfinished(before, text).map(Help::from),
        ParseErrorType::MissingToken(token, _) if token == "{" => {
            "the body of a statement stands in `{ }`, however short it is"
        }
        ParseErrorType::ExprTooDeep => return Some(raise(Limit::ExpressionDepth)),
        ParseErrorType::TooManyFunctions => return Some(raise(Limit::Functions)),
        ParseErrorType::LiteralTooLarge(what, _) => {
            let kinds = [("string", Limit::StringBytes), ("map", Limit::MapEntries)];
            let kind = kinds.iter().find(|(word, _)| what.contains(word));
            return Some(raise(kind.map_or(Limit::ArrayItems, |(_, limit)| *limit)));
        }
        ParseErrorType::FnMissingBody(_) => "the body of a function stands in `{ }`: fn name(x) { .. }",
        ParseErrorType::VariableExpected if last_word(before) == "export" => {
            "functions need no `export`: importers see all that are not `private`"
        }
        _ => return None,
    };
    Some(help.into())
}

fn bad_input(error: &LexError, before: &str, seen: &[Seen]) -> Option<Help> {
    let help = match error {
        LexError::UnexpectedInput(token) if matches!(token.as_str(), "}" | ")" | "]") && unclosed(seen).is_none() => {
            format!("nothing is open that `{token}` could close").into()
        }
        LexError::UnexpectedInput(_) => match before.trim_end().chars().last() {
            None | Some(';' | '{' | '}') => "a statement was expected here".into(),
            _ => "a value was expected here".into(),
        },
        LexError::Runtime(said) if said == TOO_MANY_VARIABLES => raise(Limit::Variables),
        LexError::UnterminatedString => "a string ends with `\"` on its line; one in backticks may have several".into(),
        LexError::MalformedChar(_) => "a string stands in double quotes: 'x' is a single character".into(),
        _ => return None,
    };
    Some(help)
}

/// Two things beside each other that are no statement together.
fn unfinished(before: &str, text: &str) -> Option<String> {
    let next = text[before.len()..].trim_start();
    let help = match last_word(before) {
        "function" | "func" | "fun" | "def" | "fnn" | "sub" => "a function begins with `fn`",
        "and" => "`and` is written `&&`",
        "or" => "`or` is written `||`",
        "elif" | "elseif" => "it is written `else if`",
        _ if next.starts_with("and ") => "`and` is written `&&`",
        _ if next.starts_with("or ") => "`or` is written `||`",
        _ if next.starts_with(':') && before.rsplit([';', '\n']).next().is_some_and(|line| line.contains('{')) => {
            "a map begins with `#{`"
        }
        _ if next.starts_with(':') => "variables and parameters have no type",
        _ => return None,
    };
    Some(help.to_owned())
}

fn reserved(word: &str) -> Option<&'static str> {
    Some(match word {
        "var" => "a variable begins with `let`, a constant with `const`",
        "null" | "nil" | "none" => "nothing is written `()`",
        "new" => "values are made by calling a function",
        "++" => "use `+= 1`",
        "--" => "use `-= 1`",
        "===" | "!==" => "use `==` or `!=`",
        "->" => "functions name no type that they return",
        "?" => "use `if a { b } else { c }`",
        ":=" => "use `let name = value`",
        _ if word.chars().all(|letter| letter.is_alphanumeric() || letter == '_') => "choose another name",
        _ => return None,
    })
}

fn operator_of_others(operator: &str) -> Option<&'static str> {
    reserved(operator)
}

/// The innermost bracket that is open after these tokens. Each tells how many were open before it.
fn unclosed(seen: &[Seen]) -> Option<Position> {
    let mut open: Vec<Position> = Vec::new();
    for pair in seen.windows(2) {
        match pair[1].depth.cmp(&pair[0].depth) {
            std::cmp::Ordering::Greater => open.push(pair[0].at),
            std::cmp::Ordering::Less => drop(open.pop()),
            std::cmp::Ordering::Equal => {}
        }
    }
    open.pop()
}

fn bracket(text: &str, at: Position) -> &str {
    let after = &text[before(text, at).len()..];
    let length = if after.starts_with("#{") || after.starts_with("?[") { 2 } else { 1 };
    after.get(..length).unwrap_or("{")
}

fn place(at: Position) -> String {
    format!("line {}, column {}", at.line().unwrap_or(1), at.position().unwrap_or(1))
}

fn last_word(before: &str) -> &str {
    let before = before.trim_end();
    let start = before
        .rfind(|letter: char| !(letter.is_alphanumeric() || letter == '_'))
        .map_or(0, |at| at + before[at..].chars().next().map_or(1, char::len_utf8));
    &before[start..]
}
