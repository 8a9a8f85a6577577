//! Writes to module variables.

use std::sync::Arc;

use parking_lot::Mutex;
use rhai::{FuncRegistration, Module};

use crate::link::tests::{Site, check};

/// What the module has, one of each kind that Rhai can write a part of.
const VARIABLES: &str = "const N = 5; const F = 1.5; const B = true; const C = 'c'; const U = (); const S = \"text\"; \
    let A = [1, [2, 3], #{x: 1}, \"s\", 5]; let M = #{a: 1, s: \"text\", n: 5, list: [1, 2], m: #{b: #{c: 1}}}; \
    let L = blob(3, 7); let FN = |x| x; ";

/// Writes of every form, each with the variable that it begins with.
const WRITES: [&str; 63] = [
    "N = 1",
    "N += 1",
    "N -= 1",
    "N *= 2",
    "N <<= 1",
    "N |= 1",
    "N **= 2",
    "F = 2.0",
    "F += 1",
    "B = false",
    "B |= true",
    "C = 'd'",
    "C += 'd'",
    "U = 1",
    "S = \"\"",
    "S += \"more\"",
    "S -= \"t\"",
    "A = []",
    "A += 1",
    "M = #{}",
    "M += #{z: 1}",
    "L = blob()",
    "L += 1",
    "FN = |x| 2",
    "N[0] = true",
    "N[63] = true",
    "N[0] ^= true",
    "N[0..3] = 7",
    "N[0..=3] = 7",
    "S[0] = 'T'",
    "S[-1] = 'T'",
    "S[0] += 'T'",
    "S[0..2] = \"T\"",
    "S[0..=1] = \"T\"",
    "S[1..] = \"\"",
    "A[0] = 2",
    "A[-1] = 2",
    "A[0] += 2",
    "A[1][0] = 5",
    "A[1][0] += 5",
    "A[2].x = 5",
    "A[2].y = 5",
    "A[2][\"y\"] = 5",
    "A[3][0] = 'X'",
    "A[4][0] = true",
    "M.a = 2",
    "M.a += 2",
    "M.fresh = 2",
    "M[\"a\"] = 2",
    "M[\"fresh\"] = 2",
    "M[\"fr\" + \"esh\"] = 2",
    "M.fresh += 2",
    "M.m.b.c = 2",
    "M.m.b.fresh = 2",
    "M[\"m\"].b[\"fresh\"] = 2",
    "M.s[0] = 'T'",
    "M.s[0..2] = \"T\"",
    "M.n[1] = true",
    "M.n[0..2] = 3",
    "M.list[0] = 2",
    "M.list[0] += 2",
    "L[0] = 1",
    "L[0] += 1",
];

/// Calls that change what they are called on.
const CALLS: [&str; 79] = [
    "A.push(1)",
    "A.pop()",
    "A.clear()",
    "A.sort()",
    "A.sort(|a, b| 0)",
    "A.sort_desc()",
    "A.shift()",
    "A.insert(0, 1)",
    "A.remove(0)",
    "A.reverse()",
    "A.truncate(1)",
    "A.chop(1)",
    "A.append([1])",
    "A.pad(9, 0)",
    "A.dedup()",
    "A.dedup(|a, b| true)",
    "A.drain(0, 1)",
    "A.drain(0..1)",
    "A.drain(|x| true)",
    "A.retain(|x| false)",
    "A.retain(0, 1)",
    "A.splice(0, 1, [])",
    "A.split(1)",
    "A.set(0, 5)",
    "A.for_each(|| { this = 1; })",
    "A[1].push(1)",
    "A[1].clear()",
    "A[2].clear()",
    "A[3].clear()",
    "M.set(\"a\", 2)",
    "M.remove(\"a\")",
    "M.clear()",
    "M.mixin(#{z: 1})",
    "M.fill_with(#{z: 1})",
    "M.drain(|k, v| true)",
    "M.retain(|k, v| false)",
    "M.list.push(1)",
    "M.m.b.set(\"z\", 2)",
    "M.s.clear()",
    "M.n.set_bit(1, true)",
    "S.pad(20, 'x')",
    "S.clear()",
    "S.append(\"x\")",
    "S.crop(1, 2)",
    "S.truncate(1)",
    "S.trim()",
    "S.replace(\"t\", \"u\")",
    "S.remove(\"t\")",
    "S.pop()",
    "S.pop(2)",
    "S.set(0, 'x')",
    "S.make_upper()",
    "S.make_lower()",
    "C.make_upper()",
    "N.set_bit(1, true)",
    "N.set_bits(0..2, 3)",
    "L.push(1)",
    "L.pop()",
    "L.clear()",
    "L.append(blob(1))",
    "L.pad(9, 1)",
    "L.set(0, 1)",
    "L.write_be(0..2, 1)",
    "L.write_le(0..2, 1)",
    "L.write_ascii(0..1, \"a\")",
    "L.write_utf8(0..1, \"a\")",
    "L.reverse()",
    "L.shift()",
    "L.insert(0, 1)",
    "L.remove(0)",
    "L.truncate(1)",
    "L.chop(1)",
    "L.drain(0, 1)",
    "L.retain(0, 1)",
    "L.splice(0, 1, blob(1))",
    "L.split(1)",
    "push(A, 1)",
    "clear(M)",
    "set(S, 0, 'x')",
];

