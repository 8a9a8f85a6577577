//! What an author is told: what is wrong, where, and what was probably meant.

use std::time::Duration;

use samovar_rhai::{
    Limits,
    importer::{Limit, Remedy},
};

use crate::site::Site;

/// A script as the module `h`, whose `handler` is called; the error and its help.
#[track_caller]
fn check(script: &str, expected: &[&str]) {
    let site = Site::new(&format!("=== h.rhai\n{script}"));
    let handler = site.interpreter.handler("h").expect("found");
    let error = handler.call::<rhai::Dynamic>(()).expect_err(script);
    let lines = std::iter::once(error.to_string()).chain(error.help.iter().map(ToString::to_string));
    let lines: Vec<_> = lines.map(|line| line.replace("/s/", "")).collect();
    assert_eq!(lines, expected, "{script}");
}

#[test]
fn a_name_that_is_near_is_suggested() {
    check(
        "const LIMIT = 1; fn handler() { LIMT }",
        &["h.rhai:1:33: there is no variable `LIMT`", "did you mean `LIMIT`?"],
    );
    check("fn handler() { nothing }", &["h.rhai:1:16: there is no variable `nothing`"]);
    check(
        "fn helper(x) { x } fn handler() { helpr(1) }",
        &["h.rhai:1:35: there is no function `helpr (i64)`", "did you mean `helper`?"],
    );
    check(
        "fn helper(x) { x } fn handler() { helper(1, \"a\") }",
        &["h.rhai:1:35: there is no function `helper (i64, string)`", "`helper` takes 1 argument"],
    );
}

#[test]
fn what_an_imported_module_has_is_said() {
    let child = "=== c.rhai\nfn area(a, b) { a * b }\nprivate fn inner() { 1 }\n";
    let main = |call: &str| format!("import \"./c\" as c;\nfn handler() {{ {call} }}\n{child}");
    check(&main("c::area(1)"), &["h.rhai:2:19: there is no function `c::area (i64)`", "`c::area` takes 2 arguments"]);
    check(
        &main("c::aera(1, 2)"),
        &["h.rhai:2:19: there is no function `c::aera (i64, i64)`", "did you mean `c::area`?"],
    );
    check(
        &main("c::inner()"),
        &[
            "h.rhai:2:19: there is no function `c::inner ()`",
            "`inner` is private in c.rhai; take `private` away to call it from here",
        ],
    );
}

#[test]
fn what_was_thrown_is_said_and_shortened() {
    check("fn handler() { throw \"no\" }", &["h.rhai:1:16: no"]);
    check("fn handler() { throw 404 }", &["h.rhai:1:16: the script threw 404"]);
    check("fn handler() { throw }", &["h.rhai:1:16: the script threw `()`", "throw a text that says what is wrong"]);
    let long = format!("h.rhai:1:44: {}.. and 1048 characters more", "x".repeat(1000));
    check("fn handler() { let s = \"x\"; s.pad(2048,'x'); throw s }", &[&long.replace("44", "46")]);
}

#[test]
fn a_property_that_is_not_there_is_said_in_plain_words() {
    check(
        "fn handler() { let a = #{}; a.name.len }",
        &[
            "h.rhai:1:36: a value of type () has no property `len`",
            "the value is `()`: what was looked up is not there",
        ],
    );
}

#[test]
fn an_index_that_a_value_does_not_have_is_said_in_plain_words() {
    check(
        "fn handler() { let a = #{}; a[\"b\"][\"c\"] }",
        &[
            "h.rhai:1:35: a value of type () has no index of type string",
            "the value is `()`: what was looked up is not there",
        ],
    );
    check("fn handler() { lock()[1] }", &["h.rhai:1:22: a value of type lock has no index of type i64"]);
    check(
        "fn handler() { let l = lock(); l[1] = true; }",
        &["h.rhai:1:33: a value of type bool cannot be put at an index of type i64 of a value of type lock"],
    );
}

