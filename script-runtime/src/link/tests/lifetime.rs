//! What keeps an instance alive, and that nothing else does.

use std::sync::{Arc, Weak};

use rhai::Dynamic;

use crate::{
    link::{
        instance::Core,
        tests::{Site, instance},
    },
    value::owner,
};

/// Loads `a`, lets `during` hold something of it, lets go of everything else.
#[track_caller]
fn alive_after<T>(text: &str, during: impl FnOnce(&Arc<Site>, Arc<crate::link::Instance>) -> T) -> (Weak<Core>, T) {
    let site = Site::new(&[("a", text), ("b", "import \"./a\" as a; fn get() { a::get() }")]);
    let a = site.load("a").expect("loads");
    let core = Arc::downgrade(a.core());
    let held = during(&site, a);
    site.forget();
    (core, held)
}

#[test]
fn the_last_holder_frees_an_instance() {
    let texts = [
        "const x = [1, 2]; fn get() { x }",
        "fn get() { || 1 } let kept = get();",
        "let own = callback(get); fn get() { own }",
        "const x = 1; let own = [#{f: callback(|n| n + x)}]; fn get() { own[0].f.call(1) }",
        "let first = callback(get); let second = callback(|| first.call()); fn get() { 1 }",
        "let own = get.curry(callback(|| 1)); fn get(f) { f } fn get() { own.call() }",
    ];
    for text in texts {
        let (core, ()) = alive_after(text, |site, a| {
            site.text(&a, "get");
            let b = site.load("b").expect("loads");
            site.text(&b, "get");
        });
        assert!(core.upgrade().is_none(), "still alive: {text}");
    }
}

#[test]
fn a_dropped_instance_leaves_the_table() {
    let site = Site::new(&[("a", "const x = 1; fn get() { x }")]);
    let a = site.load("a").expect("loads");
    let id = a.id();
    assert!(instance::find(id).is_some());
    site.forget();
    drop(a);
    assert!(instance::find(id).is_none());
    assert!(!instance::all().iter().any(|core| core.id() == id));
}

#[test]
fn an_importer_keeps_what_it_imported() {
    let (core, b) = alive_after("const x = 5; fn get() { x }", |site, _| site.load("b").expect("loads"));
    let site = Site::new(&[]);
    assert_eq!(site.text(&b, "get"), "5");
    drop(b);
    assert!(core.upgrade().is_none());
}

#[test]
fn a_callback_keeps_its_instance_and_says_so() {
    let (core, held) = alive_after("const x = 5; fn get() { callback(|n| n + x) }", |site, a| {
        site.call(&a, "get", Vec::new()).expect("a callback")
    });
    assert_eq!(owner(&held), core.upgrade().map(|core| core.id()));
    assert_eq!(owner(&Dynamic::from(1)), None);
    let site = Site::new(&[("c", "fn apply(f) { f.call(1) }")]);
    let apply = site.load("c").expect("loads");
    assert_eq!(site.call(&apply, "apply", vec![held]).expect("a number").to_string(), "6");
    assert!(core.upgrade().is_none());
}

#[test]
fn a_function_handle_keeps_its_instance() {
    let (core, function) = alive_after("const x = 5; fn get() { x }", |_, a| a.function("get", 0).expect("is there"));
    assert!(core.upgrade().is_some());
    drop(function);
    assert!(core.upgrade().is_none());
}

#[test]
fn what_is_exported_holds_callbacks_that_last() {
    let (core, held) = alive_after("let own = callback(get); fn get() { 7 }", |site, a| {
        site.write("b", "import \"./a\" as a; fn get() { a::own }");
        let b = site.load("b").expect("loads");
        drop(a);
        site.call(&b, "get", Vec::new()).expect("a callback")
    });
    assert!(core.upgrade().is_some());
    let site = Site::new(&[("c", "fn apply(f) { f.call() }")]);
    let c = site.load("c").expect("loads");
    assert_eq!(site.call(&c, "apply", vec![held]).expect("a number").to_string(), "7");
    assert!(core.upgrade().is_none());
}

#[test]
fn threads_share_an_instance_without_failing() {
    let text = "const LIST = [1, 2, 3]; const K = 2; const name = \"n\"; private fn twice(n) { n * K } \
        let scale = |n| n * K; let handed = callback(|n| n + K); \
        fn sum() { let s = 0; for n in LIST.map(|n| twice(n) + scale.call(n) + handed.call(n)) { s += n; } `${name}${s}` }";
    let site = Site::new(&[("a", text)]);
    let old = site.load("a").expect("loads");
    let new = site.load("a").expect("loads");
    std::thread::scope(|threads| {
        for thread in 0..8 {
            let instance = if thread % 2 == 0 { &old } else { &new };
            let site = &site;
            threads.spawn(move || {
                for _ in 0..500 {
                    assert_eq!(site.text(instance, "sum"), "n36");
                }
            });
        }
    });
}
