//! Where a script was that had used up its time or another limit.

use std::time::Duration;

use samovar_rhai::Limits;

use crate::site::Site;

/// Calls `f` of a module with this text, which is ended there for that reason.
#[track_caller]
fn check(limits: &Limits, text: &str, expected: &str) {
    let short = Duration::from_millis(if limits.operations == 0 { 30 } else { 60_000 });
    let site = Site::with(|builder| builder.time(short).limits(limits.clone()), &format!("=== m.rhai\n{text}"));
    site.expect("m::f", &format!("error: {expected}"));
    assert!(site.take_notes().is_empty(), "nothing was done after the end: {text}");
}

fn timed() -> Limits {
    Limits { operations: 0, ..Limits::default() }
}

const LATE: &str = "the deadline has passed";

#[test]
fn a_script_that_reads_a_variable_is_ended_there() {
    check(&timed(), "fn f() {\n  let n = 0;\n  while true { n += 1; }\n}", &format!("m.rhai:3:16: {LATE}"));
    check(
        &timed(),
        "fn f() { g(5) }\nfn g(n) { if n > 0 { return g(n - 1); }\n loop { n += 1; } }",
        &format!("m.rhai:3:9: {LATE}"),
    );
    check(&timed(), "fn f() { [1].map(|x| { loop { x += 1; } }) }", &format!("m.rhai:1:31: {LATE}"));
    check(
        &timed(),
        "fn f() { import_module(\"./n\")[\"g\"].call() }\n=== n.rhai\n\nfn g() { let n = 1; while n > 0 { } }",
        &format!("n.rhai:2:27: {LATE}"),
    );
    check(
        &timed(),
        "const C = callback(|n| { while n > 0 {} });\nfn f() { C.call(1) }",
        &format!("m.rhai:1:32: {LATE}"),
    );
    check(&timed(), "fn f() {\n  sleep(60)\n}", &format!("m.rhai:2:3: {LATE}"));
    check(&timed(), "let n = 0;\nwhile n == 0 { }\nfn f() { 1 }", &format!("m.rhai:2:7: {LATE}"));
}

#[test]
fn short_functions_that_a_native_calls_are_ended_too() {
    let text = "fn f() { let a = []; a.pad(20_000, 1); let b = []; b.pad(200, 1);\na.map(|x| { b.map(|y| { let z = y; z }) }) }";
    let files = format!("=== m.rhai\n{text}");
    let site = Site::with(|builder| builder.time(Duration::from_millis(200)).limits(timed()), &files);
    let said = site.call("m::f");
    assert!(said.starts_with("error: m.rhai:2:") && said.ends_with(LATE), "{said}");
}

#[test]
fn one_that_reads_none_is_ended_in_what_was_called() {
    check(&timed(), "fn f() { loop {} }", &format!("m.rhai:1:8: {LATE}"));
    check(&timed(), "const f = callback(|| { loop {} });", &format!("m.rhai:1:23: {LATE}"));
}

#[test]
fn nothing_that_a_script_catches_goes_on() {
    for body in ["let n = 0; loop { n += 1; }", "loop {}", "sleep(60)"] {
        let text = format!("fn f() {{ try {{ {body} }} catch (e) {{ note(\"caught\"); }} note(\"after\"); 5 }}");
        check(&timed(), &text, &format!("m.rhai:1:8: {LATE}"));
        // Not even where there is nothing to do.
        check(&timed(), &format!("fn f() {{ try {{ {body} }} catch {{ }} 5 }}"), &format!("m.rhai:1:8: {LATE}"));
    }
}

#[test]
fn a_call_after_one_that_was_ended_has_time_of_its_own() {
    let limits = timed();
    let files =
        "=== m.rhai\nfn f() { let n = 0; loop { n += 1; } }\nfn g() { let n = 0; while n < 1000 { n += 1; } n }";
    let site = Site::with(|builder| builder.time(Duration::from_millis(30)).limits(limits), files);
    for _ in 0..3 {
        site.expect("m::f", &format!("error: m.rhai:1:28: {LATE}"));
        let long = site.interpreter.handler("m::g").expect("found").time(Duration::from_secs(60));
        assert_eq!(long.call::<i64>(()), Ok(1000));
    }
}

#[test]
fn zero_is_no_limit_in_every_field() {
    let none = Limits {
        operations: 0,
        call_depth: 0,
        expression_depth: 0,
        string_bytes: 0,
        array_items: 0,
        map_entries: 0,
        modules: 0,
        variables: 0,
        functions: 0,
    };
    let deep = format!("{}1{}", "(1 + ".repeat(100), ")".repeat(100));
    let text = format!(
        "fn g(n) {{ if n == 0 {{ 0 }} else {{ 1 + g(n - 1) }} }} fn f() {{ import \"./n\" as n; let a = []; a.pad(2_000_000, 1); \
         let s = \"\"; s.pad(20_000_000, 'x'); for i in 0..3 {{ let v = i; }} let m = #{{a: g(70)}}; {deep} + m.a + n::X }}\n\
         === n.rhai\nconst X = 1;"
    );
    let site = Site::with(|builder| builder.time(Duration::from_secs(60)).limits(none), &format!("=== m.rhai\n{text}"));
    site.expect("m::f", "172");
}

#[test]
fn the_other_limits_name_a_place_too() {
    let operations = Limits { operations: 10_000, ..Limits::default() };
    let many = "too many operations";
    check(&operations, "fn f() { let n = 0;\n  loop { n += 1; } }", &format!("m.rhai:2:10: {many}"));
    check(&operations, "fn f() { try { loop { } } catch { note(\"caught\"); } }", &format!("m.rhai:1:8: {many}"));
    check(&operations, "fn f() { let s = \"x\"; loop { s += s; } }", "m.rhai:1:8: a string is longer than it may be");
    check(
        &operations,
        "fn f() { g(1) }\nfn g(n) { g(n) }",
        "m.rhai:1:8: calls are nested more deeply than they may be",
    );
}

#[test]
fn a_text_with_more_variables_than_may_be_is_refused_at_once() {
    let many = |count: usize| (0..count).map(|n| format!("let v{n} = {n};\n")).collect::<String>();
    let site = Site::new(&format!("=== m.rhai\n{}fn f() {{ 1 }}", many(60_000)));
    let start = std::time::Instant::now();
    site.expect("m::f", "error: m.rhai:10001:1: more variables are in scope than may be");
    assert!(start.elapsed() < Duration::from_secs(30), "{:?}", start.elapsed());
    let site = Site::with(
        |builder| builder.time(Duration::from_secs(60)),
        &format!("=== m.rhai\n{}fn f() {{ v7 }}", many(3_000)),
    );
    site.expect("m::f", "7");
}
