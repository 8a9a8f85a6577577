//! Callbacks that other threads call while the module that made them is loading (R61). Nothing is left to chance: the
//! loading thread itself has another one call, at a moment that the test names, and waits for what it says.

use std::sync::{Arc, LazyLock};

use parking_lot::Mutex;
use rhai::{Array, Dynamic, Engine, FnPtr, NativeCallContext};

use crate::link::{call_callback, tests::Site};

/// What a thread that loads nothing gets from a callback.
fn elsewhere(engine: &Engine, callback: &FnPtr) -> String {
    let call = || match call_callback(engine, callback, &mut []) {
        Ok(value) => value.to_string(),
        Err(error) => error.to_string(),
    };
    std::thread::scope(|threads| threads.spawn(call).join()).expect("no panic")
}

/// A value of the host that has a callback called, on another thread, whenever it is copied.
struct Probe {
    callback: Arc<Mutex<Option<FnPtr>>>,
    engine: Arc<LazyLock<Engine>>,
    said: Arc<Mutex<Vec<String>>>,
}

impl Clone for Probe {
    fn clone(&self) -> Self {
        let callback = self.callback.lock().clone();
        let said = callback.map(|callback| elsewhere(&self.engine, &callback));
        self.said.lock().extend(said);
        Self { callback: self.callback.clone(), engine: self.engine.clone(), said: self.said.clone() }
    }
}

#[track_caller]
fn check(main: &str, expected: &str) {
    let lib = "const HERE = 7; fn f() { HERE }";
    let site = Site::with(&[("main", main), ("lib", lib)], |engine| {
        engine.register_fn("elsewhere", |context: NativeCallContext<'_>, callback: FnPtr| {
            elsewhere(context.engine(), &callback)
        });
        engine.register_fn("all_elsewhere", |context: NativeCallContext<'_>, callbacks: Array| {
            let callbacks = callbacks.into_iter().filter_map(Dynamic::try_cast::<FnPtr>);
            callbacks.map(|callback| elsewhere(context.engine(), &callback)).map(Dynamic::from).collect::<Array>()
        });
    });
    match site.load("main") {
        Ok(main) => assert_eq!(site.text(&main, "main"), expected),
        Err(error) => assert_eq!(error.to_string(), expected),
    }
}

#[test]
fn r61_a_callback_sees_what_is_defined_so_far() {
    check(
        "const V = 1;
         const cb = callback(|| V);
         const said = elsewhere(cb);
         fn main() { [said, elsewhere(cb)] }",
        "[\"1\", \"1\"]",
    );
    check(
        "const cb = callback(get);
         fn get() { later }
         const early = elsewhere(cb);
         const later = 2;
         const late = elsewhere(cb);
         fn main() { [early, late] }",
        "[\"there is no variable `later` (main:2:21)\", \"2\"]",
    );
}

#[test]
fn r61_a_callback_sees_what_is_imported_so_far() {
    check(
        "const cb = callback(|| lib::f());
         const early = elsewhere(cb);
         import \"./lib\" as lib;
         const late = elsewhere(cb);
         const own = cb.call().to_string();
         fn main() { [early, late, own, elsewhere(cb)] }",
        "[\"nothing is imported as `lib` here (main:1:24)\", \"7\", \"7\", \"7\"]",
    );
}

#[test]
fn r61_a_callback_that_makes_callbacks_while_it_loads_takes_nothing_away() {
    check(
        "import \"./lib\" as lib;
         const make = callback(|| { let inner = callback(|| 1); inner.call() });
         const cb = callback(|| lib::f());
         const said = all_elsewhere([make, cb]);
         fn main() { [said, elsewhere(cb)] }",
        "[[\"1\", \"7\"], \"7\"]",
    );
}

#[test]
fn r61_a_callback_of_a_top_level_that_failed_sees_what_it_had_defined() {
    check(
        "import \"./lib\" as lib;
         const V = 1;
         const cb = callback(|| V + lib::f());
         throw elsewhere(cb);",
        "8 (main:4:10)",
    );
}

/// The variables are copied when they are stored and when they are offered to importers: after the last statement, and
/// before the module counts as loaded. There must be no moment in between.
#[test]
fn r61_a_callback_can_be_called_at_every_moment_while_loading_ends() {
    let (callback, said) = (Arc::<Mutex<Option<FnPtr>>>::default(), Arc::<Mutex<Vec<String>>>::default());
    let engine: Arc<LazyLock<Engine>> = Arc::new(LazyLock::new(|| {
        let nobody: super::Output = Arc::new(|_| ());
        crate::link::run::engine::running(&super::Limits::default(), &nobody)
    }));
    let (to_give, given) = (said.clone(), callback.clone());
    let probe = move || Probe { callback: callback.clone(), engine: engine.clone(), said: to_give.clone() };
    let main = "import \"./lib\" as lib;
         const V = 1;
         const P = probe();
         arm(callback(|| V + lib::f()));
         const W = 2;";
    let site = Site::with(&[("main", main), ("lib", "fn f() { 7 }")], move |engine| {
        engine.register_type_with_name::<Probe>("probe").register_fn("probe", probe.clone());
        let given = given.clone();
        engine.register_fn("arm", move |callback: FnPtr| *given.lock() = Some(callback));
    });
    let main = site.load("main").expect("it loads");
    assert!(main.variable("P").is_some());
    let said = said.lock();
    assert!(said.len() >= 4, "stored, fixed, offered, read: {said:?}");
    assert!(said.iter().all(|said| said == "8"), "{said:?}");
}

/// Who looks at a module that is loading finds first that nothing is fixed, and then looks at what there is so far. All
/// may have happened between the two.
#[test]
fn r61_whoever_looked_before_loading_ended_finds_all_afterwards() {
    let site = Site::new(&[("main", "import \"./lib\" as lib; const V = 1; const cb = callback(|| V);"), ("lib", "")]);
    let main = site.load("main").expect("it loads");
    assert!(main.core().is_seen_by_late_readers("V"));
}
