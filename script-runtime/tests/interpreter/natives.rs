//! Nothing that a script does goes on when its time is over: neither operations that take long, nor native functions.

use std::time::{Duration, Instant};

use samovar_rhai::{Limits, rhai::Dynamic};

use crate::site::Site;

/// More than the fifty milliseconds that are promised: tests run beside each other, and without optimisation.
const SLACK: Duration = Duration::from_millis(1_500);

const TIME: Duration = Duration::from_millis(100);

/// Calls `f` of this module with `argument`, which is ended when its time is over, and not much later.
#[track_caller]
fn ends(text: &str, argument: Dynamic) {
    let limits = Limits { operations: 0, ..Limits::default() };
    let site = Site::with(|builder| builder.time(TIME).limits(limits), &format!("=== m.rhai\n{text}"));
    let handler = site.interpreter.handler("m::f").expect("found");
    handler.load().expect("loads");
    let start = Instant::now();
    let result = handler.call::<Dynamic>((argument,));
    let late = start.elapsed().saturating_sub(TIME);
    let said = result.map(|_| ()).expect_err("ended").to_string();
    assert!(said.contains("the deadline has passed"), "{text}: {said}");
    assert!(late < SLACK, "{text}: {late:?} late");
    assert!(site.take_notes().is_empty(), "nothing was done after the end: {text}");
}

fn numbers(count: i64) -> Dynamic {
    // In an order that costs a sort something.
    (0..count).map(|n| Dynamic::from(n.wrapping_mul(0x5851_F42D_4C95_7F2D) >> 20)).collect::<Vec<_>>().into()
}

#[test]
fn operations_that_take_long_are_ended() {
    for body in ["loop { let b = a; }", "while true { g(a); }", "loop { g(a) + 1; }", "loop { for x in a { break; } }"]
    {
        ends(&format!("fn f(a) {{ {body} note(\"after\"); }} fn g(a) {{ 1 }}"), numbers(1_000_000));
    }
}

#[test]
fn natives_that_call_a_script_end_at_the_deadline() {
    for call in [
        "a.sort(slow)",
        "a.sort_by(slow)",
        "a.order(slow)",
        "a.order_by(slow)",
        "a.dedup(slow)",
        "let b = a; b.dedup(|x, y| { a.sort(slow); true })",
        "let b = a; b.sort(|x, y| { a.order(slow); 0 })",
        "try { a.sort(slow) } catch { }",
        "a.sort(|x, y| { try { while true { } } catch { } 0 })",
        "let b = a; b.map(|x| a.order(slow))",
        "a.filter(|x| slow.call(x, x) == 0)",
        "a.reduce(|x, y| slow.call(x, y))",
        "a.for_each(|| slow.call(this, 0))",
        "a.retain(|x| slow.call(x, x) == 0)",
        "a.drain(|x| slow.call(x, x) == 0)",
        "a.zip(a, slow)",
        "a.find(|x| slow.call(x, x) == 1)",
        "a.find_map(|x| if slow.call(x, x) == 1 { x })",
        "a.index_of(|x| slow.call(x, x) == 1)",
        "a.some(|x| slow.call(x, x) == 1)",
        "a.all(|x| slow.call(x, x) == 0)",
    ] {
        let call = call.replace("slow", "Fn(\"slow\")");
        ends(
            &format!(
                "fn f(a) {{ {call}; note(\"after\"); }} fn slow(x, y) {{ let n = 0; while n < 10 {{ n += 1; }} 0 }}"
            ),
            numbers(100_000),
        );
    }
}

#[test]
fn natives_that_call_a_script_end_also_while_a_module_loads() {
    let limits = Limits { operations: 0, ..Limits::default() };
    for call in
        ["a.sort(|x, y| { 0 - slow() })", "a.dedup(|x, y| slow() > 0)", "a.sort(|x, y| { a.order(|z, w| slow()); 0 })"]
    {
        let text = format!(
            "=== m.rhai\nlet a = []; a.pad(100_000, 1); {call}; note(\"after\"); fn slow() {{ let n = 0; while n < 50 {{ n += 1; }} 0 }} fn f() {{ 1 }}"
        );
        let site = Site::with(|builder| builder.time(TIME).limits(limits.clone()), &text);
        let start = Instant::now();
        let said = site.call("m::f");
        assert!(start.elapsed() < TIME + SLACK, "{call}: {:?}", start.elapsed());
        assert!(said.contains("the deadline has passed"), "{call}: {said}");
        assert!(site.take_notes().is_empty());
    }
}

