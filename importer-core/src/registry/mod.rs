//! The public interface to the modules of one interpreter. The parts behind it are in [`Rooms`].
//!
//! There is one reload at a time, and beside it any number of first loads, each on the thread of the request that asked
//! first (R23). Loads of different modules do not wait for each other; they meet at publication.

mod disk;
mod status;

pub use disk::Disk;

use std::{
    path::Path,
    sync::{Arc, mpsc},
    time::{Duration, Instant},
};

use crate::{
    generation::{Loader, RegistryId, Rooms, Snapshot, View},
    load::{
        DryRun, Outcome,
        dry_run::dry_run,
        freshness::freshen,
        pinned::pin,
        reload::{Occasion, check, switch},
        retire::shut_down,
    },
    module::{ImportError, ImportOptions, Importer, Located, ModuleId, Scope, import::Import},
    release::History,
    report::{Event, Retained},
    sync::Mutex,
    text::{Diagnostic, SourceTree},
    watch::{Hint, Signal},
};

/// The modules of one interpreter (R42). The [crate] documentation shows how to use it.
pub struct Registry<L: Loader> {
    rooms: Arc<Rooms<L>>,
    /// Whether it was shut down.
    down: Mutex<bool>,
}

impl<L: Loader> Registry<L> {
    /// Creates an empty registry. `name` is the interpreter's name.
    pub fn new(name: impl Into<String>, loader: L, tree: impl SourceTree) -> Arc<Self> {
        Arc::new(Self { rooms: Rooms::new(name.into(), loader, tree), down: Mutex::new(false) })
    }

    /// Registers a module without a file (R12): an import of this bare name that finds no file gets what `make`
    /// returns. Registered modules are loaded once and never reloaded.
    pub fn register(
        &self,
        name: impl Into<String>,
        make: impl Fn(&Arc<Importer>) -> L::Instance + Send + Sync + 'static,
    ) {
        self.rooms.names.register(name.into(), Box::new(make));
    }

