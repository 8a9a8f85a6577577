//! The door to the modules of one interpreter. What is behind it is in the rooms of [`Rooms`].
//!
//! There is one reload at a time, and beside it any number of first loads, each on the thread of the request that asked
//! first (R23). Nobody waits for anybody who loads other modules; publishing is where they meet.

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

/// The modules of one interpreter (R42). See the [crate] documentation for how it is used.
pub struct Registry<L: Loader> {
    rooms: Arc<Rooms<L>>,
    /// Was it shut down?
    down: Mutex<bool>,
}

impl<L: Loader> Registry<L> {
    /// An empty registry. `name` is that of the interpreter.
    pub fn new(name: impl Into<String>, loader: L, tree: impl SourceTree) -> Arc<Self> {
        Arc::new(Self { rooms: Rooms::new(name.into(), loader, tree), down: Mutex::new(false) })
    }

    /// Adds a module that is of no file (R12): imports of this bare name that find no file get what `make` returns.
    /// Registered modules are loaded once and never reloaded.
    pub fn register(
        &self,
        name: impl Into<String>,
        make: impl Fn(&Arc<Importer>) -> L::Instance + Send + Sync + 'static,
    ) {
        self.rooms.names.register(name.into(), Box::new(make));
    }

    /// The interpreter's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.rooms.name
    }

    /// Which registry it is: that of a view whose [`registry_id`](View::registry_id) is the same.
    #[must_use]
    pub fn id(&self) -> RegistryId {
        self.rooms.id
    }

    /// What turns text into instances.
    #[must_use]
    pub fn loader(&self) -> &L {
        &self.rooms.loader
    }

    /// The newest generation.
    #[must_use]
    pub fn snapshot(&self) -> Arc<Snapshot<L>> {
        self.rooms.store.current()
    }

    /// Pins the newest generation for a request, or for one call (R21). One load.
    #[must_use]
    pub fn pin(&self, scope: &Arc<Scope>) -> View<L> {
        pin(&self.rooms, scope)
    }

    /// Pins a generation for a call of `located`, see [`freshen`](Self::freshen).
    #[must_use]
    pub fn pin_for(&self, scope: &Arc<Scope>, located: &Located) -> View<L> {
        self.freshen([(scope, located)]);
        self.pin(scope)
    }

    /// Looks at the files behind the calls that a request may make, as far as their scopes are strict: the modules and all
    /// that they import. What changed is reloaded, as one change; what is refused is not waited for again.
    pub fn freshen<'a>(&self, calls: impl IntoIterator<Item = (&'a Arc<Scope>, &'a Located)>) {
        freshen(&self.rooms, calls);
    }

    /// Looks for changes and reloads what changed, with everything that imports it, as one generation (R27, R31).
    /// Returns when that is published, or refused. `forced` overrides scopes that say Off, but not freezing (R38).
    pub fn check(&self, hint: &Hint, forced: bool) -> Outcome {
        check(&self.rooms, hint, if forced { Occasion::Asked } else { Occasion::Noticed }).0
    }

    /// Says what a [`check`](Self::check) of everything that was asked for would do now. No text runs, no hook is called,
    /// and nothing is published; it waits for a reload that is under way. Frozen registries are compared as well.
    #[must_use]
    pub fn dry_run(&self) -> DryRun {
        dry_run(&self.rooms)
    }

    /// As [`check`](Self::check). Returns what looking has cost, and nothing of what was found cost.
    pub(crate) fn paced_check(&self, hint: &Hint) -> Duration {
        check(&self.rooms, hint, Occasion::Noticed).1
    }

    /// Publishes the texts of another tree in the place of those that are served, as one generation: what differs is
    /// reloaded, with everything that imports it, and modules that `tree` does not have are dropped. Whoever has pinned a
    /// generation before goes on loading from the texts of that one (L1). From then on changes are looked for in `tree`.
    ///
    /// If it is refused, nothing of `tree` is to be seen.
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

    /// Finds out which module a name means, without loading it.
    ///
    /// # Errors
    /// [`ImportError::NotFound`] with every place looked at, and the other errors of names and of files.
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

    /// As [`locate`](Self::locate), for a module at this path, loaded or not, that has chosen no directories of its own.
    ///
    /// # Errors
    /// As for [`locate`](Self::locate).
    pub fn locate_from(&self, name: &str, path: &Path, scope: &Scope) -> Result<Located, ImportError> {
        let importer = Importer::new(self.rooms.names.at(path), path.into(), Vec::new());
        self.locate(name, Some(&importer), scope, &ImportOptions::default())
    }

    /// As [`locate`](Self::locate), for a module that no other imports: a handler, or what the host asks for. Its scope
    /// has a say in whether it is reloaded, from now on (R38).
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

    /// Forgets what a scope has said about reloading: its place in the configuration is no more.
    pub fn forget(&self, scope: &Scope) {
        self.rooms.precedence.forget(scope);
    }

    /// Ends all reloading of this interpreter, for good (R40). A reload that is under way is published before this
    /// returns, or never.
    ///
    /// First loads go on, from the texts as they are now (L2): the files that the tree [tells of](SourceTree::files) are
    /// read, 64 MiB at most. What is not among them is loaded from its file as that will be, with a warning.
    pub fn freeze(&self) {
        if self.rooms.freeze() {
            self.emit(Event::Frozen);
        }
    }

    /// Has reloading ended?
    #[must_use]
    pub fn is_frozen(&self) -> bool {
        self.rooms.store.is_frozen()
    }

    /// Keeps the releases of this interpreter from now on (L3), and goes on with their numbers: a first load joins the
    /// newest release of the history as long as its texts are those that the release names.
    ///
    /// This is meant for before anything is loaded. What is served already is kept from the next reload on. A registry keeps
    /// one history: a second one is let go of.
    pub fn keep_history(&self, history: History) {
        // Nothing is published meanwhile. A history that is let go of may take its time afterwards.
        let links = self.rooms.store.links();
        let unused = self.rooms.releases.keep(history, self.snapshot().release());
        drop((links, unused));
    }

    /// The releases of this interpreter, if they are kept.
    #[must_use]
    pub fn history(&self) -> Option<&History> {
        self.rooms.releases.history()
    }

    /// Ends the interpreter: no reload comes any more, and every module's purge hook is called, importers first (R49).
    /// Only the first call does anything.
    pub fn shut_down(&self) {
        if !std::mem::replace(&mut *self.down.lock(), true) {
            shut_down(&self.rooms);
        }
    }

    /// Everything that happens from now on, in order (R55). Ends when the registry is dropped.
    pub fn subscribe(&self) -> mpsc::Receiver<Event> {
        self.rooms.outbox.subscribe()
    }

    pub(crate) fn emit(&self, event: Event) {
        self.rooms.emit(event);
    }

    /// Is the module of this path part of the newest generation? It may be while its file is gone (R34).
    #[must_use]
    pub fn serves(&self, path: &Path) -> bool {
        self.rooms.is_loaded(&self.snapshot(), path)
    }

    /// What is wrong with a change that would have loaded this module anew, and that was refused (R32).
    #[must_use]
    pub fn refusal(&self, id: ModuleId) -> Option<Arc<[Diagnostic]>> {
        self.rooms.shown.of(id)
    }

    /// The replaced instances that are still alive, with those who hold them, oldest first.
    ///
    /// Looks at the running calls and walks the state of all modules: for a status page, not for each request.
    #[must_use]
    pub fn retained(&self) -> Vec<Retained> {
        self.rooms.retention.retained(self.loader(), &self.snapshot())
    }

    /// How many replaced instances are still alive.
    #[must_use]
    pub fn retained_count(&self) -> usize {
        self.rooms.retention.count()
    }

    /// Sets how long an old instance may live on before it is reported (R51). The default is five seconds.
    pub fn report_retained_after(&self, grace: Duration) {
        self.rooms.retention.report_after(grace);
    }

    /// Sets how long a file must be gone before a module that nothing imports is dropped (R37). The default is two
    /// seconds: editors remove a file and write it again, and directories are moved away and back.
    pub fn set_grace(&self, grace: Duration) {
        self.rooms.set_grace(grace);
    }

    /// Sets when a clone hook that waited for a lock in vain is called again, before it counts as one that raised (R45).
    /// The default is after one, two and four seconds.
    pub fn retry_hooks_after(&self, delays: impl IntoIterator<Item = Duration>) {
        self.rooms.waits.set_delays(delays.into_iter().collect());
    }

    /// When a reload that was refused because a clone hook waited for a lock is due again: a [`check`](Self::check)
    /// after that tries it.
    #[must_use]
    pub fn retry_due(&self) -> Option<Instant> {
        self.rooms.waits.next()
    }

    /// A number that is another one when files below the roots may have come, gone or changed. For those who remember
    /// what the file system said.
    #[must_use]
    pub fn stirred(&self) -> u64 {
        self.rooms.writing.stirred()
    }

    pub(crate) fn stir(&self) {
        self.rooms.writing.stir();
    }

    /// Hears of a change at once, long before it is time to look.
    pub(crate) fn heard(&self, signal: &Signal) {
        self.rooms.writing.heard(signal);
    }

    pub(crate) fn watched(&self, events: bool) {
        self.rooms.outbox.tally().watched(events);
    }
}
