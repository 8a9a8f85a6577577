//! Modules: their names, how names are resolved, and the facts about a loaded module.
//!
//! This folder knows nothing of generations.

pub(crate) mod error;
pub(crate) mod graph;
pub(crate) mod id;
pub(crate) mod import;
pub(crate) mod importer;
pub(crate) mod language;
pub(crate) mod loaded;
pub(crate) mod located;
pub(crate) mod names;
pub(crate) mod record;
pub(crate) mod scope;
pub(crate) mod search;
pub(crate) mod specifier;

pub use error::ImportError;
pub(crate) use graph::Graph;
pub use id::{InstanceId, ModuleId, normalize};
pub use import::ImportOptions;
pub use importer::Importer;
pub use language::{Compiled, Language};
pub use loaded::Module;
pub(crate) use loaded::{Because, Child, Kind, Unmet};
pub use located::Located;
pub(crate) use names::Names;
pub use record::{Reason, Record};
pub use scope::Scope;
pub use specifier::Specifier;