    /// Returns the interpreter's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.rooms.name
    }

    /// Returns the registry's id. A view of this registry has the same [`registry_id`](View::registry_id).
    #[must_use]
    pub fn id(&self) -> RegistryId {
        self.rooms.id
    }

    /// Returns the loader.
    #[must_use]
    pub fn loader(&self) -> &L {
        &self.rooms.loader
    }

    /// Returns the newest generation.
    #[must_use]
    pub fn snapshot(&self) -> Arc<Snapshot<L>> {
        self.rooms.store.current()
    }

    /// Pins the newest generation for a request, or for one call (R21). Costs one atomic load.
    #[must_use]
    pub fn pin(&self, scope: &Arc<Scope>) -> View<L> {
        pin(&self.rooms, scope)
    }

    /// Pins a generation for a call of `located`, after [`freshen`](Self::freshen).
    #[must_use]
    pub fn pin_for(&self, scope: &Arc<Scope>, located: &Located) -> View<L> {
        self.freshen([(scope, located)]);
        self.pin(scope)
    }

    /// Checks the files behind the calls that a request may make, as far as their scopes are strict: the modules and
    /// everything that they import. Changed files are reloaded, as one change. A change that was refused is not tried
    /// again.
    pub fn freshen<'a>(&self, calls: impl IntoIterator<Item = (&'a Arc<Scope>, &'a Located)>) {
        freshen(&self.rooms, calls);
    }

    /// Looks for changes and reloads the changed modules, with everything that imports them, as one generation (R27,
    /// R31). Returns when it has been published or refused. `forced` overrides scopes that say Off, but not freezing
    /// (R38).
    pub fn check(&self, hint: &Hint, forced: bool) -> Outcome {
        check(&self.rooms, hint, if forced { Occasion::Asked } else { Occasion::Noticed }).0
    }

    /// Returns what a forced [`check`](Self::check) of everything would do now. No text runs, no hook is called, and
    /// nothing is published. Waits for a reload in progress. Works for frozen registries as well.
    #[must_use]
    pub fn dry_run(&self) -> DryRun {
        dry_run(&self.rooms)
    }

    /// As [`check`](Self::check). Returns the cost of looking, without the cost of reloading.
    pub(crate) fn paced_check(&self, hint: &Hint) -> Duration {
        check(&self.rooms, hint, Occasion::Noticed).1
    }

    /// Publishes the texts of another tree in place of those that are served, as one generation. Modules that differ
    /// are reloaded, with everything that imports them, and modules that `tree` does not have are dropped. Views pinned
    /// before go on loading from the texts of their generation (L1). Later changes are looked for in `tree`.
    ///
    /// If the change is refused, nothing of `tree` is visible.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use samovar_importer::{Loader, MemoryTree, Outcome, Registry};
    /// fn deploy<L: Loader>(registry: &Registry<L>, release: MemoryTree) -> bool {
    ///     matches!(registry.switch_to(release), Outcome::Published { .. })
    /// }
    /// ```
    pub fn switch_to(&self, tree: impl SourceTree) -> Outcome {
        switch(&self.rooms, Arc::new(tree))
    }

    /// Resolves a name to a module, without loading it.
    ///
    /// # Errors
    /// [`ImportError::NotFound`] with every place that was searched, and the other errors of names and files.
    pub fn locate(
        &self,
        name: &str,
        importer: Option<&Importer>,
        scope: &Scope,
        options: &ImportOptions,
    ) -> Result<Located, ImportError> {
        let newest = self.snapshot();
        let import = Import { name, importer, scope, options };
        self.rooms.lookup(newest.texts(), None, |lookup| self.rooms.names.locate(lookup, import))
    }

    /// As [`locate`](Self::locate), for an importing module at this path, loaded or not, without a search path of its
    /// own.
    ///
    /// # Errors
    /// As for [`locate`](Self::locate).
    pub fn locate_from(&self, name: &str, path: &Path, scope: &Scope) -> Result<Located, ImportError> {
        let importer = Importer::new(self.rooms.names.at(path), path.into(), Vec::new());
        self.locate(name, Some(&importer), scope, &ImportOptions::default())
    }

    /// As [`locate`](Self::locate), for a module that no other module imports: a handler, or an import by the host.
    /// From now on its scope counts in whether the module is reloaded (R38).
    ///
    /// # Errors
    /// As for [`locate`](Self::locate).
    pub fn locate_root(&self, name: &str, scope: &Scope, options: &ImportOptions) -> Result<Located, ImportError> {
        let newest = self.snapshot();
        let import = Import { name, importer: None, scope, options };
        let located =
            self.rooms.lookup(newest.texts(), Some(&newest), |lookup| self.rooms.names.locate(lookup, import))?;
        self.rooms.precedence.wish(located.id, None, scope, options);
        Ok(located)
    }

    /// Removes a scope's setting for reloading: its place in the configuration no longer exists.
    pub fn forget(&self, scope: &Scope) {
        self.rooms.precedence.forget(scope);
    }

    /// Ends all reloading of this interpreter, for good (R40). A reload in progress is published before this returns,
    /// or never.
    ///
    /// First loads go on, from the texts as they are now (L2): the files that the tree [lists](SourceTree::files) are
    /// read, at most 64 MiB. A module that is not among them is loaded later from its file as it is then, with a
    /// warning.
    pub fn freeze(&self) {
        if self.rooms.freeze() {
            self.emit(Event::Frozen);
        }
    }

    /// Returns whether reloading has ended.
    #[must_use]
    pub fn is_frozen(&self) -> bool {
        self.rooms.store.is_frozen()
    }

    /// Keeps the releases of this interpreter in `history` from now on (L3) and continues its numbers. First loads join
    /// the newest release of the history as long as their texts are those that the release names.
    ///
    /// Call this before anything is loaded. If modules are served already, their releases are kept from the next reload
    /// on. A registry keeps one history: a second one is dropped.
    pub fn keep_history(&self, history: History) {
        // Nothing is published meanwhile. An unused history is dropped last, since that may take time.
        let links = self.rooms.store.links();
        let unused = self.rooms.releases.keep(history, self.snapshot().release());
        drop((links, unused));
    }

    /// Returns the history of this interpreter, if one is kept.
    #[must_use]
    pub fn history(&self) -> Option<&History> {
        self.rooms.releases.history()
    }

    /// Shuts the interpreter down: ends reloading and calls every module's purge hook, importers first (R49). Only the
    /// first call has an effect.
    pub fn shut_down(&self) {
        if !std::mem::replace(&mut *self.down.lock(), true) {
            shut_down(&self.rooms);
        }
    }

    /// Returns a receiver for all events from now on, in order (R55). It ends when the registry is dropped.
    pub fn subscribe(&self) -> mpsc::Receiver<Event> {
        self.rooms.outbox.subscribe()
    }

    pub(crate) fn emit(&self, event: Event) {
        self.rooms.emit(event);
    }

    /// Returns whether the module at this path is part of the newest generation. It may be while its file is gone
    /// (R34).
    #[must_use]
    pub fn serves(&self, path: &Path) -> bool {
        self.rooms.is_loaded(&self.snapshot(), path)
    }

    /// Returns what is wrong with a refused change that would have reloaded this module (R32).
    #[must_use]
    pub fn refusal(&self, id: ModuleId) -> Option<Arc<[Diagnostic]>> {
        self.rooms.shown.of(id)
    }

    /// Returns the replaced instances that are still alive, oldest first, with what holds them.
    ///
    /// This examines the running calls and walks the state of all modules: it is for a status page, not for each
    /// request.
    #[must_use]
    pub fn retained(&self) -> Vec<Retained> {
        self.rooms.retention.retained(self.loader(), &self.snapshot())
    }

    /// Returns the number of replaced instances that are still alive.
    #[must_use]
    pub fn retained_count(&self) -> usize {
        self.rooms.retention.count()
    }

    /// Sets how long a replaced instance may stay alive before it is reported (R51). The default is five seconds.
    pub fn report_retained_after(&self, grace: Duration) {
        self.rooms.retention.report_after(grace);
    }

    /// Sets how long a file must be gone before a module that nothing imports is dropped (R37). The default is two
    /// seconds: editors remove a file and write it again, and directories are moved away and back.
    pub fn set_grace(&self, grace: Duration) {
        self.rooms.set_grace(grace);
    }

    /// Sets when a clone hook that timed out waiting for a lock is called again, before it counts as failed (R45). The
    /// default is after one, two and four seconds.
    pub fn retry_hooks_after(&self, delays: impl IntoIterator<Item = Duration>) {
        self.rooms.waits.set_delays(delays.into_iter().collect());
    }

    /// Returns when a reload that was refused because a clone hook waited for a lock is due again: a
    /// [`check`](Self::check) after that tries it.
    #[must_use]
    pub fn retry_due(&self) -> Option<Instant> {
        self.rooms.waits.next()
    }

    /// Returns a number that changes when files below the roots may have appeared, disappeared or changed. For callers
    /// that cache results of the file system.
    #[must_use]
    pub fn stirred(&self) -> u64 {
        self.rooms.writing.stirred()
    }

    pub(crate) fn stir(&self) {
        self.rooms.writing.stir();
    }

    /// Takes a signal as soon as it arrives, long before it is time to look.
    pub(crate) fn heard(&self, signal: &Signal) {
        self.rooms.writing.heard(signal);
    }

    pub(crate) fn watched(&self, events: bool) {
        self.rooms.outbox.tally().watched(events);
    }
}