/// Where the write stands, in what `main` calls.
const PLACES: [(&str, &str); 11] = [
    ("function", "fn main() { WRITE; }"),
    ("called function", "fn main() { inner() } private fn inner() { WRITE; }"),
    ("block in a loop", "fn main() { for i in 0..1 { if true { WRITE; } } }"),
    ("switch", "fn main() { switch 1 { 1 => { WRITE; } _ => () } }"),
    ("try that lets it through", "fn main() { try { WRITE; } catch (e) { throw; } }"),
    ("closure in a function", "fn main() { let f = || { WRITE; }; f.call() }"),
    ("closure in a closure", "fn main() { let f = || { let g = || { WRITE; }; g.call() }; f.call() }"),
    ("closure for a native", "fn main() { [1].map(|n| { WRITE; }) }"),
    ("closure of the top level", "let f = || { WRITE; }; fn main() { f.call() }"),
    ("closure in one of the top level", "let f = || { let g = || { WRITE; }; g.call() }; fn main() { f.call() }"),
    ("callback of the top level", "let f = callback(|| { WRITE; }); fn main() { f.call() }"),
];

/// What is said when a script with this write is loaded and `main` called; the write stands on a line of its own.
#[track_caller]
fn said(place: &str, write: &str) -> String {
    let script = format!("{VARIABLES}\n{}", place.replace("WRITE", &format!("\n{write}")));
    let site = Site::new(&[("main", &script)]);
    match site.load("main") {
        Ok(main) => site.text(&main, "main"),
        Err(error) => format!("error: {error}"),
    }
}

