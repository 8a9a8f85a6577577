//! Every interleaving where threads meet: pin against publish, two first loads, freezing against a reload. Run with
//! `just loom`; without `--cfg loom` this file is empty.
#![cfg(loom)]

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use loom::thread;
use samovar_importer::{
    Carry, Compiled, Diagnostic, Hint, ImportOptions, Importer, InstanceId, Language, Loader, MemoryTree, Module,
    Outcome, Registry, Scope, Source, View,
};

/// Texts are `version` or `version child`.
#[derive(Default)]
struct Words {
    loads: AtomicUsize,
}

struct Word {
    version: String,
    child: Option<Arc<Module<Words>>>,
}

impl Language for Words {
    type Unit = String;
    type Instance = Word;
    const EXTENSION: &'static str = "w";

    fn compile(&self, source: &Source, _: &Arc<Importer>) -> Result<Compiled<String>, Diagnostic> {
        Ok(source.text.to_string().into())
    }
}

impl Loader for Words {
    type Carried = ();

    fn load(
        &self,
        unit: String,
        importer: &Arc<Importer>,
        _: Option<&Module<Self>>,
        _: Option<()>,
        view: &Arc<View<Self>>,
    ) -> Result<Word, Diagnostic> {
        self.loads.fetch_add(1, Ordering::SeqCst);
        let (version, child) = unit.split_once(' ').map_or((&*unit, None), |(version, child)| (version, Some(child)));
        let import = |name| view.import(Some(importer), name, &ImportOptions::default());
        let child = child.map(import).transpose().map_err(|error| error.diagnostic())?;
        Ok(Word { version: version.into(), child })
    }

    fn carry(&self, _: &Module<Self>, _: &Arc<View<Self>>) -> Carry<()> {
        Carry::NoHook
    }

    fn purge(&self, _: &Module<Self>, _: &Arc<View<Self>>) -> Result<(), Diagnostic> {
        Ok(())
    }
}

struct Site {
    tree: MemoryTree,
    registry: Arc<Registry<Words>>,
    scope: Arc<Scope>,
}

fn site() -> Site {
    let tree = MemoryTree::default();
    tree.write("/s/h.w", "1 c");
    tree.write("/s/c.w", "1");
    let registry = Registry::new("loom", Words::default(), tree.clone());
    Site { tree, registry, scope: Arc::new(Scope::new("loom").handler_root("/s")) }
}

fn load(registry: &Arc<Registry<Words>>, scope: &Arc<Scope>) -> Arc<Module<Words>> {
    load_as(registry, scope, "~/h")
}

fn load_as(registry: &Arc<Registry<Words>>, scope: &Arc<Scope>, name: &str) -> Arc<Module<Words>> {
    registry.pin(scope).import(None, name, &ImportOptions::default()).expect("loads")
}

/// Returns which instance of its child a module has.
fn child(module: &Module<Words>) -> InstanceId {
    module.value().child.as_ref().expect("a child").instance()
}

/// Returns the versions of handler and child, which are changed together.
fn versions(module: &Module<Words>) -> (String, String) {
    let child = module.value().child.as_ref().expect("a child").value().version.clone();
    (module.value().version.clone(), child)
}

fn explore(model: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(2);
    builder.check(model);
}

#[test]
fn r21_a_pinned_view_never_mixes() {
    explore(|| {
        let Site { tree, registry, scope } = site();
        load(&registry, &scope);
        tree.write("/s/h.w", "2 c");
        tree.write("/s/c.w", "2");
        let (other, at) = (registry.clone(), scope.clone());
        let request = thread::spawn(move || {
            let (handler, child) = versions(&load(&other, &at));
            assert_eq!(handler, child);
        });
        assert!(matches!(registry.check(&Hint::Everything, false), Outcome::Published { .. }));
        request.join().expect("no panic");
        assert_eq!(versions(&load(&registry, &scope)), ("2".into(), "2".into()));
        assert_eq!(registry.retained_count(), 0, "what was replaced is retired with its last view");
    });
}

#[test]
fn r23_two_first_loads_are_one() {
    explore(|| {
        let Site { registry, scope, .. } = site();
        let (other, at) = (registry.clone(), scope.clone());
        let request = thread::spawn(move || load(&other, &at).instance());
        let instance = load(&registry, &scope).instance();
        assert_eq!(request.join().expect("no panic"), instance);
        assert_eq!(registry.loader().loads.load(Ordering::SeqCst), 2);
    });
}

#[test]
fn r23_first_loads_that_share_a_child_load_it_once() {
    explore(|| {
        let Site { tree, registry, scope } = site();
        tree.write("/s/g.w", "1 c");
        let (other, at) = (registry.clone(), scope.clone());
        let request = thread::spawn(move || child(&load_as(&other, &at, "~/g")));
        let of_handler = child(&load(&registry, &scope));
        assert_eq!(request.join().expect("no panic"), of_handler);
        assert_eq!(registry.loader().loads.load(Ordering::SeqCst), 3);
    });
}

#[test]
fn r31_a_first_load_and_the_reload_of_its_child_are_one_generation_in_the_end() {
    explore(|| {
        let Site { tree, registry, scope } = site();
        load_as(&registry, &scope, "~/c");
        tree.write("/s/c.w", "2");
        let (other, at) = (registry.clone(), scope.clone());
        let request = thread::spawn(move || drop(load(&other, &at)));
        assert!(matches!(registry.check(&Hint::Everything, false), Outcome::Published { .. }));
        request.join().expect("no panic");
        assert_eq!(child(&load(&registry, &scope)), load_as(&registry, &scope, "~/c").instance());
        assert_eq!(load_as(&registry, &scope, "~/c").value().version, "2");
    });
}

#[test]
fn r35_two_halves_of_a_cycle_end() {
    /// The stack size in words: a nested load needs more than the default of a modelled thread.
    const STACK: usize = 1 << 16;
    explore(|| {
        let Site { tree, registry, scope } = site();
        tree.write("/s/c.w", "1 h");
        let ask = |name: &'static str| {
            let (registry, scope) = (registry.clone(), scope.clone());
            let import = move || registry.pin(&scope).import(None, name, &ImportOptions::default()).err();
            thread::Builder::new().stack_size(STACK).spawn(import).expect("spawned")
        };
        for asked in [ask("~/h"), ask("~/c")] {
            let error = asked.join().expect("no panic").expect("a cycle").to_string();
            assert!(error.contains("import cycle"), "{error}");
        }
    });
}

#[test]
fn r40_a_reload_is_published_before_freezing_returns_or_never() {
    explore(|| {
        let Site { tree, registry, scope } = site();
        load(&registry, &scope);
        tree.write("/s/c.w", "2");
        let other = registry.clone();
        let reload = thread::spawn(move || matches!(other.check(&Hint::Everything, false), Outcome::Published { .. }));
        registry.freeze();
        let frozen_at = registry.snapshot().generation();
        let published = reload.join().expect("no panic");
        assert_eq!(registry.snapshot().generation(), frozen_at);
        assert_eq!(published, frozen_at == 2);
    });
}
