//! Rhai on the samovar importer: fresh instances, hooks, state that outlives code.
//!
//! An [`Interpreter`] holds the modules of one engine and keeps them up to date; a [`Handler`] is a function of one of
//! them, called by a host or answering requests. [`state`] has the types in which scripts keep what is to outlive their
//! code. How a name finds the instance that it belongs to, whoever runs it, is the business of the private module `link`.

mod host;
mod http;
mod link;
mod module;
#[cfg(test)]
mod reference;
mod standard;
pub mod state;
mod suggest;
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
