//! While it runs: edit, ask again.

use crate::serve;

const VISITS: &str = r#"=== visits.rhai
const HITS = if is_def_var("HITS") { HITS } else { counter() };
const SEEN = if is_def_var("SEEN") { SEEN } else { table() };
fn handler(req) { SEEN[req.args.who] = true; `one: ${HITS.incr()} ${SEEN.keys()}` }
fn __mp_clone__(next) { next.HITS = HITS; next.SEEN = SEEN; }
"#;

fn text(site: &str) -> &str {
    site.split_once('\n').expect("a header and a text").1
}

#[test]
fn an_edited_script_answers_with_its_new_code() {
    let (site, program) = serve("=== hello.rhai\nfn handler(req) { \"Hello\" }");
    assert_eq!(program.get("/hello").brief(), "200 Hello");
    site.write("hello.rhai", "fn handler(req) { \"Good morning\" }");
    program.wait_for_reload(&["hello.rhai"]);
    assert_eq!(program.get("/hello").brief(), "200 Good morning");
}

#[test]
fn a_script_edited_in_place_answers_with_its_new_code() {
    let (site, program) = serve("=== hello.rhai\nfn handler(req) { \"Hello\" }");
    assert_eq!(program.get("/hello").brief(), "200 Hello");
    std::fs::write(site.file("hello.rhai"), "fn handler(req) { \"Good morning\" }").expect("written");
    program.wait_for_reload(&["hello.rhai"]);
    assert_eq!(program.get("/hello").brief(), "200 Good morning");
}

#[test]
fn an_edited_module_reaches_the_handlers_that_import_it() {
    let (site, program) = serve(
        "=== lib/words.rhai\nlet greeting = \"Hello\";\n=== hello.rhai\nimport \"./lib/words\" as words;\nfn handler(req) { words::greeting }",
    );
    assert_eq!(program.get("/hello").brief(), "200 Hello");
    site.write("lib/words.rhai", "let greeting = \"Hi\";");
    program.wait_for_reload(&["words.rhai", "hello.rhai"]);
    assert_eq!(program.get("/hello").brief(), "200 Hi");
}

