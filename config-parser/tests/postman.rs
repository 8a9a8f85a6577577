//! A program that is not a web server declares directives of its own: a mail server, with values of its own types. All that
//! it uses is public, and nothing of it is known to the crate.

use std::net::SocketAddr;
use std::time::Duration;

use samovar_config::{
    Address, Argument, ArgumentFault, Choice, Config, Directive, HOST, Key, List, MemoryFiles, Merge, Parameter,
    PerKey, Query, Reader, Report, SERVER, Value, directives,
};

/// What is done with a letter that cannot be delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bounce {
    Return,
    Keep,
    Drop,
}

impl Choice for Bounce {
    const WORDS: &'static [(&'static str, Self)] =
        &[("return", Self::Return), ("keep", Self::Keep), ("drop", Self::Drop)];
}

/// A size such as `10M`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Size(u64);

impl Value for Size {
    type Given<'v> = Self;

    fn given(&self) -> Self {
        *self
    }
}

const SIZE: &[Parameter] =
    &[Parameter::checked("size", "a number, perhaps with `K` or `M`", |text| size(text).is_some())];

fn size(text: &str) -> Option<u64> {
    let (digits, unit) = match text.strip_suffix(['K', 'M']) {
        Some(digits) => (digits, if text.ends_with('K') { 1 << 10 } else { 1 << 20 }),
        None => (text, 1),
    };
    digits.parse::<u64>().ok()?.checked_mul(unit)
}

/// Who may send in whose name.
#[derive(Debug, PartialEq, Eq)]
struct Delegate {
    from: String,
    to: Vec<String>,
}

impl Value for Delegate {
    type Given<'v> = &'v Self;

    fn given(&self) -> &Self {
        self
    }
}

const DELEGATE: &[Parameter] = &[Parameter::text("from"), Parameter::text("to").many()];

fn delegate(arguments: &[Argument]) -> Result<Delegate, ArgumentFault> {
    let from = arguments[0].text();
    match arguments[1..].iter().position(|to| to.text() == from) {
        Some(at) => Err(ArgumentFault {
            argument: at + 1,
            message: format!("`{from}` cannot be a delegate of itself"),
            expected: "expected somebody else".to_owned(),
        }),
        None => {
            Ok(Delegate { from: from.to_owned(), to: arguments[1..].iter().map(|to| to.text().to_owned()).collect() })
        }
    }
}

const ALIAS: &[Parameter] = &[Parameter::text("name"), Parameter::text("address").optional()];

directives! {
    /// The directives of the post office.
    fn post_office;

    const SMTP: Key<List<Address>> = Key::address("Smtp", "[address:]port").list().contexts(SERVER).default(&["25"]);
    const DOMAIN: Key<Option<String>> = Key::text("ServerName", "domain").contexts(SERVER.or(HOST));
    const GREYLIST: Key<bool> = Key::flag("Greylist").default(&["Off"]).help("whether strangers wait");
    const RETRY: Key<Duration> = Key::seconds("Retry", "time").default(&["15min"]);
    const RECIPIENTS: Key<u64> = Key::integer("Recipients", "most", 1, 1000).default(&["100"]);
    const BOUNCE: Key<Bounce> = Key::choice("Bounce", "what").default(&["return"]);
    const QUOTA: Key<Option<Size>> =
        Key::new("Quota", SIZE, |arguments| Ok(Size(size(arguments[0].text()).unwrap_or_default())));
    const BLOCKED: Key<List<Vec<String>>> = Key::texts("Blocked", "domain").list().merge(Merge::Replace);
    const TRUSTED: Key<List<String>> = Key::text("Trusted", "domain").list();
    const ALIASES: Key<PerKey<String>> =
        Key::new("Alias", ALIAS, |arguments| Ok(arguments.get(1).map_or_else(String::new, |to| to.text().to_owned())))
            .per_key();
    const DELEGATES: Key<List<Delegate>> = Key::new("Delegate", DELEGATE, delegate).list();
}

fn load(text: &str) -> Result<Config, Box<Report>> {
    Ok(Reader::new(post_office()).read(&MemoryFiles::new().file("/etc/post.conf", text), "/etc/post.conf")?.config)
}

const TEXT: &str = "
Smtp 25
Smtp 127.0.0.1:587
Retry 1h
Blocked spam.example
Trusted post.example
Alias postmaster anna
Alias abuse anna
Delegate anna boris clara
<VirtualHost *:25>
    ServerName tea.example
    Bounce KEEP
    Quota 10M
    <Location /inbox>
        Greylist on
        Quota 2K
        Blocked a.example b.example
        Blocked c.example
        Trusted leaf.example
        Alias postmaster boris
        Alias abuse
    </Location>
</VirtualHost>
";

