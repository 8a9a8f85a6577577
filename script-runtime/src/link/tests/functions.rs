//! Functions, methods and function values: always those of the module that wrote the call.

use crate::link::tests::{Site, check};

#[test]
fn functions_are_found_by_name_in_every_form() {
    check("fn main() { helper(1) } fn helper(n) { n + 1 }", "2");
    check("fn helper(n) { n + 1 } private fn hidden(n) { helper(n) } fn main() { hidden(1) }", "2");
    check("fn fact(n) { if n < 2 { 1 } else { n * fact(n - 1) } } fn main() { fact(5) }", "120");
    check("fn twice(n) { n * 2 } fn main() { [1, 2].map(twice) }", "[2, 4]");
    check("fn main() { let f = later; f.call(4) } fn later(n) { n }", "4");
    check("fn main() { let f = || later; f.call().call(4) } fn later(n) { n }", "4");
    check("fn twice(n) { n * 2 } fn main() { Fn(\"twice\").call(4) }", "8");
    check("fn twice(n) { n * 2 } fn main() { Fn(\"twi\" + \"ce\").call(4) }", "8");
    check("fn twice(n) { n * 2 } fn main() { call(Fn(\"twice\"), 4) }", "8");
    check("fn add(a, b) { a + b } fn main() { add.curry(1).call(4) }", "5");
    check("fn twice(n) {} fn main() { [is_def_fn(\"twice\", 1), is_def_fn(\"twice\", 2)] }", "[true, false]");
    check("let f = twice; fn twice(n) { n * 2 } fn main() { f.call(1) }", "2");
    check("fn len(x) { \"own\" } fn main() { len(\"abc\") + \"abc\".to_upper() }", "ownABC");
    check("fn at(n) { n } fn at(a, b) { a + b } fn main() { at(1) + at(1, 2) }", "4");
    check("let x = 5; fn show() { x } fn main() { show!() }", "5");
}

