//! A directive together with the type of its value.

use std::any::TypeId;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::schema::address::Address;
use crate::schema::directive::{ANYWHERE, ArgumentFault, Check, Contexts, Directive, ReadValue};
use crate::schema::merge::Merge;
use crate::schema::parameter::Parameter;
use crate::schema::setting::Argument;
use crate::schema::shape::{List, PerKey, Shape};
use crate::schema::value::{Choice, Value};

/// A directive with the type of its value. A schema is made of keys, and values are read from a configuration with them.
///
/// A program declares each key once, as a constant: the name of the directive, its arguments, where it is allowed, how its lines
/// are merged. [`Resolved::get`](crate::Resolved::get) returns a value of the type of the key, so neither a misspelt directive nor a value of
/// another type compiles. The [`Shape`] says whether the value is one, an `Option`, a list, or one for each name.
///
/// ```
/// use std::time::Duration;
///
/// use samovar_config::{Address, Contexts, HOST, Key, List, Merge, Parameter, PerKey, SERVER, directives};
///
/// directives! {
///     /// All directives of the tea house.
///     fn tea_house;
///
///     const LISTEN: Key<List<Address>> = Key::address("Listen", "[address:]port").list().contexts(SERVER);
///     const NAME: Key<Option<String>> = Key::text("ServerName", "name").contexts(SERVER.or(HOST));
///     const KETTLE: Key<bool> = Key::flag("Kettle").default(&["Off"]).help("whether water is hot");
///     const STEEP: Key<Duration> = Key::seconds("Steep", "time").default(&["3min"]);
///     const LEAVES: Key<List<Vec<String>>> = Key::texts("Leaves", "leaf").list().merge(Merge::Replace);
///     const PRICE: Key<PerKey<u64>> =
///         Key::new("Price", &[Parameter::text("leaf"), Parameter::integer("kopeks", 1, 1000)], |arguments| {
///             Ok(arguments[1].integer().unwrap_or_default())
///         })
///         .per_key();
/// }
/// # use samovar_config::{Reader, MemoryFiles};
/// let text = "Listen 8080\nListen 8081\nPrice assam 30\n<Location />\nKettle On\nLeaves assam mint\nPrice mint 20\n</Location>\n";
/// let config = Reader::new(tea_house()).read(&MemoryFiles::new().file("tea.conf", text), "tea.conf")?.config;
/// let held = config.main().resolve("/cup", None, false);
///
/// let kettle: bool = held.get(KETTLE);
/// assert!(kettle);
/// assert_eq!(held.get(STEEP), Duration::from_secs(180));
/// assert_eq!(held.get(NAME), None);
/// assert_eq!(held.get(LISTEN).map(|address| address.port).collect::<Vec<_>>(), [8080, 8081]);
/// assert_eq!(held.get(LEAVES).flatten().collect::<Vec<_>>(), ["assam", "mint"]);
/// assert_eq!(held.get(PRICE).collect::<Vec<_>>(), [("assam", 30), ("mint", 20)]);
/// # Ok::<(), Box<samovar_config::Report>>(())
/// ```
///
/// A value of another type does not compile, nor does a directive that is not declared:
///
/// ```compile_fail,E0308
/// # use samovar_config::{Key, Resolved};
/// const KETTLE: Key<bool> = Key::flag("Kettle").default(&["Off"]);
/// fn minutes(held: &Resolved) -> u64 {
///     held.get(KETTLE)
/// }
/// ```
///
/// ```compile_fail,E0425
/// # use samovar_config::{Key, Resolved};
/// const KETTLE: Key<bool> = Key::flag("Kettle").default(&["Off"]);
/// fn is_on(held: &Resolved) -> bool {
///     held.get(KETLE)
/// }
/// ```
///
/// Nor does a key with exactly one value that has no default:
///
/// ```compile_fail,E0308
/// # use samovar_config::Key;
/// const KETTLE: Key<bool> = Key::flag("Kettle");
/// ```
pub struct Key<T: Shape> {
    name: &'static str,
    hash: u64,
    parameters: Parameters,
    read: ReadLine<T>,
    contexts: Contexts,
    /// `None` for the rule of the shape.
    merge: Option<Merge>,
    default: &'static [&'static str],
    help: &'static str,
    details: &'static str,
    written: Option<&'static str>,
    check: Option<Check>,
}

