//! R38 to R42: who decides whether something is reloaded.

use samovar_integration_tests::{Program, poll};

use super::{Story, check_in_order, site};
use crate::SAMOVAR;

/// Waits until a save elsewhere is served: what was saved before it, and is to be reloaded by itself, was by then.
#[track_caller]
fn pass(story: &Story, mark: &str) {
    story.site.write("pass/pass.rhai", format!("fn handler(req) {{ \"{mark}\" }}"));
    poll("a save is served", || (story.get("/pass/pass").text() == mark).then_some(()));
}

const PASS: &str = "=== pass/pass.rhai\nfn handler(req) { \"\" }\n";

#[test]
fn r38_frozen_then_the_call_then_the_section_decide() {
    let story = Story::of(&format!(
        "=== samovar.conf\nSetHandler rhai\n<Location /off>\nRhaiAutoReload Off\n</Location>\n{PASS}\
         === off/scope.rhai\nfn handler(req) {{ `${{import_module(\"./a\")[\"here\"]}}` }}\n\
         === off/call.rhai\nfn handler(req) {{ import_module(\"./b\", #{{autoreload: true}})[\"here\"].to_string() }}\n\
         === on/scope.rhai\nfn handler(req) {{ import_module(\"./c\")[\"here\"].to_string() }}\n\
         === on/call.rhai\nfn handler(req) {{ import_module(\"./d\", #{{autoreload: false}})[\"here\"].to_string() }}\n\
         === off/a.rhai\nlet here = 1;\n=== off/b.rhai\nlet here = 1;\n=== on/c.rhai\nlet here = 1;\n=== on/d.rhai\nlet here = 1;\n"
    ));
    let all = ["/off/scope", "/off/call", "/on/scope", "/on/call"];
    let check = |expected: [&str; 4]| story.check(&[0, 1, 2, 3].map(|at| (all[at], expected[at])));
    let save =
        |text: &str| ["off/a", "off/b", "on/c", "on/d"].map(|name| story.site.write(&format!("{name}.rhai"), text));
    check(["1"; 4]);
    story.check(&[("/pass/pass", "")]);
    save("let here = 2;");
    poll("what says On is reloaded", || {
        (story.get("/off/call").text() == "2" && story.get("/on/scope").text() == "2").then_some(())
    });
    pass(&story, "2");
    check(["1", "2", "2", "1"]);
    // Asked for, everything is.
    story.settle();
    check(["2"; 4]);
    assert_eq!(story.ask(&["freeze"]).code, Some(0));
    save("let here = 3;");
    assert_eq!(story.ask(&["reload"]).code, Some(1));
    check(["2"; 4]);
}

#[test]
fn r39_one_import_that_says_on_is_enough_and_the_mixture_is_told_once() {
    let story = Story::of(&format!(
        "=== samovar.conf\nSetHandler rhai\n<Location /off>\nRhaiAutoReload Off\n</Location>\n{PASS}\
         === common.rhai\nlet here = 1;\n\
         === off/one.rhai\nimport \"~/common\" as common;\nfn handler(req) {{ common::here.to_string() }}\n\
         === on/two.rhai\nimport \"~/common\" as common;\nfn handler(req) {{ common::here.to_string() }}\n"
    ));
    story.check(&[("/off/one", "1")]);
    story.check(&[("/on/two", "1"), ("/pass/pass", "")]);
    story.told();
    story.site.write("common.rhai", "let here = 2;");
    // The importer is reloaded with its child, also where it would not be for its own sake.
    poll("both are reloaded", || {
        (story.get("/off/one").text() == "2" && story.get("/on/two").text() == "2").then_some(())
    });
    story.save("common.rhai", "let here = 3;");
    story.told();
    let log = story.program.log();
    let mixed: Vec<_> = log.lines().filter(|line| line.contains("common.rhai") && line.contains("WARN")).collect();
    assert_eq!(mixed.len(), 1, "{log}");
    check_in_order(mixed[0], &["samovar.conf"]);
    check_in_order(&story.ask(&["check"]).stdout, &["RhaiAutoReload"]);
}

