//! Which instance is executing.
//!
//! Rhai resolves names, imports and functions where code is *executed*: in the caller's state, by name. Here several
//! instances of one module run side by side, hand functions to each other, and each must keep to its own variables,
//! functions and imports. So nothing is looked up in the state at run time. A text is compiled twice: the first
//! compilation tells which names belong to the module (`scan`, `sites`), the second, once for each instance, makes them
//! carry its number (`name`, `token`). Whoever executes them, they can only mean that instance.
//!
//! [`Linker`] makes instances (`load`), [`Instance`] holds one, [`Function`] calls into it, `callback` lets a script hand
//! a function out, and `import` brings scripts to whoever decides what a module name means.

mod bindings;
mod call;
mod callback;
mod captures;
mod caught;
mod chain;
mod dangling;
mod engine;
mod engines;
mod error;
mod exports;
mod import;
mod import_sites;
mod instance;
mod keep;
mod lending;
mod lexical;
mod limits;
mod load;
mod message;
mod name;
mod natives;
mod reach;
mod running;
mod scan;
mod sites;
mod syntax;
mod text;
mod token;
mod written;

#[cfg(test)]
mod tests;

use std::sync::Arc;

pub(crate) use call::Function;
pub(crate) use callback::{call as call_callback, captured, owner, weaken};
pub(crate) use dangling::{Dangling, missing};
pub(crate) use engine::written_name;
pub use engine::{Output, Printed};
pub(crate) use engines::{Equip, Register};
pub(crate) use error::{Frame, Kind, ScriptError};
pub(crate) use import::{ImportOptions, Importing, interpreter, module, module_value, modules, with_importing};
pub(crate) use import_sites::ImportSite;
pub(crate) use instance::{Core, Instance, find};
pub use limits::Limits;
pub(crate) use limits::{Meter, out_of_time};
pub use load::Linked;
pub(crate) use load::{Linker, SEARCH_PATH, directories};
pub(crate) use name::InstanceId;
pub(crate) use scan::Scan;
pub(crate) use sites::Use;

/// The role as importer of the live instance of this number. While it loads, its search path is what its top level has
/// made of it so far.
pub(crate) fn importer(id: InstanceId) -> Option<Arc<samovar_importer::Importer>> {
    let core = find(id)?;
    let importer = core.importer()?;
    if let Some(path) = core.variable_so_far(SEARCH_PATH) {
        importer.set_search_path(directories(&path));
    }
    Some(importer.clone())
}
