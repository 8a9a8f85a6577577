//! `keep NAME = expr;`

use crate::site::Site;

const KEEPING: &str = "=== m.rhai
keep HITS = { note(\"made\"); counter() };
keep LIMITS = #{most: 3};
fn hit() { HITS.incr() + LIMITS.most }
";

#[test]
fn keep_needs_no_hook() {
    let site = Site::new(KEEPING);
    site.expect("m::hit", "4");
    for round in 2..5 {
        site.change(&format!("{KEEPING}// {round}"), "reloaded m");
        site.expect("m::hit", &(round + 3).to_string());
    }
    assert_eq!(site.take_notes(), ["made"], "what is carried is not made again");
}

#[test]
fn a_hook_decides_alone() {
    let with_hook = format!("{KEEPING}fn __mp_clone__(next) {{ next.LIMITS = LIMITS; }}");
    let site = Site::new(&with_hook);
    site.expect("m::hit", "4");
    site.expect("m::hit", "5");
    site.change(KEEPING, "reloaded m");
    site.expect("m::hit", "4");
    site.change(&format!("{KEEPING}// without the hook"), "reloaded m");
    site.expect("m::hit", "5");
}

#[test]
fn keep_takes_what_a_hook_or_the_long_form_handed_over() {
    let long = "=== m.rhai\nconst HITS = if is_def_var(\"HITS\") { HITS } else { counter() };
fn hit() { HITS.incr() }\nfn __mp_clone__(next) { next.HITS = HITS; }";
    let site = Site::new(long);
    site.expect("m::hit", "1");
    site.change("=== m.rhai\nkeep HITS = counter();\nfn hit() { HITS.incr() }", "reloaded m");
    site.expect("m::hit", "2");
    site.change(long, "reloaded m");
    site.expect("m::hit", "3");
}

#[test]
fn what_is_kept_is_a_constant_that_everyone_sees() {
    let site = Site::new(
        "=== m.rhai\nkeep T = table();\nT[\"top\"] = 1;\nconst SEEN = T.len;
fn f() { let g = || T.len; [T.len, g.call(), global::T.len, SEEN] }
=== h.rhai\nimport \"./m\" as m;\nfn f() { m::T.len + import_module(\"./m\").T.len }",
    );
    site.expect("m::f", "[1, 1, 1, 1]");
    site.expect("h::f", "2");
    let site = Site::new("=== m.rhai\nkeep X = 1;\nfn f() { X = 2; }");
    site.expect("m::f", "error: m.rhai:2:10: `X` is a variable of the module and cannot be changed in a function; keep what changes in a handle: `const X = table()`, `cell(..)` or `counter()`");
}

#[test]
fn the_places_of_errors_stay_right() {
    let site = Site::new("=== m.rhai\nkeep A = 1; keep B = counter();\n  keep C = missing(A);\nfn f() { 1 }");
    site.expect("m::f", "error: m.rhai:2:12: there is no function `missing (i64)`");
    let site = Site::new("=== m.rhai\nkeep A = counter();\nfn f() { A.nothing() }");
    site.expect("m::f", "error: m.rhai:2:12: there is no function `nothing (counter)`");
}

#[test]
fn elsewhere_it_is_a_compile_error_with_its_place() {
    for (script, place) in [
        ("fn f() {\n  keep X = 1;\n}", "2:3"),
        ("if true { keep X = 1; }\nfn f() { 1 }", "1:11"),
        ("fn f() { let x = 1; keep X = x; X }", "1:21"),
        ("fn f() { [1].map(|x| { keep Y = x; Y }) }", "1:24"),
    ] {
        let site = Site::new(&format!("=== m.rhai\n{script}"));
        let said = site.call("m::f");
        let expected = format!("error: m.rhai:{place}: `keep` stands at the top level of a module only");
        assert!(said.starts_with(&expected), "{script}: {said}");
    }
    let site = Site::new("=== m.rhai\nfn f() { 1 }\nkeep = 1;");
    site.expect("m::f", "error: m.rhai:2:1: `keep` begins a definition at the top level: write `keep NAME = value;`");
}

#[test]
fn in_other_places_keep_is_a_name_like_any_other() {
    let site = Site::new(
        "=== m.rhai\nlet keep = #{keep: 2};\nfn keep(x) { x }\nfn f() { let keep = keep(1); keep += 1; keep.keep() + #{keep: 3}.keep }
fn keep() { this }",
    );
    site.expect("m::f", "5");
}
