//! Reloading importer core: modules, generations, reload policy. Knows no script language.
//!
//! A [`Registry`] holds the modules of one interpreter as immutable generations ([`Snapshot`]). A request
//! [pins](Registry::pin) one and sees nothing else, however long it runs. When files change, [`Registry::check`] builds
//! what changed, and everything that imports it, as a draft, and publishes it with one store, or refuses it as a whole.
//! What the modules *are* is up to a [`Loader`]; where their texts come from, to a [`SourceTree`]; when to look, to a
//! [`Reloader`].

mod change;
mod detect;
mod diagnostic;
mod dot;
mod draft;
mod error;
mod event;
mod first_load;
mod freshness;
mod graph;
mod id;
mod import;
mod importer;
mod loader;
mod locate;
mod moment;
mod plan;
mod policy;
mod registry;
mod reload;
mod reloader;
mod retention;
mod scope;
mod search;
mod snapshot;
mod specifier;
mod stamp;
mod status;
mod sync;
mod tally;
mod tree;
mod view;
mod waits;
mod watch;

pub use change::Signal;
pub use diagnostic::{Diagnostic, Note, Place};
pub use dot::dot;
pub use error::ImportError;
pub use event::{Event, Reason};
pub use id::{InstanceId, ModuleId, normalize};
pub use import::ImportOptions;
pub use importer::Importer;
pub use loader::{Carry, Loader};
pub use locate::Located;
pub use moment::rfc3339;
pub use registry::Registry;
pub use reload::{Hint, Outcome};
pub use reloader::{Builder, Reload, Reloader};
pub use retention::{Holder, Retained};
pub use scope::Scope;
pub use snapshot::{Module, Record, Snapshot};
pub use specifier::Specifier;
pub use stamp::{ContentHash, Stamp};
pub use status::{ModuleStatus, State, Status};
pub use tally::{Counts, Watch};
pub use tree::{DiskTree, MemoryTree, ReadError, Source, SourceTree};
pub use view::View;
pub use watch::{NotifyWatcher, Sink, Watcher};
