//! What a module's own code sees of it.

use crate::link::tests::{Site, check};

#[test]
fn r6_module_variables_are_visible_in_functions() {
    check("let x = 1; fn main() { x }", "1");
    check("const X = 1; fn helper() { X + 1 } fn main() { helper() }", "2");
    check("const X = 1; fn main() { [1, 2].map(|n| n + X) }", "[2, 3]");
    check("const X = 1; fn main() { let f = |n| { let g = |m| m + X; g.call(n) }; f.call(4) }", "5");
    check("let f = |n| n + 1; fn main() { f.call(1) }", "2");
    check("const X = 4; let f = |n| n + X; fn main() { f.call(1) }", "5");
    check("const X = 1; fn main() { global::X + X }", "2");
    check("export const X = 1; export X as Y; fn main() { X }", "1");
    check("const X = 1; fn main() { `x is ${X} and ${X + 1}` }", "x is 1 and 2");
    check("const X = 2; fn main() { switch X { 2 => \"two\" + X, _ => X } }", "two2");
    check("const X = 1; fn main() { loop { break X; } }", "1");
    check("const X = #{a: [1, 2]}; fn main() { X.a[1] }", "2");
}

#[test]
fn locals_hide_module_variables() {
    check("const X = 1; fn main() { let X = 2; X }", "2");
    check("const X = 1; fn f(X) { X } fn main() { f(3) }", "3");
    check("const X = 1; fn main() { let s = 0; for X in 0..3 { s += X; } s + X }", "4");
    check("const X = 1; fn main() { try { throw 7 } catch (X) { return X } }", "7");
    check("const X = 1; fn main() { let f = |X| X; f.call(5) }", "5");
    check("const X = 1; fn main() { let X = 6; let f = || X; f.call() }", "6");
    check("const X = 1; fn main() { { let X = 2; } X }", "1");
    check("let X = 1; { let X = 5; let f = || X; } fn main() { X }", "1");
    check("const X = 1; fn main() { let m = #{X: 8}; m.X }", "8");
}

#[test]
fn functions_called_while_loading_see_what_is_defined_so_far() {
    check("let x = 1; fn get() { x } let a = get(); x = 2; let b = get(); fn main() { [a, b, get()] }", "[1, 2, 2]");
    check(
        "fn get() { later } let r = (); try { get() } catch (e) { r = e.error } let later = 1; fn main() { r }",
        "ErrorInFunctionCall",
    );
    check("let x = [1]; x.push(2); fn get() { x.len() } let n = get(); fn main() { n }", "2");
    check("let x = 1; if x == 1 { x = 2; return; } let y = 3; fn main() { x }", "2");
    check("let x = 1; return; let y = 3; fn main() { y }", "error: there is no variable `y` (main:1:43)");
}

#[test]
fn r26_assigning_a_module_variable_in_a_function_is_refused() {
    let refused = |at: &str| {
        format!(
            "error: `x` is a variable of the module and cannot be changed in a function; keep what changes in a \
            handle: `const x = table()`, `cell(..)` or `counter()` (main:{at})"
        )
    };
    check("let x = 1;\nfn main() { x = 2; }", &refused("2:13"));
    check("let x = 1;\nfn main() { x += 2; }", &refused("2:13"));
    check("let x = 1;\nfn main() { [1].map(|n| x = n) }", &refused("2:25"));
    check("let x = 1; fn main() { let x = 3; x += 2; x }", "5");
    check("let x = 1; fn main() { let x = 3; let f = || { x += 2; }; f.call(); x }", "5");
    check("let x = 1; x = 2; x += 1; fn main() { x }", "3");
}

#[test]
fn is_def_var_knows_the_module_s_variables_in_functions_too() {
    check(
        "const early = asks(); const X = 1; fn asks() { is_def_var(\"X\") }
         fn main() { let local = 1; let c = || is_def_var(\"X\");
            [early, asks(), c.call(), is_def_var(\"local\"), is_def_var(\"nothing\")] }",
        "[false, true, true, true, false]",
    );
    check("const X = if is_def_var(\"X\") { 1 } else { 2 }; fn main() { X }", "2");
}

#[test]
fn r56_is_def_var_knows_computed_names_and_what_a_catch_names() {
    check(
        "const X = 1; fn ask(name) { is_def_var(name) } fn main() { let l = 1; let n = \"l\";
            [ask(\"X\"), ask(\"name\"), ask(\"l\"), is_def_var(n), is_def_var(\"X\" + \"\")] }",
        "[true, true, false, true, true]",
    );
    check(
        "fn main() { let r = []; try { throw 1 } catch (e) { let n = \"e\"; r = [is_def_var(\"e\"), is_def_var(n)] }
            r + [is_def_var(\"e\")] }",
        "[true, true, false]",
    );
    check("let r = (); try { throw 1 } catch (e) { r = is_def_var(\"e\"); } fn main() { r }", "true");
}

#[test]
fn what_a_catch_names_is_no_other_name() {
    check("const e = 5; fn main() { try { throw 1 } catch (e) { return [e, global::e] } }", "[1, 5]");
    let site = Site::new(&[
        ("a", "import \"./b\" as m; fn main() { try { throw 1 } catch (v) { return [v, m::v, #{v: 3}.v] } }"),
        ("b", "const v = 2;"),
    ]);
    let a = site.load("a").expect("loads");
    assert_eq!(site.text(&a, "main"), "[1, 2, 3]");
}

#[test]
fn a_first_line_for_the_shell_is_a_comment() {
    check(
        "#!/usr/bin/env samovar\nconst X = 1;\nfn main() { X + nothing }",
        "error: there is no variable `nothing` (main:3:17)",
    );
    check("#!x\nlet x = ;", "error: Unexpected ';' (main:2:9)");
}

#[test]
fn keep_is_a_plain_name_where_it_defines_nothing() {
    check("let r = []; fn keep(x) { x + 1 }\nr += keep(3);\nkeep(3);\nkeep /* no */ (4);\nfn main() { r }", "[4]");
    check(
        "let keep = #{a: [1]};\nkeep.a[0] = 2;\nkeep[\"b\"] = 3;\nkeep in [1];\nfn main() { keep }",
        "#{\"a\": [2], \"b\": 3}",
    );
    check("keep /* yes */ X = 1;\nkeep\n  Y = 2; fn main() { [X, Y] }", "[1, 2]");
}
