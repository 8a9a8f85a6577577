//! Configuration in the language of Apache httpd, for any program that declares its own directives.
//!
//! A program declares a [`Schema`]: the directives it knows, what they take, where they may stand and how they are merged.
//! A [`Loader`] reads files for it, follows includes, and either says everything that is wrong, each with its line, or
//! gives a [`Config`]. A [`Config`] is asked with a [`Query`] for each request, and answers with the settings that hold,
//! by httpd's rules for virtual hosts, `<Directory>`, `<Files>` and `<Location>`; each setting knows the line it came from.
//!
//! This crate knows nothing of what a directive means.
//!
//! ```
//! use std::net::SocketAddr;
//!
//! use samovar_config::{ANYWHERE, Directive, Loader, MemoryFiles, Merge, Parameter, Query, SERVER, Schema};
//!
//! let schema = Schema::new([
//!     Directive::new("Listen", [Parameter::address("[address:]port")], SERVER, Merge::Accumulate),
//!     Directive::new("Kettle", [Parameter::flag()], ANYWHERE, Merge::Innermost).default(&["Off"]),
//!     Directive::new("Brew", [Parameter::text("key"), Parameter::text("value").optional()], ANYWHERE, Merge::PerKey),
//! ]);
//! let files = MemoryFiles::new().file("/etc/tea.conf", r#"
//! Listen 8080
//! Brew leaf Assam
//! Brew minutes 4
//! <Location /samovar>
//!     Kettle On
//!     Brew minutes 7
//! </Location>
//! "#);
//!
//! let config = Loader::new(schema).load(&files, "/etc/tea.conf")?.config;
//! let address = SocketAddr::from(([127, 0, 0, 1], 8080));
//! let held = config.resolve(&Query { address, host: None, path: "/samovar/cup", filename: None, exact: false });
//! assert!(held.flag("Kettle"));
//! assert_eq!(held.get("Kettle").unwrap().origin().to_string(), "/etc/tea.conf:6 in <Location /samovar>");
//! let brew: Vec<_> = held.keyed("Brew").map(|(key, setting)| (key, setting.arguments()[1].text())).collect();
//! assert_eq!(brew, [("leaf", "Assam"), ("minutes", "7")]);
//! # Ok::<(), Box<samovar_config::Report>>(())
//! ```

mod declare;
mod expand;
mod layout;
mod loader;
mod report;
mod resolve;
mod schema;
mod section;
mod suggest;
pub mod syntax;
pub mod url;

pub use expand::files::{DiskFiles, Entry, Files, MemoryFiles};
pub use loader::{Loaded, Loader};
pub use report::diagnostic::{Code, Diagnostic, Related, Severity};
pub use report::source::{FileId, Position, Source, Sources, Span};
pub use report::{Finding, Place, Report};
pub use resolve::config::{Config, Host};
pub use resolve::explain::{Considered, Explanation};
pub use resolve::hosts::server_name;
pub use resolve::query::Query;
pub use resolve::resolved::{Named, Resolved};
pub use schema::address::{Address, AddressError, AddressHost};
pub use schema::merge::{Merge, MergeSettings};
pub use schema::parameter::{Parameter, Value};
pub use schema::setting::{Argument, Origin, Setting};
pub use schema::{ANYWHERE, ArgumentFault, Contexts, DIRECTORY, Directive, DirectiveId, HOST, SERVER, Schema};
pub use section::expression::{Facts, VARIABLES};
pub use section::host_address::HostAddress;
pub use section::{Scope, SectionKind};
pub use suggest::nearest;
pub use syntax::limits::Limits;

/// The examples of README.md are compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
