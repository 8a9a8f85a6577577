//! `importer-core/`, the crate `samovar-importer`: hot reload for modules of any script language, one generation at a time.
//!
//! A [`Registry`] holds the modules of one interpreter as immutable generations ([`Snapshot`]). A request
//! [pins](Registry::pin) one and sees nothing else, however long it runs. When files change, [`Registry::check`] builds
//! the changed modules, and everything that imports them, as a draft. It publishes the draft with one store, or refuses
//! it as a whole. A [`Loader`] says what a module *is*, a [`SourceTree`] provides the texts, and a [`Reloader`] decides
//! when to look for changes.
//!
//! | folder | what it is for |
//! |---|---|
//! | `text` | texts: where they come from, whether one changed, places and diagnostics |
//! | `module` | modules: names, how they are resolved, what is known of a loaded one |
//! | `watch` | when and where to look for changes |
//! | `report` | events, status and graphs, as data |
//! | `change` | what a change means: whether it may be made, which modules it reloads, refused changes |
//! | `generation` | what is served: immutable generations, views, publication |
//! | `load` | how modules are loaded: first loads, drafts, reloads |
//! | `registry` | the public interface to the modules of one interpreter |
//! | `release` | the texts of published reloads, kept on disk |
//!
//! `load/reload.rs` decides a reload, from the files that differ to the published generation; `change/precedence.rs` says
//! whether a module may be reloaded at all.
//!
//! An example language: the value of a text is the text itself, and `use NAME` imports a module. The example runs from
//! the first import to the end of reloading:
//!
//! ```
//! use std::sync::Arc;
//!
//! use samovar_importer::{
//!     Carry, Compiled, Diagnostic, Event, Hint, ImportOptions, Importer, Language, Loader, MemoryTree, Module, Outcome,
//!     Registry, Scope, Source, View,
//! };
//!
//! struct Words;
//!
//! impl Language for Words {
//!     type Unit = String;
//!     type Instance = String;
//!     const EXTENSION: &'static str = "txt";
//!
//!     fn compile(&self, source: &Source, _: &Arc<Importer>) -> Result<Compiled<String>, Diagnostic> {
//!         Ok(source.text.trim().to_owned().into())
//!     }
//! }
//!
//! impl Loader for Words {
//!     type Carried = ();
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
//! // A changed module is reloaded together with its importers. Running requests see nothing of it.
//! tree.write("/site/word.txt", "coffee");
//! assert!(matches!(registry.check(&Hint::Everything, false), Outcome::Published { generation: 2, .. }));
//! assert_eq!(registry.pin(&scope).import(None, "~/top", &ImportOptions::default())?.value(), "uses coffee");
//! assert_eq!(request.import(None, "~/top", &ImportOptions::default())?.value(), "uses tea");
//!
//! // A frozen registry reloads nothing, not even on request.
//! registry.freeze();
//! tree.write("/site/word.txt", "water");
//! assert!(matches!(registry.check(&Hint::Everything, true), Outcome::Frozen));
//! assert!(events.try_iter().any(|event| matches!(event, Event::Frozen)));
//! # Ok::<(), samovar_importer::ImportError>(())
//! ```

mod change;
mod generation;
mod load;
mod module;
mod registry;
mod release;
mod reloader;
mod report;
mod suggest;
mod sync;
mod text;
mod watch;

pub use generation::{Carry, Code, Loader, RegistryId, Snapshot, View};
pub use load::{DryRun, Outcome};
pub use module::{
    Compiled, ImportError, ImportOptions, Importer, InstanceId, Language, Located, Module, ModuleId, Reason, Record,
    Scope, Specifier, normalize,
};
pub use registry::{Disk, Registry};
pub use release::{
    Bounds, Digest, History, Release, ReleaseCause, ReleaseChanges, ReleaseOutcome, ReleaseTree, TextError,
};
pub use reloader::{Reload, Reloader, ReloaderBuilder};
pub use report::{Counts, Event, Holder, Latest, ModuleStatus, Retained, State, Status, Watch, dot, dot_all, rfc3339};
pub use suggest::{closest, slips};
pub use text::{
    Below, ContentHash, Diagnostic, DiskTree, Help, Limit, MemoryTree, Note, Place, ReadError, Remedy, Source,
    SourceTree, Stamp,
};
pub use watch::{Hint, NotifyWatcher, Signal, Sink, Watcher};

/// Compiles and runs the examples of README.md.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
