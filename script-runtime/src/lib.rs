//! `script-runtime/`, the crate `samovar-rhai`: [Rhai](https://rhai.rs) scripts in a Rust program, with hot reload and state
//! that outlives a reload.
//!
//! A program builds an [`Interpreter`], which loads scripts from directories (or from memory, for tests) and reloads a
//! changed script together with every script that imports it. A [`Handler`] is one function of one script: each call runs
//! the newest version. Scripts keep their state in the handles of [`state`], which a reload hands over.
//!
//! ```
//! use std::time::Duration;
//! use samovar_rhai::{Interpreter, Limits, importer::{MemoryTree, Outcome}};
//!
//! // Files on disk are loaded and watched with `.root("scripts")` and `.build()?` instead.
//! let scripts = MemoryTree::default();
//! scripts.write("/scripts/price.rhai", "keep CALLS = counter(); fn total(n) { CALLS.incr(); discount(n * 14) }");
//! let interpreter = Interpreter::builder("shop")
//!     .register(|engine| { engine.register_fn("discount", |n: i64| n - n / 10); })
//!     .limits(Limits { operations: 1_000_000, ..Limits::default() })
//!     .time(Duration::from_millis(200))
//!     .build_on(scripts.clone(), Some("/scripts".as_ref()));
//!
//! let total = interpreter.handler("price::total")?;
//! assert_eq!(total.call::<i64>((3,))?, 38);
//!
//! scripts.write("/scripts/price.rhai", "keep CALLS = counter(); fn total(n) { CALLS.incr(); [n * 20, CALLS.get()] }");
//! assert!(matches!(interpreter.reload(), Outcome::Published { .. }));
//! assert_eq!(total.call::<samovar_rhai::rhai::Array>((3,))?[1].as_int()?, 2);
//!
//! // A script that does not compile is refused, and the last good version stays in use.
//! scripts.write("/scripts/price.rhai", "fn total(n) { n * }");
//! let Outcome::Refused(errors) = interpreter.reload() else { panic!("it does not compile") };
//! assert_eq!(errors[0].to_string(), "/scripts/price.rhai:1:19: Unexpected '}'");
//! assert_eq!(total.call::<samovar_rhai::rhai::Array>((3,))?[0].as_int()?, 60);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! | to | use |
//! |---|---|
//! | build an interpreter: directories, limits, native functions | [`Interpreter::builder`], [`Builder`] |
//! | call a function of a script | [`Interpreter::handler`], [`Handler::call`] |
//! | call a function value that a script returned | [`Interpreter::call`] |
//! | reload now, see what a reload would do, end all reloading | [`Interpreter::reload`], [`dry_run`](Interpreter::dry_run), [`freeze`](Interpreter::freeze) |
//! | show what is loaded, and what keeps old code in memory | [`Interpreter::status`], [`graph`](Interpreter::graph) |
//! | follow events: loaded, reloaded, refused | [`Interpreter::subscribe`] |
//! | bound what scripts use up | [`Limits`], [`Builder::time`], [`Handler::limits`] |
//! | share state between the program and its scripts | [`state`] |
//! | answer HTTP requests with a script | [`Exchange`], [`Handler::respond`] |
//! | check scripts without running them | [`outline`] |
//!
//! # For those who work on this crate
//!
//! Each folder imports only from those below it: `host` (what an embedding program holds), `module` (scripts as modules of the
//! importer), `link` (which instance a name means), `http` (requests as scripts see them), `standard` (Rhai's own functions,
//! with deadlines), `state` (handles), `value` (any value), `thread` (everything that is thread-local). `link/mod.rs` and
//! `thread/mod.rs` say how a name finds its instance and what a thread knows of the script that it runs.

mod host;
mod http;
mod link;
mod module;
#[cfg(test)]
mod reference;
mod standard;
pub mod state;
mod thread;
mod value;

pub use host::{
    builder::{Builder, TIME},
    handler::Handler,
    interpreter::Interpreter,
    outline,
    pin::Pin,
};
pub use http::{Exchange, Options, RequestHead, Verdict, encode_location, status_page};
pub use link::{Limits, Output, Printed};
pub use module::{hooks::HOOK_TIME, inspect::graph_json};
pub use rhai;
pub use samovar_importer as importer;

/// The examples of README.md are compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
