//! Reloading importer core: modules, generations, reload policy. Knows no script language.
//!
//! A [`Registry`] holds the modules of one interpreter as immutable generations ([`Snapshot`]). A request
//! [pins](Registry::pin) one and sees nothing else, however long it runs. When files change, [`Registry::check`] builds
//! what changed, and everything that imports it, as a draft, and publishes it with one store, or refuses it as a whole.
//! What the modules *are* is up to a [`Loader`]; where their texts come from, to a [`SourceTree`]; when to look, to a
//! [`Reloader`].
//!
//! A language in which a text is its own value, and `use NAME` imports, from the first import to the end of reloading:
//!
//! ```
//! use std::sync::Arc;
//!
//! use samovar_importer::{
//!     Carry, Diagnostic, Event, Hint, ImportOptions, Importer, Loader, MemoryTree, Module, Outcome, Registry, Scope, Source,
//!     View,
//! };
//!
//! struct Words;
//!
//! impl Loader for Words {
//!     type Unit = String;
//!     type Instance = String;
//!     type Carried = ();
//!     const EXTENSION: &'static str = "txt";
//!
//!     fn compile(&self, source: &Source, _: &Arc<Importer>) -> Result<String, Diagnostic> {
//!         Ok(source.text.trim().to_owned())
//!     }
//!
//!     fn load(
//!         &self,
//!         unit: String,
//!         importer: &Arc<Importer>,
//!         _old: Option<&Module<Self>>,
//!         _carried: Option<()>,
//!         view: &Arc<View<Self>>,
//!     ) -> Result<String, Diagnostic> {
//!         let Some(name) = unit.strip_prefix("use ") else { return Ok(unit) };
//!         let child = view.import(Some(importer), name, &ImportOptions::default());
//!         child.map(|child| format!("uses {}", child.value())).map_err(|error| error.diagnostic())
//!     }
//!
//!     fn carry(&self, _: &Module<Self>, _: &Arc<View<Self>>) -> Carry<()> {
//!         Carry::NoHook
//!     }
//!
//!     fn purge(&self, _: &Module<Self>, _: &Arc<View<Self>>) -> Result<(), Diagnostic> {
//!         Ok(())
//!     }
//! }
//!
//! let tree = MemoryTree::default();
//! tree.write("/site/top.txt", "use word");
//! tree.write("/site/word.txt", "tea");
//! let registry = Registry::new("example", Words, tree.clone());
//! let events = registry.subscribe();
//! let scope = Arc::new(Scope::new("the example").handler_root("/site"));
//!
//! // A request pins a generation, and imports what it needs.
//! let request = registry.pin(&scope);
//! let top = request.import(None, "~/top", &ImportOptions::default())?;
//! assert_eq!(top.value(), "uses tea");
//!
//! // A change reloads what imports it, too. Requests that run see nothing of it.
//! tree.write("/site/word.txt", "coffee");
//! assert!(matches!(registry.check(&Hint::Everything, false), Outcome::Published { generation: 2, .. }));
//! assert_eq!(registry.pin(&scope).import(None, "~/top", &ImportOptions::default())?.value(), "uses coffee");
//! assert_eq!(request.import(None, "~/top", &ImportOptions::default())?.value(), "uses tea");
//!
//! // Frozen is frozen.
//! registry.freeze();
//! tree.write("/site/word.txt", "water");
//! assert!(matches!(registry.check(&Hint::Everything, true), Outcome::Frozen));
//! assert!(events.try_iter().any(|event| matches!(event, Event::Frozen)));
//! # Ok::<(), samovar_importer::ImportError>(())
//! ```

mod agreement;
mod below;
mod change;
mod cost;
mod descriptor;
mod detect;
mod diagnostic;
mod disk;
mod dot;
mod draft;
mod error;
mod event;
mod first_load;
mod flight;
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
mod publish;
mod refusal;
mod registry;
mod release;
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
mod warnings;
mod watch;
mod watching;

pub use below::Below;
pub use change::Signal;
pub use diagnostic::{Diagnostic, Note, Place};
pub use disk::Disk;
pub use dot::{dot, dot_all};
pub use error::ImportError;
pub use event::{Event, Reason};
pub use id::{InstanceId, ModuleId, normalize};
pub use import::ImportOptions;
pub use importer::Importer;
pub use loader::{Carry, Loader};
pub use locate::Located;
pub use moment::rfc3339;
pub use registry::Registry;
pub use release::{Bounds, Changes, Digest, History, Release, ReleaseCause, ReleaseOutcome, ReleaseTree, TextError};
pub use reload::{Hint, Outcome};
pub use reloader::{Builder, Reload, Reloader};
pub use retention::{Holder, Retained};
pub use scope::Scope;
pub use snapshot::{Module, Record, Snapshot};
pub use specifier::Specifier;
pub use stamp::{ContentHash, Stamp};
pub use status::{ModuleStatus, State, Status};
pub use tally::{Counts, Latest, Watch};
pub use tree::{DiskTree, MemoryTree, ReadError, Source, SourceTree};
pub use view::View;
pub use watch::{NotifyWatcher, Sink, Watcher};
