//! Single flight: when several threads need a module that is not loaded yet, one loads it, and the others wait for that
//! load (R23).
//!
//! A flight is up while the module's text is compiled and runs. Its outcome can be shared from then on until its draft
//! has ended: by then the instance is in the newest generation, or the error is among the failed loads. A later import
//! finds the module in one of these places, so no text runs twice.
//!
//! Only flights that are up are waited for. The flights that a draft has up are modules that import one another at the
//! moment, so drafts that wait for each other in a circle are an import cycle, and it is reported as one (R35).

use std::{
    collections::HashMap,
    path::Path,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
};

use super::texts::TextsId;
use crate::{
    module::{ImportError, Language, Located, Module, ModuleId},
    sync::{Condvar, Mutex},
};

/// Identifies a draft to the drafts that wait for it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct DraftId(u64);

impl DraftId {
    pub(crate) fn next() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }
}

/// The outcome of a flight.
type Outcome<L> = Result<Arc<Module<L>>, ImportError>;

/// All flights of a registry.
pub(crate) struct Flights<L: Language> {
    board: Mutex<Board<L>>,
    landed: Condvar,
}

/// A module of certain texts: drafts of different texts share nothing (L1).
type Destination = (TextsId, ModuleId);

struct Board<L: Language> {
    flights: HashMap<Destination, Arc<Flight<L>>>,
    waiting: HashMap<DraftId, Destination>,
    departed: u64,
}

struct Flight<L: Language> {
    draft: DraftId,
    path: Arc<Path>,
    /// A number in order of departure. Within one draft, flights that are up import those that departed later.
    departed: u64,
    outcome: OnceLock<Outcome<L>>,
}

/// What a draft does about a module that is not in its base.
pub(crate) enum Boarding<L: Language> {
    /// No draft loads the module: the caller does, and [lands](Flights::land) it.
    Fly,
    /// Another draft has loaded it, or has failed to.
    Landed(Outcome<L>),
}

impl<L: Language> Default for Flights<L> {
    fn default() -> Self {
        let board = Board { flights: HashMap::new(), waiting: HashMap::new(), departed: 0 };
        Self { board: Mutex::new(board), landed: Condvar::default() }
    }
}

impl<L: Language> Flights<L> {
    /// Decides which draft loads a module, and waits if it is another one. `published` looks into the newest
    /// generation.
    pub(crate) fn board(
        &self,
        texts: TextsId,
        located: &Located,
        draft: DraftId,
        published: impl Fn() -> Option<Arc<Module<L>>>,
    ) -> Boarding<L> {
        let to = (texts, located.id);
        let mut board = self.board.lock();
        loop {
            let Some(flight) = board.flights.get(&to).cloned() else {
                // A module leaves the board only after it has been published.
                return published()
                    .map_or_else(|| board.depart(to, located, draft), |module| Boarding::Landed(Ok(module)));
            };
            if let Some(outcome) = flight.outcome.get() {
                return Boarding::Landed(outcome.clone());
            }
            if let Some(cycle) = board.cycle(to, draft) {
                return Boarding::Landed(Err(ImportError::Cycle(cycle)));
            }
            board.waiting.insert(draft, to);
            while flight.outcome.get().is_none() && board.is_up(to, &flight) {
                board = self.landed.wait(board);
            }
            board.waiting.remove(&draft);
            if let Some(outcome) = flight.outcome.get() {
                return Boarding::Landed(outcome.clone());
            }
        }
    }

    /// Sets the outcome of a module that the draft has loaded, or has failed to load.
    pub(crate) fn land(&self, texts: TextsId, id: ModuleId, outcome: Outcome<L>) {
        if let Some(flight) = self.board.lock().flights.get(&(texts, id)) {
            let _ = flight.outcome.set(outcome);
        }
        self.landed.notify_all();
    }

    /// Returns the instance of a module that has landed and is not published yet.
    pub(crate) fn landed(&self, texts: TextsId, id: ModuleId) -> Option<Arc<Module<L>>> {
        self.board.lock().flights.get(&(texts, id))?.outcome.get()?.as_ref().ok().cloned()
    }

    /// Clears a draft's flights: their outcomes are found elsewhere by now.
    pub(crate) fn clear(&self, draft: DraftId) {
        self.board.lock().flights.retain(|_, flight| flight.draft != draft);
        self.landed.notify_all();
    }
}

impl<L: Language> Board<L> {
    fn depart(&mut self, to: Destination, located: &Located, draft: DraftId) -> Boarding<L> {
        self.departed += 1;
        let (path, departed) = (located.path.clone(), self.departed);
        self.flights.insert(to, Arc::new(Flight { draft, path, departed, outcome: OnceLock::new() }));
        Boarding::Fly
    }

    fn is_up(&self, to: Destination, flight: &Arc<Flight<L>>) -> bool {
        self.flights.get(&to).is_some_and(|up| Arc::ptr_eq(up, flight))
    }

    /// Returns the import cycle that waiting for `to` would close, if any: from the first module of the waiting draft
    /// that is part of it, back to that module.
    fn cycle(&self, to: Destination, waiting: DraftId) -> Option<Vec<Arc<Path>>> {
        let (mut chain, mut at) = (Vec::new(), to);
        loop {
            let flight = self.flights.get(&at)?;
            if flight.outcome.get().is_some() {
                // The draft that waits for it has not woken up yet.
                return None;
            }
            let mut imported = self.up_from(flight);
            if flight.draft == waiting {
                imported.extend(chain);
                imported.extend(imported.first().cloned());
                return Some(imported);
            }
            chain.extend(imported);
            at = *self.waiting.get(&flight.draft)?;
        }
    }

    /// Returns the modules that a flight's draft has up, from that flight on, in the order in which they import each
    /// other.
    fn up_from(&self, flight: &Flight<L>) -> Vec<Arc<Path>> {
        let is_above = |it: &&Arc<Flight<L>>| {
            it.draft == flight.draft && it.departed >= flight.departed && it.outcome.get().is_none()
        };
        let mut up: Vec<_> = self.flights.values().filter(is_above).collect();
        up.sort_by_key(|flight| flight.departed);
        up.into_iter().map(|flight| flight.path.clone()).collect()
    }
}
