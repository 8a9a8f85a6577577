//! An interpreter: an engine, its modules, and the thread that keeps them up to date (R42).

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::{Arc, mpsc},
    time::Duration,
};

use rhai::{Dynamic, FnPtr, FuncArgs};
use samovar_importer::{
    Diagnostic, Disk, DryRun, Event, Hint, History, ImportError, ImportOptions, Located, Outcome, Registry, Reloader,
    ReloaderBuilder, Scope, Specifier, Status, dot,
};

use crate::{
    host::{alive::Alive, builder::Builder, handler::Handler},
    link::{Limits, call_callback},
    module::{call::call, scripts::Scripts},
    state,
    thread::under_way::Purpose,
    value::owner,
};

/// A set of scripts with engines, generations and state of its own. Cloning is cheap, and clones are the same interpreter.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let directory = tempfile::tempdir()?;
/// # std::fs::write(directory.path().join("price.rhai"), "fn total(n, each) { n * each }")?;
/// use samovar_rhai::Interpreter;
///
/// let interpreter = Interpreter::builder("shop").root(directory.path()).build()?;
/// let total = interpreter.handler("price::total")?;
/// assert_eq!(total.call::<i64>((3, 14))?, 42);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Interpreter {
    /// Stops when the last clone is dropped, before the registry is.
    _reloader: Option<Arc<Reloader>>,
    registry: Arc<Alive>,
    scope: Arc<Scope>,
    time: Duration,
}

impl Interpreter {
    pub(crate) fn over(registry: Arc<Registry<Scripts>>, scope: Scope, time: Duration) -> Self {
        Self { _reloader: None, registry: Arc::new(Alive(registry)), scope: Arc::new(scope), time }
    }

    /// Keeps the reloader as long as the interpreter.
    pub(crate) fn keep_up(&mut self, reloader: Reloader) {
        self._reloader = Some(Arc::new(reloader));
    }

    /// Returns a builder for an interpreter with this name.
    pub fn builder(name: impl Into<String>) -> Builder {
        Builder::new(name.into())
    }

