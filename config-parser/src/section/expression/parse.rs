//! Parses a condition.

use std::ops::Range;

use super::condition::{Condition, Operand};
use super::facts::VARIABLES;
use super::operators::{COMPARISONS, GLOBS};
use super::subnet::Subnet;
use crate::nearest::nearest;
use crate::section::pattern::reason;

/// What is wrong with an expression, and where in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ExpressionError {
    pub(crate) at: Range<usize>,
    pub(crate) expected: String,
    pub(crate) help: Option<String>,
}

type Parsed<T> = Result<T, ExpressionError>;

/// The maximum depth of a condition: deeper than needed, and no danger to the stack.
const DEEPEST: usize = 50;

/// Functions of httpd that are not available here, with the reason.
const ABSENT: &[(&str, &str)] = &[
    ("env", "environment variables are not available here; `req('Name')` is a header"),
    ("reqenv", "environment variables are not available here; `req('Name')` is a header"),
    ("resp", "the response does not exist yet"),
];

const FUNCTIONS: [&str; 4] = ["req", "http", "tolower", "toupper"];

/// Reads an expression.
pub(crate) fn parse(text: &str) -> Parsed<Condition> {
    let mut parser = ExpressionParser { text, at: 0, depth: 0 };
    let condition = parser.either()?;
    match parser.peek() {
        None => Ok(condition),
        Some(_) => Err(parser.fault("expected `&&`, `||` or the end")),
    }
}

struct ExpressionParser<'t> {
    text: &'t str,
    at: usize,
    depth: usize,
}

impl<'t> ExpressionParser<'t> {
    fn either(&mut self) -> Parsed<Condition> {
        let mut conditions = vec![self.both()?];
        while self.take("||") || self.take_name("or") {
            conditions.push(self.both()?);
        }
        Ok(Condition::Any(conditions))
    }

    fn both(&mut self) -> Parsed<Condition> {
        let mut conditions = vec![self.one()?];
        while self.take("&&") || self.take_name("and") {
            conditions.push(self.one()?);
        }
        Ok(Condition::All(conditions))
    }

    fn one(&mut self) -> Parsed<Condition> {
        if (self.peek() == Some('!') && !self.rest().starts_with("!~") && self.take("!")) || self.take_name("not") {
            return Ok(Condition::Not(self.deeper(Self::one)?.into()));
        }
        if self.take("(") {
            let inner = self.deeper(Self::either)?;
            return match self.take(")") {
                true => Ok(inner),
                false => Err(self.fault("expected `)`")),
            };
        }
        for (name, value) in [("true", true), ("false", false)] {
            if self.take_name(name) {
                return Ok(Condition::Constant(value));
            }
        }
        match self.operator() {
            Some(operator) => self.unary(operator),
            None => self.comparison(),
        }
    }

    /// A test of one word, such as `-n`.
    fn unary(&mut self, operator: &str) -> Parsed<Condition> {
        let start = self.at;
        self.at += operator.len();
        match operator {
            "-z" => Ok(Condition::IsEmpty(self.word()?)),
            "-n" => Ok(Condition::Not(Condition::IsEmpty(self.word()?).into())),
            "-T" => Ok(Condition::IsTrue(self.word()?)),
            "-R" => Ok(Condition::Within(Operand::Variable("REMOTE_ADDR"), self.subnet()?)),
            _ => Err(self.fault_at(start..self.at, "expected `-z`, `-n`, `-T` or `-R` before a word")),
        }
    }

    fn comparison(&mut self) -> Parsed<Condition> {
        let left = self.word()?;
        if self.take("=~") {
            return Ok(Condition::Matches(left, self.regex()?));
        }
        if self.take("!~") {
            return Ok(Condition::Not(Condition::Matches(left, self.regex()?).into()));
        }
        for (operator, comparison) in COMPARISONS {
            if self.take_operator(operator) {
                return Ok(Condition::Compare(left, *comparison, self.word()?));
            }
        }
        if self.take_name("in") {
            return Ok(Condition::OneOf(left, self.list()?));
        }
        for (operator, compile) in GLOBS {
            if self.take_operator(operator) {
                let (text, at) = self.plain()?;
                let regex =
                    compile(&text).map_err(|error| self.fault_at(at, format!("expected a pattern: {error}")))?;
                return Ok(Condition::Matches(left, regex));
            }
        }
        match self.take_operator("-ipmatch") {
            true => Ok(Condition::Within(left, self.subnet()?)),
            false => Err(self.fault("expected a comparison, such as `==`, `=~`, `-eq` or `in`")),
        }
    }

