//! What a call costs, against Rhai's own `call_fn`. Run with
//! `cargo test --release -p samovar-rhai --lib cost -- --ignored --nocapture`.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use rhai::{Dynamic, Engine, Scope};

use crate::{
    link::tests::Site,
    thread::importing::{Importing, with_importing},
};

/// The best of several rounds, in nanoseconds for one call.
fn time(mut call: impl FnMut()) -> f64 {
    const CALLS: u32 = 20_000;
    let round = |call: &mut dyn FnMut()| {
        let start = Instant::now();
        for _ in 0..CALLS {
            call();
        }
        start.elapsed().as_nanos() as f64 / f64::from(CALLS)
    };
    (0..15).map(|_| round(&mut call)).fold(f64::INFINITY, f64::min)
}

#[test]
#[ignore = "measures, and proves nothing"]
fn the_cost_of_a_call() {
    let same = |what, text| (what, text, text);
    let cases = [
        same("empty body", "fn f(x) {}"),
        same("one expression", "fn f(x) { x + 1 }"),
        same("own function", "fn g(x) { x + 1 } fn f(x) { g(x) }"),
        same("own function four times", "fn g(x) { x + 1 } fn f(x) { g(g(g(g(x)))) }"),
        same("string handler", "fn f(x) { let s = \"Hello, \" + x; s += \"!\"; s.to_upper() + s.len() }"),
        ("variable, for a local", "fn f(x) { let k = 3; x + k }", "const K = 3; fn f(x) { let k = 3; x + K }"),
        (
            "four variables, for locals",
            "fn f(x) { let k = 3; x + k + k + k + k }",
            "const K = 3; fn f(x) { let k = 3; x + K + K + K + K }",
        ),
        same("closure", "fn f(x) { [x, x].map(|n| n + 1) }"),
    ];
    for (what, bare, linked) in cases {
        let plain = Engine::new();
        let ast = plain.compile(bare).expect("compiles");
        let options = || rhai::CallFnOptions::new().eval_ast(false);
        let bare = time(|| {
            let result = plain.call_fn_with_options::<Dynamic>(options(), &mut Scope::new(), &ast, "f", (7_i64,));
            let _ = black_box(result);
        });
        let site = Site::new(&[("a", linked)]);
        let a = site.load("a").expect("loads");
        let function = a.function("f", 1).expect("is there");
        let ours = time(|| {
            let _ = black_box(function.call(&site.linker.engine(), [Dynamic::from(7_i64)]));
        });
        let importing: Arc<dyn Importing> = Arc::new(site.clone());
        let within = time(|| {
            let result =
                with_importing(importing.clone(), || function.call(&site.linker.engine(), [Dynamic::from(7_i64)]));
            let _ = black_box(result);
        });
        let ratio = within / bare;
        println!("{what:28} call_fn {bare:6.0} ns   linked {ours:6.0} ns   within a view {within:6.0} ns   {ratio:.2}");
    }
    let text = (0..60)
        .map(|n| {
            format!(
                "const V{n} = {n}; fn f{n}(a, b) {{ let c = a + b * V{n}; if c > 3 {{ f{n}(c, 1) }} else {{ c }} }}\n"
            )
        })
        .collect::<String>();
    let site = Site::new(&[]);
    let engine = Engine::new();
    let once = time_few(|| drop(black_box(engine.compile(&text))));
    let scan = time_few(|| drop(black_box(site.linker.scan("a", &text))));
    let scanned = Arc::new(site.linker.scan("a", &text).expect("scans"));
    let load = time_few(|| drop(black_box(site.linker.load(&scanned, &[]))));
    println!("{} KiB: compile {once:.0} us, scan {scan:.0} us, link and run {load:.0} us", text.len() >> 10);
}

fn time_few(mut call: impl FnMut()) -> f64 {
    (0..50)
        .map(|_| {
            let start = Instant::now();
            call();
            start.elapsed().as_nanos() as f64 / 1000.0
        })
        .fold(f64::INFINITY, f64::min)
}
