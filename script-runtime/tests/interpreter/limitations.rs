//! What `docs/limitations.md` says of the language, statement by statement, where no other test executes it.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use samovar_rhai::{Interpreter, Limits, importer::MemoryTree, rhai::Dynamic, state::Table};

use crate::site::Site;

#[track_caller]
fn check(text: &str, expected: &str) {
    Site::new(&format!("=== m.rhai\n{text}")).expect("m::f", expected);
}

#[test]
fn is_def_var_does_not_know_what_was_carried_and_is_defined_nowhere() {
    let site = Site::new("=== m.rhai\nconst A = 1; fn f() { is_def_var(\"A\") } fn __mp_clone__(next) { next.A = A; }");
    site.expect("m::f", "true");
    site.change("=== m.rhai\nfn f() { is_def_var(\"A\") }", "reloaded m");
    site.expect("m::f", "false");
}

#[test]
fn a_function_further_up_hides_a_local_variable_in_a_closure() {
    check("fn x() { \"function\" } fn f() { let x = 1; let c = || x; type_of(c.call()) }", "Fn");
}

#[test]
fn what_a_handle_holds_is_no_part_of_the_value_around_it() {
    check(
        "const T = table(); fn f() { let big = []; big.pad(600_000, 1); T.big = big; T[\"all\"] = [T, T, T]; T.all.len() }",
        "3",
    );
}

#[test]
fn functions_of_one_call_capture_a_quarter_of_a_million_variables_at_most() {
    let text = "fn f() { let c = (); let n = 0; while n < 300_000 { let d = c; c = || d; n += 1; } n }";
    let said = call_without_limits(text);
    assert!(said.contains("250000") || said.contains("250,000"), "{said}");
}

fn call_without_limits(text: &str) -> String {
    let limits = Limits { operations: 0, ..Limits::default() };
    let site = Site::with(
        |builder| builder.limits(limits).time(std::time::Duration::from_secs(20)),
        &format!("=== m.rhai\n{text}"),
    );
    site.call("m::f")
}

#[test]
fn a_callback_copies_what_it_captures() {
    check("fn f() { let n = 1; let c = callback(|| { n += 1; n }); c.call(); c.call(); n }", "1");
    check(
        "fn f() { let a = [5, 6]; let seen = table(); a.for_each(callback(|x| seen.incr(x))); seen.keys() }",
        "[\"5\", \"6\"]",
    );
}

#[test]
fn a_variable_that_is_read_is_a_copy() {
    check("let a = [1, 2]; fn f() { let b = a; b.push(3); [a.len(), b.len()] }", "[2, 3]");
}

#[test]
fn names_in_a_lent_function_may_not_mean_two_things() {
    check("fn g() { x } fn f() { let x = 1; g!() }", "1");
    check(
        "let x = 2; fn g() { x } fn f() { let x = 1; g!() }",
        "error: m.rhai:1:45: `g!(..)` lends `g` the variables that are here, but in `g` the name `x` means what the module defines",
    );
}

#[test]
fn an_assignment_in_a_function_is_refused_on_loading_unless_it_is_tried() {
    check(
        "let n = 1; fn f() { 1 } fn g() { n = 2; }",
        "error: m.rhai:1:34: `n` is a variable of the module and cannot be changed in a function; keep what changes in a handle: `const n = table()`, `cell(..)` or `counter()`",
    );
    check("let n = 1; fn f() { 1 } fn g() { try { n = 2; } catch { } }", "1");
    check("let n = 1; let c = || { n = 2; }; c.call(); fn f() { n }", "2");
    check(
        "let n = 1; let c = || { n += 1; n }; fn f() { c.call() }",
        "error: m.rhai:1:25: `n` is a variable of the module and cannot be changed in a function; keep what changes in a handle: `const n = table()`, `cell(..)` or `counter()`",
    );
}

#[test]
fn a_function_sees_a_variable_as_it_was_before_the_statement_that_changes_it() {
    check(
        "let n = 1; let seen = []; fn g() { n } for i in 0..2 { n += 1; seen.push(g()); } seen.push(g()); fn f() { seen }",
        "[1, 1, 3]",
    );
}

#[test]
fn a_script_has_65_000_lines_at_most_none_longer_than_that() {
    check(&format!("{}fn f() {{ 1 }}", "\n".repeat(65_100)), "error: the script has more than 65000 lines");
    check(&format!("fn f() {{ 1 }} // {}", "x".repeat(65_100)), "error: line 1 is longer than 65000 bytes");
}

#[test]
fn expressions_are_nested_256_levels_deep_at_most() {
    let nested = |levels: usize| format!("fn f() {{ {}1{} }}", "(".repeat(levels), ")".repeat(levels));
    let limits = Limits { expression_depth: 0, ..Limits::default() };
    let site = Site::with(|builder| builder.limits(limits), &format!("=== m.rhai\n{}", nested(300)));
    site.expect("m::f", "error: m.rhai:1:136: Expression exceeds maximum complexity");
}

#[test]
fn what_the_top_level_does_to_carried_handles_is_seen_at_once_and_stays() {
    let site = Site::new("=== m.rhai\nkeep N = counter();\nfn f() { N.get() }");
    site.expect("m::f", "0");
    site.write("=== m.rhai\nkeep N = counter();\nN.incr();\nthrow \"no\";\nfn f() { N.get() }");
    assert!(site.reload().contains("no"));
    site.expect("m::f", "1");
}

/// Says when it is dropped.
#[derive(Clone)]
struct Probe(#[allow(dead_code, reason = "it is dropped")] Arc<Count>);

struct Count(Arc<AtomicUsize>);

impl Drop for Count {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

#[test]
fn handles_that_hold_each_other_are_never_freed() {
    let dropped = Arc::<AtomicUsize>::default();
    let probe = || Dynamic::from(Probe(Arc::new(Count(dropped.clone()))));
    let alone = Table::new();
    alone.set("probe", probe()).expect("stored");
    drop(alone);
    assert_eq!(dropped.load(Ordering::SeqCst), 1);
    let (one, other) = (Table::new(), Table::new());
    one.set("probe", probe()).expect("stored");
    one.set("other", Dynamic::from(other.clone())).expect("stored");
    other.set("one", Dynamic::from(one.clone())).expect("stored");
    drop((one, other));
    assert_eq!(dropped.load(Ordering::SeqCst), 1);
}

#[test]
fn a_library_module_is_loaded_anew_with_what_it_imports_that_is_none() {
    let tree = MemoryTree::default();
    tree.write("/lib/rates.rhai", "import \"~/local\" as local; fn rate() { local::RATE }");
    tree.write("/s/local.rhai", "const RATE = 1;");
    tree.write("/s/m.rhai", "import \"rates\" as rates; fn f() { rates::rate() }");
    let interpreter = Interpreter::builder("test").library("/lib").build_on(tree.clone(), Some("/s".as_ref()));
    let handler = interpreter.handler("m::f").expect("found");
    assert_eq!(handler.call::<i64>(()).expect("called"), 1);
    tree.write("/lib/rates.rhai", "import \"~/local\" as local; fn rate() { 100 * local::RATE }");
    let _ = interpreter.reload();
    assert_eq!(handler.call::<i64>(()).expect("called"), 1, "by itself it is never reloaded");
    tree.write("/s/local.rhai", "const RATE = 2;");
    let _ = interpreter.reload();
    assert_eq!(handler.call::<i64>(()).expect("called"), 200);
}
