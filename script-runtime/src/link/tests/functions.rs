//! Functions, methods and function values: always those of the module that wrote the call.

use super::{Site, check};

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
    check("let x = 5; fn show() { x } fn main() { let x = 1; show!() }", "5");
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
