//! Corners of the language, of the limits, and of what errors show.

use std::time::{Duration, Instant};

use parking_lot::Mutex;
use rhai::{Dynamic, FuncRegistration, Module};
use std::sync::Arc;

use crate::{
    link::{
        ErrorKind, Instance, Limits, Linker, Output, Printed, ScriptError,
        tests::{Site, check, instance},
    },
    thread::call::CallScope,
};

/// A handle like those that modules keep their state in: its setters are pure, so that constants take them.
#[derive(Clone, Default)]
struct Handle(Arc<Mutex<i64>>);

fn handle_module() -> Module {
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
fn handles_in_constants_can_be_changed_from_functions() {
    for (change, expected) in [
        ("H.value = 5", "5"),
        ("H.value += 2", "2"),
        ("H[\"k\"] = 7", "7"),
        ("global::H.value = 8", "8"),
        ("[1, 2].for_each(|n| H.value += n)", "3"),
        ("[1, 2].map(|n| { H[\"k\"] += n; })", "3"),
        ("let f = || { H.value = 9; }; f.call()", "9"),
    ] {
        let change = change.replace(".for_each(", ".map(").replace("|n| H.value += n", "|n| { H.value += n; }");
        let site = Site::with(&[("a", &format!("const H = handle(); fn main() {{ {change}; H.value }}"))], |engine| {
            engine.register_global_module(handle_module().into());
        });
        let old = site.load("a").expect("loads");
        let new = site.load("a").expect("loads");
        assert_eq!(site.text(&old, "main"), expected, "{change}");
        assert_eq!(site.text(&new, "main"), expected, "each has its own: {change}");
    }
}

#[test]
fn plain_values_of_the_module_cannot_be_changed_from_functions() {
    check(
        "const M = #{a: 1}; fn main() { let n = \"a\"; M[n] = 2; M.a }",
        "error: `M` is a variable of the module and cannot be changed in a function; keep what changes in a handle: \
         `const M = table()`, `cell(..)` or `counter()` (main:1:45)",
    );
}

#[test]
fn a_name_that_no_one_defines_is_reported_as_written() {
    check("fn main() { nothing }", "error: there is no variable `nothing` (main:1:13)");
    check("fn main() { nothing(1, \"a\") }", "error: there is no function `nothing (i64, string)` (main:1:13)");
    check(
        "fn helper(a) { a } fn main() { helper(1, 2) }",
        "error: there is no function `helper (i64, i64)` (main:1:32)",
    );
    check(
        "fn main() { y = 1; }",
        "error: there is no variable `y` in this function; declare it with `let y = ..` (main:1:13)",
    );
}

#[test]
fn names_that_look_linked_are_refused() {
    for (text, name, at) in [
        ("let x__mp1 = 1;", "x__mp1", "1:5"),
        ("fn f() { y__mp17_3 }", "y__mp17_3", "1:10"),
        ("fn x__mpd() {}", "x__mpd", "1:4"),
    ] {
        let message = format!(
            "error: the name `{name}` is reserved: `__mp` must not be followed by a letter or digit (main:{at})"
        );
        check(text, &message);
    }
    check("const __mp_version__ = 1; fn main() { __mp_version__ }", "1");
}

#[test]
fn syntax_errors_show_what_was_written() {
    check("let x = ;", "error: Unexpected ';' (main:1:9)");
    check("fn f() {} fn f() {}", "error: Function f with no parameters already exists (main:1:11)");
    check("fn main() { eval(\"1\") }", "error: reserved keyword 'eval' is disabled (main:1:13)");
}

#[test]
fn imports_in_functions_need_a_literal_to_begin_with() {
    check(
        "fn main() { let p = \"./x\"; import p as x; }",
        "error: the path of an `import` in a function must begin with a literal; use `import_module(path)` for a \
         computed one (main:1:35)",
    );
    let site = Site::new(&[
        (
            "a",
            "let p = \"./d\"; import p as top; const d = \"d\"; \
            fn joined() { import \"./\" + d as x; x::tell() } fn text() { import `./${d}` as x; x::tell() } \
            fn top() { top::tell() } fn named() { import_module(\"./\" + d)[\"tell\"].call() }",
        ),
        ("d", "fn tell() { \"d\" }"),
    ]);
    let a = site.load("a").expect("loads");
    for function in ["joined", "text", "top", "named"] {
        assert_eq!(site.text(&a, function), "d", "{function}");
    }
    let importer = format!("a#{} -> ./d", a.id());
    assert_eq!(*site.imports.lock(), vec![importer; 4]);
}

#[test]
fn import_names_of_functions_and_modules_do_not_meet() {
    let site = Site::new(&[
        (
            "a",
            "import \"./b\" as m; fn main() { `${m::tell()} ${inner()} ${m::tell()}` } \
            fn inner() { import \"./d\" as m; let f = || m::tell(); f.call() }",
        ),
        ("b", "import \"./d\" as m; fn tell() { `b:${m::tell()}` }"),
        ("d", "fn tell() { \"d\" }"),
    ]);
    let a = site.load("a").expect("loads");
    assert_eq!(site.text(&a, "main"), "b:d d b:d");
}

#[test]
fn module_values_answer_by_name() {
    let site = Site::new(&[
        (
            "a",
            "fn main() { let m = import_module(\"./b\"); [m.x, m[\"x\"], m[\"f\"].call(2), m[\"f\"].call()] } \
            fn missing() { import_module(\"./b\").y } fn hidden() { import_module(\"./b\").secret } \
            fn wrong() { import_module(1) } fn option() { import_module(\"./b\", #{reload: true}) } \
            fn list() { [1, 2].map(import_module(\"./b\")[\"f\"]) }",
        ),
        ("b", "const x = 1; fn f(n) { n + x } fn f() { 0 } private fn secret() {}"),
    ]);
    let a = site.load("a").expect("loads");
    for (function, expected) in [
        ("main", "[1, 1, 3, 0]"),
        ("missing", "error: module b has no `y`; it has f, x (a:1:147)"),
        ("hidden", "error: module b has no `secret`; it has f, x (a:1:191)"),
        ("wrong", "error: import_module expects the name of a module, not i64 (a:1:214)"),
        ("option", "error: unknown option `reload`; expected `autoreload`, `log` or `path` (a:1:246)"),
        ("list", "[2, 3]"),
    ] {
        let actual = site.text(&a, function);
        let without_place = |text: &str| text.split(" (a:").next().map(str::to_owned);
        assert_eq!(without_place(&actual), without_place(expected), "{function}");
    }
}

/// The frames of the error of a call, one a line.
#[track_caller]
fn frames(site: &Arc<Site>, instance: &Arc<Instance>, function: &str) -> Vec<String> {
    let error = site.call(instance, function, Vec::new()).expect_err("fails");
    shown(&error)
}

fn shown(error: &ScriptError) -> Vec<String> {
    let frames = error.frames().iter();
    frames
        .map(|frame| {
            let function = frame.function.as_deref().unwrap_or("top level");
            format!("{function} {}:{}:{}", frame.file, frame.line, frame.column)
        })
        .collect()
}

#[test]
fn frames_name_the_file_that_each_function_was_written_in() {
    let site = Site::new(&[
        (
            "a",
            "import \"./c\" as c;\nfn main() {\n  c::apply(|| {\n    boom()\n  })\n}\nfn boom() {\n  throw 1\n}\n\
            fn mapped() {\n  [1].map(|n| boom())\n}\nfn back() {\n  c::apply(callback(boom))\n}",
        ),
        ("c", "\n\nfn apply(f) {\n     f.call()\n}"),
    ]);
    let a = site.load("a").expect("loads");
    assert_eq!(frames(&site, &a, "main"), ["boom a:8:3", "closure a:4:5", "apply c:4:8", "main a:3:6"]);
    assert_eq!(frames(&site, &a, "mapped"), ["boom a:8:3", "closure a:11:15", "mapped a:11:7"]);
    assert_eq!(frames(&site, &a, "back"), ["boom a:8:3", "apply c:4:8", "back a:14:6"]);
}

#[test]
fn equal_closures_of_two_modules_run_as_their_own() {
    // The same text at the same place: Rhai gives both closures one name.
    let text = |who: &str| format!("fn make() {{ |n| who() + n }} fn who() {{ {who} }} fn plain() {{ |n| n / 0 }}");
    let site = Site::new(&[
        ("a", &format!("{} import \"./b\" as b; fn main() {{ [b::run(), make().call(1), b::run()] }}", text("10"))),
        ("b", &format!("{} fn run() {{ make().call(2) }}", text("20"))),
    ]);
    let a = site.load("a").expect("loads");
    assert_eq!(site.text(&a, "main"), "[22, 11, 22]");
}

#[test]
fn r36_a_failed_import_can_be_caught_and_shows_its_cause() {
    let site = Site::new(&[
        ("a", "let ok = true; try { import \"./bad\" as bad; } catch { ok = false; } fn main() { ok }"),
        ("b", "\nimport \"./bad\" as bad;"),
        ("bad", "let x = 1;\nx.nothing();"),
    ]);
    let a = site.load("a").expect("loads");
    assert_eq!(site.text(&a, "main"), "false");
    let error = site.load("b").expect_err("fails");
    assert_eq!((error.kind(), shown(&error)), (ErrorKind::Import, vec!["top level b:2:8".to_owned()]));
    let cause = error.cause().expect("has a cause");
    assert_eq!(shown(cause), ["top level bad:2:3"]);
    assert_eq!(error.message(), "cannot import \"./bad\": there is no function `nothing (i64)`");
}

#[test]
fn limits_end_a_call() {
    let site = Site::new(&[(
        "a",
        "fn deep(n) { deep(n + 1) } fn main() { deep(0) } fn endless() { loop {} } \
         fn caught() { try { loop {} } catch { 1 } } fn asleep() { sleep(3600) } \
         fn back() { let f = callback(|| { loop {} }); f.call() } \
         fn nested() { let f = callback(main); f.call() }",
    )]);
    let a = site.load("a").expect("loads");
    const DEEP: &str = "calls are nested more deeply than they may be";
    for (function, message) in [("main", DEEP), ("nested", DEEP)] {
        let error = site.call(&a, function, Vec::new()).expect_err("too deep");
        assert_eq!((error.kind(), error.message()), (ErrorKind::Limit, message));
    }
    for function in ["endless", "caught", "asleep", "back"] {
        let soon = Instant::now() + Duration::from_millis(30);
        let _call = CallScope::enter(Some(soon));
        let result = site.call(&a, function, Vec::<Dynamic>::new());
        assert_eq!(result.expect_err("ends").kind(), ErrorKind::Limit, "{function}");
    }
    assert!(instance::find(a.id()).is_some());
}

#[test]
fn what_scripts_print_goes_to_the_output() {
    let site = Site::new(&[("a", "print(\"one\"); fn main() { debug(2); }")]);
    let a = site.load("a").expect("loads");
    site.text(&a, "main");
    assert_eq!(*site.printed.lock(), ["one", "2"]);
}

#[test]
fn function_values_that_leave_their_module_say_what_to_do() {
    let site = Site::new(&[
        (
            "a",
            "import \"./b\" as b; fn closure() { b::closure().call(1) } fn named() { b::named().call(1) } \
            fn good() { b::good().call(1) } fn arity() { helper.call(1) } fn helper() {} fn one() { (|n| n).call() }",
        ),
        ("b", "fn helper(n) { n } fn closure() { |n| n + 1 } fn named() { helper } fn good() { callback(helper) }"),
    ]);
    let a = site.load("a").expect("loads");
    let told = |function: &str| site.call(&a, function, Vec::new()).expect_err("fails").message().to_owned();
    let remedy = "was called outside of the module it was written in; hand it out as `callback(..)`, which brings its \
        module along";
    assert_eq!(told("closure"), format!("a closure {remedy}"));
    assert_eq!(told("named"), format!("a function {remedy}"));
    assert_eq!(told("arity"), "there is no function `helper (i64)`");
    assert_eq!(told("one"), "a closure was called with the arguments `()`, but takes another number of them");
    assert_eq!(site.text(&a, "good"), "1");
}

#[test]
fn function_values_show_as_written() {
    check("fn f() {} fn main() { `${f} ${f.name}` }", "Fn(f) f");
    check("fn f() {} fn main() { `${callback(f)} ${callback(|| 1)}` }", "Fn(f) Fn(closure)");
}

#[test]
fn what_an_optimiser_gets_wrong_works() {
    // With Rhai's optimiser on, the first drops the import and the second panics.
    let site = Site::new(&[("a", "fn main() { import \"./b\" as b; }"), ("b", "print(\"loaded\");")]);
    let a = site.load("a").expect("loads");
    site.text(&a, "main");
    assert_eq!(*site.printed.lock(), ["loaded"]);
    check("const M = #{a: 1}; M.a = 2; fn main() { M.a }", "error: Cannot modify constant M (main:1:20)");
}

#[test]
fn odd_texts_are_scripts_too() {
    for text in ["", "// nothing", "/* nothing */", "\u{feff}", "fn main() {}\r\nlet x = 1;\r\n", ";;"] {
        let site = Site::new(&[("a", text)]);
        let loaded = site.load("a");
        assert!(loaded.is_ok() || text.starts_with('\u{feff}'), "{text:?}: {loaded:?}");
    }
    let long = format!("fn main() {{}} /* {} */ let x = 1;", "x".repeat(70_000));
    check(&long, "error: line 1 is longer than 65000 bytes (main:0:0)");
    check("const ä = 1;", "error: Unexpected 'ä' (main:1:7)");
    check("const X = \"ä€😀\"; fn main() { `ä€😀${X}😀` + X }", "ä€😀ä€😀😀ä€😀");
    check("const X = 1;\nfn main() {\n  let s = `a\nb ${X} c\nd ${X + 1}`;\n  s.len() + X\n}", "12");
}

/// What is compiled ahead: imports without which the text cannot be loaded, and no others.
#[test]
fn the_imports_that_a_text_makes_for_certain() {
    let silent: Output = Arc::new(|_: Printed<'_>| ());
    for (text, expected) in [
        ("import \"a\" as a; import \"./b\";", "a ./b"),
        ("fn f() { import \"no\" as n; return 1; } import \"a\" as a;", "a"),
        ("let f = || { import \"no\" as n; }; import \"a\" as a;", "a"),
        ("if true { import \"no\" as n; } import \"a\" as a;", "a"),
        ("try { import \"no\" as n; } catch { } import \"a\" as a;", "a"),
        ("import \"a\" as a; if a::off { return; } import \"no\" as n;", "a"),
        ("import \"a\" as a; throw 1; import \"no\" as n;", "a"),
        ("let d = \"x\"; import d + \"no\" as n; import `${d}` as m; import \"a\" + d as k;", ""),
        ("// import \"no\" as n;\nlet t = \"import 'no' as n;\";", ""),
    ] {
        let linker = Linker::new(&Limits::default(), &silent, &[], Vec::new());
        let scan = linker.scan("m.rhai", text).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(scan.imports().join(" "), expected, "{text}");
    }
}