    fn list(&mut self) -> Parsed<Vec<Operand>> {
        if !self.take("{") {
            return Err(self.fault("expected `{ 'word', .. }`"));
        }
        let mut words = vec![self.word()?];
        while self.take(",") {
            words.push(self.word()?);
        }
        if self.take("}") { Ok(words) } else { Err(self.fault("expected `,` or `}`")) }
    }

    /// One or more words, joined by dots.
    fn word(&mut self) -> Parsed<Operand> {
        let first = self.single()?;
        if self.peek() != Some('.') {
            return Ok(first);
        }
        let mut words = vec![first];
        while self.take(".") {
            words.push(self.single()?);
        }
        Ok(Operand::Joined(words))
    }

    fn single(&mut self) -> Parsed<Operand> {
        let Some(first) = self.peek() else { return Err(self.fault("expected a word")) };
        match first {
            '\'' | '"' => self.quoted(first),
            '%' if self.rest().starts_with("%{") => self.variable(),
            '0'..='9' => {
                let length = self.rest().bytes().take_while(u8::is_ascii_digit).count();
                Ok(Operand::Text(self.advance(length).to_owned()))
            }
            '$' => Err(self.fault("expected a word: groups of a match are not available")),
            first if first.is_ascii_alphabetic() => self.call(),
            _ => Err(self.fault("expected a word: `'text'`, `%{NAME}`, a number or `req('Name')`")),
        }
    }

    /// A text in quotes, which may have `%{NAME}` in it.
    fn quoted(&mut self, quote: char) -> Parsed<Operand> {
        let start = self.at;
        self.at += 1;
        let (mut words, mut text) = (Vec::new(), String::new());
        while let Some(character) = self.rest().chars().next() {
            if character == quote {
                self.at += 1;
                if words.is_empty() {
                    return Ok(Operand::Text(text));
                }
                words.push(Operand::Text(text));
                return Ok(Operand::Joined(words));
            }
            if self.rest().starts_with("%{") {
                words.push(Operand::Text(std::mem::take(&mut text)));
                words.push(self.variable()?);
                continue;
            }
            self.at += character.len_utf8();
            match (character, self.rest().chars().next()) {
                ('\\', Some(escaped)) => {
                    self.at += escaped.len_utf8();
                    text.push(match escaped {
                        'n' => '\n',
                        't' => '\t',
                        'r' => '\r',
                        other => other,
                    });
                }
                _ => text.push(character),
            }
        }
        Err(self.fault_at(start..self.at, "expected the same quote at the end"))
    }

    /// `%{NAME}`, `%{HTTP:Name}` or `%{function:text}`.
    fn variable(&mut self) -> Parsed<Operand> {
        let start = self.at;
        let Some(length) = self.rest().find('}') else {
            return Err(self.fault_at(start..self.text.len(), "expected `}`"));
        };
        let inner = &self.advance(length + 1)[2..length];
        if let Some((function, argument)) = inner.split_once(':') {
            return self.function(function, Operand::Text(argument.to_owned()), start + 2..start + 2 + function.len());
        }
        let known = VARIABLES.iter().find(|name| name.eq_ignore_ascii_case(inner));
        known.map(|name| Operand::Variable(name)).ok_or_else(|| {
            let close = nearest(inner, VARIABLES);
            let help = close.map_or_else(
                || format!("the variables are {}", VARIABLES.join(", ")),
                |close| format!("did you mean `%{{{close}}}`?"),
            );
            ExpressionError {
                help: Some(help),
                ..self.fault_at(start + 2..start + 2 + inner.len(), "expected a variable")
            }
        })
    }

    /// `function(word)`
    fn call(&mut self) -> Parsed<Operand> {
        let start = self.at;
        let length = self.name().len();
        let name = self.advance(length);
        let at = start..self.at;
        if !self.take("(") {
            return Err(self.fault_at(at, "expected a word: a text is written in quotes"));
        }
        let argument = self.deeper(Self::word)?;
        match self.take(")") {
            true => self.function(name, argument, at),
            false => Err(self.fault("expected `)`")),
        }
    }

    fn function(&self, name: &str, argument: Operand, at: Range<usize>) -> Parsed<Operand> {
        let argument = Box::new(argument);
        match name.to_ascii_lowercase().as_str() {
            "req" | "http" | "req_novary" => Ok(Operand::Header(argument)),
            "tolower" => Ok(Operand::Lower(argument)),
            "toupper" => Ok(Operand::Upper(argument)),
            name => {
                let absent = ABSENT.iter().find(|(known, _)| *known == name).map(|(_, help)| (*help).to_owned());
                let close = || nearest(name, FUNCTIONS).map(|close| format!("did you mean `{close}`?"));
                let expected = format!("expected one of: {}", FUNCTIONS.join(", "));
                Err(ExpressionError { help: absent.or_else(close), ..self.fault_at(at, expected) })
            }
        }
    }

