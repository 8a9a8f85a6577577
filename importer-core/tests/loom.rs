//! Every interleaving of the moments in which threads meet: pin against publish, two first loads, freezing against a
//! reload. Run with `just loom`; without `--cfg loom` there is nothing in here.
#![cfg(loom)]

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use loom::thread;
use samovar_importer::{
    Carry, Diagnostic, Hint, ImportOptions, Importer, Loader, MemoryTree, Module, Outcome, Registry, Scope, Source,
    View,
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

impl Loader for Words {
    type Unit = String;
    type Instance = Word;
    type Carried = ();
    const EXTENSION: &'static str = "w";

    fn compile(&self, source: &Source, _: &Arc<Importer>) -> Result<String, Diagnostic> {
        Ok(source.text.to_string())
    }

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
    registry.pin(scope).import(None, "~/h", &ImportOptions::default()).expect("loads")
}

/// The versions of handler and child, which are changed together.
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