#[test]
fn values_have_the_types_of_their_keys() {
    let config = load(TEXT).expect("it is right");
    let address = SocketAddr::from(([127, 0, 0, 1], 25));
    let query = |path| Query { address, host: Some("tea.example"), path, filename: None, exact: false };
    let inbox = config.resolve(&query("/inbox/1"));
    let greylist: bool = inbox.get(GREYLIST);
    let retry: Duration = inbox.get(RETRY);
    let quota: Option<Size> = inbox.get(QUOTA);
    assert!(greylist);
    assert_eq!((retry, quota), (Duration::from_secs(3600), Some(Size(2048))));
    assert_eq!((inbox.get(BOUNCE), inbox.get(RECIPIENTS), inbox.get(DOMAIN)), (Bounce::Keep, 100, Some("tea.example")));
    assert_eq!(inbox.get(BLOCKED).flatten().collect::<Vec<_>>(), ["a.example", "b.example", "c.example"]);
    assert_eq!(inbox.get(TRUSTED).collect::<Vec<_>>(), ["post.example", "leaf.example"]);
    assert_eq!(inbox.get(ALIASES).collect::<Vec<_>>(), [("postmaster", "boris")]);
    assert_eq!((inbox.at(ALIASES, "postmaster"), inbox.at(ALIASES, "abuse")), (Some("boris"), None));

    let outside = config.resolve(&query("/sent/1"));
    assert_eq!((outside.get(GREYLIST), outside.get(QUOTA)), (false, Some(Size(10 << 20))));
    assert_eq!(outside.get(ALIASES).collect::<Vec<_>>(), [("postmaster", "anna"), ("abuse", "anna")]);
    let expected = Delegate { from: "anna".to_owned(), to: vec!["boris".to_owned(), "clara".to_owned()] };
    assert_eq!(outside.get(DELEGATES).collect::<Vec<_>>(), [&expected]);

    let main = config.main().settings();
    assert_eq!((main.get(DOMAIN), main.get(QUOTA), main.get(BOUNCE)), (None, None, Bounce::Return));
    assert_eq!(main.get(SMTP).map(ToString::to_string).collect::<Vec<_>>(), ["*:25", "127.0.0.1:587"]);
    let default = load("").expect("it is right").main().settings();
    assert_eq!(default.get(SMTP).map(|address| address.port).collect::<Vec<_>>(), [25]);
}

#[test]
fn lines_have_values_and_places() {
    let config = load(TEXT).expect("it is right");
    let held = config.hosts().next().expect("a host").resolve("/inbox", None, false);
    let line = held.line(QUOTA).expect("a line");
    assert_eq!((line.value(), line.text()), (Size(2048), Some("2K")));
    assert_eq!(line.origin().to_string(), "/etc/post.conf:16 in <Location /inbox>");
    assert!(held.line(RECIPIENTS).expect("the default").is_default());
    let quotas: Vec<_> = config.lines(QUOTA).map(|line| (line.value(), line.origin().to_string())).collect();
    assert_eq!(quotas.iter().map(|(size, _)| size.0).max(), Some(10 << 20));
    assert_eq!(quotas.len(), 2);
    let keys: Vec<_> = config.lines(ALIASES).map(|line| (line.key(), line.value())).collect();
    assert_eq!(
        keys,
        [(Some("postmaster"), "anna"), (Some("abuse"), "anna"), (Some("postmaster"), "boris"), (Some("abuse"), "")]
    );
}

/// What is said of one line.
#[track_caller]
fn refused(line: &str, expected: &str) {
    let report = load(line).expect_err(line).to_string();
    assert!(report.contains(expected), "{line}:\n{report}");
}

#[test]
fn what_a_key_does_not_take_is_an_error_of_the_configuration() {
    refused("Greylst On", "did you mean `Greylist`?");
    refused("Greylist perhaps", "expected `On` or `Off`");
    refused("Greylist perhaps", "whether strangers wait");
    refused("Bounce burn", "expected one of: return, keep, drop");
    refused("Bounce kep", "did you mean `keep`?");
    refused("Recipients 0", "expected a whole number from 1 to 1000");
    refused("Quota 3G", "expected a number, perhaps with `K` or `M`");
    refused("Retry soon", "expected a number of seconds");
    refused("Smtp everywhere", "the port is missing: write `everywhere:80`");
    refused("<Location />\nSmtp 25\n</Location>", "it is allowed outside all sections");
    refused("Delegate anna boris anna", "`anna` cannot be a delegate of itself");
    refused("Delegate anna boris anna", "expected somebody else");
    refused("Delegate anna", "takes at least two arguments");
}

#[test]
fn a_manual_can_be_made_from_the_declarations() {
    let lines: Vec<_> = post_office().iter().map(Directive::synopsis).collect();
    assert_eq!(
        lines,
        [
            "Smtp [address:]port",
            "ServerName domain",
            "Greylist On|Off",
            "Retry time",
            "Recipients most",
            "Bounce what",
            "Quota size",
            "Blocked domain ..",
            "Trusted domain",
            "Alias name [address]",
            "Delegate from to ..",
        ]
    );
}