#[test]
fn methods_keep_their_stock_meaning() {
    check("fn add(n) { this += n; } fn main() { let x = 1; x.add(2); x }", "3");
    check("fn int.name() { \"int\" } fn name() { \"any\" } fn main() { [1.name(), \"\".name()] }", r#"["int", "any"]"#);
    check("fn int.len() { 99 } fn main() { [1.len(), \"abc\".len()] }", "[99, 3]");
    check("fn act() { \"function\" } fn main() { let m = #{act: || \"entry\"}; m.act() }", "entry");
    check("fn act() { `function ${this.a}` } fn main() { let m = #{a: 1}; m.act() }", "function 1");
    check("fn push(n) { \"mine\" } fn main() { let a = [1]; a.push(2) }", "mine");
    check("const L = 3; fn act(n) { this + n + L } fn main() { [1, 2].map(|n| n.act(10)) }", "[14, 15]");
}

#[test]
fn an_undefined_function_is_not_found_in_the_importer() {
    let site = Site::new(&[
        ("main", "import \"./child\" as c; fn secret() { 1 } fn main() { c::run() } fn hidden() { c::nested() }"),
        ("child", "fn run() { secret() } fn nested() { [1].map(|n| secret()) }"),
    ]);
    let main = site.load("main").expect("loads");
    assert_eq!(site.text(&main, "main"), "error: there is no function `secret ()` (child:1:12)");
    assert_eq!(site.text(&main, "hidden"), "error: there is no function `secret ()` (child:1:49)");
}

#[test]
fn r6_private_functions_are_not_visible_to_importers() {
    let site = Site::new(&[
        ("main", "import \"./child\" as c; fn main() { c::open() } fn peek() { c::hidden() }"),
        ("child", "private fn hidden() { 1 } fn open() { hidden() }"),
    ]);
    let main = site.load("main").expect("loads");
    assert_eq!(site.text(&main, "main"), "1");
    assert_eq!(site.text(&main, "peek"), "error: there is no function `c::hidden ()` (main:1:63)");
}

#[test]
fn r6_importers_see_every_variable() {
    let site = Site::new(&[
        ("main", "import \"./child\" as c; fn main() { [c::a, c::B, c::sum(), c::f.call(1)] }"),
        ("child", "let a = 1; export const B = 2; fn sum() { a + B } let f = callback(|n| n + a);"),
    ]);
    let main = site.load("main").expect("loads");
    assert_eq!(site.text(&main, "main"), "[1, 2, 3, 2]");
}

/// What `main` asks the module `child` for that it does not have.
#[track_caller]
fn check_dangling(main: &str, expected: &[&str]) {
    let child = "fn area(a, b) { a * b } private fn inner() { 1 } const LIMIT = 5; fn Point.x() { 1 }";
    let site = Site::new(&[("main", main), ("child", child), ("other", "fn area(a) { a }")]);
    let main = site.load("main").expect("loaded");
    let told: Vec<_> = main
        .dangling()
        .into_iter()
        .map(|it| {
            let help = it.help.map(|help| format!(" ({help})")).unwrap_or_default();
            format!("{}:{}: {}{help}", it.frame.line, it.frame.column, it.message)
        })
        .collect();
    assert_eq!(told, expected);
}

#[test]
fn what_an_imported_module_does_not_have_is_known_when_the_importer_is_loaded() {
    check_dangling("import \"./child\" as c; fn f() { c::area(1, 2) + c::LIMIT } let n = c::area(2, 3);", &[]);
    check_dangling(
        "import \"./child\" as c; fn f() { c::area(1) } fn g() { || c::aera(1, 2) }\nfn h() { c::inner() + c::LIMITS }",
        &[
            "1:36: child has no function `area` with 1 argument (`c::area` takes 2 arguments)",
            "1:61: child has no function `aera` with 2 arguments (did you mean `c::area`?)",
            "2:13: child has no function `inner` with 0 arguments (`inner` is private in child; take `private` away to call it from here)",
            "2:26: child has no variable `LIMITS` (did you mean `c::LIMIT`?)",
        ],
    );
    // A name that may mean another module, and what is only known when it runs.
    check_dangling("import \"./child\" as c; fn f() { import \"./other\" as c; c::area(1) }", &[]);
    check_dangling("fn f() { import \"./other\" as c; c::nothing(1) } fn g() { d::nothing() }", &[]);
}

#[test]
fn r56_is_def_fn_knows_computed_names_and_types() {
    check(
        "fn f(x) { x } fn int.g() { 1 } fn ask(name, n) { is_def_fn(name, n) } \
         fn main() { let n = \"f\"; let c = || is_def_fn(n, 1); \
         [ask(\"f\", 1), ask(\"f\", 2), ask(\"g\", 0), c.call(), is_def_fn(\"i64\", \"g\", 0), is_def_fn(\"string\", \"g\", 0)] }",
        "[true, false, false, true, true, false]",
    );
    check("fn main() { is_def_fn(1, 2) }", "error: Data type incorrect: i64 (expecting string) (main:1:13)");
    // The module that asks is the one that is asked about, whoever runs it.
    let site = Site::new(&[
        (
            "main",
            "import \"./child\" as c; fn own() { 1 } fn main() { [c::ask(\"own\"), c::each([\"own\", \"hers\"])] }",
        ),
        (
            "child",
            "fn hers() { 1 } fn ask(name) { is_def_fn(name, 0) } fn each(names) { names.map(|n| is_def_fn(n, 0)) }",
        ),
    ]);
    let main = site.load("main").expect("loads");
    assert_eq!(site.text(&main, "main"), "[false, [false, true]]");
}

#[test]
fn a_call_beside_a_function_for_another_type_is_reported_where_it_stands() {
    check(
        "fn int.total(x) { this + x }\nfn main() {\n  total(\"abc\")\n}",
        "error: there is no function `total (string)` (main:3:3)",
    );
    check(
        "fn int.total(x) { x }\nfn main() { let n = \"total\"; Fn(n).call(1) }",
        "error: there is no function `total (i64)` (main:2:36)",
    );
}

/// What `main` sees of a module.
#[track_caller]
fn check_seen(module: &str, seen: &str, expected: &str) {
    let main = format!("import \"./m\" as m; fn main() {{ {seen} }}");
    let site = Site::new(&[("main", &main), ("m", module)]);
    match site.load("main") {
        Ok(main) => assert_eq!(site.text(&main, "main"), expected, "{module}"),
        Err(error) => assert_eq!(format!("error: {error}"), expected, "{module}"),
    }
}

#[test]
fn r56_what_a_module_exports_is_offered_by_the_name_that_it_says() {
    check_seen(
        "let x = 1; export x as y;",
        "[m::x, m::y, import_module(\"./m\").y, import_module(\"./m\")[\"x\"]]",
        "[1, 1, 1, 1]",
    );
    // The name that is taken by a variable of the module means the export outside, the variable inside.
    check_seen(
        "let y = 2; let x = 1; export x as y; fn own() { y }",
        "[m::x, m::y, m::own(), import_module(\"./m\").y]",
        "[1, 1, 2, 1]",
    );
    check_seen("export const X = 1; export X as Y; export X as Z;", "[m::X, m::Y, m::Z]", "[1, 1, 1]");
    check_seen(
        "export let x = 1, y = 2;",
        "1",
        "error: cannot import \"./m\": Expecting ';' to terminate this statement (main:1:8)",
    );
    // Its value is that at the end, and a redefinition of the name is another variable.
    check_seen("let x = 1; export x as y; x = 5; x += 1;", "[m::x, m::y]", "[6, 6]");
    check_seen("let x = 1; export x as y; { let x = 3; x = 4; }", "[m::x, m::y]", "[1, 1]");
    check_seen("let x = [1]; export x as y; fn f() { x } x.push(2);", "[m::y, m::f()]", "[[1, 2], [1, 2]]");
    check_seen(
        "keep X = 1; export X as Y; let f = callback(|n| n + X); export f as g;",
        "[m::Y, m::g.call(1)]",
        "[1, 2]",
    );
    // As in Rhai, the variable that was defined last has the name.
    check_seen("let a = 1; let b = 2; export b as c; export a as c;", "m::c", "2");
    check_seen(
        "let a = 1; if a == 1 { return; } export a as c;",
        "m::c",
        "error: there is no variable `m::c` (main:1:32)",
    );
    check_seen("export nothing;", "1", "error: cannot import \"./m\": there is no variable `nothing` (main:1:8)");
    check_seen(
        "let x = 1; if true { export x as y; }",
        "1",
        "error: cannot import \"./m\": Export statement can only appear at global level (main:1:8)",
    );
    check_seen(
        "let x = 1; export x as y;",
        "import_module(\"./m\").z",
        "error: module m has no `z`; it has x, y (main:1:52)",
    );
}

#[test]
fn r56_exports_are_known_to_those_who_look_for_what_is_missing() {
    let site = Site::new(&[
        ("main", "import \"./m\" as m; fn main() { m::total + m::totl }"),
        ("m", "let x = 1; export x as total;"),
    ]);
    let main = site.load("main").expect("loads");
    let told: Vec<_> = main.dangling().into_iter().map(|it| (it.message, it.help)).collect();
    assert_eq!(told, [("m has no variable `totl`".to_owned(), Some("did you mean `m::total`?".to_owned()))]);
}

#[test]
fn what_an_imported_module_imports_is_reached_through_it() {
    let files = [
        (
            "main",
            "import \"./m\" as m; let top = m::c::v; \
             fn main() { let f = || m::c::add(1, 2); [m::c::v, m::c::add(1, 2), m::c::d::deep, m::c::d::f(), f.call(), top] } \
             fn local() { import \"./m\" as other; other::c::v } fn wrong() { m::c::nothing } fn alias() { m::x::v }
             fn write() { m::c::map.fresh = 1; } fn deeper() { m::c::d::map.fresh = 1; }",
        ),
        ("m", "import \"./c\" as c; const w = 1; fn own() { c::v }"),
        ("c", "import \"./d\" as d; const v = 5; const map = #{}; fn add(a, b) { a + b + v }"),
        ("d", "const deep = 7; const map = #{}; fn f() { deep * 2 }"),
    ];
    let site = Site::new(&files);
    let main = site.load("main").expect("loads");
    assert_eq!(site.text(&main, "main"), "[5, 8, 7, 14, 8, 5]");
    assert_eq!(site.text(&main, "local"), "5");
    assert_eq!(site.text(&main, "wrong"), "error: there is no variable `m::c::nothing` (main:1:215)");
    assert_eq!(site.text(&main, "alias"), "error: there is no variable `m::x::v` (main:1:244)");
    let refused = |name: &str, at: &str| {
        format!("error: `m::{name}` is a variable of another module and cannot be changed (main:{at})")
    };
    assert_eq!(site.text(&main, "write"), refused("c::map", "2:27"));
    assert_eq!(site.text(&main, "deeper"), refused("c::d::map", "2:64"));
    // Who does not ask for it has no more than before.
    let c = site.load("c").expect("loads");
    assert!(c.exported().iter_sub_modules().next().is_none());
}

#[test]
fn a_call_with_a_bang_lends_the_variables_of_the_caller() {
    check("fn show() { x } fn main() { let x = 7; show!() }", "7");
    check("fn show(n) { x + n } fn main() { let x = 7; show!(3) }", "10");
    check("fn change() { x += 1; } fn main() { let x = 7; change!(); x }", "8");
    check(
        "fn put() { m.a[0] = 1; m.fresh = 2; } fn main() { let m = #{a: [0]}; put!(); m }",
        "#{\"a\": [1], \"fresh\": 2}",
    );
    check("fn each() { [1, 2].map(|n| n + x) } fn main() { let x = 7; each!() }", "[8, 9]");
    check("fn add() { let f = || { x += 1; }; f.call(); } fn main() { let x = 7; add!(); x }", "8");
    check("const K = 2; fn show() { x * K } fn main() { let x = 7; show!() }", "14");
    check("fn show() { x } fn main() { show!() }", "error: there is no variable `x` (main:1:13)");
    check("let r = 0; fn show() { x } let x = 7; r = show!(); fn main() { r }", "7");
    // In another function the same name is no variable of a caller.
    check(
        "fn show() { x } fn other() { x } fn main() { let x = 7; show!() + other() }",
        "error: there is no variable `x` (main:1:30)",
    );
    // What would be the caller's in Rhai, and is the module's here.
    let said = |name: &str, at: &str| {
        format!(
            "error: `show!(..)` lends `show` the variables that are here, but in `show` the name `{name}` means what the module \
             defines (main:{at})"
        )
    };
    check("let x = 5; fn show() { x } fn main() { let x = 1;\nshow!() }", &said("x", "2:1"));
    check(
        "fn x() {} fn show() { || x } fn main(x) { 1 }\nfn main() { for x in 0..1 { show!(); } }",
        &said("x", "2:29"),
    );
}
