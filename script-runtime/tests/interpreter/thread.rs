//! What is left on a thread when a native function panics: nothing that the next call on it meets.

use samovar_rhai::rhai::{Dynamic, EvalAltResult, NativeCallContext};

use crate::site::Site;

const SCRIPTS: &str = r#"
=== m.rhai
const T = table(); const C = cell(1); const L = lock(); const CACHE = cache(10, 10); const Q = [3, 1, 2];

fn in_update()  { T.update("k", |old| boom()) }
fn in_cell()    { C.update(|old| boom()) }
fn in_get_or()  { CACHE.remove("k"); CACHE.get_or("k", || boom()) }
fn in_lock()    { L.with(|| boom()) }
fn in_acquire() { L.acquire(); boom() }
fn in_capture() { let a = [1]; let f = || { a.push(boom()); a }; f.call() }
fn in_sort()    { let q = Q; q.sort(|x, y| boom()); q }
fn in_import()  { import "./broken" as broken; broken::x }
fn in_throw()   { throw boom() }
fn nested()     { call_back(|| boom()) }

fn all_is_well() {
    T.update("k", |old| 1); C.update(|old| 2);
    let made = CACHE.get_or("k", || 3);
    let held = L.is_held();
    let a = [4]; let f = || { a.push(5); a };
    import "./good" as good;
    [T["k"], C.value, made, held, f.call(), good::x]
}
=== broken.rhai
let x = boom();
=== good.rhai
let x = 6;
"#;

#[test]
fn a_native_that_panics_leaves_nothing_on_its_thread() {
    let natives = |engine: &mut rhai::Engine| {
        engine.register_fn("boom", || -> i64 { panic!("over") });
        engine.register_fn(
            "call_back",
            |context: NativeCallContext<'_>, function: rhai::FnPtr| -> Result<Dynamic, Box<EvalAltResult>> {
                function.call_within_context(&context, ())
            },
        );
    };
    let site = Site::with(|builder| builder.register(natives), SCRIPTS);
    let well = "[1, 2, 3, false, [4, 5], 6]";
    for function in [
        "in_update",
        "in_cell",
        "in_get_or",
        "in_lock",
        "in_acquire",
        "in_capture",
        "in_sort",
        "in_import",
        "in_throw",
        "nested",
    ] {
        let said = site.call(&format!("m::{function}"));
        assert!(said.contains("a native function panicked: over"), "{function}: {said}");
        // The same thread again: nothing is being updated or loaded any more, no lock is held, and time begins anew.
        site.expect("m::all_is_well", well);
    }
}
