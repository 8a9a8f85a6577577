//! The directives a program knows: the one thing that this crate is told.

pub(crate) mod address;
pub(crate) mod merge;
pub(crate) mod parameter;
pub(crate) mod setting;

use std::collections::HashSet;
use std::fmt;
use std::ops::BitOr;
use std::sync::Arc;

use crate::schema::merge::Merge;
use crate::schema::parameter::{Count, Parameter};
use crate::schema::setting::{Argument, Origin, Setting};

/// Where a directive may stand. Join several with `|`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Contexts(u8);

/// Outside all sections.
pub const SERVER: Contexts = Contexts(1);
/// In `<VirtualHost>`.
pub const HOST: Contexts = Contexts(2);
/// In `<Directory>`, `<Files>`, `<Location>` and their `Match` forms.
pub const DIRECTORY: Contexts = Contexts(4);
/// Everywhere.
pub const ANYWHERE: Contexts = Contexts(7);

impl Contexts {
    /// Whether all of `other` is in it.
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

impl BitOr for Contexts {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
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

/// A directive: its name, what it takes, where it may stand, and how it is merged.
#[derive(Debug, Clone)]
pub struct Directive {
    pub(crate) name: &'static str,
    pub(crate) parameters: Vec<Parameter>,
    pub(crate) contexts: Contexts,
    pub(crate) merge: Merge,
    pub(crate) default: Option<Arc<Setting>>,
    pub(crate) help: &'static str,
    pub(crate) check: Option<Check>,
    written: Option<&'static str>,
    default_texts: &'static [&'static str],
}

/// Judges all arguments of a line together.
pub(crate) type Check = fn(&[&str]) -> Result<(), ArgumentFault>;

/// Why the arguments of a line do not belong together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArgumentFault {
    /// Index of the argument that is wrong; one past the last for something missing.
    pub argument: usize,
    /// One sentence without a full stop.
    pub message: String,
    /// What was expected in its place.
    pub expected: String,
}

impl Directive {
    /// A directive.
    #[must_use]
    pub fn new(name: &'static str, parameters: impl Into<Vec<Parameter>>, contexts: Contexts, merge: Merge) -> Self {
        let parameters = parameters.into();
        Self {
            name,
            parameters,
            contexts,
            merge,
            default: None,
            help: "",
            check: None,
            written: None,
            default_texts: &[],
        }
    }

    /// The arguments that hold where nobody sets it.
    #[must_use]
    pub fn default(mut self, arguments: &'static [&'static str]) -> Self {
        self.default_texts = arguments;
        self
    }

    /// How its arguments are shown to people, where the parameters alone do not tell.
    #[must_use]
    pub fn written(mut self, arguments: &'static str) -> Self {
        self.written = Some(arguments);
        self
    }

    /// What it is for, in one line; shown when it is used wrongly.
    #[must_use]
    pub fn help(mut self, help: &'static str) -> Self {
        self.help = help;
        self
    }

    /// Judges all arguments of a line together, after each was judged by itself.
    #[must_use]
    pub fn check(mut self, check: fn(&[&str]) -> Result<(), ArgumentFault>) -> Self {
        self.check = Some(check);
        self
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Where it may stand.
    #[must_use]
    pub fn contexts(&self) -> Contexts {
        self.contexts
    }

    /// How it is merged.
    #[must_use]
    pub fn merge(&self) -> Merge {
        self.merge
    }

    /// What it is for; empty if nothing was said.
    #[must_use]
    pub fn purpose(&self) -> &'static str {
        self.help
    }

    /// The arguments that hold where nobody sets it.
    #[must_use]
    pub fn default_arguments(&self) -> &'static [&'static str] {
        self.default_texts
    }

    /// What it takes.
    pub fn parameters(&self) -> impl Iterator<Item = &Parameter> {
        self.parameters.iter()
    }

    /// How it is written: `Name argument [argument] ..`.
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

    /// How it is written, and what it is for.
    pub(crate) fn usage(&self) -> String {
        match self.help {
            "" => format!("it is written `{}`", self.synopsis()),
            help => format!("it is written `{}`: {help}", self.synopsis()),
        }
    }

    /// The parameter to which the argument at `index` belongs.
    pub(crate) fn parameter(&self, index: usize) -> Option<&Parameter> {
        self.parameters.get(index).or_else(|| self.parameters.last().filter(|last| last.count == Count::Many))
    }

    pub(crate) fn least_arguments(&self) -> usize {
        self.parameters.iter().take_while(|parameter| parameter.count != Count::Optional).count()
    }

    fn with_default_read(mut self) -> Self {
        let name = self.name;
        let argument = |(index, text): (usize, &&'static str)| {
            let parameter = self.parameter(index).unwrap_or_else(|| panic!("default of {name}: too many arguments"));
            match parameter.read(text) {
                Ok(value) => Argument::unwritten(text, value),
                Err(wrong) => panic!("default of {name}: {}, found `{text}`", wrong.expected),
            }
        };
        if !self.default_texts.is_empty() {
            let arguments = self.default_texts.iter().enumerate().map(argument).collect();
            self.default = Some(Arc::new(Setting { directive: name, arguments, origin: Origin::Default }));
        }
        self
    }
}

