//! An interpreter: an engine, its modules, and the thread that keeps them up to date (R42).

use std::{
    any::TypeId,
    collections::{HashMap, HashSet},
    io,
    path::{Path, PathBuf},
    sync::{Arc, mpsc},
    time::Duration,
};

use rhai::{Dynamic, Engine, FnPtr, FuncArgs, Module as RhaiModule, Shared};
use samovar_importer::{
    Diagnostic, DiskTree, Event, Hint, ImportError, ImportOptions, Outcome, Registry, Reloader, Scope, SourceTree,
    Specifier,
};

use crate::{
    call::call,
    handler::Handler,
    hooks, http,
    inspect::Info,
    link::{Equip, Limits, Linker, Output, Printed, Register, call_callback, owner},
    scripts::{Scripts, Times},
    state,
    under_way::Purpose,
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

/// The modules of an interpreter that somebody can still call. When nobody can any more, they are purged (R49).
pub(crate) struct Alive(Arc<Registry<Scripts>>);

impl Alive {
    pub(crate) fn registry(&self) -> &Arc<Registry<Scripts>> {
        &self.0
    }
}

impl std::ops::Deref for Alive {
    type Target = Arc<Registry<Scripts>>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl Drop for Alive {
    fn drop(&mut self) {
        self.0.shut_down();
    }
}

/// What every engine has beyond the language.
pub(crate) const EQUIPMENT: &[Equip] = &[state::register_all, http::register, hooks::register, Info::register];

/// What an interpreter is made of.
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
    strict_carry: bool,
    carryable: HashSet<TypeId>,
    watch: bool,
    interval: Duration,
    output: Output,
    register: Vec<Register>,
    modules: HashMap<String, Shared<RhaiModule>>,
}

/// How long one call, and one load, may take unless something else is said.
pub const TIME: Duration = Duration::from_secs(1);

impl Interpreter {
    /// Starts to make an interpreter of that name.
    pub fn builder(name: impl Into<String>) -> Builder {
        Builder {
            name: name.into(),
            roots: Vec::new(),
            path: Vec::new(),
            library: Vec::new(),
            limits: Limits::default(),
            time: TIME,
            hook_times: (hooks::HOOK_TIME, hooks::HOOK_TIME),
            retries: None,
            report_after: None,
            strict_carry: false,
            carryable: HashSet::new(),
            watch: true,
            interval: Duration::from_secs(1),
            output: Arc::new(log),
            register: Vec::new(),
            modules: HashMap::new(),
        }
    }

    /// The interpreter's name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.registry.name()
    }

    /// The modules.
    #[must_use]
    pub fn registry(&self) -> &Arc<Registry<Scripts>> {
        self.registry.registry()
    }

    /// The policy for calls that name no other: the first root is the handler root, reloading is on.
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

    /// As [`handler`](Self::handler), under the policy of `scope`; a bare module name is searched in `directory` first
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

    /// Sets what loading a module may use up from now on, and calls of handlers that are made from now on; what is loaded
    /// stays. False, and nothing is set, if [`Builder::register`] was used: then there is one engine, with the limits that
    /// it began with.
    pub fn set_limits(&self, limits: &Limits) -> bool {
        self.registry.loader().linker().engines().set(limits)
    }

    /// Sets how long loading a module may take from now on.
    pub fn set_load_time(&self, time: Duration) {
        self.registry.loader().set_load_time(time);
    }

    /// Ends all reloading, for good (R40).
    pub fn freeze(&self) {
        self.registry.freeze();
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

impl Builder {
    /// Adds a directory that modules may come from. The first one is what `~` means.
    #[must_use]
    pub fn root(mut self, directory: impl Into<PathBuf>) -> Self {
        self.roots.push(directory.into());
        self
    }

    /// Adds a directory in which bare names are searched (R11). It is watched like a root.
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

    /// Sets what scripts may use up.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Sets how long a call, and a load, may take. The default is [`TIME`].
    #[must_use]
    pub fn time(mut self, time: Duration) -> Self {
        self.time = time;
        self
    }

    /// Sets how long `__mp_clone__` and `__mp_purge__` may take. The default is [`HOOK_TIME`](crate::HOOK_TIME) for each.
    #[must_use]
    pub fn hook_times(mut self, clone: Duration, purge: Duration) -> Self {
        self.hook_times = (clone, purge);
        self
    }

    /// Sets when a `__mp_clone__` that waited for a lock in vain is called again, before its state is given up (R45). The
    /// default is after one, two and four seconds.
    #[must_use]
    pub fn hook_retries(mut self, after: impl IntoIterator<Item = Duration>) -> Self {
        self.retries = Some(after.into_iter().collect());
        self
    }

    /// Sets how long a replaced instance may live on before its holders are reported (R51). The default is five seconds.
    #[must_use]
    pub fn report_retained_after(mut self, time: Duration) -> Self {
        self.report_after = Some(time);
        self
    }

    /// Refuse state that would keep old code alive, or that is of an unknown type (R50)? The default is no: it is carried
    /// over, and told of. Holds for the default scope; others have [`Scope::strict_carry`].
    #[must_use]
    pub fn strict_carry(mut self, strict: bool) -> Self {
        self.strict_carry = strict;
        self
    }

    /// Declares that values of a type of the host's outlive reloads: they hold no script code, and any number of
    /// generations may use one at the same time.
    #[must_use]
    pub fn carryable<T: 'static>(mut self) -> Self {
        self.carryable.insert(TypeId::of::<T>());
        self
    }

    /// Reload in the background? The default is yes; without, changes wait for [`Interpreter::reload`].
    #[must_use]
    pub fn watch(mut self, watch: bool) -> Self {
        self.watch = watch;
        self
    }

    /// Sets the time between two complete looks for what events did not tell. The default is one second.
    #[must_use]
    pub fn interval(mut self, interval: Duration) -> Self {
        self.interval = interval;
        self
    }

    /// Sets where `print` and `debug` go. The default is the log.
    #[must_use]
    pub fn output(mut self, output: impl Fn(Printed<'_>) + Send + Sync + 'static) -> Self {
        self.output = Arc::new(output);
        self
    }

    /// Makes the host's types and functions known to scripts.
    #[must_use]
    pub fn register(mut self, register: impl FnOnce(&mut Engine) + Send + 'static) -> Self {
        self.register.push(Box::new(register));
        self
    }

    /// Offers a module of the host's under a bare name (R12).
    #[must_use]
    pub fn module(mut self, name: impl Into<String>, module: RhaiModule) -> Self {
        self.modules.insert(name.into(), module.into());
        self
    }

    /// Makes the interpreter, with modules from disk.
    ///
    /// # Errors
    /// A root is no directory, or the system gives no further thread.
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
            let reloader = Reloader::new(watched).interval(interval).registry(interpreter.registry().clone());
            interpreter._reloader = Some(Arc::new(reloader.spawn()?));
        }
        Ok(interpreter)
    }

    /// Makes the interpreter, with modules from `tree`, and nobody who looks for changes.
    #[must_use]
    pub fn build_on(self, tree: impl SourceTree, handler_root: Option<&Path>) -> Interpreter {
        let linker = Linker::new(&self.limits, &self.output, EQUIPMENT, self.register);
        let (clone, purge) = self.hook_times;
        let times = Times { load: self.time, clone, purge };
        let scripts = Scripts::new(linker, times, self.carryable, self.modules);
        let registry = Registry::new(self.name, scripts, tree);
        registry.loader().belong_to(&registry);
        if let Some(retries) = self.retries {
            registry.retry_hooks_after(retries);
        }
        if let Some(time) = self.report_after {
            registry.report_retained_after(time);
        }
        let scope = Scope::new("the host").path(self.path).library(self.library);
        let mut scope = scope.strict_carry(self.strict_carry);
        if let Some(root) = handler_root {
            scope = scope.handler_root(root);
        }
        Interpreter { _reloader: None, registry: Arc::new(Alive(registry)), scope: Arc::new(scope), time: self.time }
    }
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