/// Calls `f` of a module with this text, and shows what it returned.
#[track_caller]
fn check(body: &str, expected: &str) {
    let site = Site::new(&format!("=== m.rhai\nfn f() {{ {body} }}"));
    site.expect("m::f", expected);
}

#[test]
fn what_sorts_and_orders() {
    check("let a = [3, 1, 2]; a.sort(); a", "[1, 2, 3]");
    check("let a = [3, 1, 2]; a.sort_desc(); a", "[3, 2, 1]");
    check("[3, 1, 2].order()", "[1, 2, 3]");
    check("const A = [3, 1, 2]; A.order_desc()", "[3, 2, 1]");
    check("[\"b\", \"a\", \"\"].order()", r#"["", "a", "b"]"#);
    check("['b', 'a'].order()", "['a', 'b']");
    check("[true, false].order()", "[false, true]");
    check("[2.5, -1.0, 0.0].order()", "[-1.0, 0.0, 2.5]");
    check("[(), ()].order()", "[(), ()]");
    check("[].order()", "[]");
    check("[|| 1].order().len", "1");
    check("[1, \"a\"].order()", "error: m.rhai:1:19: elements of different types cannot be sorted");
    check("[[1], [2]].order()", "error: m.rhai:1:21: elements of array cannot be sorted");
    check("let a = [3, 1, 2]; a.sort(|x, y| y - x); a", "[3, 2, 1]");
    check("let a = [3, 1, 2]; a.sort_by(|x, y| x <= y); a", "[1, 2, 3]");
    check("[3, 1, 2].order_by(|x, y| x < y)", "[1, 2, 3]");
    check("[3, 1, 2].order(|x, y| 0.5 * (x - y))", "[1, 2, 3]");
    // Stable, also for many.
    check(
        "let a = []; for n in 0..1000 { a.push(#{k: n * 7919 % 10, n: n}); } a.sort(|x, y| x.k - y.k);\n\
         for n in 1..1000 { let x = a[n - 1]; let y = a[n]; if x.k > y.k || x.k == y.k && x.n > y.n { return n; } } \"sorted\"",
        "sorted",
    );
    // An order that is none does no harm.
    check("let a = []; for n in 0..1000 { a.push(n); } a.sort(|x, y| 1); a.len", "1000");
    check(
        "const A = [2, 1]; A.sort(); A",
        "error: m.rhai:1:30: `sort` changes what it is called on, which is a constant here, as the variables of a module are in functions; keep what changes in a handle: `table()`, `cell(..)` or `counter()`",
    );
}

#[test]
fn an_error_of_a_comparer_is_raised_and_nothing_is_changed() {
    check("let a = [3, 1, 2]; a.sort(|x, y| throw \"no\"); a", "error: m.rhai:1:43: no");
    check("let a = [3, 1, 2]; try { a.sort(|x, y| throw \"no\"); } catch (e) { a.push(e); } a", r#"[3, 1, 2, "no"]"#);
    check("let a = [1, 1, 2]; try { a.dedup(|x, y| throw \"no\"); } catch (e) { a.push(e); } a", r#"[1, 1, 2, "no"]"#);
    check(
        "[2, 1].order(|x, y| \"first\")",
        "error: m.rhai:1:17: the function given to `order` returns a number or a bool, not a value of type string",
    );
    check(
        "[2, 1].order(|x| x)",
        "error: m.rhai:1:17: a closure was called with the arguments `(i64, i64)`, but takes another number of them",
    );
}

#[test]
fn what_is_repeated() {
    check("let a = [1, 1, 2, 2, 2, 1]; a.dedup(); a", "[1, 2, 1]");
    check("let a = [1, 2, 11, 12, 3]; a.dedup(|x, y| x % 10 == y % 10); a", "[1, 2, 11, 12, 3]");
    check("let a = [1, 11, 21, 2, 12, 1]; a.dedup(|x, y| x % 10 == y % 10); a", "[1, 2, 1]");
    check("let a = [1, \"1\", 1, [1], [1], (), ()]; a.dedup(); a", r#"[1, "1", 1, [1], ()]"#);
    check("let a = [|| 1, || 1]; a.dedup(); a.len", "2");
    check("let a = []; a.dedup(); a", "[]");
}
