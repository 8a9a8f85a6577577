//! A condition, and whether it holds for a request.

use std::borrow::Cow;
use std::net::IpAddr;

use regex::Regex;

use super::facts::Facts;
use super::subnet::Subnet;

/// A condition on a request.
#[derive(Debug, Clone)]
pub(crate) enum Condition {
    Constant(bool),
    Not(Box<Condition>),
    All(Vec<Condition>),
    Any(Vec<Condition>),
    Compare(Operand, Comparison, Operand),
    Matches(Operand, Regex),
    OneOf(Operand, Vec<Operand>),
    IsEmpty(Operand),
    /// True for everything but an empty text, `0`, `off`, `false` and `no`.
    IsTrue(Operand),
    Within(Operand, Subnet),
}

/// A text that may depend on the request.
#[derive(Debug, Clone)]
pub(crate) enum Operand {
    Text(String),
    Variable(&'static str),
    Header(Box<Operand>),
    Lower(Box<Operand>),
    Upper(Box<Operand>),
    Joined(Vec<Operand>),
}

/// How two words are compared: as texts or as numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Comparison {
    pub(crate) numbers: bool,
    pub(crate) less: bool,
    pub(crate) equal: bool,
    pub(crate) greater: bool,
}

impl Condition {
    /// Whether it is true for the request.
    pub(crate) fn holds(&self, facts: &dyn Facts) -> bool {
        match self {
            Self::Constant(value) => *value,
            Self::Not(inner) => !inner.holds(facts),
            Self::All(conditions) => conditions.iter().all(|condition| condition.holds(facts)),
            Self::Any(conditions) => conditions.iter().any(|condition| condition.holds(facts)),
            Self::Compare(left, how, right) => how.holds(&left.value(facts), &right.value(facts)),
            Self::Matches(word, regex) => regex.is_match(&word.value(facts)),
            Self::OneOf(word, words) => words.iter().any(|other| other.value(facts) == word.value(facts)),
            Self::IsEmpty(word) => word.value(facts).is_empty(),
            Self::IsTrue(word) => {
                let value = word.value(facts);
                !["", "0", "off", "false", "no"].iter().any(|no| value.eq_ignore_ascii_case(no))
            }
            Self::Within(word, subnet) => word.value(facts).parse().is_ok_and(|ip: IpAddr| subnet.contains(ip)),
        }
    }
}

impl Condition {
    /// Finds the texts that it compares a variable, or the header that means the same, with.
    pub(crate) fn literals<'c>(&'c self, variable: &str, out: &mut Vec<&'c str>) {
        match self {
            Self::Not(inner) => inner.literals(variable, out),
            Self::All(inner) | Self::Any(inner) => inner.iter().for_each(|inner| inner.literals(variable, out)),
            Self::Compare(left, how, right) if how.less == how.greater && how.less != how.equal => {
                for (asked, other) in [(left, right), (right, left)] {
                    out.extend(other.text().filter(|_| asked.is_variable(variable)));
                }
            }
            Self::OneOf(word, words) if word.is_variable(variable) => {
                out.extend(words.iter().filter_map(Operand::text));
            }
            Self::Compare(..)
            | Self::OneOf(..)
            | Self::Constant(_)
            | Self::Matches(..)
            | Self::IsEmpty(_)
            | Self::IsTrue(_)
            | Self::Within(..) => {}
        }
    }
}

impl Operand {
    fn text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    fn is_variable(&self, variable: &str) -> bool {
        match self {
            Self::Variable(name) => *name == variable,
            // `HTTP_HOST` is the header `Host`.
            Self::Header(name) => {
                let header = variable.strip_prefix("HTTP_").map(|header| header.replace('_', "-"));
                name.text().zip(header).is_some_and(|(name, header)| name.eq_ignore_ascii_case(&header))
            }
            Self::Lower(word) | Self::Upper(word) => word.is_variable(variable),
            Self::Text(_) | Self::Joined(_) => false,
        }
    }

    fn value<'a>(&'a self, facts: &'a dyn Facts) -> Cow<'a, str> {
        match self {
            Self::Text(text) => text.into(),
            Self::Variable(name) => facts.variable(name).unwrap_or_default(),
            // The value may be borrowed from the request, but not from the name, which may be made here.
            Self::Header(name) => facts.header(&name.value(facts)).unwrap_or_default(),
            Self::Lower(word) => word.value(facts).to_ascii_lowercase().into(),
            Self::Upper(word) => word.value(facts).to_ascii_uppercase().into(),
            Self::Joined(words) => words.iter().map(|word| word.value(facts)).collect::<String>().into(),
        }
    }
}

impl Comparison {
    fn holds(self, left: &str, right: &str) -> bool {
        let order = if self.numbers { number(left).cmp(&number(right)) } else { left.cmp(right) };
        match order {
            std::cmp::Ordering::Less => self.less,
            std::cmp::Ordering::Equal => self.equal,
            std::cmp::Ordering::Greater => self.greater,
        }
    }
}

/// The number at the beginning of a text, as C reads it: 0 if there is none.
fn number(text: &str) -> i64 {
    let text = text.trim_start();
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let length = digits.bytes().take_while(u8::is_ascii_digit).count();
    let most = if text.starts_with('-') { i64::MIN } else { i64::MAX };
    let end = text.len() - digits.len() + length;
    if length == 0 { 0 } else { text[..end].parse().unwrap_or(most) }
}
