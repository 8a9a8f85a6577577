//! The rules of importing and reloading, as scripts see them.

use samovar_rhai::rhai::{FnPtr, NativeCallContext};

use crate::site::Site;

const COUNTING: &str = r#"
=== count.rhai
const VISITS = if is_def_var("VISITS") { VISITS } else { counter() };
fn visit() { VISITS.incr() }
fn version() { 1 }
fn __mp_clone__(next) { next.VISITS = VISITS; }
"#;

#[test]
fn r43_state_survives_a_reload_with_the_hook_and_only_with_it() {
    let site = Site::new(COUNTING);
    site.expect("count::visit", "1");
    site.expect("count::visit", "2");
    site.change(&COUNTING.replace("{ 1 }", "{ 2 }"), "reloaded count");
    site.expect("count::version", "2");
    site.expect("count::visit", "3");
    let without_hook = COUNTING.replace("fn __mp_clone__(next) { next.VISITS = VISITS; }", "");
    // The old instance still has the hook, so this reload carries; the next one does not.
    site.change(&without_hook, "reloaded count");
    site.expect("count::visit", "4");
    site.change(&without_hook.replace("{ 1 }", "{ 4 }"), "reloaded count");
    site.expect("count::visit", "1");
}

#[test]
fn r43_the_new_script_reads_the_old_version_and_carried_names_stay() {
    let site =
        Site::new("=== m.rhai\nconst __mp_version__ = 1;\nfn __mp_clone__(next) { next.old = 7; next[\"both\"] = 8; }");
    site.interpreter.handler("m").expect("found").load().expect("loads");
    site.change(
        "=== m.rhai\nconst FROM = __mp_from__;\nconst both = both + 1;\nfn f() { `${FROM} ${old} ${both}` }",
        "reloaded m",
    );
    site.expect("m::f", "1 7 9");
}

