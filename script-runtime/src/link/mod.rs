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
mod engine;
mod error;
mod import;
mod instance;
mod limits;
mod load;
mod name;
mod scan;
mod sites;
mod token;

#[cfg(test)]
mod tests;

pub use call::Function;
pub use engine::{Output, Printed};
pub use error::{Frame, Kind, ScriptError};
pub use import::{ImportOptions, Importing, with_importing};
pub use instance::Instance;
pub use limits::{Limits, deadline, with_deadline};
pub use load::Linker;
pub use name::InstanceId;
pub use scan::Scan;
