//! What an interpreter is made of.

use std::{
    any::TypeId,
    collections::{HashMap, HashSet},
    io,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use rhai::{Engine, Module as RhaiModule, Shared};
use samovar_importer::{Bounds, DiskTree, History, Importer, Registry, Scope, SourceTree};

use crate::{
    host::interpreter::Interpreter,
    http,
    link::{Equip, Instance, Limits, Linker, Output, Printed, Register},
    module::{
        hooks, importer_module,
        inspect::Info,
        script::Script,
        scripts::{Scripts, Times},
    },
    state,
};

/// Functions and types that every engine has beyond the language.
pub(crate) const EQUIPMENT: &[Equip] = &[state::register_all, http::register, hooks::register, Info::register];

/// The default time limit of one call, and of one load.
pub const TIME: Duration = Duration::from_secs(1);

/// Builds an [`Interpreter`]: directories, limits, native functions, and how changes are noticed.
pub struct Builder {
    name: String,
    roots: Vec<PathBuf>,
    path: Vec<PathBuf>,
    library: Vec<PathBuf>,
    limits: Limits,
    time: Duration,
    hook_times: (Duration, Duration),
    retries: Option<Vec<Duration>>,
    report_after: Option<Duration>,
    grace: Option<Duration>,
    strict_carry: bool,
    carryable: HashSet<TypeId>,
    watch: bool,
    interval: Duration,
    history: Option<(PathBuf, Bounds)>,
    output: Output,
    register: Vec<Register>,
    modules: HashMap<String, Shared<RhaiModule>>,
}

impl Builder {
    pub(crate) fn new(name: String) -> Self {
        Self {
            name,
            roots: Vec::new(),
            path: Vec::new(),
            library: Vec::new(),
            limits: Limits::default(),
            time: TIME,
            hook_times: (hooks::HOOK_TIME, hooks::HOOK_TIME),
            retries: None,
            report_after: None,
            grace: None,
            strict_carry: false,
            carryable: HashSet::new(),
            watch: true,
            interval: Duration::from_secs(1),
            history: None,
            output: Arc::new(log),
            register: Vec::new(),
            modules: HashMap::new(),
        }
    }

    /// Adds a directory of modules, which is watched. In imports, `~` means the first one.
    #[must_use]
    pub fn root(mut self, directory: impl Into<PathBuf>) -> Self {
        self.roots.push(directory.into());
        self
    }

    /// Adds a directory in which modules are searched by bare names (R11). It is watched like a root.
    #[must_use]
    pub fn path(mut self, directory: impl Into<PathBuf>) -> Self {
        self.path.push(directory.into());
        self
    }

    /// Adds a directory of modules that are loaded once and never reloaded (R12, R14).
    #[must_use]
    pub fn library(mut self, directory: impl Into<PathBuf>) -> Self {
        self.library.push(directory.into());
        self
    }

    /// Sets the limits of calls and loads.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Sets the time limit of a call, and of a load. The default is [`TIME`].
    #[must_use]
    pub fn time(mut self, time: Duration) -> Self {
        self.time = time;
        self
    }

    /// Sets the time limits of `__mp_clone__` and `__mp_purge__`. The default for each is [`HOOK_TIME`](crate::HOOK_TIME).
    #[must_use]
    pub fn hook_times(mut self, clone: Duration, purge: Duration) -> Self {
        self.hook_times = (clone, purge);
        self
    }

    /// Sets the delays after which a `__mp_clone__` that could not get a lock is called again (R45). After the last attempt
    /// the state is lost. The default is one, two and four seconds.
    #[must_use]
    pub fn hook_retries(mut self, after: impl IntoIterator<Item = Duration>) -> Self {
        self.retries = Some(after.into_iter().collect());
        self
    }

    /// Sets the time after which [`Event::Retained`](crate::importer::Event::Retained) reports what keeps a replaced instance
    /// in memory (R51). The default is five seconds.
    #[must_use]
    pub fn report_retained_after(mut self, time: Duration) -> Self {
        self.report_after = Some(time);
        self
    }

    /// Sets how long a file must be gone before a module that nothing imports is dropped (R37). The default is two seconds:
    /// editors remove a file and write it again.
    #[must_use]
    pub fn grace(mut self, time: Duration) -> Self {
        self.grace = Some(time);
        self
    }

    /// Sets whether a reload is refused if it would carry over old code or values of unknown types (R50). The default is
    /// `false`: they are carried over with a warning. This applies to the default scope; other scopes have
    /// [`Scope::strict_carry`].
    #[must_use]
    pub fn strict_carry(mut self, strict: bool) -> Self {
        self.strict_carry = strict;
        self
    }

    /// Declares that values of the native type `T` may be carried over by reloads: they hold no script code, and several
    /// generations may use one value at the same time.
    #[must_use]
    pub fn carryable<T: 'static>(mut self) -> Self {
        self.carryable.insert(TypeId::of::<T>());
        self
    }

    /// Sets whether changes are reloaded in the background. The default is `true`; otherwise call [`Interpreter::reload`].
    #[must_use]
    pub fn watch(mut self, watch: bool) -> Self {
        self.watch = watch;
        self
    }

    /// Sets the interval at which all files are checked, to find changes for which the system sent no event. The default is
    /// one second.
    #[must_use]
    pub fn interval(mut self, interval: Duration) -> Self {
        self.interval = interval;
        self
    }

    /// Keeps the releases of this interpreter in a directory of its own, so that a restart goes on with them: see [`History`].
    /// What is wrong with the directory is never an error, see [`History::problems`].
    ///
    /// ```
    /// use samovar_rhai::{Interpreter, importer::{Bounds, MemoryTree}};
    ///
    /// # let directory = tempfile::tempdir()?;
    /// # let state = directory.path();
    /// let tree = MemoryTree::default();
    /// tree.write("/site/shop.rhai", "fn price() { 20 }");
    /// let start = || Interpreter::builder("shop").history(state, Bounds::default()).build_on(tree.clone(), Some("/site".as_ref()));
    ///
    /// let interpreter = start();
    /// assert_eq!(interpreter.handler("shop::price")?.call::<i64>(())?, 20);
    /// tree.write("/site/shop.rhai", "fn price() { 21 }");
    /// interpreter.reload();
    /// assert_eq!(interpreter.status().release, 2);
    /// # assert!(interpreter.history().expect("it is kept").flush(std::time::Duration::from_secs(60)));
    /// drop(interpreter);
    ///
    /// // After a restart it is the same release, since the text is the same.
    /// let interpreter = start();
    /// assert_eq!(interpreter.handler("shop::price")?.call::<i64>(())?, 21);
    /// assert_eq!(interpreter.status().release, 2);
    /// assert_eq!(interpreter.history().expect("it is kept").releases().len(), 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// [`History`]: samovar_importer::History
    /// [`History::problems`]: samovar_importer::History::problems
    #[must_use]
    pub fn history(mut self, directory: impl Into<PathBuf>, bounds: Bounds) -> Self {
        self.history = Some((directory.into(), bounds));
        self
    }

    /// Sets the function that receives the output of `print` and `debug`. The default writes to the log.
    #[must_use]
    pub fn output(mut self, output: impl Fn(Printed<'_>) + Send + Sync + 'static) -> Self {
        self.output = Arc::new(output);
        self
    }

    /// Registers native types and functions for scripts.
    ///
    /// Each set of limits has an engine of its own, so `register` is called once for each set that is in use: when the
    /// interpreter is built, and when [`Handler::limits`](crate::Handler::limits) or
    /// [`Interpreter::set_limits`] first names a new set. Create shared state before, and clone it into the functions.
    ///
    /// ```
    /// use std::sync::{Arc, atomic::{AtomicI64, Ordering}};
    /// use samovar_rhai::{Interpreter, Limits, importer::MemoryTree};
    ///
    /// let tree = MemoryTree::default();
    /// tree.write("/site/shop.rhai", "fn order(text) { next_number() }");
    /// let number = Arc::new(AtomicI64::new(0));
    /// let builder = Interpreter::builder("shop").register(move |engine| {
    ///     let number = number.clone();
    ///     engine.register_fn("next_number", move || number.fetch_add(1, Ordering::Relaxed) + 1);
    /// });
    /// let order = builder.build_on(tree, Some("/site".as_ref())).handler("shop::order")?;
    /// let narrow = order.clone().limits(&Limits { operations: 100, ..Limits::default() });
    /// assert_eq!(order.call::<i64>(("tea",))?, 1);
    /// assert_eq!(narrow.call::<i64>(("tea",))?, 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn register(mut self, register: impl Fn(&mut Engine) + Send + Sync + 'static) -> Self {
        self.register.push(Box::new(register));
        self
    }

    /// Registers a native module, which scripts import by this bare name (R12).
    #[must_use]
    pub fn module(mut self, name: impl Into<String>, module: RhaiModule) -> Self {
        self.modules.insert(name.into(), module.into());
        self
    }

    /// Builds the interpreter, with modules from disk.
    ///
    /// # Errors
    /// A root is not a directory, or a thread cannot be started.
    pub fn build(self) -> io::Result<Interpreter> {
        for root in &self.roots {
            if !root.metadata()?.is_dir() {
                return Err(io::Error::other(format!("{} is not a directory", root.display())));
            }
        }
        let absolute = |paths: &[PathBuf]| paths.iter().map(std::path::absolute).collect::<io::Result<Vec<_>>>();
        let roots = absolute(&self.roots)?;
        let watched: Vec<_> = roots.iter().cloned().chain(absolute(&self.path)?).collect();
        let tree = DiskTree::new(watched.iter().cloned().chain(absolute(&self.library)?));
        let (watch, interval) = (self.watch, self.interval);
        let mut interpreter = self.build_on(tree, roots.first().map(PathBuf::as_path));
        if watch {
            let reloader = interpreter.reloader(watched).interval(interval);
            interpreter.keep_up(reloader.spawn()?);
        }
        Ok(interpreter)
    }

    /// Builds the interpreter with modules from `tree`. Nothing is watched: call [`Interpreter::reload`], or start a
    /// [reloader](Interpreter::reloader).
    #[must_use]
    pub fn build_on(self, tree: impl SourceTree, handler_root: Option<&Path>) -> Interpreter {
        let linker = Linker::new(&self.limits, &self.output, EQUIPMENT, self.register);
        let (clone, purge) = self.hook_times;
        let times = Times { load: self.time, clone, purge };
        let registry = Registry::new(self.name, Scripts::new(linker, times, self.carryable), tree);
        registry.loader().belong_to(&registry);
        if let Some((directory, bounds)) = self.history {
            registry.keep_history(History::open(directory, bounds));
        }
        let of = Arc::downgrade(&registry);
        registry.register("importer", move |importer| {
            registered("importer", importer, importer_module::module(of.clone()))
        });
        for (name, module) in self.modules {
            let bare = name.clone();
            registry.register(name, move |importer| registered(&bare, importer, RhaiModule::clone(&module)));
        }
        if let Some(retries) = self.retries {
            registry.retry_hooks_after(retries);
        }
        if let Some(time) = self.report_after {
            registry.report_retained_after(time);
        }
        if let Some(time) = self.grace {
            registry.set_grace(time);
        }
        let scope = Scope::new("the host").path(self.path).library(self.library);
        let mut scope = scope.strict_carry(self.strict_carry);
        if let Some(root) = handler_root {
            scope = scope.handler_root(root);
        }
        Interpreter::over(registry, scope, self.time)
    }
}

fn registered(name: &str, importer: &Arc<Importer>, module: RhaiModule) -> Script {
    Script::new(Instance::registered(name, importer.clone(), module))
}

#[allow(clippy::needless_pass_by_value, reason = "the form of an output")]
fn log(printed: Printed<'_>) {
    // What a script prints may come from a client: its lines are set off, so that none can pass for one of the log's own.
    let text = printed.text.trim_end().replace('\n', "\n    | ").replace('\r', "");
    match printed.place {
        Some((file, line)) => tracing::info!(target: "samovar::script", "{file}:{line}: {text}"),
        None => tracing::info!(target: "samovar::script", "{text}"),
    }
}
