//! Many reloads of a tree of ten modules: memory, descriptors and threads must stay where they are.
//!
//! `SAMOVAR_RELOADS=100000 cargo bench -p samovar-benches --bench soak`

#![allow(missing_docs, clippy::print_stdout, reason = "a bench")]

use std::{fs, path::Path};

use samovar_benches::{interpreter_on, path_of};
use samovar_rhai::importer::MemoryTree;
use samovar_rhai::importer::Outcome;

/// One root, three modules below it, six below these.
fn write(tree: &MemoryTree, round: usize) {
    for leaf in 0..6 {
        tree.write(path_of(&format!("leaf{leaf}")), format!("const ROUND = {round}; fn round() {{ ROUND }}"));
    }
    for middle in 0..3 {
        let (a, b) = (middle * 2, middle * 2 + 1);
        let text = format!(
            "import \"./leaf{a}\" as a; import \"./leaf{b}\" as b;\n\
             const SEEN = if is_def_var(\"SEEN\") {{ SEEN }} else {{ counter() }};\n\
             fn round() {{ SEEN.incr(); a::round() + b::round() }}\n\
             fn __mp_clone__(next) {{ next.SEEN = SEEN; }}"
        );
        tree.write(path_of(&format!("middle{middle}")), text);
    }
    let text = "import \"./middle0\" as a; import \"./middle1\" as b; import \"./middle2\" as c;\n\
                fn total() { a::round() + b::round() + c::round() }";
    tree.write(path_of("top"), text);
}

/// What the process holds: resident bytes, descriptors, threads.
fn held() -> (u64, usize, usize) {
    let status = fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages: u64 = status.split(' ').nth(1).and_then(|pages| pages.parse().ok()).unwrap_or(0);
    let count = |path: &str| fs::read_dir(Path::new(path)).map_or(0, Iterator::count);
    (pages * 4096, count("/proc/self/fd"), count("/proc/self/task"))
}

fn main() {
    let reloads: usize = std::env::var("SAMOVAR_RELOADS").ok().and_then(|count| count.parse().ok()).unwrap_or(2_000);
    let tree = MemoryTree::default();
    write(&tree, 0);
    let interpreter = interpreter_on(&tree);
    let total = interpreter.handler("top::total").expect("found");
    total.load().expect("loads");
    let warm_up = reloads / 10;
    let mut before = held();
    for round in 1..=reloads + warm_up {
        write(&tree, round);
        assert!(matches!(interpreter.reload(), Outcome::Published { .. }), "round {round}");
        assert_eq!(total.call::<i64>(()).expect("runs"), 6 * round as i64);
        if round == warm_up {
            before = held();
        }
    }
    let after = held();
    let growth = after.0 as f64 - before.0 as f64;
    println!(
        "{reloads} reloads of 10 modules: {:+.1} bytes a reload ({} -> {} KiB), descriptors {} -> {}, threads {} -> {}, \
         old instances alive {}",
        growth / reloads as f64,
        before.0 >> 10,
        after.0 >> 10,
        before.1,
        after.1,
        before.2,
        after.2,
        interpreter.status().retained.len()
    );
}
