//! The phases of a request: who is asked when, and what an answer means, as in httpd.

use samovar_integration_tests::{Program, Site};

use crate::{SAMOVAR, serve};

/// What the functions named in `lines` make of a request, when each writes its name and returns `verdicts`.
#[track_caller]
fn check(lines: &str, verdicts: &[(&str, &str)], expected: &str) {
    let function = |(name, verdict): &(&str, &str)| format!("fn {name}(req) {{ req.write(\"{name} \"); {verdict} }}\n");
    let script: String = verdicts.iter().map(function).collect();
    let (_site, program) = serve(&format!("=== samovar.conf\n{lines}\n=== m.rhai\n{script}=== a.txt\nfile\n"));
    let answer = program.get("/a.txt");
    let said = if answer.status >= 400 { String::new() } else { answer.text() };
    assert_eq!(format!("{} {}", answer.status, said.trim()).trim(), expected, "{lines} {verdicts:?}");
}

#[test]
fn a_content_handler_that_declines_leaves_it_to_the_next() {
    let lines = "RhaiHandler m::a m::b\nRhaiHandler m::c";
    check(lines, &[("a", "OK"), ("b", "OK"), ("c", "OK")], "200 a");
    check(lines, &[("a", "DECLINED"), ("b", "OK"), ("c", "OK")], "200 a b");
    check(lines, &[("a", "DECLINED"), ("b", "DECLINED"), ("c", "DONE")], "200 a b c");
    check(lines, &[("a", "DECLINED"), ("b", "403"), ("c", "OK")], "403");
    check(lines, &[("a", "()"), ("b", "OK"), ("c", "OK")], "200 a");
}

#[test]
fn when_all_content_handlers_decline_the_file_is_served() {
    check("RhaiHandler m::a", &[("a", "DECLINED")], "200 file");
}

#[test]
fn all_access_handlers_are_asked_until_one_objects() {
    let lines = "RhaiAccessHandler m::a m::b\nRhaiHandler m::c";
    check(lines, &[("a", "OK"), ("b", "OK"), ("c", "OK")], "200 a b c");
    check(lines, &[("a", "DECLINED"), ("b", "DECLINED"), ("c", "OK")], "200 a b c");
    check(lines, &[("a", "403"), ("b", "OK"), ("c", "OK")], "403");
    check(lines, &[("a", "OK"), ("b", "404"), ("c", "OK")], "404");
    check(lines, &[("a", "OK"), ("b", "DONE"), ("c", "OK")], "200 a b");
}

#[test]
fn one_authentication_handler_that_says_ok_is_enough() {
    for directive in ["RhaiAuthenHandler", "RhaiAuthzHandler"] {
        let lines = format!("{directive} m::a m::b\nRhaiHandler m::c");
        check(&lines, &[("a", "OK"), ("b", "401"), ("c", "OK")], "200 a c");
        check(&lines, &[("a", "DECLINED"), ("b", "OK"), ("c", "OK")], "200 a b c");
        check(&lines, &[("a", "DECLINED"), ("b", "401"), ("c", "OK")], "401");
        check(&lines, &[("a", "DECLINED"), ("b", "DECLINED"), ("c", "OK")], "500");
        check(&lines, &[("a", "401"), ("b", "OK"), ("c", "OK")], "401");
    }
}

#[test]
fn a_decision_that_was_forgotten_is_not_a_yes() {
    for directive in ["RhaiAccessHandler", "RhaiAuthenHandler", "RhaiAuthzHandler"] {
        check(&format!("{directive} m::a\nRhaiHandler m::c"), &[("a", "()"), ("c", "OK")], "500");
    }
    check("RhaiFixupHandler m::a\nRhaiHandler m::c", &[("a", "()"), ("c", "OK")], "200 a c");
}

#[test]
fn a_phase_is_ended_by_an_answer_that_is_thrown_and_by_no_other_number() {
    for (directive, thrown, expected) in [
        ("RhaiAccessHandler", "throw 403", "403"),
        ("RhaiAccessHandler", "throw #{status: 401, body: \"who?\"}", "401"),
        ("RhaiAuthenHandler", "throw 401", "401"),
        ("RhaiAuthzHandler", "throw 403", "403"),
        ("RhaiFixupHandler", "throw 410", "410"),
        ("RhaiAccessHandler", "throw 204", "204"),
        // Whatever somebody throws to say that something is wrong lets nobody in.
        ("RhaiAccessHandler", "throw 0", "500"),
        ("RhaiAccessHandler", "throw -1", "500"),
        ("RhaiAuthenHandler", "throw OK", "500"),
        ("RhaiAuthzHandler", "throw DECLINED", "500"),
        ("RhaiAccessHandler", "throw DONE", "500"),
        ("RhaiAccessHandler", "throw \"no\"", "500"),
    ] {
        check(&format!("{directive} m::a\nRhaiHandler m::c"), &[("a", thrown), ("c", "OK")], expected);
    }
    check("RhaiHandler m::a m::b", &[("a", "throw DECLINED"), ("b", "OK")], "500");
}

#[test]
fn phases_run_in_their_order_whatever_that_of_the_lines() {
    let lines = "RhaiHandler m::e\nRhaiFixupHandler m::d\nRhaiAuthzHandler m::c\nRhaiAuthenHandler m::b\nRhaiAccessHandler m::a";
    let all = [("a", "OK"), ("b", "OK"), ("c", "OK"), ("d", "OK"), ("e", "OK")];
    check(lines, &all, "200 a b c d e");
}

