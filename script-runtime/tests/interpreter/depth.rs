//! What would need more stack than there is raises: on the host's own threads, whatever their size and the profile.

use std::time::Duration;

use samovar_rhai::{Limits, importer::Diagnostic, rhai::Dynamic};

use crate::site::Site;

/// Threads as small as hosts make them, as Rust makes them, and as a main thread has them.
const STACKS: [usize; 3] = [256 << 10, 2 << 20, 8 << 20];

/// Runs on a thread with a stack of this size, as a host may.
#[track_caller]
fn on_a_stack<R: Send>(size: usize, run: impl FnOnce() -> R + Send) -> R {
    std::thread::scope(|threads| {
        let thread = std::thread::Builder::new().stack_size(size).spawn_scoped(threads, run).expect("a thread");
        thread.join().expect("no panic")
    })
}

fn without_end() -> Limits {
    Limits { call_depth: 1_000_000, expression_depth: 1_000_000, functions: 1_000_000, ..Limits::default() }
}

/// What `m::f(n)` returns in each of these threads, when it is the first that the thread does.
fn call(limits: &Limits, text: &str, n: i64) -> Vec<Result<Dynamic, Diagnostic>> {
    let call = |stack| {
        let minute = Duration::from_secs(60);
        let site = Site::with(|builder| builder.time(minute).limits(limits.clone()), &format!("=== m.rhai\n{text}"));
        on_a_stack(stack, || {
            let handler = site.interpreter.handler("m::f").expect("found");
            handler.call((n,))
        })
    };
    STACKS.into_iter().map(call).collect()
}

/// How a function may call itself.
const RECURSIONS: [(&str, &str); 10] = [
    ("an operand", "fn f(n) { if n == 0 { 0 } else { 1 + f(n - 1) } }"),
    ("a statement", "fn f(n) { if n > 0 { f(n - 1); } n }"),
    ("a method", "fn f(n) { if n == 0 { 0 } else { let o = #{a: [#{b: n - 1}]}; o.a[0].b.g() } } fn g() { f(this) }"),
    ("in `map`", "fn f(n) { if n == 0 { 0 } else { [n - 1].map(|n| f(n)) } }"),
    ("in `sort`", "fn f(n) { if n == 0 { 0 } else { [n - 1, 2].order(|a, b| { f(n - 1); 0 }) } }"),
    ("a callback", "const C = callback(|n| f(n)); fn f(n) { if n == 0 { 0 } else { [C.call(n - 1)] } }"),
    ("in texts", "fn f(n) { if n == 0 { 0 } else { `a${`b${[f(n - 1)]}`}` } }"),
    ("in handles", "const C = cell(0); fn f(n) { if n == 0 { 0 } else { let c = cell(0); c.update(|old| f(n - 1)) } }"),
    (
        "in blocks",
        "fn f(n) { switch n { 0 => 0, _ => { for i in 0..1 { while true { try { return [f(n - 1)]; } catch { } } } } } }",
    ),
    ("in a lock", "fn f(n) { if n == 0 { 0 } else { let l = lock(); l.with(|| f(n - 1)) } }"),
];

#[test]
fn recursion_without_end_raises() {
    for (how, text) in RECURSIONS {
        for result in call(&without_end(), text, 1_000_000) {
            let error = result.expect_err(how);
            let said = "nested more deeply than the stack of this thread allows";
            assert!(error.message.contains(said), "{how}: {error}");
        }
        for result in call(&Limits::default(), text, 1_000_000) {
            let error = result.expect_err(how);
            assert!(error.message.contains("nested more deeply than"), "{how}: {error}");
        }
    }
}

#[test]
fn the_depth_that_is_allowed_is_there() {
    for (how, text) in RECURSIONS {
        for result in call(&Limits::default(), text, 12) {
            let _ = result.unwrap_or_else(|error| panic!("{how}: {error}"));
        }
    }
}

#[test]
fn a_call_that_is_ended_for_its_depth_spoils_nothing() {
    let site = Site::with(
        |builder| builder.limits(without_end()),
        "=== m.rhai\nfn f(n) { if n == 0 { 0 } else { 1 + f(n - 1) } }",
    );
    on_a_stack(2 << 20, || {
        let handler = site.interpreter.handler("m::f").expect("found");
        for _ in 0..3 {
            assert!(handler.call::<i64>((1_000_000,)).is_err());
            assert_eq!(handler.call::<i64>((10,)).expect("returns"), 10);
        }
    });
}

fn nested(open: &str, inner: &str, close: &str, levels: usize) -> String {
    format!("{}{inner}{}", open.repeat(levels), close.repeat(levels))
}

