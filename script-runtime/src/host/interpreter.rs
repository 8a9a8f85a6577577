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

/// Scripts with an engine, generations and state of their own. Cheap to clone: all clones are the same interpreter.
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
    /// Ends with the last clone, and before what it reloads.
    _reloader: Option<Arc<Reloader>>,
    registry: Arc<Alive>,
    scope: Arc<Scope>,
    time: Duration,
}

impl Interpreter {
    pub(crate) fn over(registry: Arc<Registry<Scripts>>, scope: Scope, time: Duration) -> Self {
        Self { _reloader: None, registry: Arc::new(Alive(registry)), scope: Arc::new(scope), time }
    }

    /// Has it kept up to date for as long as it lives.
    pub(crate) fn keep_up(&mut self, reloader: Reloader) {
        self._reloader = Some(Arc::new(reloader));
    }

    /// Starts to make an interpreter of that name.
    pub fn builder(name: impl Into<String>) -> Builder {
        Builder::new(name.into())
    }

    /// The interpreter's name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.registry.name()
    }

    /// For tests that ask the engine what it knows.
    #[cfg(test)]
    pub(crate) fn linker(&self) -> &crate::link::Linker {
        self.registry.loader().linker()
    }

    /// The scope of calls that name no other: the first root is the handler root, reloading is on.
    #[must_use]
    pub fn scope(&self) -> &Arc<Scope> {
        &self.scope
    }

    /// A function of a module, `module::function`, to be called again and again; without `::function` it is
    /// `handler`. The module is found now, below the first root, and loaded when it is first called, or now by
    /// [`Handler::load`]. Each call runs what is newest when it starts.
    ///
    /// # Errors
    /// There is no such module.
    pub fn handler(&self, name: &str) -> Result<Handler, ImportError> {
        self.handler_in(&self.scope, name, Path::new("~"))
    }

    /// As [`handler`](Self::handler), in `scope`; a bare module name is searched in `directory` first
    /// (R16).
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

    /// Looks for changes now, also where reloading is off, and returns when they are served, or refused.
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

    /// As [`reload`](Self::reload), for those who were told what may have changed: it looks there, and scopes that say that
    /// nothing is to be reloaded hold.
    #[must_use]
    pub fn check(&self, hint: &Hint) -> Outcome {
        self.registry.check(hint, false)
    }

    /// Sets what loading a module may use up from now on, and calls of handlers that are made from now on; what is loaded
    /// stays.
    pub fn set_limits(&self, limits: &Limits) {
        self.registry.loader().linker().engines().set(limits);
    }

    /// Sets how long loading a module may take from now on.
    pub fn set_load_time(&self, time: Duration) {
        self.registry.loader().set_load_time(time);
    }

    /// The releases that are kept; `None` unless [`Builder::history`](crate::Builder::history) says where.
    #[must_use]
    pub fn history(&self) -> Option<&History> {
        self.registry.history()
    }

    /// Keeps the releases from now on, for hosts that cannot say where before the interpreter is made:
    /// [`Builder::history`](crate::Builder::history) says it then.
    pub fn keep_history(&self, history: History) {
        self.registry.keep_history(history);
    }

    /// Ends all reloading, for good (R40).
    pub fn freeze(&self) {
        self.registry.freeze();
    }

    /// Has reloading ended?
    #[must_use]
    pub fn is_frozen(&self) -> bool {
        self.registry.is_frozen()
    }

    /// The number of the newest generation; 0 before anything was loaded.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.registry.snapshot().generation()
    }

    /// Describes the interpreter as it is now: its modules, what is refused, what keeps old code in memory. It looks at
    /// running calls and walks what modules keep, so it is for a status page, not for each request.
    #[must_use]
    pub fn status(&self) -> Status {
        self.registry.status()
    }

    /// Compares the files of all modules with what was loaded of them, by path.
    #[must_use]
    pub fn compare_with_disk(&self) -> HashMap<Arc<Path>, Disk> {
        self.registry.compare_with_disk()
    }

    /// Draws the modules and what they import, in Graphviz's language DOT; `verbose` says how each came about (R53).
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

    /// Is the module of this file part of the newest generation? It may be while its file is gone (R34).
    #[must_use]
    pub fn serves(&self, file: &Path) -> bool {
        self.registry.serves(file)
    }

    /// Finds out which module a name means in the module of this file, without loading anything.
    ///
    /// # Errors
    /// There is no such module; every place that was looked at is said.
    pub fn locate(&self, name: &str, from: &Path, scope: &Scope) -> Result<Located, ImportError> {
        self.registry.locate_from(name, from, scope)
    }

    /// Forgets what a scope has said about reloading: its place in a configuration is no more.
    pub fn forget(&self, scope: &Scope) {
        self.registry.forget(scope);
    }

    /// A thread that keeps the interpreter up to date, to be spawned, for hosts that give their own tree:
    /// [`Builder::build`] starts one itself. It watches the directories, and reloads until it is dropped.
    pub fn reloader(&self, directories: impl IntoIterator<Item = impl Into<PathBuf>>) -> ReloaderBuilder {
        Reloader::new(directories).registry(self.registry.registry().clone())
    }

    /// A number that is another one when files that such a thread watches may have come, gone or changed. For hosts that
    /// remember what the file system said.
    #[must_use]
    pub fn stirred(&self) -> u64 {
        self.registry.stirred()
    }

    /// Calls a callback that a script handed out: `callback(..)`. It runs the instance that it was made in.
    ///
    /// # Errors
    /// The value is no callback, or the call raises or exceeds a limit.
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

    /// Ends the interpreter: nothing is reloaded any more, and `__mp_purge__` of every module is called, importers first
    /// (R49). Dropping the last handle on the interpreter, and the last [`Handler`], does so too.
    pub fn shut_down(&self) {
        self.registry.shut_down();
    }

    /// Everything that happens from now on (R55).
    #[must_use]
    pub fn subscribe(&self) -> mpsc::Receiver<Event> {
        self.registry.subscribe()
    }
}