/// A directive of one [`Schema`]. Look it up once, and reading a setting needs no comparison of names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DirectiveId(pub(crate) u16);

impl DirectiveId {
    pub(crate) fn index(self) -> usize {
        usize::from(self.0)
    }
}

/// All directives that a program knows.
///
/// Three names mean something to the language itself, if they are declared: `ServerRoot` (relative includes and
/// directories start there), `ServerName` and `ServerAlias` (they choose the virtual host).
#[derive(Debug, Clone)]
pub struct Schema {
    directives: Vec<Directive>,
    /// Indices into `directives`, by name without case.
    by_name: Vec<u16>,
    /// Directives of other programs, with what to say to whoever writes one.
    absent: &'static [(&'static str, &'static str)],
}

impl Schema {
    /// Declares the directives.
    ///
    /// # Panics
    /// If the declaration is wrong in itself: a name twice, a default that its own directive does not take, more than
    /// 65,535 directives. This is a mistake of the program, and shows at its first start.
    #[must_use]
    pub fn new(directives: impl IntoIterator<Item = Directive>) -> Self {
        let directives: Vec<Directive> = directives.into_iter().map(Directive::with_default_read).collect();
        let count = u16::try_from(directives.len()).expect("at most 65,535 directives");
        let mut names = HashSet::new();
        for directive in &directives {
            assert!(
                names.insert(directive.name.to_ascii_lowercase()),
                "directive {} is declared twice",
                directive.name
            );
        }
        let mut by_name: Vec<u16> = (0..count).collect();
        by_name.sort_by_cached_key(|&index| directives[usize::from(index)].name.to_ascii_lowercase());
        Self { directives, by_name, absent: &[] }
    }

    /// With names of directives, and `<Name>` of sections, that other programs have and this one has not, each with advice for
    /// whoever writes it. A name that ends with `*` stands for all that begin so and are not named themselves.
    #[must_use]
    pub fn absences(self, absent: &'static [(&'static str, &'static str)]) -> Self {
        Self { absent, ..self }
    }

    pub(crate) fn absent(&self, name: &str) -> Option<&'static str> {
        let begins = |absent: &str| {
            let (start, begun) = (absent.strip_suffix('*'), |start: &str| name.get(..start.len()));
            start.is_some_and(|start| begun(start).is_some_and(|begun| begun.eq_ignore_ascii_case(start)))
        };
        let exact = self.absent.iter().find(|(absent, _)| absent.eq_ignore_ascii_case(name));
        exact.or_else(|| self.absent.iter().find(|(absent, _)| begins(absent))).map(|(_, advice)| *advice)
    }

    /// The directive of this name; upper and lower case are the same.
    #[must_use]
    pub fn id(&self, name: &str) -> Option<DirectiveId> {
        let wanted = || name.bytes().map(|byte| byte.to_ascii_lowercase());
        let compare = |&index: &u16| {
            let declared = self.directives[usize::from(index)].name.bytes().map(|byte| byte.to_ascii_lowercase());
            declared.cmp(wanted())
        };
        self.by_name.binary_search_by(compare).ok().map(|at| DirectiveId(self.by_name[at]))
    }

    /// The declaration of a directive.
    ///
    /// # Panics
    /// If the id came from another schema.
    #[must_use]
    pub fn directive(&self, id: DirectiveId) -> &Directive {
        &self.directives[id.index()]
    }

    /// All declarations, in their order.
    pub fn iter(&self) -> impl Iterator<Item = (DirectiveId, &Directive)> {
        // `new` made sure that every index fits.
        self.directives.iter().enumerate().map(|(index, directive)| (DirectiveId(index as u16), directive))
    }

    pub(crate) fn len(&self) -> usize {
        self.directives.len()
    }
}
