//! A language with the required methods only: the defaults of a loader.

use std::{sync::Arc, time::Duration};

use samovar_importer::{
    Carry, Compiled, Diagnostic, Event, Hint, Holder, ImportError, ImportOptions, Importer, Language, Loader,
    MemoryTree, Module, Outcome, Registry, Scope, Source, View,
};

struct Plain;

impl Language for Plain {
    type Unit = String;
    type Instance = String;
    const EXTENSION: &'static str = "txt";

    fn compile(&self, source: &Source, _: &Arc<Importer>) -> Result<Compiled<String>, Diagnostic> {
        Ok(source.text.to_string().into())
    }
}

impl Loader for Plain {
    type Carried = ();

    fn load(
        &self,
        unit: String,
        importer: &Arc<Importer>,
        _: Option<&Module<Self>>,
        _: Option<()>,
        view: &Arc<View<Self>>,
    ) -> Result<String, Diagnostic> {
        match unit.strip_prefix("use ") {
            None => Ok(unit),
            Some(name) => view
                .import(Some(importer), name, &ImportOptions::default())
                .map(|child| child.value().clone())
                .map_err(|error| error.diagnostic()),
        }
    }

    fn carry(&self, _: &Module<Self>, _: &Arc<View<Self>>) -> Carry<()> {
        Carry::NoHook
    }

    fn purge(&self, _: &Module<Self>, _: &Arc<View<Self>>) -> Result<(), Diagnostic> {
        Ok(())
    }
}

#[test]
fn a_loader_need_not_say_more_than_how_texts_are_loaded() {
    let tree = MemoryTree::default();
    tree.write("/s/top.txt", "use word");
    tree.write("/s/word.txt", "tea");
    let registry = Registry::new("plain", Plain, tree.clone());
    let events = registry.subscribe();
    let scope = Arc::new(Scope::new("plain").handler_root("/s"));
    let import = |name: &str| registry.pin(&scope).import(None, name, &ImportOptions::default());
    let old = import("~/top").expect("loaded");
    assert_eq!(old.value(), "tea");
    // Nothing is registered, so a bare name without a file is not found.
    assert!(matches!(import("nothing"), Err(ImportError::NotFound { .. })));
    tree.write("/s/word.txt", "coffee");
    let Outcome::Published { modules, .. } = registry.check(&Hint::Everything, false) else { panic!("a reload") };
    assert_eq!(modules.len(), 2);
    // Only the instance itself is known, not what holds it.
    let retained = registry.retained();
    assert_eq!((retained.len(), &retained[0].holders[..]), (1, &[Holder::Host][..]));
    registry.report_retained_after(Duration::ZERO);
    registry.check(&Hint::Everything, false);
    drop(old);
    assert_eq!(registry.retained_count(), 0);
    assert!(!events.try_iter().any(|event| matches!(event, Event::Warned { .. })));
    // A new module that a change imports is compiled by its import, since the text does not list its imports.
    tree.write("/s/top.txt", "use other");
    assert!(matches!(registry.check(&Hint::Everything, false), Outcome::Refused(_)));
    tree.write("/s/other.txt", "water");
    assert!(matches!(registry.check(&Hint::Everything, false), Outcome::Published { .. }));
    assert_eq!(import("~/top").expect("loaded").value(), "water");
}