#[test]
fn r45_a_hook_that_raises_means_fresh_state_and_purges() {
    let script = "
=== log.rhai
const LINES = queue(9);
=== m.rhai
import \"./log\" as log;
const N = if is_def_var(\"N\") { N } else { counter() };
fn up() { N.incr() }
fn lines() { log::LINES.drain() }
fn __mp_clone__(next) { next.N = N; throw \"no\"; }
fn __mp_purge__() { log::LINES.push(\"purged\"); }
";
    let site = Site::new(script);
    site.expect("m::up", "1");
    site.change(&format!("{script}// changed"), "reloaded m");
    site.expect("m::up", "1");
    site.expect("m::lines", "[\"purged\"]");
}

#[test]
fn r32_a_save_that_does_not_compile_disturbs_nobody() {
    let site = Site::new(COUNTING);
    site.expect("count::visit", "1");
    site.change("=== count.rhai\nfn visit() { 1 +", "count.rhai:1:17: Script is incomplete");
    site.expect("count::visit", "2");
    site.change(COUNTING, "UpToDate");
    site.expect("count::visit", "3");
}

#[test]
fn r27_r6_importers_follow_and_see_variables_and_functions() {
    let site = Site::new(
        "=== c.rhai\nlet v = 1; fn f(x) { x + v }\n=== h.rhai\nimport \"./c\" as c; fn g() { [c::v, c::f(1)] }",
    );
    site.expect("h::g", "[1, 2]");
    site.change("=== c.rhai\nlet v = 10; fn f(x) { x + v }", "reloaded c, h");
    site.expect("h::g", "[10, 11]");
}

#[test]
fn r6_import_module_gives_a_value() {
    let site = Site::new(
        "=== c.rhai\nlet v = 1; fn f(x) { x + v }\n=== h.rhai\nfn g() { let c = import_module(\"./c\"); [c.v, c[\"v\"], c[\"f\"].call(1)] }",
    );
    site.expect("h::g", "[1, 1, 2]");
    site.change("=== c.rhai\nlet v = 5; fn f(x) { x + v }", "reloaded c");
    site.expect("h::g", "[5, 5, 6]");
}

#[test]
fn r7_paths_out_of_the_roots_are_refused_on_disk() {
    let directory = tempfile::tempdir().expect("a directory");
    std::fs::write(directory.path().join("outside.rhai"), "fn f() { 1 }").expect("written");
    let root = directory.path().join("root");
    std::fs::create_dir(&root).expect("made");
    std::fs::write(root.join("h.rhai"), "fn f() { import \"../outside\" as o; o::f() }").expect("written");
    let interpreter = samovar_rhai::Interpreter::builder("t").root(&root).watch(false).build().expect("built");
    let error = interpreter.handler("h::f").expect("found").call::<i64>(()).expect_err("refused");
    assert!(error.render(false).contains("lies outside of the declared roots"), "{}", error.render(false));
}

#[test]
fn r12_the_importer_can_be_frozen_from_a_script() {
    let site = Site::new(
        "=== h.rhai\nimport \"importer\" as importer; fn f() { importer::freeze_modules(); importer::is_frozen() }",
    );
    site.expect("h::f", "true");
    site.change("=== h.rhai\nfn f() { 2 }", "Frozen");
    site.expect("h::f", "true");
}

#[test]
fn handlers_are_functions_of_scripts() {
    let interpreter = samovar_rhai::Interpreter::builder("t").build_on(samovar_importer::MemoryTree::default(), None);
    let error = interpreter.handler("importer::is_frozn").expect("found").call::<bool>(()).expect_err("no script");
    let error = error.render(false);
    assert!(
        error.contains("scripts call the functions of a registered module") && !error.contains("add `fn"),
        "{error}"
    );
}

#[test]
fn r15_r20_a_module_knows_itself() {
    let site = Site::new(
        "=== lib/x.rhai\nfn f() { 1 }\n=== h.rhai\n__mp_path__.push(\"~/lib\"); import \"x\" as x; fn f() { [__file__, __name__, x::f()] }",
    );
    site.expect("h::f", "[\"/s/h.rhai\", \"h\", 1]");
}

#[test]
fn locks_work_in_linked_code_and_are_released() {
    let site = Site::new(
        "=== m.rhai\nconst L = lock(); const T = table();\nfn f() { L.with(|| { T[\"n\"] = 1; L.is_held() }) }\nfn g() { L.acquire(); 1 }\nfn h() { L.is_held() }",
    );
    site.expect("m::f", "true");
    site.expect("m::g", "1");
    site.expect("m::h", "false");
}

#[test]
fn a_deadline_ends_an_endless_loop() {
    let directory = samovar_rhai::importer::MemoryTree::default();
    directory.write("/s/m.rhai", "fn f() { try { loop {} } catch { 1 } }");
    let interpreter = samovar_rhai::Interpreter::builder("t")
        .time(std::time::Duration::from_millis(20))
        .build_on(directory, Some("/s".as_ref()));
    let error = interpreter.handler("m::f").expect("found").call::<i64>(()).expect_err("ended");
    assert!(error.message.contains("the deadline has passed"), "{error}");
}

#[test]
fn r32_a_callback_that_a_refused_text_has_left_behind_still_finds_its_imports() {
    let script =
        "import \"./v\" as v; keep CB = table(); CB[\"x\"] = callback(|| `one ${v::V}`);\nfn f() { CB[\"x\"].call() }";
    let site = Site::new(&format!("=== v.rhai\nconst V = 1;\n=== h.rhai\n{script}"));
    site.expect("h::f", "one 1");
    let refused = script.replace("one", "two").replace("\nfn f", " throw \"later\";\nfn f");
    site.change(&format!("=== h.rhai\n{refused}"), "h.rhai:1:77: later");
    // The handle is the same object in both, so what the refused text put into it is there.
    site.expect("h::f", "two 1");
}

#[test]
fn a_deadline_that_a_native_function_swallows_holds_all_the_same() {
    let tree = samovar_rhai::importer::MemoryTree::default();
    tree.write("/s/m.rhai", "fn f() { swallow(|| { loop {} }) }");
    let interpreter = samovar_rhai::Interpreter::builder("t")
        .time(std::time::Duration::from_millis(20))
        .register(|engine| {
            engine.register_fn("swallow", |context: NativeCallContext<'_>, run: FnPtr| {
                let _ = run.call_within_context::<()>(&context, ());
                1_i64
            });
        })
        .build_on(tree, Some("/s".as_ref()));
    let error = interpreter.handler("m::f").expect("found").call::<i64>(()).expect_err("ended");
    assert!(error.message.contains("the deadline has passed"), "{error}");
    assert!(error.render(false).contains("noticed in `f` of /s/m.rhai"), "{}", error.render(false));
}

#[test]
fn a_panic_in_a_native_function_costs_one_call() {
    let tree = samovar_rhai::importer::MemoryTree::default();
    tree.write("/s/m.rhai", "fn f() { boom() } fn g() { 1 }");
    let interpreter = samovar_rhai::Interpreter::builder("t")
        .register(|engine| {
            engine.register_fn("boom", || -> i64 { panic!("over") });
        })
        .build_on(tree, Some("/s".as_ref()));
    let call = |name: &str| interpreter.handler(name).expect("found").call::<i64>(()).map_err(|it| it.message);
    assert_eq!(call("m::f"), Err("a native function panicked: over".into()));
    assert_eq!(call("m::g"), Ok(1));
}

/// What `catch` is given when a function does `body`; then one of its parts.
#[track_caller]
fn check_caught(body: &str, part: &str, expected: &str) {
    let helper = "fn helper() { nothing() }\nfn one(x) { x }\nconst T = table();";
    let site =
        Site::new(&format!("=== m.rhai\n{helper}\nfn f() {{ try {{ {body} }} catch (e) {{ return e{part}; }} }}"));
    let said = site.call("m::f");
    assert_eq!(said, expected, "{body}");
}

#[test]
fn what_is_caught_shows_names_and_files_as_written() {
    for (body, message) in [
        ("nothing(1, \"a\")", "Function not found: nothing (i64, string)"),
        ("one()", "Function not found: one ()"),
        ("missing + 1", "Variable not found: missing"),
        (
            "[1].map(|a, b, c| a)",
            "Function not found: closure (i64, i64) @ '/s/m.rhai' (line 4, position 20)\nin call to function 'map' (from '/s/m.rhai')",
        ),
        (
            "helper()",
            "Function not found: nothing () @ '/s/m.rhai' (line 1, position 15)\nin call to function 'helper' (from '/s/m.rhai')",
        ),
    ] {
        check_caught(body, ".message", message);
        check_caught(body, "[\"source\"]", "/s/m.rhai");
    }
    check_caught("missing + 1", ".variable", "missing");
    check_caught("one()", ".function", "one ()");
    check_caught("helper()", ".function", "helper");
    // What the script throws itself is not touched.
    check_caught("throw #{error: \"Error\", source: \"a#b\", x: \"y#1\"}", ".x", "y#1");
    check_caught("throw \"x#1\"", "", "x#1");
}

#[test]
fn what_is_caught_is_a_variable_like_any_other() {
    let site = Site::new(
        "=== m.rhai
fn e(x) { x + 1 }
fn f() {
    let e = 1;
    let all = [];
    try { throw 5 } catch (e) {
        all.push(e);
        all.push(#{e: e}.e);
        all.push(e(e));
        all.push(`${e}`);
        all.push([1].map(|n| n + e)[0]);
        all.push((|| { e *= 1; e }).call());
        e += 2;
        all.push(e);
        { let e = 7; all.push(e); }
        try { throw 8 } catch (e) { all.push(e); }
        try { throw 9 } catch (inner) { all.push(inner + e); }
    }
    all.push(e);
    all
}
try { nothing() } catch (e) { const SEEN = e.source; }
",
    );
    site.expect("m::f", "[5, 5, 6, \"5\", 6, 5, 7, 7, 8, 16, 1]");
}

/// Two that swallow a failure, one that is edited after the file is gone: all that a request sees gives one answer.
#[test]
fn r62_importers_that_swallow_a_failure_give_one_answer() {
    let importer = |version: &str| {
        format!(
            "const VERSION = {version};\nlet here = \"without\";\ntry {{ here = import_module(\"./opt\")[\"here\"]; }} catch {{}}\n"
        )
    };
    let opt = "=== opt.rhai\nkeep N = counter();\nlet here = `with ${N.incr()}`;\n";
    let site = Site::new(&format!(
        "=== a.rhai\n{}=== b.rhai\n{}{opt}=== top.rhai\nfn f() {{ [import_module(\"./a\")[\"here\"], import_module(\"./b\")[\"here\"]] }}\n",
        importer("1"),
        importer("1")
    ));
    site.expect("top::f", "[\"with 1\", \"with 1\"]");
    site.remove("opt.rhai");
    site.expect("top::f", "[\"with 1\", \"with 1\"]");
    site.change(&format!("=== b.rhai\n{}", importer("2")), "reloaded a, b");
    site.expect("top::f", "[\"without\", \"without\"]");
    site.change(opt, "reloaded opt, a, b");
    site.expect("top::f", "[\"with 2\", \"with 2\"]");
}