/// Reads the value of a line from its arguments, each of which its parameter has checked.
type ReadLine<T> = fn(&[Argument]) -> Result<<T as Shape>::Value, ArgumentFault>;

#[derive(Clone, Copy)]
enum Parameters {
    One(Parameter),
    Several(&'static [Parameter]),
}

impl<T: Shape> Clone for Key<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: Shape> Copy for Key<T> {}

impl<T: Shape> fmt::Debug for Key<T> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Key({})", self.name)
    }
}

impl Key<Option<bool>> {
    /// Declares a directive that takes `On` or `Off`.
    #[must_use]
    pub const fn flag(name: &'static str) -> Self {
        Self::one(name, Parameter::flag(), |arguments| first(arguments, Argument::flag))
    }
}

impl Key<Option<u64>> {
    /// Declares a directive that takes a whole number from `least` to `most`. Messages show the argument as `parameter`.
    #[must_use]
    pub const fn integer(name: &'static str, parameter: &'static str, least: u64, most: u64) -> Self {
        Self::one(name, Parameter::integer(parameter, least, most), |arguments| first(arguments, Argument::integer))
    }
}

impl Key<Option<Duration>> {
    /// Declares a directive that takes a time: a number of seconds, or a number with `ms`, `s`, `min` or `h`.
    #[must_use]
    pub const fn seconds(name: &'static str, parameter: &'static str) -> Self {
        Self::one(name, Parameter::seconds(parameter), |arguments| first(arguments, Argument::duration))
    }
}

impl Key<Option<Address>> {
    /// Declares a directive that takes an [`Address`].
    #[must_use]
    pub const fn address(name: &'static str, parameter: &'static str) -> Self {
        Self::one(name, Parameter::address(parameter), |arguments| {
            first(arguments, |argument| argument.address().cloned())
        })
    }
}

impl Key<Option<String>> {
    /// Declares a directive that takes one text.
    #[must_use]
    pub const fn text(name: &'static str, parameter: &'static str) -> Self {
        Self::one(name, Parameter::text(parameter), |arguments| {
            first(arguments, |argument| Some(argument.text().into()))
        })
    }
}

impl Key<Option<Vec<String>>> {
    /// Declares a directive that takes one or more texts.
    #[must_use]
    pub const fn texts(name: &'static str, parameter: &'static str) -> Self {
        Self::one(name, Parameter::text(parameter).many(), |arguments| {
            Ok(arguments.iter().map(|argument| argument.text().to_owned()).collect())
        })
    }
}

impl<V: Choice> Key<Option<V>> {
    /// Declares a directive that takes one of the words of `V`.
    #[must_use]
    pub const fn choice(name: &'static str, parameter: &'static str) -> Self {
        Self::one(name, Parameter::choice_of::<V>(parameter), |arguments| first(arguments, Argument::choice))
    }
}

impl<V: Value> Key<Option<V>> {
    const fn one(name: &'static str, parameter: Parameter, read: ReadLine<Option<V>>) -> Self {
        Self::with(name, Parameters::One(parameter), read)
    }

    /// Declares a directive with these parameters. `read` returns the value of a line. Each argument has been checked by its
    /// parameter; `read` can refuse arguments that are invalid together.
    #[must_use]
    pub const fn new(
        name: &'static str,
        parameters: &'static [Parameter],
        read: fn(&[Argument]) -> Result<V, ArgumentFault>,
    ) -> Self {
        Self::with(name, Parameters::Several(parameters), read)
    }

    /// Sets the arguments that hold where no line sets the directive, so that there is always a value.
    ///
    /// # Panics
    /// If `arguments` is empty. In a constant, that does not compile.
    #[must_use]
    pub const fn default(self, arguments: &'static [&'static str]) -> Key<V> {
        assert!(!arguments.is_empty(), "a default has at least one argument");
        self.shaped().defaulting(arguments)
    }

    /// Makes it a list: several lines hold together. Those of inner sections come after those of outer ones, unless
    /// [`merge`](Key::merge) sets another rule.
    #[must_use]
    pub const fn list(self) -> Key<List<V>> {
        self.shaped()
    }

    /// Gives it a value for each name. The first argument of a line is the name, unless [`merge`](Key::merge) sets a rule that
    /// says otherwise.
    #[must_use]
    pub const fn per_key(self) -> Key<PerKey<V>> {
        self.shaped()
    }
}

