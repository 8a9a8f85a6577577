//! What shared state costs in a script, beside a native function that does nothing with it.

use std::path::Path;

use criterion::{Criterion, criterion_group, criterion_main};
use samovar_benches::{Comparison, ROOT, limits, path_of};
use samovar_rhai::{
    Interpreter,
    importer::MemoryTree,
    rhai::{Dynamic, Engine},
    state::{Counter, Table},
};

criterion_group!(benches, state);
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

fn state(criterion: &mut Criterion) {
    let tree = MemoryTree::default();
    tree.write(path_of("script"), SCRIPT);
    let builder = Interpreter::builder("bench").limits(limits()).register(register);
    let interpreter = builder.build_on(tree, Some(Path::new(ROOT)));
    for kind in ["counter", "table"] {
        let mut comparison = Comparison::new(format!("100 calls of a {kind}"));
        for function in ["nothing", "incr"] {
            let name = format!("script::{kind}_{function}");
            let handler = interpreter.handler(&name).expect("the module is there");
            comparison = comparison.case(function, move || handler.call::<()>(()).expect("it runs"));
        }
        comparison.measure(criterion);
    }
}