#[test]
fn a_limit_is_named_with_what_sets_it() {
    let set = |limit: &str| format!("the host sets the limit, with `Limits::{limit}`");
    check(
        "fn handler() { handler() }",
        &["h.rhai:1:14: calls are nested more deeply than they may be", &set("call_depth")],
    );
    check(
        "fn handler() { let s = \"x\"; loop { s += s; } }",
        &["h.rhai:1:14: a string is longer than it may be", &set("string_bytes")],
    );
}

#[test]
fn what_a_host_could_change_is_data() {
    let limits =
        Limits { operations: 50_000, array_items: 100, map_entries: 100, string_bytes: 1_000, ..Limits::default() };
    let limits = Limits { modules: 1, variables: 10, functions: 3, expression_depth: 20, ..limits };
    let many = |part: &str| part.repeat(30);
    for (script, limit) in [
        ("loop { }", Limit::Operations),
        ("handler()", Limit::CallDepth),
        ("let s = \"x\"; loop { s += s; }", Limit::StringBytes),
        ("let a = []; loop { a += 1; }", Limit::ArrayItems),
        (format!("#{{{}}}", (0..101).map(|n| format!("a{n}: 0,")).collect::<String>()).as_str(), Limit::MapEntries),
        ("import \"./x\" as x; import \"./y\" as y;", Limit::Modules),
        ((0..30).map(|n| format!("let v{n} = {n};")).collect::<String>().as_str(), Limit::Variables),
        (format!("{}1{}", many("("), many(")")).as_str(), Limit::ExpressionDepth),
        (many("(|| 1).call(); ").as_str(), Limit::Functions),
        ("sleep(5)", Limit::Time),
    ] {
        let site = format!("=== x.rhai\nlet x = 1;\n=== y.rhai\nlet y = 1;\n=== h.rhai\nfn handler() {{ {script} }}");
        let site = Site::with(|builder| builder.limits(limits.clone()), &site);
        let handler = site.interpreter.handler("h").expect("found").time(Duration::from_millis(200));
        let error = handler.call::<rhai::Dynamic>(()).expect_err(script);
        let remedies: Vec<_> = error.help.iter().map(|help| help.remedy).collect();
        assert_eq!(remedies, [Some(Remedy::Limit(limit))], "{script}: {error}");
        let worded = error.worded(|remedy| Some(format!("{remedy:?} of mine")));
        assert_eq!(worded.help[0].text, format!("Limit({limit:?}) of mine"));
    }
}

#[test]
fn a_handler_that_importers_cannot_see_is_found_all_the_same() {
    check(
        "private fn handler() { 1 }",
        &[
            "h.rhai:1:12: `h.rhai` has no public function `handler` with 0 parameters",
            "`handler` is private: take `private` away",
        ],
    );
    check(
        "fn handler(a) { 1 }",
        &["h.rhai:1:4: `h.rhai` has no public function `handler` with 0 parameters", "there is one with 1 parameter"],
    );
    check(
        "fn handlr() { 1 }",
        &["`h.rhai` has no public function `handler` with 0 parameters", "there is a function `handlr`"],
    );
    check(
        "fn other() { 1 }",
        &[
            "`h.rhai` has no public function `handler` with 0 parameters",
            "add `fn handler(req) { .. }`, or name another: `module::function`",
        ],
    );
}

