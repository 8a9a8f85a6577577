//! What a request pays for its view of the modules. It should cost the same however many modules there are.

use std::fmt::Write as _;

use criterion::{Criterion, criterion_group, criterion_main};
use samovar_benches::{Comparison, interpreter_on, modules, path_of};
use samovar_rhai::{Handler, Interpreter};

criterion_group!(benches, pin, look_up);
criterion_main!(benches);

const COUNTS: [usize; 4] = [1, 10, 100, 1000];

/// A loaded handler that imports so many modules.
fn handler_over(count: usize) -> (Interpreter, Handler) {
    let tree = modules(count);
    let mut text = String::new();
    for number in 0..count {
        let _ = writeln!(text, r#"import "m{number}" as m{number};"#);
    }
    tree.write(path_of("entry"), text + r#"fn handler(req) { "Hello" }"#);
    let interpreter = interpreter_on(&tree);
    let handler = interpreter.handler("entry").expect("the module is there");
    handler.load().expect("it loads");
    (interpreter, handler)
}

fn pin(criterion: &mut Criterion) {
    let sites = COUNTS.map(handler_over);
    let mut comparison = Comparison::new("pin");
    for ((_, handler), count) in sites.iter().zip(COUNTS) {
        comparison = comparison.case(format!("{count} modules"), move || handler.pin());
    }
    comparison.measure(criterion);
}

/// Pins, and finds the last module that was loaded.
fn look_up(criterion: &mut Criterion) {
    let sites = COUNTS.map(handler_over);
    let mut comparison = Comparison::new("look-up");
    for ((interpreter, _), count) in sites.iter().zip(COUNTS) {
        let last = interpreter.handler(&format!("~/m{}", count - 1)).expect("the module is there");
        comparison = comparison.case(format!("{count} modules"), move || last.load());
    }
    comparison.measure(criterion);
}
