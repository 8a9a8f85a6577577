//! The arguments that a directive takes.

use std::time::Duration;

use crate::nearest::nearest;
use crate::schema::address::Address;
use crate::schema::value::Choice;

/// An argument of a directive, or several of one kind.
#[derive(Debug, Clone, Copy)]
pub struct Parameter {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    pub(crate) count: Count,
    absences: &'static [(&'static str, &'static str)],
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Kind {
    Text,
    Flag,
    Choice(&'static [&'static str]),
    /// The words of a [`Choice`], by index.
    Words(fn(usize) -> Option<&'static str>),
    /// A number, or the word, if there is one.
    Integer {
        least: u64,
        most: u64,
        word: Option<&'static str>,
    },
    Seconds,
    Address,
    Checked {
        expected: &'static str,
        check: fn(&str) -> bool,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Count {
    One,
    Optional,
    Many,
}

/// The value of an argument, as its kind reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ArgumentValue {
    /// Any text.
    Text,
    /// `On` or `Off`.
    Flag(bool),
    /// One of some words, as the schema writes it.
    Choice(&'static str),
    /// A whole number.
    Integer(u64),
    /// A time span.
    Duration(Duration),
    /// A port, with an address or a name, or for all addresses.
    Address(Address),
}

/// Why a text is not a valid argument.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mismatch {
    pub(crate) expected: String,
    pub(crate) help: Option<String>,
}

impl Parameter {
    const fn new(name: &'static str, kind: Kind) -> Self {
        Self { name, kind, count: Count::One, absences: &[] }
    }

    /// Takes any text.
    #[must_use]
    pub const fn text(name: &'static str) -> Self {
        Self::new(name, Kind::Text)
    }

    /// Takes `On` or `Off`.
    #[must_use]
    pub const fn flag() -> Self {
        Self::new("On|Off", Kind::Flag)
    }

    /// Takes one of these words, in upper or lower case.
    #[must_use]
    pub const fn choice(name: &'static str, words: &'static [&'static str]) -> Self {
        Self::new(name, Kind::Choice(words))
    }

    /// Takes one of the words of a type, in upper or lower case.
    #[must_use]
    pub const fn choice_of<V: Choice>(name: &'static str) -> Self {
        Self::new(name, Kind::Words(|index| V::WORDS.get(index).map(|(word, _)| *word)))
    }

    /// Adds words that people may expect and that it does not take, each with advice on what to write instead.
    #[must_use]
    pub const fn absences(self, absences: &'static [(&'static str, &'static str)]) -> Self {
        Self { absences, ..self }
    }

    /// Takes a whole number from `least` to `most`.
    #[must_use]
    pub const fn integer(name: &'static str, least: u64, most: u64) -> Self {
        Self::new(name, Kind::Integer { least, most, word: None })
    }

    /// Takes a whole number from `least` to `most`, or this word in upper or lower case, for which
    /// [`integer`](crate::Argument::integer) returns `None`.
    #[must_use]
    pub const fn integer_or(name: &'static str, least: u64, most: u64, word: &'static str) -> Self {
        Self::new(name, Kind::Integer { least, most, word: Some(word) })
    }

    /// Takes a time: a number of seconds, or a number with `ms`, `s`, `min` or `h`.
    #[must_use]
    pub const fn seconds(name: &'static str) -> Self {
        Self::new(name, Kind::Seconds)
    }

    /// Takes an [`Address`]: a port, or an address or a host name with a port.
    #[must_use]
    pub const fn address(name: &'static str) -> Self {
        Self::new(name, Kind::Address)
    }

    /// Takes a text for which `check` returns true. `expected` says what that is, as in "expected a colour".
    #[must_use]
    pub const fn checked(name: &'static str, expected: &'static str, check: fn(&str) -> bool) -> Self {
        Self::new(name, Kind::Checked { expected, check })
    }

    /// Makes it optional, with all parameters after it.
    #[must_use]
    pub const fn optional(self) -> Self {
        Self { count: Count::Optional, ..self }
    }

    /// Makes it one or more arguments. Only for the last parameter.
    #[must_use]
    pub const fn many(self) -> Self {
        Self { count: Count::Many, ..self }
    }

    /// Returns the name that messages show.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Says what it takes, as in "expected a whole number from 1".
    #[must_use]
    pub fn expects(&self) -> String {
        self.mismatch("").expected
    }

    /// Its part of a synopsis: `name`, `[name]` or `name ..`.
    pub(crate) fn synopsis(&self) -> String {
        match self.count {
            Count::One => self.name.to_owned(),
            Count::Optional => format!("[{}]", self.name),
            Count::Many => format!("{} ..", self.name),
        }
    }

    /// Reads an argument.
    pub(crate) fn read(&self, text: &str) -> Result<ArgumentValue, Mismatch> {
        let value = match &self.kind {
            Kind::Text => Some(ArgumentValue::Text),
            Kind::Flag => flag(text),
            Kind::Choice(words) => {
                words.iter().find(|word| word.eq_ignore_ascii_case(text)).map(|word| ArgumentValue::Choice(word))
            }
            Kind::Words(word) => {
                (0..).map_while(word).find(|word| word.eq_ignore_ascii_case(text)).map(ArgumentValue::Choice)
            }
            Kind::Integer { word: Some(word), .. } if word.eq_ignore_ascii_case(text) => {
                Some(ArgumentValue::Choice(word))
            }
            Kind::Integer { least, most, .. } => {
                text.parse().ok().filter(|number| (least..=most).contains(&number)).map(ArgumentValue::Integer)
            }
            Kind::Seconds => seconds(text).map(ArgumentValue::Duration),
            Kind::Address => text.parse().ok().map(ArgumentValue::Address),
            Kind::Checked { check, .. } => check(text).then_some(ArgumentValue::Text),
        };
        value.ok_or_else(|| self.mismatch(text))
    }

    /// The words that it takes; empty if it takes no words.
    fn words(&self) -> Vec<&'static str> {
        match self.kind {
            Kind::Flag => vec!["On", "Off"],
            Kind::Choice(words) => words.to_vec(),
            Kind::Words(word) => (0..).map_while(word).collect(),
            Kind::Integer { word, .. } => word.into_iter().collect(),
            Kind::Text | Kind::Seconds | Kind::Address | Kind::Checked { .. } => Vec::new(),
        }
    }

    fn mismatch(&self, text: &str) -> Mismatch {
        let words = self.words();
        let expected = match &self.kind {
            Kind::Text => "expected a text".to_owned(),
            Kind::Flag => "expected `On` or `Off`".to_owned(),
            Kind::Choice(_) | Kind::Words(_) => format!("expected one of: {}", words.join(", ")),
            Kind::Integer { least, most, word } => {
                let to = if *most == u64::MAX { String::new() } else { format!(" to {most}") };
                let or = word.map(|word| format!(", or `{word}`")).unwrap_or_default();
                format!("expected a whole number from {least}{to}{or}")
            }
            Kind::Seconds => "expected a number of seconds, or one with a unit: ms, s, min, h".to_owned(),
            Kind::Address => "expected `port`, `name:port`, `address:port` or `[address]:port`".to_owned(),
            Kind::Checked { expected, .. } => format!("expected {expected}"),
        };
        let close = || nearest(text, words.iter().copied()).map(|word| format!("did you mean `{word}`?"));
        let reason =
            || matches!(self.kind, Kind::Address).then(|| text.parse::<Address>().err())?.map(|why| why.to_string());
        let absent = self.absences.iter().find(|(word, _)| word.eq_ignore_ascii_case(text));
        let help = absent.map(|(_, help)| (*help).to_owned()).or_else(close).or_else(reason);
        Mismatch { expected, help }
    }
}

fn flag(text: &str) -> Option<ArgumentValue> {
    match text {
        _ if text.eq_ignore_ascii_case("on") => Some(ArgumentValue::Flag(true)),
        _ if text.eq_ignore_ascii_case("off") => Some(ArgumentValue::Flag(false)),
        _ => None,
    }
}

fn seconds(text: &str) -> Option<Duration> {
    let digits = text.find(|character: char| !character.is_ascii_digit()).unwrap_or(text.len());
    let number: u64 = text[..digits].parse().ok()?;
    match &text[digits..] {
        "" | "s" => Some(Duration::from_secs(number)),
        "ms" => Some(Duration::from_millis(number)),
        "min" | "mi" => number.checked_mul(60).map(Duration::from_secs),
        "h" => number.checked_mul(3600).map(Duration::from_secs),
        _ => None,
    }
}