    /// `/regex/flags`, or `m` and any delimiter.
    fn regex(&mut self) -> Parsed<regex::Regex> {
        self.skip();
        let start = self.at;
        let body = self.rest().strip_prefix('m').unwrap_or(self.rest());
        let delimiter =
            body.chars().next().filter(|it| *it == '/' || (body.len() < self.rest().len() && is_delimiter(*it)));
        let Some(delimiter) = delimiter else {
            return Err(self.fault("expected `/regex/` or `m#regex#`"));
        };
        let body = &body[delimiter.len_utf8()..];
        let Some(length) = body.find(delimiter) else {
            return Err(self.fault_at(start..self.text.len(), format!("expected `{delimiter}` at the end")));
        };
        let (pattern, after) = (&body[..length], &body[length + delimiter.len_utf8()..]);
        let flags = &after[..after.bytes().take_while(u8::is_ascii_alphabetic).count()];
        self.at = self.text.len() - after.len() + flags.len();
        if let Some(wrong) = flags.chars().find(|flag| !"ims".contains(*flag)) {
            return Err(self.fault_at(start..self.at, format!("expected the flags i, m or s, found `{wrong}`")));
        }
        let with_flags = if flags.is_empty() { pattern.to_owned() } else { format!("(?{flags}){pattern}") };
        regex::Regex::new(&with_flags).map_err(|error| self.fault_at(start..self.at, reason(&error)))
    }

    fn subnet(&mut self) -> Parsed<Subnet> {
        let (text, at) = self.plain()?;
        Subnet::read(&text).ok_or_else(|| self.fault_at(at, "expected `address` or `address/bits`"))
    }

    /// A text that does not depend on the request.
    fn plain(&mut self) -> Parsed<(String, Range<usize>)> {
        self.skip();
        let start = self.at;
        match self.single()? {
            Operand::Text(text) => Ok((text, start..self.at)),
            _ => Err(self.fault_at(start..self.at, "expected a plain text, in quotes")),
        }
    }

    fn deeper<T>(&mut self, read: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        if self.depth >= DEEPEST {
            return Err(self.fault("expected a shorter expression: this is nested too deep"));
        }
        self.depth += 1;
        let result = read(self);
        self.depth -= 1;
        result
    }

    fn rest(&self) -> &'t str {
        &self.text[self.at..]
    }

    fn skip(&mut self) {
        self.at = self.text.len() - self.rest().trim_start().len();
    }

    fn peek(&mut self) -> Option<char> {
        self.skip();
        self.rest().chars().next()
    }

    fn advance(&mut self, length: usize) -> &'t str {
        let taken = &self.rest()[..length];
        self.at += length;
        taken
    }

    fn take(&mut self, symbol: &str) -> bool {
        self.skip();
        let found = self.rest().starts_with(symbol);
        self.at += if found { symbol.len() } else { 0 };
        found
    }

    /// The letters that follow.
    fn name(&mut self) -> &'t str {
        self.skip();
        &self.rest()[..self.rest().bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_').count()]
    }

    fn take_name(&mut self, name: &str) -> bool {
        let found = self.name() == name;
        self.at += if found { name.len() } else { 0 };
        found
    }

    /// `-name` that follows.
    fn operator(&mut self) -> Option<&'t str> {
        self.skip();
        let name = self.rest().strip_prefix('-')?;
        let length = name.bytes().take_while(u8::is_ascii_alphabetic).count();
        (length > 0).then(|| &self.rest()[..=length])
    }

    /// `-name`, `name` or a symbol.
    fn take_operator(&mut self, operator: &str) -> bool {
        if !operator.starts_with('-') {
            return self.take(operator);
        }
        let found = self.operator() == Some(operator);
        self.at += if found { operator.len() } else { 0 };
        found || self.take_name(&operator[1..])
    }

    fn fault(&mut self, expected: &str) -> ExpressionError {
        self.skip();
        let length = self.rest().chars().next().map_or(0, char::len_utf8);
        self.fault_at(self.at..self.at + length, expected)
    }

    fn fault_at(&self, at: Range<usize>, expected: impl Into<String>) -> ExpressionError {
        ExpressionError { at, expected: expected.into(), help: None }
    }
}

fn is_delimiter(character: char) -> bool {
    character.is_ascii_punctuation()
}