#[test]
fn r57_every_write_to_a_module_variable_in_a_function_raises() {
    let mut wrong = Vec::new();
    for (place, script) in PLACES {
        for write in WRITES.iter().chain(&CALLS) {
            let forms = [(*write).to_owned(), format!("global::{write}")];
            for form in forms.iter().filter(|form| {
                !form.starts_with("global::") || !write.contains("(A") && !write.contains("(M") && !write.contains("(S")
            }) {
                let said = said(script, form);
                let names_handles = said.contains("table()") && said.contains("`cell(..)`");
                if !said.starts_with("error: ") || !names_handles || !said.contains("(main:3:") {
                    wrong.push(format!("{form} in a {place}: {said}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}\n{} writes", wrong.join("\n"), wrong.len());
}

#[test]
fn r57_the_error_names_the_variable_and_the_place_of_the_write() {
    let message = |name: &str, at: &str| {
        format!(
            "error: `{name}` is a variable of the module and cannot be changed in a function; keep what changes in a handle: \
             `const {name} = table()`, `cell(..)` or `counter()` (main:{at})"
        )
    };
    check("const M = #{};\nfn main() { let n = 1; M.x = n; }", &message("M", "2:24"));
    check("const M = #{a: #{}};\nfn main() { M.a[\"b\" + 1] = 2; }", &message("M", "2:13"));
    check("const N = 1;\nfn main() { N[3] = true; }", &message("N", "2:13"));
    check("const N = 1;\nfn main() { global::N[3] = true; }", &message("N", "2:13"));
    check("const N = 1;\nfn main() { global::N = 2; }", &message("N", "2:21"));
    check("const N = 1;\nfn main() { 1 + { N[3] = true; 2 } }", &message("N", "2:19"));
    check("const S = \"a\";\nfn main() { [1].map(|n| { S[0] = 'b'; n }) }", &message("S", "2:27"));
    check(
        "const M = #{a: 1};\nfn main() { let caught = (); try { M = 1; } catch (e) { caught = e.error } caught }",
        "ErrorAssignmentToConstant",
    );
}

#[test]
fn the_top_level_and_what_it_makes_write_while_it_runs() {
    check(
        "let M = #{}; M.x = 1; M[\"y\"] = 2; let N = 0; N[1] = true; let S = \"a\"; S[0] = 'b'; fn main() { [M, N, S] }",
        "[#{\"x\": 1, \"y\": 2}, 2, \"b\"]",
    );
    check("let sum = 0; [1, 2, 3].for_each(|| { sum += this; }); fn main() { sum }", "6");
    check(
        "let log = []; let add = |m| log.push(m); add.call(1); add.call(2); let n = log.len(); fn main() { [log, n] }",
        "[[1, 2], 2]",
    );
    check(
        "let x = 1; let f = || { let g = || { x += 1; }; g.call(); x }; let y = f.call(); fn main() { [x, y] }",
        "[2, 2]",
    );
    check("let x = 10; let f = |y| x + y; x = 20; let r = f.call(1); fn main() { [r, f.call(2)] }", "[21, 22]");
    check(
        "let x = 1; let inc = || { x += 1; }; inc.call(); fn get() { x } let seen = get(); fn main() { [seen, x] }",
        "[2, 2]",
    );
}

#[test]
fn locals_are_written_to_as_ever() {
    check("const M = #{}; fn main() { let M = #{}; M.x = 1; M }", "#{\"x\": 1}");
    check("const N = 1; fn f(N) { N[1] = true; N } fn main() { f(0) }", "2");
    check("const S = \"a\"; fn main() { for S in [\"ab\"] { S[0] = 'x'; return S } }", "xb");
    check("const M = #{}; fn main() { try { throw #{} } catch (M) { M.x = 1; return M } }", "#{\"x\": 1}");
    check("const M = #{}; fn main() { let f = |M| { M.x = 1; M }; f.call(#{}) }", "#{\"x\": 1}");
    check("const M = #{}; fn main() { let M = #{}; let f = || { M.x = 1; }; f.call(); M }", "#{\"x\": 1}");
    check("fn main() { const M = #{a: 1}; M.a = 2; }", "error: Cannot modify constant M (main:1:32)");
}

#[test]
fn r57_what_another_module_offers_cannot_be_changed_either() {
    for write in ["M.x = 1", "M[\"x\"] = 1", "M.a.b = 1", "N[1] = true", "S[0] = 'x'", "M.a = 1", "M.s[0] = 'x'"] {
        let main = format!("import \"./b\" as m; fn main() {{\n m::{write}; }}");
        let site = Site::new(&[("a", &main), ("b", "const M = #{a: #{}, s: \"s\"}; const N = 1; const S = \"s\";")]);
        let a = site.load("a").expect("loads");
        let said = site.text(&a, "main");
        let expected =
            format!("error: `m::{}` is a variable of another module and cannot be changed (a:2:", &write[..1]);
        assert!(said.starts_with(&expected), "{write}: {said}");
    }
}

/// A handle like those of the state types.
#[derive(Clone, Default)]
struct Handle(Arc<Mutex<i64>>);

fn handles() -> Module {
    let mut module = Module::new();
    FuncRegistration::new("handle").in_global_namespace().set_into_module(&mut module, Handle::default);
    FuncRegistration::new_getter("value")
        .in_global_namespace()
        .set_into_module(&mut module, |handle: &mut Handle| *handle.0.lock());
    FuncRegistration::new_setter("value")
        .in_global_namespace()
        .with_purity(true)
        .set_into_module(&mut module, |handle: &mut Handle, value: i64| *handle.0.lock() = value);
    FuncRegistration::new_index_getter()
        .in_global_namespace()
        .set_into_module(&mut module, |handle: &mut Handle, _: &str| *handle.0.lock());
    FuncRegistration::new_index_setter()
        .in_global_namespace()
        .with_purity(true)
        .set_into_module(&mut module, |handle: &mut Handle, _: &str, value: i64| *handle.0.lock() = value);
    module
}

#[test]
fn handles_take_writes_wherever_they_lie_and_nothing_else_does() {
    let variables = "const H = handle(); const M = #{h: H, n: 1, list: [H, #{h: H}]}; let K = H; \
        let top = || { K.value = 1; K.value += 2; M.list[1].h[\"k\"] = 3; }; let back = callback(|| { M.h[\"k\"] = K.value + 3; }); ";
    for write in [
        "H.value = 3",
        "H.value += 3",
        "H[\"k\"] = 3",
        "H[\"k\"] += 3",
        "M.h.value = 3",
        "M.h.value += 3",
        "M[\"h\"][\"k\"] = 3",
        "M.list[0].value = 3",
        "M.list[1].h[\"k\"] += 3",
        "global::M.h.value = 3",
        "global::H.value += 3",
        "let f = || { M.h.value = 3; }; f.call()",
        "top.call()",
        "back.call()",
    ] {
        let main = format!("{variables} fn main() {{ {write}; H.value }}");
        let site = Site::with(&[("a", &main)], |engine| {
            engine.register_global_module(handles().into());
        });
        let a = site.load("a").expect("loads");
        assert_eq!(site.text(&a, "main"), "3", "{write}");
    }
    for write in [
        "H = 3",
        "M.h = 3",
        "M.n = 3",
        "M.fresh = 3",
        "M.n[0] = false",
        "M.list[1].fresh = 3",
        "M.list[1].h = 3",
        "M[\"h\"] = 3",
    ] {
        let main = format!("{variables} fn main() {{ {write}; H.value }}");
        let site = Site::with(&[("a", &main)], |engine| {
            engine.register_global_module(handles().into());
        });
        let said = match site.load("a") {
            Ok(a) => site.text(&a, "main"),
            Err(error) => format!("error: {error}"),
        };
        assert!(said.contains("is a variable of the module and cannot be changed in a function"), "{write}: {said}");
    }
}

#[test]
fn r57_methods_that_write_to_this_raise_when_it_is_a_variable_of_the_module() {
    let raise = |script: &str| {
        let site = Site::new(&[("main", script)]);
        let said = match site.load("main") {
            Ok(main) => site.text(&main, "main"),
            Err(error) => format!("error: {error}"),
        };
        assert!(said.starts_with("error: ") && said.contains("`table()`, `cell(..)`"), "{script}: {said}");
    };
    let values = "const M = #{a: 1, s: \"s\", m: #{}}; const S = \"s\"; const N = 1; const L = blob(2); ";
    for (write, calls) in [
        (
            "this.fresh = 1",
            vec!["M.put()", "M.m.put()", "M[\"m\"].put()", "global::M.put()", "[1].map(|n| { M.put(); })"],
        ),
        ("this.a = 2", vec!["M.put()"]),
        ("this[\"fr\" + \"esh\"] = 1", vec!["M.put()", "M.m.put()"]),
        ("this.m.x = 1", vec!["M.put()"]),
        ("this[0] = 'x'", vec!["S.put()", "M.s.put()"]),
        ("this[3] = true", vec!["N.put()", "M.a.put()"]),
        ("this[0] = 1", vec!["L.put()"]),
        ("this += 1", vec!["N.put()"]),
        ("this.inner()", vec!["M.put()"]),
    ] {
        for call in calls {
            raise(&format!("{values} fn put() {{ {write}; }} fn inner() {{ this.fresh = 1; }} fn main() {{ {call} }}"));
        }
    }
    raise("const M = #{put: || { this.fresh = 1; }}; fn main() { M.put() }");
    raise("const M = #{}; const O = #{m: #{put: |x| { this[x] = 1; }}}; fn main() { O.m.put(\"k\") }");
    raise("const M = #{}; fn main() { M.call(|| { this.fresh = 1; }) }");
    raise("const M = #{}; const F = |x| { this[x] = 1; }; fn main() { M.call(F, \"k\") }");
    // What does not write, and what is not the module's, is called as ever.
    let quiet = "const M = #{a: 5}; const W = |x| { this[x] = 1; }; const F = |x| x + 1; ";
    check(&format!("{quiet} fn main() {{ [F.call(1), M.call(|x| this.a + x, 2), F.call(3)] }}"), "[2, 7, 4]");
    check(&format!("{quiet} fn main() {{ let m = #{{}}; m.call(W, \"k\"); m }}"), "#{\"k\": 1}");
    check(&format!("{quiet}\nfn main() {{ M.call(5) }}"), "error: Data type incorrect: i64 (expecting Fn) (main:2:15)");
    check("const M = #{a: 1}; fn get(k) { if !(k in this) { this[k] = 5; } this[k] } fn main() { M.get(\"a\") }", "1");
    check("fn put() { this.fresh = 1; } fn main() { let m = #{}; m.put(); m }", "#{\"fresh\": 1}");
    check("const M = #{}; fn put() { this.fresh = 1; } fn main() { let M = #{}; M.put(); M }", "#{\"fresh\": 1}");
    check("fn put() { this.fresh = 1; } let M = #{}; M.put(); fn main() { M }", "#{\"fresh\": 1}");
    check("fn main() { let o = #{put: |x| { this[x] = 1; }}; o.put(\"k\"); o.k }", "1");
}

#[test]
fn objects_of_the_top_level_that_hold_themselves_end_nothing() {
    let itself = "is refused: a value that contains itself cannot outlive its call";
    for (script, expected) in [
        ("let o = #{n: 0}; o.inc = || { o.n += 1; o.n }; let r = o.n; fn main() { r }", itself),
        ("let o = #{n: 0}; let inc = || { o.n += 1; o.n }; inc.call(); inc.call(); fn main() { o.n }", "2"),
        ("let o = #{n: 0}; o.get = || o.n; fn main() { o.get() }", "0"),
        ("let f = (); f = |n| { if n > 0 { f.call(n - 1) } else { f = 5; } }; fn main() { 1 }", itself),
        ("let a = []; let add = |f| a.push(f); add.call(add); fn main() { a.len() }", "Data race detected"),
    ] {
        let site = Site::new(&[("main", script)]);
        let said = match site.load("main") {
            Ok(main) => site.text(&main, "main"),
            Err(error) => format!("error: {error}"),
        };
        assert!(said.contains(expected), "{script}: {said}");
    }
}