#[test]
fn phases_guard_files_as_well() {
    check("RhaiAccessHandler m::a", &[("a", "OK")], "200 file");
    check("RhaiAccessHandler m::a", &[("a", "403")], "403");
    let (_site, program) = serve(
        "=== samovar.conf\nRhaiFixupHandler m::fix\n=== m.rhai\nfn fix(req) { req.headers_out[\"X-Fixed\"] = \"yes\"; OK }\n=== a.txt\nfile\n=== d/b.txt\nx\n",
    );
    let answer = program.get("/a.txt");
    assert_eq!((answer.header("x-fixed"), answer.text().trim()), (Some("yes"), "file"));
    assert_eq!(program.get("/d").status, 301);
}

#[test]
fn the_handlers_of_one_request_share_it_and_see_one_generation() {
    let (_site, program) = serve(
        r#"=== samovar.conf
RhaiAuthenHandler door::who
RhaiHandler answer
=== door.rhai
import "./state" as state;
fn who(req) { req.user = `ada${state::SEEN.incr()}`; OK }
=== answer.rhai
import "./state" as state;
fn handler(req) { `${req.user} ${state::SEEN.incr()}` }
=== state.rhai
const SEEN = counter();
"#,
    );
    assert_eq!(program.get("/x").brief(), "200 ada1 2");
    assert_eq!(program.get("/x").brief(), "200 ada3 4");
}

#[test]
fn log_and_cleanup_handlers_run_after_every_answer() {
    let site = Site::new(
        r#"=== samovar.conf
SetHandler rhai
RhaiLogHandler after::log
RhaiCleanupHandler after::fail after::clean
=== after.rhai
fn log(req) { print(`log ${req.path} ${req.status}`); }
fn fail(req) { throw "no matter" }
fn clean(req) { print(`clean ${req.path}`); }
=== ok.rhai
fn handler(req) { "fine" }
=== bad.rhai
fn handler(req) { throw "bad" }
=== a.txt
file
"#,
    );
    let program = Program::serve(SAMOVAR, site.path());
    for (target, status) in [("/ok", 200), ("/bad", 500), ("/a.txt", 200), ("/none", 404)] {
        assert_eq!(program.get(target).status, status);
        program.wait_for(&format!("log {target} {status}"));
        program.wait_for(&format!("clean {target}"));
    }
}

#[test]
fn lines_for_an_extension_are_for_its_files_only() {
    let lines = "RhaiHandler m::a | .md\nRhaiHandler m::b | .txt";
    check(lines, &[("a", "OK"), ("b", "OK")], "200 b");
    check("RhaiHandler m::a\nRhaiHandler m::b | .txt", &[("a", "OK"), ("b", "OK")], "200 b");
    check("RhaiHandler m::a | .md", &[("a", "OK")], "200 file");
}

#[test]
fn handlers_can_be_added_for_extensions() {
    let files = r#"=== samovar.conf
AddHandler rhai .page md
AddHandler none .secret
<Location /pages>
    RhaiHandler render | .md
</Location>
=== own.page
fn handler(req) { "the page itself" }
=== pages/x.md
# source
=== a.secret
x
=== a.txt
file
=== render.rhai
fn handler(req) { "rendered" }
"#;
    let (_site, program) = serve(files);
    assert_eq!(program.get("/own.page").brief(), "200 the page itself");
    assert_eq!(program.get("/pages/x.md").brief(), "200 rendered");
    assert_eq!(program.get("/a.secret").status, 404);
    assert_eq!(program.get("/a.txt").brief(), "200 file\n");
    let (_site, program) = serve(&files.replace("AddHandler none", "SetHandler static\nAddHandler none"));
    assert_eq!(program.get("/a.secret").brief(), "200 x\n");
}

#[test]
fn interpreters_are_named_by_the_rules() {
    let files = |lines: &str| {
        format!(
            "=== samovar.conf\nSetHandler rhai\n{lines}\n=== a/n.rhai\nconst N = counter();\nfn handler(req) {{ N.incr().to_string() }}\n\
             === b/m.rhai\nimport \"~/a/n\" as n;\nfn handler(req) {{ n::N.incr().to_string() }}\n"
        )
    };
    // The counter is shared where both run in one interpreter.
    for (lines, expected) in [
        ("", ["1", "2"]),
        ("RhaiInterpPerDirectory On", ["1", "1"]),
        ("RhaiInterpPerDirective On", ["1", "2"]),
        ("RhaiInterpPerDirectory On\nRhaiInterpreter one", ["1", "2"]),
        ("<Location /b>\nRhaiInterpreter other\n</Location>", ["1", "1"]),
    ] {
        let (_site, program) = serve(&files(lines));
        assert_eq!([program.get("/a/n").text(), program.get("/b/m").text()], expected, "{lines}");
    }
}

#[test]
fn scripts_read_their_options() {
    let (_site, program) = serve(
        r#"=== samovar.conf
SetHandler rhai
RhaiOption a outer
RhaiOption b kept
RhaiOption c gone
<Location /o>
    RhaiOption a inner
    RhaiOption c
</Location>
=== o.rhai
fn handler(req) { `${req.options["a"]} ${req.options["b"]} ${req.options.contains("c")}` }
"#,
    );
    assert_eq!(program.get("/o").brief(), "200 inner kept false");
}