impl<V: Value> Key<List<V>> {
    /// Sets the arguments of the one line that holds where no line sets the directive.
    #[must_use]
    pub const fn default(self, arguments: &'static [&'static str]) -> Self {
        self.defaulting(arguments)
    }
}

impl<T: Shape> Key<T> {
    const fn with(name: &'static str, parameters: Parameters, read: ReadLine<T>) -> Self {
        Self {
            name,
            hash: hash(name),
            parameters,
            read,
            contexts: ANYWHERE,
            merge: None,
            default: &[],
            help: "",
            details: "",
            written: None,
            check: None,
        }
    }

    /// The same directive with another shape.
    const fn shaped<U: Shape<Value = T::Value>>(self) -> Key<U> {
        let Self { name, hash, parameters, read, contexts, merge, default, help, details, written, check } = self;
        Key { name, hash, parameters, read, contexts, merge, default, help, details, written, check }
    }

    const fn defaulting(mut self, arguments: &'static [&'static str]) -> Self {
        self.default = arguments;
        self
    }

    /// Sets where it is allowed. Without this, it is allowed [`ANYWHERE`].
    #[must_use]
    pub const fn contexts(mut self, contexts: Contexts) -> Self {
        self.contexts = contexts;
        self
    }

    /// Sets how its lines are merged. Without this, its [`Shape`] decides: [`Merge::Innermost`] for one value,
    /// [`Merge::Accumulate`] for a [`List`], [`Merge::PerKey`] for [`PerKey`].
    #[must_use]
    pub const fn merge(mut self, merge: Merge) -> Self {
        self.merge = Some(merge);
        self
    }

    /// Sets what it is for, in one line. Findings about the directive show it.
    #[must_use]
    pub const fn help(mut self, help: &'static str) -> Self {
        self.help = help;
        self
    }

    /// Sets further text for a manual, as Markdown.
    #[must_use]
    pub const fn details(mut self, details: &'static str) -> Self {
        self.details = details;
        self
    }

    /// Sets how its arguments are shown, where the parameters alone do not say it.
    #[must_use]
    pub const fn written(mut self, arguments: &'static str) -> Self {
        self.written = Some(arguments);
        self
    }

    /// Adds a check of all arguments of a line together, after each has been checked by itself.
    #[must_use]
    pub const fn check(mut self, check: fn(&[&str]) -> Result<(), ArgumentFault>) -> Self {
        self.check = Some(check);
        self
    }

    /// Returns the name of the directive.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.name
    }

    pub(crate) const fn hash(self) -> u64 {
        self.hash
    }
}

impl<T: Shape> From<Key<T>> for Directive {
    fn from(key: Key<T>) -> Self {
        let parameters = match key.parameters {
            Parameters::One(parameter) => vec![parameter],
            Parameters::Several(parameters) => parameters.to_vec(),
        };
        let read = ReadValue::new(move |arguments| Ok(Arc::new((key.read)(arguments)?)));
        Self {
            name: key.name,
            hash: key.hash,
            shape: TypeId::of::<T>(),
            parameters,
            contexts: key.contexts,
            merge: key.merge.unwrap_or(T::MERGE),
            default: None,
            default_texts: key.default,
            help: key.help,
            details: key.details,
            written: key.written,
            check: key.check,
            read,
        }
    }
}

fn first<V>(arguments: &[Argument], value: fn(&Argument) -> Option<V>) -> Result<V, ArgumentFault> {
    // The parameter has checked that there is such an argument.
    arguments.first().and_then(value).ok_or_else(|| ArgumentFault {
        argument: 0,
        message: "the value is missing".to_owned(),
        expected: "expected one argument".to_owned(),
    })
}

/// A hash of a name, the same in upper and lower case (FNV-1a).
pub(crate) const fn hash(name: &str) -> u64 {
    let bytes = name.as_bytes();
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    let mut at = 0;
    while at < bytes.len() {
        hash = (hash ^ bytes[at].to_ascii_lowercase() as u64).wrapping_mul(0x0100_0000_01b3);
        at += 1;
    }
    hash
}
