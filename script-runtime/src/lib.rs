//! Rhai on the samovar importer: fresh instances, hooks, state that outlives code.
//!
//! An [`Interpreter`] holds the modules of one engine and keeps them up to date; a [`Handler`] is a function of one of
//! them, called by a host or answering requests. [`state`] has the types in which scripts keep what is to outlive their
//! code. How a name finds the instance that it belongs to, whoever runs it, is the business of the private module `link`.

mod call;
mod carried;
mod diagnostic;
mod handler;
mod holders;
mod hooks;
mod http;
mod importer_module;
mod inspect;
mod interpreter;
mod link;
mod outline;
#[cfg(test)]
mod reference;
mod scripts;
mod show;
mod stack;
mod standard;
pub mod state;
mod suggest;
mod tick;
mod under_way;

pub use carried::Carried;
pub use handler::{Handler, Pin};
pub use hooks::HOOK_TIME;
pub use http::{Exchange, Options, RequestHead, Verdict, encode_location, status_page};
pub use inspect::{graph_json, milliseconds, module_json};
pub use interpreter::{Builder, Interpreter, TIME};
pub use link::{Limits, Linked, Output, Printed};
pub use outline::{Import, Lack, Outline, Outlines};
pub use rhai;
pub use samovar_importer as importer;
pub use scripts::{Script, Scripts};
