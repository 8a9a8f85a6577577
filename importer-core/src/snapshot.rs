//! A generation: which instance stands for each module, immutable and shared.
//!
//! Slots are kept in chunks behind shared pointers, so that publishing one module among ten thousand copies one chunk
//! and a list of pointers, not ten thousand entries, and a look-up is two indexed loads.

use std::{
    collections::BTreeMap,
    fmt,
    path::Path,
    sync::Arc,
    time::{Duration, SystemTime},
};

use crate::{
    event::Reason,
    id::{InstanceId, ModuleId},
    importer::Importer,
    loader::Loader,
    scope::Scope,
    stamp::ContentHash,
    tree::Source,
};

/// One loaded module of one generation.
pub struct Module<L: Loader> {
    pub(crate) importer: Arc<Importer>,
    pub(crate) kind: Kind,
    pub(crate) source: Option<Source>,
    pub(crate) value: L::Instance,
    pub(crate) children: Vec<Child>,
    pub(crate) unmet: Vec<Unmet>,
    pub(crate) scope: Arc<Scope>,
    pub(crate) log: bool,
    pub(crate) record: Record,
}

/// May a module ever be reloaded (R14)?
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    Reloadable,
    Library,
}

/// An import that was made while the module loaded (R29).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Child {
    pub(crate) id: ModuleId,
    /// The instance that was found.
    pub(crate) instance: InstanceId,
    /// The name by which it was imported: another one, if both lead to the same file (R19).
    pub(crate) via: ModuleId,
    /// What this import itself says about reloading the module (R38).
    pub(crate) of_the_call: Option<bool>,
}

/// A path that an import looked at in vain: once it says something else, the import may succeed (R36).
#[derive(Clone, Debug)]
pub(crate) struct Unmet {
    pub(crate) path: Arc<Path>,
    /// The content that failed; `None` if there was no file.
    pub(crate) hash: Option<ContentHash>,
    /// Was it a cycle? That says nothing about the module, but about who asked for it.
    pub(crate) cycle: bool,
}

/// How an instance came about.
#[derive(Clone, Debug)]
pub struct Record {
    /// The generation that first held it (R30).
    pub generation: u64,
    /// How many instances of the module there have been, this one included.
    pub instances: u64,
    /// When it was loaded.
    pub loaded: SystemTime,
    /// How long loading took, children included.
    pub took: Duration,
    /// Why it was loaded.
    pub reason: Reason,
}

impl<L: Loader> Module<L> {
    /// The module's number.
    #[must_use]
    pub fn id(&self) -> ModuleId {
        self.importer.id()
    }

    /// The instance's number.
    #[must_use]
    pub fn instance(&self) -> InstanceId {
        self.importer.instance()
    }

    /// The normalised path.
    #[must_use]
    pub fn path(&self) -> &Arc<Path> {
        self.importer.path()
    }

    /// The text that was loaded; `None` for what the host registered.
    #[must_use]
    pub fn source(&self) -> Option<&Source> {
        self.source.as_ref()
    }

    /// What the loader made of it.
    #[must_use]
    pub fn value(&self) -> &L::Instance {
        &self.value
    }

    /// How it came about.
    #[must_use]
    pub fn record(&self) -> Record {
        // A number is only certain once it is published: another load may have been faster.
        let generation = self.importer.generation().unwrap_or(self.record.generation);
        Record { generation, ..self.record.clone() }
    }

    /// Is it one that is loaded once and never reloaded (R14)?
    #[must_use]
    pub fn is_library(&self) -> bool {
        self.kind == Kind::Library
    }

    /// The modules that it imported while it loaded.
    pub fn children(&self) -> impl Iterator<Item = ModuleId> + '_ {
        self.children.iter().map(|child| child.id)
    }

    /// The modules that it imported while requests ran.
    #[must_use]
    pub fn friends(&self) -> Vec<ModuleId> {
        self.importer.friends()
    }
}

impl<L: Loader> fmt::Debug for Module<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Module").field("path", self.path()).field("record", &self.record()).finish_non_exhaustive()
    }
}

const CHUNK: usize = 64;
type Chunk<L> = [Option<Arc<Module<L>>>; CHUNK];

/// An immutable generation of one interpreter (R21).
pub struct Snapshot<L: Loader> {
    generation: u64,
    chunks: Vec<Arc<Chunk<L>>>,
}

impl<L: Loader> fmt::Debug for Snapshot<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Snapshot").field("generation", &self.generation).finish_non_exhaustive()
    }
}

impl<L: Loader> Snapshot<L> {
    pub(crate) fn empty() -> Self {
        Self { generation: 0, chunks: Vec::new() }
    }

    /// The generation's number: 0 before anything was loaded.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// The instance that stands for a module in this generation.
    #[must_use]
    pub fn get(&self, id: ModuleId) -> Option<&Arc<Module<L>>> {
        self.chunks.get(id.slot() / CHUNK)?[id.slot() % CHUNK].as_ref()
    }

    /// All modules, in the order of first mention.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Module<L>>> {
        let slots = self.chunks.iter().flat_map(|chunk| chunk.iter()).enumerate();
        // A module stands in the slots of its other names as well.
        slots.filter_map(|(slot, module)| module.as_ref().filter(|module| module.id().slot() == slot))
    }

    /// The modules, by slot, that `older` has not, or has another instance of.
    pub(crate) fn not_in<'a>(&'a self, older: &'a Self) -> impl Iterator<Item = &'a Arc<Module<L>>> {
        let differs =
            move |at: &usize| older.chunks.get(*at).is_none_or(|chunk| !Arc::ptr_eq(chunk, &self.chunks[*at]));
        let slots = (0..self.chunks.len()).filter(differs).flat_map(|at| at * CHUNK..(at + 1) * CHUNK);
        let get = |snapshot: &'a Self, slot: usize| snapshot.chunks.get(slot / CHUNK)?[slot % CHUNK].as_ref();
        let is_same = move |slot: usize, module: &Arc<Module<L>>| {
            get(older, slot).is_some_and(|before| Arc::ptr_eq(before, module))
        };
        slots.filter_map(move |slot| get(self, slot).filter(|module| !is_same(slot, module)))
    }

    /// The next generation: this one with some modules replaced or added, and some dropped.
    /// `aliases` are names for modules of other names.
    pub(crate) fn next(
        &self,
        built: &[Arc<Module<L>>],
        aliases: &BTreeMap<ModuleId, ModuleId>,
        dropped: &[ModuleId],
    ) -> Self {
        let mut chunks = self.chunks.clone();
        let mut set = |id: ModuleId, module: Option<Arc<Module<L>>>| {
            while chunks.len() <= id.slot() / CHUNK {
                chunks.push(Arc::new([const { None }; CHUNK]));
            }
            let chunk = &mut chunks[id.slot() / CHUNK];
            if Arc::get_mut(chunk).is_none() {
                *chunk = Arc::new(Chunk::<L>::clone(chunk));
            }
            // The chunk is ours alone now: shared ones have just been copied.
            if let Some(chunk) = Arc::get_mut(chunk) {
                chunk[id.slot() % CHUNK] = module;
            }
        };
        for &id in dropped {
            set(id, None);
        }
        for module in built {
            set(module.id(), Some(module.clone()));
        }
        for (&alias, &of) in aliases {
            let built = built.iter().find(|module| module.id() == of);
            if let Some(module) = built.or_else(|| self.get(of)) {
                set(alias, Some(module.clone()));
            }
        }
        Self { generation: self.generation + 1, chunks }
    }
}