#[test]
fn r40_a_script_can_end_reloading_for_good() {
    let story = Story::of(
        "=== a.rhai\nimport \"importer\" as importer;\nfn handler(req) { if req.query == \"freeze\" { importer::freeze_modules(); } `one ${importer::is_frozen()}` }",
    );
    story.check(&[("/a", "one false"), ("/a?freeze", "one true"), ("/a?freeze", "one true")]);
    story.site.write("a.rhai", "fn handler(req) { \"two\" }");
    let said = story.ask(&["reload"]);
    assert_eq!(said.code, Some(1), "{said:?}");
    story.check(&[("/a", "one true")]);
    story.program.hang_up();
    story.program.wait_for("SIGHUP: the configuration was read again");
    story.check(&[("/a", "one true")]);
}

#[test]
fn r40_r41_freezing_can_be_said_in_the_configuration() {
    let story = Story::of(
        "=== samovar.conf\nSetHandler rhai\nRhaiImport importer::freeze_modules main\n=== a.rhai\nfn handler(req) { \"one\" }",
    );
    story.check(&[("/a", "one")]);
    assert_eq!(story.ask_json("status")["interpreters"][0]["frozen"], true);
    story.site.write("a.rhai", "fn handler(req) { \"two\" }");
    assert_eq!(story.ask(&["reload"]).code, Some(1));
    story.check(&[("/a", "one")]);
}

#[test]
fn r41_imports_of_the_configuration_run_in_order_once_before_the_first_request() {
    let story = Story::of(
        "=== samovar.conf\nSetHandler rhai\nRhaiImport b main\nRhaiImport a::start main\nRhaiImport a::start other\nRhaiImport b::again main\nRhaiImport ~/lib/c main\n\
         === a.rhai\nprint(\"+a\");\nfn start() { print(\"+start\"); }\nfn handler(req) { \"a\" }\n=== b.rhai\nprint(\"+b\");\nfn again() { print(\"+again\"); }\n=== lib/c.rhai\nprint(\"+c\");\n",
    );
    assert_eq!(story.printed().replacen("a start", "", 1).replace("  ", " ").trim(), "b a start again c");
    let names: Vec<_> = story.ask_json("status")["interpreters"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|it| it["name"].as_str().unwrap_or_default().to_owned())
        .collect();
    assert!(["main", "other"].iter().all(|name| names.iter().any(|it| it == name)), "{names:?}");
    story.check(&[("/a", "a")]);
    story.save("a.rhai", "print(\"+a2\");\nfn start() { print(\"+start\"); }\nfn handler(req) { \"a2\" }");
    story.check(&[("/a", "a2")]);
    assert!(!story.program.log().contains("+start\n+start\n+start"), "{}", story.program.log());
}

#[test]
fn r41_a_failure_ends_the_start() {
    for (line, files, said) in [
        ("RhaiImport bad main", "=== bad.rhai\nlet x = 1 / 0;\n", "bad.rhai:1:"),
        ("RhaiImport bad main", "=== bad.rhai\nlet x = ;\n", "bad.rhai:1:"),
        ("RhaiImport nowhere main", "", "nowhere"),
        ("RhaiImport good::nothing main", "=== good.rhai\nlet x = 1;\n", "nothing"),
        ("RhaiImport good::fails main", "=== good.rhai\nfn fails() { throw \"on purpose\" }\n", "on purpose"),
    ] {
        let site = site(&format!("=== samovar.conf\nSetHandler rhai\n{line}\n{files}"));
        let exit = Program::run(SAMOVAR, ["serve".as_ref(), site.path(), "--listen".as_ref(), "127.0.0.1:0".as_ref()]);
        assert_eq!(exit.code, Some(1), "{line}: {}", exit.stderr);
        check_in_order(&exit.stderr, &[said]);
        assert!(exit.stderr.contains("samovar.conf:2"), "{line}: {}", exit.stderr);
    }
}

#[test]
fn r42_interpreters_share_nothing() {
    let story = Story::of(
        "=== samovar.conf\nSetHandler rhai\n<Location /two>\nRhaiInterpreter two\n</Location>\n\
         === n.rhai\nprint(\"+n\");\nconst N = counter();\n=== one.rhai\nimport \"./n\" as n;\nfn handler(req) { n::N.incr().to_string() }\n\
         === two.rhai\nimport \"./n\" as n;\nfn handler(req) { n::N.incr().to_string() }\n",
    );
    story.check(&[("/one", "1"), ("/one", "2"), ("/two", "1"), ("/one", "3")]);
    assert_eq!(story.printed(), "n n");
    assert_eq!(story.ask(&["freeze", "two"]).code, Some(0));
    assert_eq!(story.save("n.rhai", "print(\"+new\");\nconst N = counter();"), "new");
    story.check(&[("/one", "1"), ("/two", "2")]);
}