#[test]
fn counters_and_tables_that_the_hook_carried_are_still_there() {
    let (site, program) = serve(VISITS);
    assert_eq!(program.get("/visits?who=ada").brief(), r#"200 one: 1 ["ada"]"#);
    site.write("visits.rhai", text(VISITS).replace("one", "two"));
    program.wait_for_reload(&["visits.rhai"]);
    assert_eq!(program.get("/visits?who=bob").brief(), r#"200 two: 2 ["ada", "bob"]"#);
}

#[test]
fn a_syntax_error_leaves_the_old_version_answering() {
    let (site, program) = serve(VISITS);
    assert_eq!(program.get("/visits?who=ada").status, 200);
    site.write("visits.rhai", text(VISITS).replace("counter() }", "counter() "));
    program.wait_for("a change was refused, generation 1 is served on");
    assert_eq!(program.get("/visits?who=ada").brief(), r#"200 one: 2 ["ada"]"#);
}

#[test]
fn a_syntax_error_is_shown_with_file_line_excerpt_and_what_was_expected() {
    let (site, program) = serve("=== hello.rhai\nfn handler(req) {\n    \"Hello\"\n}");
    assert_eq!(program.get("/hello").status, 200);
    site.write("hello.rhai", "fn handler(req) {\n    let words = [1, 2;\n    words\n}");
    program.wait_for("a change was refused");
    program.wait_for("error: ");
    program.wait_for("hello.rhai:2:");
    program.wait_for("let words = [1, 2;");
    assert!(program.log().contains("Expecting"), "what was expected is missing:\n{}", program.log());
}

#[test]
fn an_error_while_loading_leaves_the_old_version_answering() {
    let (site, program) = serve("=== hello.rhai\nfn handler(req) { \"Hello\" }");
    assert_eq!(program.get("/hello").status, 200);
    site.write("hello.rhai", "let ratio = 1 / 0;\nfn handler(req) { \"Good morning\" }");
    program.wait_for("a change was refused");
    program.wait_for("hello.rhai:1:");
    assert_eq!(program.get("/hello").brief(), "200 Hello");
}

#[test]
fn a_mended_script_answers() {
    let (site, program) = serve(VISITS);
    assert_eq!(program.get("/visits?who=ada").status, 200);
    site.write("visits.rhai", "fn handler(req) {");
    program.wait_for("a change was refused");
    site.write("visits.rhai", text(VISITS).replace("one", "three"));
    program.wait_for_reload(&["visits.rhai"]);
    assert_eq!(program.get("/visits?who=bob").brief(), r#"200 three: 2 ["ada", "bob"]"#);
}

#[test]
fn a_refused_change_that_is_taken_back_is_said_to_be() {
    let (site, program) = serve(VISITS);
    assert_eq!(program.get("/visits?who=ada").status, 200);
    site.write("visits.rhai", "fn handler(req) {");
    program.wait_for("a change was refused");
    site.write("visits.rhai", text(VISITS));
    program.wait_for("the refused change was taken back");
    assert_eq!(program.get("/visits?who=ada").brief(), r#"200 one: 2 ["ada"]"#);
}

#[test]
fn without_the_hook_the_next_reload_starts_from_fresh_state() {
    let (site, program) = serve(VISITS);
    assert_eq!(program.get("/visits?who=ada").status, 200);
    let without = text(VISITS).replace("fn __mp_clone__(next) { next.HITS = HITS; next.SEEN = SEEN; }", "");
    site.write("visits.rhai", &without);
    // The old instance still has the hook, so this reload carries.
    program.wait_for_reload(&["visits.rhai"]);
    assert_eq!(program.get("/visits?who=bob").brief(), r#"200 one: 2 ["ada", "bob"]"#);
    site.write("visits.rhai", without.replace("one", "two"));
    program.wait_for_reload(&["visits.rhai"]);
    assert_eq!(program.get("/visits?who=eve").brief(), r#"200 two: 1 ["eve"]"#);
}

#[test]
fn a_script_that_is_removed_is_served_on_and_said_to_be_gone() {
    let (site, program) = serve(
        "=== words.rhai\nlet greeting = \"Hello\";\n=== hello.rhai\nimport \"./words\" as words;\nfn handler(req) { words::greeting }",
    );
    assert_eq!(program.get("/hello").brief(), "200 Hello");
    site.remove("words.rhai");
    program.wait_for("words.rhai was removed");
    assert_eq!(program.get("/hello").brief(), "200 Hello");
}

#[test]
fn a_script_that_is_made_while_it_runs_is_served() {
    let (site, program) = serve("=== hello.rhai\nfn handler(req) { \"Hello\" }");
    assert_eq!(program.get("/later").status, 404);
    site.write("later.rhai", "fn handler(req) { \"here\" }");
    assert_eq!(program.get("/later").brief(), "200 here");
}

#[test]
fn a_switched_release_link_is_reloaded_and_keeps_its_state() {
    let (site, program) = serve(&format!(
        "{}{}",
        VISITS.replace("=== ", "=== releases/1/"),
        VISITS.replace("=== ", "=== releases/2/").replace("one", "two")
    ));
    drop(program);
    site.link("current", "releases/1");
    let program = samovar_integration_tests::Program::serve(crate::SAMOVAR, &site.file("current"));
    assert_eq!(program.get("/visits?who=ada").brief(), r#"200 one: 1 ["ada"]"#);
    site.link("next", "releases/2");
    std::fs::rename(site.file("next"), site.file("current")).expect("renamed");
    program.wait_for_reload(&["visits.rhai"]);
    assert_eq!(program.get("/visits?who=bob").brief(), r#"200 two: 2 ["ada", "bob"]"#);
}

#[test]
fn a_function_that_an_importer_still_calls_by_its_old_name_is_told_when_it_is_saved() {
    let (site, program) = serve(
        "=== h.rhai\nimport \"./lib/c\" as c;\nfn handler(req) { c::area(2, 3).to_string() }\n=== lib/c.rhai\nfn area(a, b) { a * b }",
    );
    assert_eq!(program.get("/h").brief(), "200 6");
    site.write("lib/c.rhai", "fn areas(a, b) { a * b }");
    program.wait_for("main: a warning about generation 2");
    program.wait_for("c.rhai has no function `area` with 2 arguments");
    program.wait_for("h.rhai:2:22");
    program.wait_for("did you mean `c::areas`?");
}