    /// Returns the name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.registry.name()
    }

    /// For tests that ask the engine what it knows.
    #[cfg(test)]
    pub(crate) fn linker(&self) -> &crate::link::Linker {
        self.registry.loader().linker()
    }

    /// Returns the default scope: the first root is the handler root, and reloading is on.
    #[must_use]
    pub fn scope(&self) -> &Arc<Scope> {
        &self.scope
    }

    /// Returns a handler for the function `module::function`; without `::function`, for the function `handler` of the
    /// module. The module is searched now, below the first root. It is loaded by the first call, or by [`Handler::load`].
    /// Each call runs the version that is newest when the call starts.
    ///
    /// # Errors
    /// There is no such module.
    pub fn handler(&self, name: &str) -> Result<Handler, ImportError> {
        self.handler_in(&self.scope, name, Path::new("~"))
    }

    /// Returns a handler whose calls run in `scope`. A bare module name is searched in `directory` first (R16).
    ///
    /// # Errors
    /// There is no such module.
    pub fn handler_in(&self, scope: &Arc<Scope>, name: &str, directory: &Path) -> Result<Handler, ImportError> {
        let (module, function) = name.split_once("::").unwrap_or((name, "handler"));
        // With a path that is explicit, a list would be for the module's own searches (R15).
        let searched = matches!(Specifier::parse(module, "rhai"), Specifier::Bare(_)).then(|| directory.to_path_buf());
        let options = ImportOptions { path: searched.into_iter().collect(), ..ImportOptions::default() };
        Handler::new(self.registry.clone(), scope.clone(), module, function, &options, self.time)
    }

    /// Reloads everything that has changed, also in scopes with reloading off, and returns when the new generation is
    /// published or the change is refused.
    ///
    /// ```
    /// use samovar_rhai::{Interpreter, importer::{Event, MemoryTree, Outcome}};
    ///
    /// let tree = MemoryTree::default();
    /// tree.write("/site/price.rhai", "fn total(n) { n * 2 }");
    /// let interpreter = Interpreter::builder("shop").build_on(tree.clone(), Some("/site".as_ref()));
    /// let events = interpreter.subscribe();
    /// let total = interpreter.handler("price::total")?;
    /// assert_eq!(total.call::<i64>((3,))?, 6);
    ///
    /// tree.write("/site/price.rhai", "fn total(n) { n * 3 }");
    /// assert!(matches!(interpreter.reload(), Outcome::Published { .. }));
    /// assert_eq!(total.call::<i64>((3,))?, 9);
    ///
    /// interpreter.freeze();
    /// assert!(matches!(interpreter.reload(), Outcome::Frozen));
    /// assert!(events.try_iter().any(|event| matches!(event, Event::Published { reload: true, .. })));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn reload(&self) -> Outcome {
        self.registry.check(&Hint::Everything, true)
    }

    /// Says what a [`reload`](Self::reload) would do now: what would be loaded anew, in which order and why, and what does
    /// not compile. Nothing runs, and nothing is published.
    ///
    /// ```
    /// # use samovar_rhai::{Interpreter, importer::MemoryTree};
    /// # let tree = MemoryTree::default();
    /// # tree.write("/site/hello.rhai", "fn handler() { 1 }");
    /// # let interpreter = Interpreter::builder("main").build_on(tree.clone(), Some("/site".as_ref()));
    /// let handler = interpreter.handler("hello")?;
    /// handler.load()?;
    /// tree.write("/site/hello.rhai", "fn handler() { 2 ");
    /// let would = interpreter.dry_run();
    /// assert_eq!((would.modules.len(), would.diagnostics.len()), (1, 1));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn dry_run(&self) -> DryRun {
        self.registry.dry_run()
    }

    /// Reloads what has changed where `hint` points. In contrast to [`reload`](Self::reload), modules of scopes with reloading
    /// off stay as they are.
    #[must_use]
    pub fn check(&self, hint: &Hint) -> Outcome {
        self.registry.check(hint, false)
    }

    /// Sets the limits of later loads, and of calls by handlers that are created later.
    pub fn set_limits(&self, limits: &Limits) {
        self.registry.loader().linker().engines().set(limits);
    }

    /// Sets the time limit of later loads.
    pub fn set_load_time(&self, time: Duration) {
        self.registry.loader().set_load_time(time);
    }

    /// Returns the kept releases; `None` if no directory is set, see [`Builder::history`](crate::Builder::history).
    #[must_use]
    pub fn history(&self) -> Option<&History> {
        self.registry.history()
    }

    /// Keeps releases from now on, in an interpreter that was built without [`Builder::history`](crate::Builder::history).
    pub fn keep_history(&self, history: History) {
        self.registry.keep_history(history);
    }

    /// Ends all reloading, for good (R40).
    pub fn freeze(&self) {
        self.registry.freeze();
    }

    /// Returns whether reloading has ended.
    #[must_use]
    pub fn is_frozen(&self) -> bool {
        self.registry.is_frozen()
    }

    /// Returns the number of the newest generation; 0 if nothing is loaded.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.registry.snapshot().generation()
    }

    /// Returns the state of the interpreter: its modules, refused changes, and what keeps old code in memory. It inspects
    /// running calls and everything that modules keep: use it for a status page, not for each request.
    #[must_use]
    pub fn status(&self) -> Status {
        self.registry.status()
    }

    /// Compares the file of each module with the loaded text.
    #[must_use]
    pub fn compare_with_disk(&self) -> HashMap<Arc<Path>, Disk> {
        self.registry.compare_with_disk()
    }

    /// Returns the graph of modules and imports in DOT, the language of Graphviz. With `verbose`, each module shows when and
    /// why it was loaded (R53).
    ///
    /// ```
    /// use samovar_rhai::{Interpreter, importer::MemoryTree};
    ///
    /// let tree = MemoryTree::default();
    /// tree.write("/site/tax.rhai", "const RATE = 20;");
    /// tree.write("/site/price.rhai", r#"import "./tax" as tax; fn total(n) { n + n * tax::RATE / 100 }"#);
    /// let interpreter = Interpreter::builder("shop").build_on(tree, Some("/site".as_ref()));
    /// assert_eq!(interpreter.handler("price::total")?.call::<i64>((50,))?, 60);
    /// assert!(interpreter.graph(false).starts_with("digraph"));
    /// assert_eq!(interpreter.status().modules.len(), 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn graph(&self, verbose: bool) -> String {
        dot(self.name(), &self.registry.status().modules, verbose)
    }

    /// Returns whether the newest generation has a module of this file. The file itself may have been removed (R34).
    #[must_use]
    pub fn serves(&self, file: &Path) -> bool {
        self.registry.serves(file)
    }

    /// Finds the module that a name means in the module of the file `from`. Loads nothing.
    ///
    /// # Errors
    /// There is no such module; the error lists every path that was tried.
    pub fn locate(&self, name: &str, from: &Path, scope: &Scope) -> Result<Located, ImportError> {
        self.registry.locate_from(name, from, scope)
    }

    /// Forgets what a scope says about reloading. This is for scopes of a configuration that is no longer in use.
    pub fn forget(&self, scope: &Scope) {
        self.registry.forget(scope);
    }

    /// Returns a builder for a thread that watches these directories and reloads what changes, until it is dropped. This is
    /// for interpreters that were built on a tree; [`Builder::build`] starts such a thread itself.
    pub fn reloader(&self, directories: impl IntoIterator<Item = impl Into<PathBuf>>) -> ReloaderBuilder {
        Reloader::new(directories).registry(self.registry.registry().clone())
    }

    /// Returns a number that changes whenever watched files may have been created, removed or changed. This is for caches of
    /// what the file system said.
    #[must_use]
    pub fn stirred(&self) -> u64 {
        self.registry.stirred()
    }

    /// Calls a function value that a script made with `callback(..)`. It runs in the instance that made it.
    ///
    /// # Errors
    /// The value is not a callback, or the call raises an error or exceeds a limit.
    pub fn call(&self, callback: &Dynamic, args: impl FuncArgs) -> Result<Dynamic, Diagnostic> {
        let mut values = Vec::new();
        args.parse(&mut values);
        let function = callback.read_lock::<FnPtr>().map(|function| function.clone());
        let function = function.filter(|_| owner(callback).is_some());
        let message = || Diagnostic::error(format!("a {} is no callback", state::type_name(callback)));
        let function = function.ok_or_else(|| message().help("make one in a script: `callback(|x| ..)`"))?;
        let view = Arc::new(self.registry.pin(&self.scope));
        let engine = self.registry.loader().linker().engine();
        call(&view, self.time, Purpose::Callback, || call_callback(&engine, &function, &mut values))
    }

    /// Ends the interpreter: stops reloading and calls `__mp_purge__` of every module, importers first (R49). Dropping the
    /// last clone and the last [`Handler`] does the same.
    pub fn shut_down(&self) {
        self.registry.shut_down();
    }

    /// Returns a channel that receives every later event (R55).
    #[must_use]
    pub fn subscribe(&self) -> mpsc::Receiver<Event> {
        self.registry.subscribe()
    }
}
