//! A directive: its name, its arguments, where it is allowed, and how its lines are merged.

use std::any::TypeId;
use std::fmt;
use std::ops::BitOr;
use std::sync::Arc;

use crate::schema::merge::Merge;
use crate::schema::parameter::{Count, Parameter};
use crate::schema::setting::{Argument, Origin, Setting};
use crate::schema::value::AnyValue;

/// Where a directive is allowed. Combine several with [`or`](Contexts::or) or `|`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Contexts(u8);

/// Outside of all sections.
pub const SERVER: Contexts = Contexts(1);
/// In `<VirtualHost>`.
pub const HOST: Contexts = Contexts(2);
/// In `<Directory>`, `<Files>`, `<Location>` and their `Match` forms.
pub const DIRECTORY: Contexts = Contexts(4);
/// Everywhere.
pub const ANYWHERE: Contexts = Contexts(7);

impl Contexts {
    /// Returns whether it contains all of `other`.
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

impl Contexts {
    /// Combines both, also in constants.
    #[must_use]
    pub const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl BitOr for Contexts {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        self.or(other)
    }
}

impl fmt::Display for Contexts {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = [
            (SERVER, "outside all sections"),
            (HOST, "in `<VirtualHost>`"),
            (DIRECTORY, "in `<Directory>`, `<Files>` or `<Location>`"),
        ];
        let names: Vec<&str> = names.iter().filter(|(one, _)| self.contains(*one)).map(|(_, name)| *name).collect();
        match names.as_slice() {
            [] => out.write_str("nowhere"),
            [one] => out.write_str(one),
            [first @ .., last] => write!(out, "{} or {last}", first.join(", ")),
        }
    }
}

/// A directive of a [`Schema`](crate::Schema). It is made of a [`Key`](crate::Key), without the type of its value.
#[derive(Debug, Clone)]
pub struct Directive {
    pub(crate) name: &'static str,
    /// Of the name.
    pub(crate) hash: u64,
    /// The type of the key.
    pub(crate) shape: TypeId,
    pub(crate) parameters: Vec<Parameter>,
    pub(crate) contexts: Contexts,
    pub(crate) merge: Merge,
    pub(crate) default: Option<Arc<Setting>>,
    pub(crate) default_texts: &'static [&'static str],
    pub(crate) help: &'static str,
    pub(crate) details: &'static str,
    pub(crate) written: Option<&'static str>,
    pub(crate) check: Option<Check>,
    pub(crate) read: ReadValue,
}

/// Makes the value of a line from its arguments.
#[derive(Clone)]
pub(crate) struct ReadValue(Arc<ReadArguments>);

type ReadArguments = dyn Fn(&[Argument]) -> Result<AnyValue, ArgumentFault> + Send + Sync;

impl ReadValue {
    pub(crate) fn new(read: impl Fn(&[Argument]) -> Result<AnyValue, ArgumentFault> + Send + Sync + 'static) -> Self {
        Self(Arc::new(read))
    }
}

impl fmt::Debug for ReadValue {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("ReadValue")
    }
}

/// Checks all arguments of a line together.
pub(crate) type Check = fn(&[&str]) -> Result<(), ArgumentFault>;

/// Why the arguments of a line, each of which is valid by itself, are invalid together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArgumentFault {
    /// The index of the invalid argument; one past the last if something is missing.
    pub argument: usize,
    /// One sentence without a full stop.
    pub message: String,
    /// What was expected in its place, as in "expected a colour".
    pub expected: String,
}

impl Directive {
    /// Returns its name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Returns where it is allowed.
    #[must_use]
    pub fn contexts(&self) -> Contexts {
        self.contexts
    }

    /// Returns how its lines are merged.
    #[must_use]
    pub fn merge(&self) -> Merge {
        self.merge
    }

    /// Returns what it is for; empty if the key does not say it.
    #[must_use]
    pub fn purpose(&self) -> &'static str {
        self.help
    }

    /// Returns further text for a manual, as Markdown; empty if the key has none.
    #[must_use]
    pub fn details(&self) -> &'static str {
        self.details
    }

    /// Returns the arguments that hold where no line sets it; empty if it has no default.
    #[must_use]
    pub fn default_arguments(&self) -> &'static [&'static str] {
        self.default_texts
    }

    /// Returns its parameters.
    pub fn parameters(&self) -> impl Iterator<Item = &Parameter> {
        self.parameters.iter()
    }

    /// Returns its synopsis: `Name argument [argument] ..`.
    #[must_use]
    pub fn synopsis(&self) -> String {
        if let Some(written) = self.written {
            return format!("{} {written}", self.name);
        }
        let mut out = self.name.to_owned();
        for parameter in &self.parameters {
            out.push(' ');
            out.push_str(&parameter.synopsis());
        }
        out
    }

    /// Its synopsis and what it is for, as help.
    pub(crate) fn usage(&self) -> String {
        match self.help {
            "" => format!("usage: `{}`", self.synopsis()),
            help => format!("usage: `{}`: {help}", self.synopsis()),
        }
    }

    /// The parameter to which the argument at `index` belongs.
    pub(crate) fn parameter(&self, index: usize) -> Option<&Parameter> {
        self.parameters.get(index).or_else(|| self.parameters.last().filter(|last| last.count == Count::Many))
    }

    pub(crate) fn least_arguments(&self) -> usize {
        self.parameters.iter().take_while(|parameter| parameter.count != Count::Optional).count()
    }

    /// Reads the value of a line with these arguments.
    pub(crate) fn read(&self, arguments: &[Argument]) -> Result<AnyValue, ArgumentFault> {
        if let Some(check) = self.check {
            let texts: Vec<&str> = arguments.iter().map(Argument::text).collect();
            check(&texts)?;
        }
        (self.read.0)(arguments)
    }

    /// Reads the default.
    ///
    /// # Panics
    /// If the directive does not take the arguments of the default.
    pub(crate) fn with_default_read(mut self) -> Self {
        if self.default_texts.is_empty() {
            return self;
        }
        let name = self.name;
        let argument = |(index, text): (usize, &&'static str)| {
            let parameter = self.parameter(index).unwrap_or_else(|| panic!("default of {name}: too many arguments"));
            match parameter.read(text) {
                Ok(value) => Argument::unwritten(text, value),
                Err(wrong) => panic!("default of {name}: {}, found `{text}`", wrong.expected),
            }
        };
        let arguments: Vec<Argument> = self.default_texts.iter().enumerate().map(argument).collect();
        assert!(arguments.len() >= self.least_arguments(), "default of {name}: too few arguments");
        let value = self.read(&arguments).unwrap_or_else(|wrong| panic!("default of {name}: {}", wrong.message));
        self.default = Some(Arc::new(Setting { directive: name, arguments, value, origin: Origin::Default }));
        self
    }
}
