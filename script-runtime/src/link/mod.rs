//! Which instance is executing.
//!
//! Rhai resolves names, imports and functions where code is *executed*: in the caller's state, by name. Here several
//! instances of one module run side by side, hand functions to each other, and each must keep to its own variables,
//! functions and imports. So nothing is looked up in the state at run time. A text is compiled twice: the first
//! compilation tells which names belong to the module, the second, once for each instance, makes them carry its number.
//! Wherever they are executed, they can only mean that instance.
//!
//! | stage | folder | |
//! |---|---|---|
//! | scan | `scan` | tokens and tree of a text: what it defines, and where it uses that |
//! | link | `instance` | names made to mean one instance; its variables, functions and callbacks |
//! | run | `run` | engines, the top level, calls, imports, limits |
//!
//! [`Linker`] leads a text through all of them. What an error says is put into words in `message`.

mod instance;
mod linker;
mod message;
mod run;
mod scan;

#[cfg(test)]
mod tests;

pub(crate) use instance::callback::weaken;
pub(crate) use instance::{Core, Instance, find};
pub(crate) use linker::LinkedText;
pub(crate) use linker::Linker;
pub(crate) use message::dangling::{Dangling, missing};
pub(crate) use run::call::{Function, call_callback};
pub use run::engine::{Output, Printed};
pub(crate) use run::engines::{Equip, Register};
pub(crate) use run::import::module_value;
pub use run::limits::Limits;
pub(crate) use run::search_path::{SEARCH_PATH, directories, importer};
pub(crate) use scan::Scan;
pub(crate) use scan::error::{ErrorKind, Frame, ScriptError};
pub(crate) use scan::import_sites::ImportSite;
pub(crate) use scan::name::InstanceId;
pub(crate) use scan::uses::Use;

/// The native functions that get the calling instance, by name and number of arguments.
#[cfg(test)]
pub(crate) fn natives() -> impl Iterator<Item = (&'static str, usize)> {
    run::natives::NATIVES.iter().map(|native| (native.name, native.args))
}