#[test]
fn habits_of_other_languages_are_known() {
    for (script, message, help) in [
        (
            "fn handler() { \"x\" ",
            "Expecting ';' to terminate this statement",
            "the script ends, and the `{` of line 1, column 14 is not closed",
        ),
        (
            "let a = [1,\n2,\n",
            "Expecting ']' to end this array literal",
            "the script ends, and the `[` of line 1, column 9 is not closed",
        ),
        ("let x = ;", "Unexpected ';'", "a value was expected here"),
        ("fn f() { 1 } }", "Unexpected '}'", "nothing is open that `}` could close"),
        ("let x = 1; => 5", "Unexpected '=>'", "a statement was expected here"),
        ("function f() { 1 }", "Expecting ';' to terminate this statement", "a function begins with `fn`"),
        ("let m = {a: 1};", "Expecting ';' to terminate this statement", "a map begins with `#{`"),
        ("let x: int = 5;", "Expecting ';' to terminate this statement", "variables and parameters have no type"),
        ("let y = 1; y and 2", "Expecting ';' to terminate this statement", "`and` is written `&&`"),
        ("var x = 1;", "'var' is a reserved keyword", "a variable begins with `let`, a constant with `const`"),
        ("let x = null;", "'null' is a reserved keyword", "nothing is written `()`"),
        ("1 ? 2 : 3", "Unknown operator: '?'", "use `if a { b } else { c }`"),
        ("let y = 1; y++;", "Unknown operator: '++'", "use `+= 1`"),
        ("let c = 'ab';", "Invalid character: 'ab'", "a string stands in double quotes: 'x' is a single character"),
        (
            "if true return 2;",
            "Expecting '{' to start a statement block",
            "the body of a statement stands in `{ }`, however short it is",
        ),
        (
            "export fn f() { 1 }",
            "Expecting name of a variable",
            "functions need no `export`: importers see all that are not `private`",
        ),
    ] {
        let site = Site::new(&format!("=== h.rhai\n{script}"));
        let handler = site.interpreter.handler("h").expect("found");
        let error = handler.load().expect_err(script);
        assert_eq!((&*error.message, error.help.as_slice()), (message, [help.into()].as_slice()), "{script}");
        assert!(error.place.is_some(), "{script}");
    }
}

#[test]
fn a_name_before_two_colons_that_nothing_was_imported_by() {
    check(
        "import \"./c\" as child; fn handler() { chidl::f() }\n=== c.rhai\nfn f() { 1 }",
        &["h.rhai:1:39: nothing is imported as `chidl` here", "did you mean `child`?"],
    );
    check(
        "fn handler() { other::f() }",
        &["h.rhai:1:16: nothing is imported as `other` here", "import it first: `import \"./other\" as other;`"],
    );
}

#[test]
fn a_function_of_a_module_value_is_called_in_another_way() {
    check(
        "fn handler() { let c = import_module(\"./c\"); c.f(1) }\n=== c.rhai\nfn f(x) { x }",
        &[
            "h.rhai:1:48: there is no function `f (module, i64)`",
            "a function of a module is called by `m[\"f\"].call(..)`, or as `m::f(..)` after an `import`",
        ],
    );
}

#[test]
fn what_a_request_has_in_place_of_it_is_said() {
    for (code, help) in [
        ("req.methd", "did you mean `method`?"),
        ("req.methd()", "did you mean `method`?"),
        ("req.method()", "it is a property: `req.method`"),
        ("req.header", "a request has `headers_in[\"name\"]`, or `headers_out` for the answer"),
        ("req.params.id", "a request has `args.name`, or `form.name`"),
        ("req.path = \"/x\"", "it can be read, not set"),
        ("req.stauts = 404", "did you mean `status`?"),
        ("req.wirte(\"x\")", "did you mean `write(..)`?"),
        ("req.json", "it is called: `req.json(..)`"),
        (
            "req[\"path\"]",
            "a request has properties: `req.path`; the fields of a query are in `req.args`, those of a form in `req.form`",
        ),
    ] {
        let site = Site::new(&format!("=== h.rhai\nfn handler(req) {{ {code} }}"));
        let head = http::Request::new(()).into_parts().0;
        let exchange = samovar_rhai::Exchange::new(
            samovar_rhai::RequestHead {
                method: head.method,
                uri: "/".into(),
                path: "/".into(),
                path_info: String::new(),
                query: String::new(),
                headers: head.headers,
                remote_ip: None,
                filename: String::new(),
            },
            bytes::Bytes::new(),
        );
        let error = site.interpreter.handler("h").expect("found").respond(&exchange).expect_err(code);
        assert_eq!(error.help, [help], "{code}: {error}");
    }
    // What the module itself has is nearer.
    check(
        "fn write_all(x) { x } fn handler() { wirte_all(1) }",
        &["h.rhai:1:38: there is no function `wirte_all (i64)`", "did you mean `write_all`?"],
    );
}
