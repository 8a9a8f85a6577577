//! What a change costs, and a start: neither should depend on modules that have nothing to do with it.

use std::fmt::Write as _;

use criterion::{Criterion, criterion_group, criterion_main};
use samovar_benches::{Comparison, interpreter_on, modules, path_of, twenty_lines};
use samovar_rhai::{
    Interpreter,
    importer::{Hint, MemoryTree, Outcome},
    rhai::Engine,
};

criterion_group!(benches, one_leaf, cold_start);
criterion_main!(benches);

const COUNTS: [usize; 3] = [100, 1000, 10_000];

/// Modules below one entry: a module loads a hundred others at most, as nobody writes more imports into one file.
fn site(count: usize) -> MemoryTree {
    const HUB: usize = 100;
    let tree = modules(count);
    let hubs = count.div_ceil(HUB);
    for hub in 0..hubs {
        let members = hub * HUB..((hub + 1) * HUB).min(count);
        tree.write(path_of(&format!("hub{hub}")), imports("m", members));
    }
    tree.write(path_of("entry"), imports("hub", 0..hubs));
    tree
}

fn imports(kind: &str, numbers: impl Iterator<Item = usize>) -> String {
    numbers.fold("fn handler(req) { }\n".to_owned(), |mut text, number| {
        let _ = writeln!(text, "import \"{kind}{number}\" as {kind}{number};");
        text
    })
}

fn load(interpreter: &Interpreter, module: &str) {
    interpreter.handler(module).expect("the module is there").load().expect("it loads");
}

/// One leaf with three importers changes; the other modules are bystanders.
fn one_leaf(criterion: &mut Criterion) {
    let sites = COUNTS.map(|count| {
        let tree = site(count);
        tree.write(path_of("leaf"), twenty_lines(0));
        let interpreter = interpreter_on(&tree);
        load(&interpreter, "entry");
        for importer in ["a", "b", "c"] {
            tree.write(path_of(importer), "import \"leaf\" as leaf; fn handler(req) { leaf::number() }");
            load(&interpreter, importer);
        }
        (tree, interpreter)
    });
    let mut comparison = Comparison::new("one changed leaf, three importers");
    for ((tree, interpreter), count) in sites.iter().zip(COUNTS) {
        let hint = Hint::Paths(vec![path_of("leaf")]);
        let mut version = 0;
        comparison = comparison.case(format!("among {count}"), move || {
            version += 1;
            tree.write(path_of("leaf"), twenty_lines(version));
            let outcome = interpreter.check(&hint);
            assert!(matches!(&outcome, Outcome::Published { modules, .. } if modules.len() == 4), "{outcome:?}");
        });
    }
    comparison.measure(criterion);
}

/// All modules for the first time, against compiling each text once with plain Rhai.
fn cold_start(_: &mut Criterion) {
    for (count, rounds) in COUNTS.into_iter().zip([20, 7, 3]) {
        let (tree, engine) = (site(count), Engine::new());
        let texts: Vec<_> = (0..count).map(twenty_lines).collect();
        Comparison::new(format!("cold start of {count}"))
            .case("compile each", || texts.iter().map(|text| engine.compile(text)).filter(Result::is_ok).count())
            .case("load through one entry", || load(&interpreter_on(&tree), "entry"))
            .case("load one by one", || {
                let interpreter = interpreter_on(&tree);
                (0..count).for_each(|number| load(&interpreter, &format!("m{number}")));
            })
            .measure_slow(rounds);
    }
}
