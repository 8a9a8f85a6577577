//! `config-parser/`, the crate `samovar-config`: configuration in the language of Apache httpd, for any program that
//! declares its own directives.
//!
//! A program declares its directives with [`directives!`]. Each is a [`Key`]: the name of the directive, its arguments, where it is
//! allowed, how its lines are merged, and the type of its value. A [`Reader`] reads a file and everything that it includes, and
//! returns a [`Config`], or a [`Report`] with every error and its place. For each request, [`Config::resolve`] returns the
//! settings that hold, by httpd's rules for virtual hosts, `<Directory>`, `<Files>`, `<Location>` and `<If>`. [`Resolved::get`]
//! returns the value of a key: a misspelt directive does not compile, nor does a value of another type. Every setting knows the
//! line that it comes from.
//!
//! The crate does not know what any directive means.
//!
//! ```
//! use std::net::SocketAddr;
//!
//! use samovar_config::{Address, Key, List, Reader, MemoryFiles, Parameter, PerKey, Query, SERVER, directives};
//!
//! const BREW_ARGUMENTS: &[Parameter] = &[Parameter::text("leaf"), Parameter::integer("minutes", 1, 60)];
//!
//! directives! {
//!     fn tea_house;
//!
//!     const LISTEN: Key<List<Address>> = Key::address("Listen", "[address:]port").list().contexts(SERVER);
//!     const KETTLE: Key<bool> = Key::flag("Kettle").default(&["Off"]);
//!     const BREW: Key<PerKey<u64>> =
//!         Key::new("Brew", BREW_ARGUMENTS, |arguments| Ok(arguments[1].integer().unwrap_or(1))).per_key();
//! }
//!
//! let files = MemoryFiles::new().file("/etc/tea.conf", r#"
//! Listen 8080
//! Brew assam 4
//! Brew mint 5
//! <Location /samovar>
//!     Kettle On
//!     Brew mint 7
//! </Location>
//! "#);
//! let config = Reader::new(tea_house()).read(&files, "/etc/tea.conf")?.config;
//!
//! let address = SocketAddr::from(([127, 0, 0, 1], 8080));
//! let held = config.resolve(&Query { address, host: None, path: "/samovar/cup", filename: None, exact: false });
//! assert!(held.get(KETTLE));
//! assert_eq!(held.get(BREW).collect::<Vec<_>>(), [("assam", 4), ("mint", 7)]);
//! assert_eq!(held.at(BREW, "assam"), Some(4));
//! assert_eq!(held.line(KETTLE).unwrap().origin().to_string(), "/etc/tea.conf:6 in <Location /samovar>");
//! # Ok::<(), Box<samovar_config::Report>>(())
//! ```

// A text goes through `syntax`, `expand`, `declare`, `layout` and `resolve`, in this order, and none uses one that comes
// later. `report` and `section` stand below all of them, `schema` below `declare`; `reader` is the way through all.
mod declare;
mod expand;
mod layout;
mod reader;
mod report;
mod resolve;
mod schema;
mod section;
mod syntax;

mod nearest;
mod suggest;
pub mod url;

pub use expand::files::{DiskFiles, Entry, Files, MemoryFiles};
pub use nearest::nearest;
pub use reader::{Loaded, Reader};
pub use report::finding::{Finding, FindingCode, Related, Severity};
pub use report::source::{FileId, Position, SourceFile, Sources, Span};
pub use report::{FileRange, FindingRecord, Report};
pub use resolve::config::{Config, Host};
pub use resolve::hosts::server_name;
pub use resolve::query::Query;
pub use resolve::resolved::Resolved;
pub use resolve::trace::{SectionMatch, Trace};
pub use schema::Schema;
pub use schema::address::{Address, AddressError, AddressHost};
pub use schema::directive::{ANYWHERE, ArgumentFault, Contexts, DIRECTORY, Directive, HOST, SERVER};
pub use schema::key::Key;
pub use schema::lines::{Line, Lines};
pub use schema::merge::{Merge, MergeSettings};
pub use schema::parameter::Parameter;
pub use schema::setting::{Argument, Origin, Setting};
pub use schema::shape::{List, PerKey, Shape};
pub use schema::value::{Choice, Value};
pub use section::expression::{Facts, VARIABLES};
pub use section::host_address::HostAddress;
pub use section::{Section, SectionKind};
pub use syntax::limits::ReadLimits;

/// The examples of README.md are compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
