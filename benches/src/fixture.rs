//! What is measured: scripts in memory, and interpreters over them.

use std::path::{Path, PathBuf};

use samovar_rhai::{Interpreter, Limits, importer::MemoryTree};

/// Where the modules lie.
pub const ROOT: &str = "/site";

/// The path of a module.
#[must_use]
pub fn path_of(name: &str) -> PathBuf {
    Path::new(ROOT).join(name).with_extension("rhai")
}

/// An interpreter over the modules of a tree that nobody watches.
#[must_use]
pub fn interpreter_on(tree: &MemoryTree) -> Interpreter {
    Interpreter::builder("bench").limits(limits()).build_on(tree.clone(), Some(Path::new(ROOT)))
}

/// The limits that hold unless something else is said, with room for a module that imports a thousand others.
#[must_use]
pub fn limits() -> Limits {
    Limits { modules: 20_000, ..Limits::default() }
}

/// A tree with the modules `m0`, `m1`, .. of twenty lines each.
#[must_use]
pub fn modules(count: usize) -> MemoryTree {
    let tree = MemoryTree::default();
    for number in 0..count {
        tree.write(path_of(&format!("m{number}")), twenty_lines(number));
    }
    tree
}

/// A text as people write it: a few variables, a few functions, no two modules alike.
#[must_use]
pub fn twenty_lines(number: usize) -> String {
    format!(
        r#"// Prices of department {number}.
const NUMBER = {number};
const NAMES = ["plain", "gift", "rush"];
let rates = #{{ plain: 1, gift: 2, rush: 5 }};

fn number() {{
    NUMBER
}}

fn price(kind, pieces) {{
    let rate = rates[kind] ?? 1;
    if pieces > 100 {{
        return pieces * rate - NUMBER;
    }}
    pieces * rate
}}

fn label(kind) {{
    `department ${{NUMBER}}: ${{kind}}`
}}
"#
    )
}