#[test]
fn texts_that_are_nested_without_end_are_refused() {
    for (open, inner, close) in [
        ("1 + (", "1", ")"),
        ("[", "", "]"),
        ("#{a: ", "1", "}"),
        ("(|| ", "1", ")"),
        ("{", "", "}"),
        ("if true { ", "", "}"),
        ("-", "1", ""),
        ("!", "true", ""),
        ("`${", "1", "}`"),
        ("f(", "1", ")"),
        ("x[", "1", "]"),
        ("while true { try { ", "", "} catch { } }"),
    ] {
        for (limits, levels) in [(Limits::default(), 10_000), (without_end(), 10_000), (without_end(), 3_000)] {
            let text = format!("fn f(n) {{ let x = [1]; let y = {}; 1 }}", nested(open, inner, close, levels));
            for result in call(&limits, &text, 0) {
                assert!(result.is_err(), "{open}");
            }
        }
    }
}

#[test]
fn calls_within_expressions_within_calls_raise() {
    // As deep as the limits allow in both directions.
    let text = format!("fn f(n) {{ if n == 0 {{ return 0; }} {} }}", nested("1 + (", "f(n - 1)", ")", 18));
    for result in call(&Limits::default(), &text, 60) {
        match result {
            Ok(value) => assert_eq!(value.as_int(), Ok(60 * 18)),
            Err(error) => assert!(error.message.contains("than the stack of this thread allows"), "{error}"),
        }
    }
    for result in call(&Limits::default(), &text, 1_000) {
        assert!(result.expect_err("too deep").message.contains("nested more deeply than"));
    }
}

#[test]
fn imports_within_imports_need_no_more_stack() {
    for (chain, expected) in [(60, Ok(60)), (500, Err("imports are nested 65 deep; 64 is the limit"))] {
        let mut files = format!(
            "=== m{chain}.rhai\nconst DEPTH = 0;\n=== m.rhai\nimport \"./m1\" as m; fn f(n) {{ m::DEPTH + 1 }}\n"
        );
        for n in 1..chain {
            files += &format!("=== m{n}.rhai\nimport \"./m{}\" as next; const DEPTH = next::DEPTH + 1;\n", n + 1);
        }
        for stack in STACKS {
            let site = Site::with(|builder| builder.time(Duration::from_secs(60)), &files);
            let depth = on_a_stack(stack, || site.interpreter.handler("m::f").expect("found").call::<i64>((1,)));
            assert_eq!(depth.as_ref().map_err(|error| error.message.as_str()), expected.as_ref().map_err(|it| *it));
        }
    }
}

#[test]
fn hooks_and_top_levels_that_recurse_without_end_raise() {
    let deep = "fn deep(n) { 1 + deep(n + 1) }";
    for stack in STACKS {
        let site = Site::with(
            |builder| builder.limits(without_end()),
            &format!("=== m.rhai\nlet x = deep(0); {deep}\nfn f(n) {{ 1 }}"),
        );
        let said = on_a_stack(stack, || site.interpreter.handler("m::f").expect("found").load());
        assert!(said.expect_err("too deep").message.contains("the stack of this thread"));

        let site = Site::with(
            |builder| builder.limits(without_end()),
            &format!(
                "=== m.rhai\nfn __mp_clone__(next) {{ deep(0) }} fn __mp_purge__() {{ deep(0) }} {deep}\nfn f() {{ 1 }}"
            ),
        );
        site.expect("m::f", "1");
        site.write("=== m.rhai\nfn f() { 2 }");
        let interpreter = site.interpreter.clone();
        let _ = on_a_stack(stack, || interpreter.reload());
        site.expect("m::f", "2");
        assert!(site.trace().contains("the stack of this thread"));
    }
}

#[test]
fn what_is_nested_as_deeply_as_may_be_is_let_go_of_on_any_thread() {
    for (open, inner, close) in [("1 + (", "n", ")"), ("[", "n", "]"), ("#{a: ", "n", "}"), ("if true { ", "n", "}")] {
        let text = format!("=== m.rhai\nfn f(n) {{ let y = {}; 1 }}", nested(open, inner, close, 70));
        let site = Site::with(|builder| builder.limits(without_end()), &text);
        let interpreter = site.interpreter.clone();
        on_a_stack(STACKS[0], move || {
            let handler = interpreter.handler("m::f").expect("found");
            assert_eq!(handler.call::<i64>((1,)).expect(open), 1);
        });
        // The text that was compiled goes with the last one that knows it.
        let Site { interpreter, .. } = site;
        on_a_stack(STACKS[0], move || drop(interpreter));
    }
}
