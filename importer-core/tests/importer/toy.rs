//! A language of a few words, which proves that the core knows no language, and a site in memory for it.
//!
//! `version X` names the text · `child NAME` imports while loading · `try NAME` does, and swallows the failure ·
//! `warn TEXT` is told once it is served · `leaving NAME` asks whether a child of the old instance goes · `lazy NAME` is imported when an importer says `call MODULE` · `raise TEXT` fails · `broken` does not compile · `carry` has a clone hook that hands the module's cell over ·
//! `carry raise` has one that fails, `carry wait` one that waits for a lock in vain · `library NAME=..` is registered by the host.

use std::{
    collections::BTreeMap,
    path::Path,
    sync::{
        Arc, Mutex, Weak,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
};

use samovar_importer::{
    Carry, Code, Compiled, Diagnostic, Event, Hint, ImportError, ImportOptions, Importer, Language, Loader, MemoryTree,
    Module, Outcome, Registry, Scope, Snapshot, Source, View,
};

type OnCompile = Box<dyn Fn(&str) + Send + Sync>;
type OnWait = Box<dyn Fn(&str) + Send + Sync>;

#[derive(Default)]
pub(crate) struct Toy {
    pub(crate) loads: AtomicUsize,
    /// How many times replaced instances were asked to release themselves.
    pub(crate) released: Arc<AtomicUsize>,
    /// Called with each text that is compiled.
    pub(crate) on_compile: Option<OnCompile>,
    /// Called for `wait PLACE` in a text.
    pub(crate) wait: Option<OnWait>,
}

pub(crate) struct Instance {
    pub(crate) version: String,
    pub(crate) children: BTreeMap<String, Arc<Module<Toy>>>,
    pub(crate) importer: Arc<Importer>,
    pub(crate) cell: Arc<AtomicUsize>,
    carry: Option<String>,
    lazy: Option<String>,
    warns: Option<String>,
    pub(crate) code: Arc<ToyCode>,
    /// The result of `leaving NAME`: whether the instance of that child was being replaced.
    pub(crate) leaving: BTreeMap<String, bool>,
}

/// Counts how often it is asked to release itself.
pub(crate) struct ToyCode(Arc<AtomicUsize>);

impl Code<Toy> for ToyCode {
    fn release(&self, _: &Snapshot<Toy>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

impl Language for Toy {
    type Unit = Vec<(String, String)>;
    type Instance = Instance;
    const EXTENSION: &'static str = "toy";

    fn compile(&self, source: &Source, _: &Arc<Importer>) -> Result<Compiled<Self::Unit>, Diagnostic> {
        if let Some(on_compile) = &self.on_compile {
            on_compile(&source.text);
        }
        let lines = source.text.lines().map(|line| line.split_once(' ').unwrap_or((line, "")));
        let lines: Vec<_> = lines.map(|(word, rest)| (word.to_owned(), rest.to_owned())).collect();
        match lines.iter().any(|(word, _)| word == "broken") {
            true => Err(Diagnostic::error(format!("{} is broken", source.path.display()))),
            false => {
                let children = lines.iter().filter(|(word, _)| word == "child");
                Ok(Compiled { imports: children.map(|(_, rest)| rest.clone()).collect(), unit: lines })
            }
        }
    }
}

impl Loader for Toy {
    type Carried = Arc<AtomicUsize>;

    fn load(
        &self,
        unit: Self::Unit,
        importer: &Arc<Importer>,
        old: Option<&Module<Self>>,
        carried: Option<Self::Carried>,
        view: &Arc<View<Self>>,
    ) -> Result<Instance, Diagnostic> {
        self.loads.fetch_add(1, Ordering::SeqCst);
        let mut instance = Instance::new(importer, &self.released);
        instance.cell = carried.unwrap_or_default();
        for (word, rest) in unit {
            match word.as_str() {
                "version" => instance.version = rest,
                "carry" => instance.carry = Some(rest),
                "raise" => return Err(Diagnostic::error(rest)),
                "wait" => self.wait.as_ref().expect("a test that waits says how")(&rest),
                "call" => {
                    let helper = instance.children[&rest].value();
                    let name = helper.lazy.as_deref().expect("the helper says what it imports");
                    view.import(Some(&helper.importer), name, &ImportOptions::default())
                        .map_err(|error| error.diagnostic())?;
                }
                "lazy" => instance.lazy = Some(rest),
                "warn" => instance.warns = Some(rest),
                "leaving" => {
                    let before = old.and_then(|old| old.value().children.get(&rest));
                    let leaving = before.map(|child| view.is_leaving(child.id(), child.instance()));
                    instance.leaving.extend(leaving.map(|leaving| (rest, leaving)));
                }
                "child" | "try" => match view.import(Some(importer), &rest, &ImportOptions::default()) {
                    Ok(module) => drop(instance.children.insert(rest, module)),
                    Err(error) if word == "child" => return Err(error.diagnostic()),
                    Err(_) => {}
                },
                _ => {}
            }
        }
        Ok(instance)
    }

    fn carry(&self, old: &Module<Self>, _: &Arc<View<Self>>) -> Carry<Self::Carried> {
        match old.value().carry.as_deref() {
            None => Carry::NoHook,
            Some("") => Carry::Carried(old.value().cell.clone()),
            Some("wait") => Carry::Waited(Diagnostic::error("the hook waited")),
            Some(_) => Carry::Failed(Diagnostic::error("the hook raised")),
        }
    }

    fn purge(&self, _: &Module<Self>, _: &Arc<View<Self>>) -> Result<(), Diagnostic> {
        Ok(())
    }

    fn warnings(&self, instance: &Instance) -> Vec<Diagnostic> {
        instance.warns.iter().map(Diagnostic::error).collect()
    }

    fn code(&self, instance: &Instance) -> Weak<dyn Code<Self>> {
        let code: Weak<ToyCode> = Arc::downgrade(&instance.code);
        code as _
    }
}

impl Instance {
    fn new(importer: &Arc<Importer>, released: &Arc<AtomicUsize>) -> Self {
        Self {
            version: String::new(),
            children: BTreeMap::new(),
            importer: importer.clone(),
            cell: Arc::default(),
            carry: None,
            lazy: None,
            warns: None,
            code: Arc::new(ToyCode(released.clone())),
            leaving: BTreeMap::new(),
        }
    }
}

/// A site below `/s`, its registry, and all events.
pub(crate) struct Site {
    pub(crate) tree: MemoryTree,
    pub(crate) registry: Arc<Registry<Toy>>,
    pub(crate) scope: Arc<Scope>,
    events: Mutex<mpsc::Receiver<Event>>,
}

impl Site {
    /// `files` has lines of `name: word rest; word rest`.
    pub(crate) fn new(files: &str) -> Self {
        Self::with(files, Toy::default())
    }

    pub(crate) fn with(files: &str, toy: Toy) -> Self {
        let tree = MemoryTree::default();
        let released = toy.released.clone();
        let registry = Registry::new("test", toy, tree.clone());
        registry.register("host", move |importer| Instance {
            version: "host".into(),
            ..Instance::new(importer, &released)
        });
        let scope = Arc::new(Scope::new("test.conf:1").handler_root("/s"));
        let site = Self { tree, events: Mutex::new(registry.subscribe()), registry, scope };
        site.write(files);
        site
    }

    pub(crate) fn write(&self, files: &str) {
        for line in files.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let (name, text) = line.split_once(':').expect("name: text");
            self.tree.write(path(name), text.trim().replace("; ", "\n"));
        }
    }

    pub(crate) fn remove(&self, name: &str) {
        self.tree.remove(path(name));
    }

    pub(crate) fn pin(&self) -> View<Toy> {
        self.registry.pin(&self.scope)
    }

    /// Imports as a request that starts now does.
    pub(crate) fn import(&self, name: &str) -> Result<Arc<Module<Toy>>, ImportError> {
        self.pin().import(None, &format!("~/{name}"), &ImportOptions::default())
    }

    #[track_caller]
    pub(crate) fn load(&self, name: &str) -> Arc<Module<Toy>> {
        self.import(name).unwrap_or_else(|error| panic!("{name}: {}", error.diagnostic().render(false)))
    }

    pub(crate) fn check(&self) -> Outcome {
        self.registry.check(&Hint::Everything, false)
    }

    /// Returns what happened since the last call, a word for each event.
    pub(crate) fn trace(&self) -> String {
        let words =
            self.events.lock().expect("no panic").try_iter().collect::<Vec<_>>().into_iter().map(|event| match event {
                Event::Loaded { path, .. } => format!("load {}", name(&path)),
                Event::Carried { path, .. } => format!("carry {}", name(&path)),
                Event::CarryFailed { path, .. } => format!("carry-failed {}", name(&path)),
                Event::Purged { path, .. } => format!("purge {}", name(&path)),
                Event::Published { generation, reload: true, .. } => format!("reloaded {generation}"),
                Event::Published { generation, .. } => format!("published {generation}"),
                Event::Refused { diagnostics, .. } => {
                    let messages: Vec<_> = diagnostics.iter().map(|it| it.message.replace("/s/", "")).collect();
                    format!("refused ({})", messages.join(", "))
                }
                Event::LoadFailed { path, .. } => format!("failed {}", name(&path)),
                Event::Mended { .. } => "mended".into(),
                Event::Removed { path } => format!("removed {}", name(&path)),
                Event::Dropped { path } => format!("dropped {}", name(&path)),
                Event::MixedReloading { path, origins } => {
                    format!("mixed {} {} {}", name(&path), origins[0], origins[1])
                }
                Event::Frozen => "frozen".into(),
                other => format!("{other:?}"),
            });
        words.collect::<Vec<_>>().join(", ")
    }

    /// Checks for changes and asserts everything that happened.
    #[track_caller]
    pub(crate) fn expect(&self, expected: &str) {
        self.check();
        assert_eq!(self.trace(), expected);
    }
}

fn path(name: &str) -> String {
    format!("/s/{name}.toy")
}

fn name(path: &Path) -> String {
    path.with_extension("")
        .strip_prefix("/s")
        .map_or_else(|_| path.display().to_string(), |it| it.display().to_string())
}
