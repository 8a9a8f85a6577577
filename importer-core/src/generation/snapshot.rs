//! A generation: which instance stands for each module. It is immutable.
//!
//! A module's number is its slot. Slots are stored in chunks behind shared pointers, so the next generation shares all
//! chunks in which nothing changed.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, OnceLock},
};

use super::texts::Texts;
use crate::{
    change::Withheld,
    module::{Language, Module, ModuleId},
    sync::Mutex,
};

const CHUNK: usize = 64;
type Chunk<L> = [Option<Arc<Module<L>>>; CHUNK];

/// An immutable generation of one interpreter (R21), with the texts that it is made from (L1).
pub struct Snapshot<L: Language> {
    generation: u64,
    release: u64,
    texts: Texts,
    chunks: Vec<Arc<Chunk<L>>>,
    /// Modules that were first loaded when other texts were the newest: visible in this generation only.
    late: Mutex<Vec<Arc<Module<L>>>>,
    /// What was withheld when other texts took the place of these.
    withheld: OnceLock<Withheld>,
}

/// The difference between a generation and the next.
pub(crate) struct Step<'a, L: Language> {
    pub(crate) release: u64,
    pub(crate) texts: Texts,
    /// Modules that are replaced or added.
    pub(crate) built: &'a [Arc<Module<L>>],
    /// Names that lead to modules of other names.
    pub(crate) aliases: &'a BTreeMap<ModuleId, ModuleId>,
    pub(crate) dropped: &'a [ModuleId],
}

impl<L: Language> fmt::Debug for Snapshot<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Snapshot").field("generation", &self.generation).finish_non_exhaustive()
    }
}

impl<L: Language> Snapshot<L> {
    pub(crate) fn empty(texts: Texts) -> Self {
        Self { generation: 0, release: 0, texts, chunks: Vec::new(), late: Mutex::default(), withheld: OnceLock::new() }
    }

    /// Returns the texts from which first loads in this generation are read.
    pub(crate) fn texts(&self) -> &Texts {
        &self.texts
    }

    /// Returns the same generation with other texts for first loads.
    pub(crate) fn with_texts(&self, texts: Texts) -> Self {
        let (generation, release, late) = (self.generation, self.release, Mutex::default());
        Self { generation, release, texts, chunks: self.chunks.clone(), late, withheld: OnceLock::new() }
    }

    /// Returns the number of the release that it is made from: every reload is a release, and a first load belongs to
    /// the release that it joins (L1). 0 before anything was loaded.
    #[must_use]
    pub fn release(&self) -> u64 {
        self.release
    }

    /// Returns the generation's number: 0 before anything was loaded.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// Returns the instance that stands for a module in this generation.
    #[must_use]
    pub fn get(&self, id: ModuleId) -> Option<&Arc<Module<L>>> {
        self.chunks.get(id.slot() / CHUNK)?[id.slot() % CHUNK].as_ref()
    }

    /// Keeps what is withheld from those who go on loading from these texts when others take their place.
    pub(crate) fn withhold(&self, withheld: Withheld) {
        let _ = self.withheld.set(withheld);
    }

    /// Returns what is withheld from first loads in this generation. `now` is what is withheld of the newest texts.
    pub(crate) fn withheld(&self, now: impl FnOnce() -> Withheld) -> Withheld {
        self.withheld.get().cloned().unwrap_or_else(now)
    }

    /// Returns the module if it was loaded from the texts of this generation when other texts were the newest (L1).
    pub(crate) fn late(&self, id: ModuleId) -> Option<Arc<Module<L>>> {
        self.late.lock().iter().find(|module| module.id() == id).cloned()
    }

    /// Adds such modules. Returns `false`, and adds none, if another instance of one of them was added before.
    pub(crate) fn add_late(&self, modules: &[Arc<Module<L>>]) -> bool {
        let mut late = self.late.lock();
        let is_other =
            |module: &Arc<Module<L>>| late.iter().any(|known| known.id() == module.id() && !Arc::ptr_eq(known, module));
        if modules.iter().any(is_other) {
            return false;
        }
        let new: Vec<_> =
            modules.iter().filter(|module| !late.iter().any(|known| Arc::ptr_eq(known, module))).collect();
        late.extend(new.into_iter().cloned());
        true
    }

    /// Returns whether this very instance is part of the generation.
    pub(crate) fn holds(&self, module: &Arc<Module<L>>) -> bool {
        self.get(module.id()).is_some_and(|known| Arc::ptr_eq(known, module))
    }

    /// Returns all modules, in the order of first mention.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Module<L>>> {
        let slots = self.chunks.iter().flat_map(|chunk| chunk.iter()).enumerate();
        // A module is also in the slots of its aliases.
        slots.filter_map(|(slot, module)| module.as_ref().filter(|module| module.id().slot() == slot))
    }

    /// Returns the modules, by slot, that `older` does not have, or has another instance of.
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

    /// Returns the next generation: this one, changed by `step`.
    pub(crate) fn next(&self, step: Step<'_, L>) -> Self {
        let Step { release, texts, built, aliases, dropped } = step;
        let mut chunks = self.chunks.clone();
        let mut set = |id: ModuleId, module: Option<Arc<Module<L>>>| {
            while chunks.len() <= id.slot() / CHUNK {
                chunks.push(Arc::new([const { None }; CHUNK]));
            }
            let chunk = &mut chunks[id.slot() / CHUNK];
            if Arc::get_mut(chunk).is_none() {
                *chunk = Arc::new(Chunk::<L>::clone(chunk));
            }
            // The chunk is not shared now: shared ones have just been copied.
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
        Self {
            generation: self.generation + 1,
            release,
            texts,
            chunks,
            late: Mutex::default(),
            withheld: OnceLock::new(),
        }
    }
}
