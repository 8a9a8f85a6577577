//! Rhai as a language of the importer: compile, run, hooks.

use std::{
    any::{Any, TypeId},
    collections::{HashMap, HashSet},
    path::Path,
    sync::{
        Arc, OnceLock, Weak,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use parking_lot::Mutex;
use rhai::{Array, Dynamic, FnPtr, Module as RhaiModule, Shared};
use samovar_importer::{
    Carry, ContentHash, Diagnostic, Holder, Importer, InstanceId, Loader, Module, ModuleId, Place, Registry, Snapshot,
    Source, View,
};

use crate::{
    call::call,
    carried::{Carried, Doubts},
    diagnostic::{diagnostic, place},
    holders, hooks,
    inspect::Info,
    link::{Core, Dangling, Function, Instance, Linked, Linker, SEARCH_PATH, Scan, ScriptError, directories, owner},
    suggest::closest,
    under_way::Purpose,
};

/// Scanned texts, by file and content.
type Scans = HashMap<(Arc<Path>, ContentHash), Weak<Scan>>;

/// How long the parts of a reload may take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Times {
    pub(crate) load: Duration,
    pub(crate) clone: Duration,
    pub(crate) purge: Duration,
}

/// Compiles and runs Rhai texts for a [`Registry`].
pub struct Scripts {
    linker: Linker,
    times: Mutex<Times>,
    /// The host's types whose values outlive reloads.
    carryable: Arc<HashSet<TypeId>>,
    /// Texts that were scanned and are still in use: an importer that is loaded anew because of its child is compiled
    /// once, not twice.
    scans: Mutex<Scans>,
    /// What a reload that is under way has carried over and cannot judge yet.
    doubts: Doubts,
    registered: HashMap<String, Shared<RhaiModule>>,
    registry: OnceLock<Weak<Registry<Scripts>>>,
}

/// A loaded script.
pub struct Script {
    instance: Arc<Instance>,
    /// Public functions by name, for the way of a request: what Rhai offers is a search through all of them.
    functions: HashMap<Box<str>, Vec<(usize, Function)>>,
    told_of_slip: AtomicBool,
    told_of_html: AtomicBool,
}

impl Scripts {
    pub(crate) fn new(
        linker: Linker,
        times: Times,
        carryable: HashSet<TypeId>,
        registered: HashMap<String, Shared<RhaiModule>>,
    ) -> Self {
        let carryable = Arc::new(carryable);
        let (times, scans) = (Mutex::new(times), Mutex::default());
        let (doubts, registry) = (Doubts::default(), OnceLock::new());
        Self { linker, times, carryable, scans, doubts, registered, registry }
    }

    pub(crate) fn times(&self) -> Times {
        *self.times.lock()
    }

    pub(crate) fn set_load_time(&self, load: Duration) {
        self.times.lock().load = load;
    }

    pub(crate) fn carryable(&self) -> &Arc<HashSet<TypeId>> {
        &self.carryable
    }

    pub(crate) fn linker(&self) -> &Linker {
        &self.linker
    }

    /// Tells the scripts whose they are, once the registry stands.
    pub(crate) fn belong_to(&self, registry: &Arc<Registry<Self>>) {
        let _ = self.registry.set(Arc::downgrade(registry));
    }

    fn scan(&self, source: &Source) -> Result<Arc<Scan>, ScriptError> {
        let key = (source.path.clone(), source.hash);
        if let Some(scan) = self.scans.lock().get(&key).and_then(Weak::upgrade) {
            return Ok(scan);
        }
        let scan = Arc::new(self.linker.scan(&source.path.to_string_lossy(), &source.text)?);
        let mut scans = self.scans.lock();
        // Only when there is no room left, so that loading thousands of modules does not look at all of them each time.
        if scans.len() == scans.capacity() {
            scans.retain(|_, scan| scan.strong_count() > 0);
        }
        scans.insert(key, Arc::downgrade(&scan));
        Ok(scan)
    }
}

impl Script {
    fn new(instance: Arc<Instance>) -> Self {
        let mut functions: HashMap<Box<str>, Vec<_>> = HashMap::new();
        for (name, params) in instance.public_functions() {
            if let Some(function) = instance.function(name, params) {
                functions.entry(name.into()).or_default().push((params, function));
            }
        }
        Self { instance, functions, told_of_slip: AtomicBool::new(false), told_of_html: AtomicBool::new(false) }
    }

    pub(crate) fn instance(&self) -> &Arc<Instance> {
        &self.instance
    }

    /// A public function, without looking through all of them.
    pub(crate) fn function(&self, name: &str, params: usize) -> Option<&Function> {
        self.functions.get(name)?.iter().find(|(arity, _)| *arity == params).map(|(_, function)| function)
    }

    /// A callback that the module keeps in a variable.
    pub(crate) fn callback(&self, name: &str) -> Option<FnPtr> {
        let value = self.instance.variable(name)?;
        owner(&value)?;
        value.try_cast()
    }

    /// Is there a public function, or a callback, of that name?
    pub(crate) fn offers(&self, name: &str) -> bool {
        self.functions.contains_key(name) || self.callback(name).is_some()
    }

    /// A public function whose name differs by a slip.
    pub(crate) fn near(&self, name: &str) -> Option<&str> {
        closest(name, self.functions.keys().map(AsRef::as_ref))
    }

    /// Was a function probably meant to be there that is not? Said once for each load.
    pub(crate) fn is_slip(&self, name: &str) -> bool {
        (self.near(name).is_some() || self.is_private(name)) && !self.told_of_slip.swap(true, Ordering::Relaxed)
    }

    /// Was its answer sent as text, though it looks like HTML, for the first time since it was loaded?
    pub(crate) fn is_first_html_as_text(&self) -> bool {
        !self.told_of_html.swap(true, Ordering::Relaxed)
    }

    /// Is there a function of that name that only the module itself may call?
    pub(crate) fn is_private(&self, name: &str) -> bool {
        self.instance.scan().functions().iter().any(|function| function.name == name && function.private)
    }

    /// Where a function, or a variable, of that name is defined.
    pub(crate) fn place(&self, name: &str) -> Option<Place> {
        place(&self.instance.core().frame(None, self.instance.scan().defined_at(name)?))
    }

    /// Returns where its text writes a map with this key.
    pub(crate) fn map_keys(&self, linker: &Linker, key: &str) -> Vec<Place> {
        let positions = linker.map_keys(self.instance.scan().text(), key);
        positions.into_iter().filter_map(|at| place(&self.instance.core().frame(None, at))).collect()
    }

    /// The numbers of parameters of a public function.
    pub(crate) fn arities(&self, name: &str) -> Vec<usize> {
        self.functions.get(name).into_iter().flatten().map(|(arity, _)| *arity).collect()
    }
}

impl Loader for Scripts {
    type Unit = Linked;
    type Instance = Script;
    type Carried = Carried;
    const EXTENSION: &'static str = "rhai";

    fn compile(&self, source: &Source, importer: &Arc<Importer>) -> Result<Linked, Diagnostic> {
        let scan = self.scan(source).map_err(|error| diagnostic(&error))?;
        self.linker.link(&scan, importer.instance(), Some(importer.clone())).map_err(|error| diagnostic(&error))
    }

    fn imports(&self, unit: &Linked) -> Vec<String> {
        unit.imports().to_vec()
    }

    fn load(
        &self,
        unit: Linked,
        importer: &Arc<Importer>,
        old: Option<&Module<Self>>,
        carried: Option<Carried>,
        view: &Arc<View<Self>>,
    ) -> Result<Script, Diagnostic> {
        let carried = carried.unwrap_or_default();
        let own = own_seeds(importer, old, view);
        let own = own.iter().map(|(name, value)| (*name, value.clone()));
        let seeds: Vec<_> = own.chain(carried.iter().map(|(name, value)| (name.as_str(), value.clone()))).collect();
        let purpose = Purpose::Load(importer.path().clone());
        let (instance, left) = call(view, self.times().load, purpose, || self.linker.run(unit, &seeds))?;
        if let Some(old) = old {
            self.doubts.tell(self, old, carried, importer.instance(), view);
        }
        importer.fix_search_path(left.get(SEARCH_PATH).map(directories).unwrap_or_default());
        Ok(Script::new(instance))
    }

    /// Uses of imported modules that fail when they run, perhaps long after they were saved.
    fn warnings(&self, script: &Script) -> Vec<Diagnostic> {
        let warning = |dangling: Dangling| {
            let diagnostic = Diagnostic::error(dangling.message);
            let diagnostic = dangling.help.into_iter().fold(diagnostic, Diagnostic::help);
            place(&dangling.frame).into_iter().fold(diagnostic, Diagnostic::at)
        };
        script.instance.dangling().into_iter().map(warning).collect()
    }

    fn carry(&self, old: &Module<Self>, view: &Arc<View<Self>>) -> Carry<Carried> {
        hooks::carry(self, old, view)
    }

    fn purge(&self, old: &Module<Self>, view: &Arc<View<Self>>) -> Result<(), Diagnostic> {
        hooks::purge(self, old, view)
    }

    fn code(&self, script: &Script) -> Weak<dyn Any + Send + Sync> {
        // Named with its type first, since a weak pointer does not become one to `dyn Any` inside of a call.
        let core: Weak<Core> = Arc::downgrade(script.instance.core());
        core as _
    }

    fn release(&self, code: &(dyn Any + Send + Sync), newest: &Snapshot<Self>) {
        if let Some(core) = code.downcast_ref() {
            holders::release(core, newest);
        }
    }

    fn holders(&self, module: ModuleId, instance: InstanceId, registry: &Arc<Registry<Self>>) -> Vec<Holder> {
        holders::of(module, instance, registry)
    }

    fn registered(&self, name: &str, importer: &Arc<Importer>) -> Option<Script> {
        let module = match name {
            "importer" => crate::importer_module::module(self.registry.get()?.clone()),
            _ => RhaiModule::clone(self.registered.get(name)?),
        };
        Some(Script::new(Instance::registered(name, importer.clone(), module)))
    }

    fn is_registered(&self, name: &str) -> bool {
        name == "importer" || self.registered.contains_key(name)
    }
}

/// What every module finds defined when it starts (R10, R20, R43).
fn own_seeds(
    importer: &Arc<Importer>,
    old: Option<&Module<Scripts>>,
    view: &View<Scripts>,
) -> Vec<(&'static str, Dynamic)> {
    let path = importer.path();
    let name = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let search: Array = importer.search_path().iter().map(|it| it.to_string_lossy().into_owned().into()).collect();
    vec![
        ("__file__", path.to_string_lossy().into_owned().into()),
        ("__name__", name.into()),
        (SEARCH_PATH, search.into()),
        ("__mp_info__", Dynamic::from(Info::new(importer, old, view))),
        ("__mp_from__", old.map_or(Dynamic::UNIT, hooks::version)),
    ]
}
