//! What shared state costs in a script, beside a native function that does nothing with it; and what carrying it costs.

use std::{fmt::Write as _, path::Path, thread, time::Duration};

use criterion::{Criterion, criterion_group, criterion_main};
use samovar_benches::{Comparison, ROOT, interpreter_on, limits, path_of};
use samovar_rhai::{
    Interpreter,
    importer::{MemoryTree, Outcome},
    rhai::{Dynamic, Engine},
    state::{Counter, Table},
};

criterion_group!(benches, state, hooks);
criterion_main!(benches);

/// A hundred calls each, so that the way into the script does not count.
const SCRIPT: &str = r#"
const COUNTER = counter();
const TABLE = table();

fn counter_nothing() { for i in 0..100 { COUNTER.nothing(); } }
fn counter_incr() { for i in 0..100 { COUNTER.incr(); } }
fn table_nothing() { for i in 0..100 { TABLE.nothing("key"); } }
fn table_incr() { for i in 0..100 { TABLE.incr("key"); } }
"#;

fn register(engine: &mut Engine) {
    engine.register_fn("nothing", |_: &mut Counter| 0_i64);
    engine.register_fn("nothing", |_: &mut Table, _: Dynamic| 0_i64);
}

/// Calls of a function that each thread makes, so that starting the threads does not count.
const CALLS: usize = 100;

fn state(criterion: &mut Criterion) {
    let tree = MemoryTree::default();
    tree.write(path_of("script"), SCRIPT);
    let builder = Interpreter::builder("bench").limits(limits()).time(Duration::from_secs(60)).register(register);
    let interpreter = builder.build_on(tree, Some(Path::new(ROOT)));
    for kind in ["counter", "table"] {
        for threads in [1, 2] {
            let mut comparison = Comparison::new(format!("100 calls of a {kind}, {threads} thread(s)"));
            for function in ["nothing", "incr"] {
                let handler = interpreter.handler(&format!("script::{kind}_{function}")).expect("the module is there");
                let call = move || handler.call::<()>(()).expect("it runs");
                comparison = match threads {
                    1 => comparison.case(function, call),
                    _ => comparison.case(function, move || on_threads(threads, &call)),
                };
            }
            comparison.measure(criterion);
        }
    }
}

fn on_threads(threads: usize, call: &(impl Fn() + Sync)) {
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| (0..CALLS).for_each(|_| call()));
        }
    });
}

/// Ten handles, made anew or carried over, in a module of some size.
fn hooks(criterion: &mut Criterion) {
    let each = |line: fn(usize) -> String| (0..10).map(line).collect::<String>();
    let fresh = each(|n| format!("const H{n} = table();\n"));
    let idiom = each(|n| format!("const H{n} = if is_def_var(\"H{n}\") {{ H{n} }} else {{ table() }};\n"));
    let body = "fn handler(req) { if req == () { 1 } else { let x = [1, 2, 3]; x.map(|n| n + 1) } }\n".to_owned()
        + &each(|n| format!("fn f{n}(x) {{ if x > {n} {{ x + {n} }} else {{ x * 2 }} }}\n"));
    let hook = format!("fn __mp_clone__(next) {{ {} }}\n", each(|n| format!("next.H{n} = H{n}; ")));
    let uncalled = hook.replace("__mp_clone__", "hand_over");
    let mut comparison = Comparison::new("a reload of a module with ten handles");
    for (name, text) in [
        ("made anew", format!("{fresh}{body}")),
        ("kept", format!("{}{body}", fresh.replace("const", "keep"))),
        ("carried by a hook", format!("{idiom}{body}{hook}")),
        ("the same text, the hook uncalled", format!("{idiom}{body}{uncalled}")),
        ("kept, and a hook", format!("{}{body}{hook}", fresh.replace("const", "keep"))),
    ] {
        comparison = comparison.case(name, reloading(&text));
    }
    comparison.measure(criterion);
}

/// Saves the text again and again, each time a little different, and reloads it.
fn reloading(text: &str) -> impl FnMut() + use<> {
    let tree = MemoryTree::default();
    tree.write(path_of("m"), text);
    let interpreter = interpreter_on(&tree);
    interpreter.handler("m").expect("the module is there").load().expect("it loads");
    let (text, mut round) = (text.to_owned(), 0);
    move || {
        round += 1;
        let mut saved = text.clone();
        let _ = write!(saved, "// {round}");
        tree.write(path_of("m"), saved);
        assert!(matches!(interpreter.reload(), Outcome::Published { .. }));
    }
}
