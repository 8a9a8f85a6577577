//! `RhaiLimit`: what a call may use up, everywhere and in one place.

use samovar_integration_tests::Client;

use crate::serve;

const SITE: &str = r#"=== samovar.conf
SetHandler rhai
RhaiDebug On
<Location /tight>
    RhaiLimit operations 5000
    RhaiLimit depth 10
    RhaiLimit string 1000
    RhaiLimit array 100
    RhaiLimit map 50
    RhaiLimit time 200
</Location>
<Location /tight/loose>
    RhaiLimit array 100000
</Location>
=== use.rhai
fn nested(n) { if n == 0 { 0 } else { 1 + nested(n - 1) } }
fn handler(req) {
    let n = parse_int(req.args["n"]);
    switch req.args["what"] {
        "operations" => { for i in 0..n { } "counted" }
        "depth" => nested(n).to_string(),
        "string" => { let text = ""; text.pad(n, 'x'); text.len().to_string() }
        "array" => { let items = []; items.pad(n, 1); items.len().to_string() }
        "map" => { let items = #{}; for i in 0..n { items[`k${i}`] = i; } items.len().to_string() }
        "time" => { sleep(n / 1000.0); "slept" }
    }
}
=== tight/use.rhai
import "../use" as all;
fn handler(req) { all::handler(req) }
=== tight/loose/use.rhai
import "../../use" as all;
fn handler(req) { all::handler(req) }
"#;

#[track_caller]
fn check(client: &mut Client, path: &str, what: &str, n: u32, expected: &str) {
    let answer = client.get(&format!("{path}?what={what}&n={n}"));
    let said = answer.text();
    match answer.status {
        200 => assert_eq!(said, expected, "{path} {what} {n}"),
        _ => {
            let reason = expected.strip_prefix('!').unwrap_or_else(|| panic!("{path} {what} {n}: {said}"));
            assert!(said.to_lowercase().contains(reason), "{path} {what} {n}: {said}");
        }
    }
}

#[test]
fn each_limit_can_be_tightened_for_one_place() {
    let (_site, program) = serve(SITE);
    let mut client = program.connect();
    for (what, little, much, ended) in [
        ("operations", 100, 20_000, "!too many operations"),
        ("depth", 4, 30, "!nested"),
        ("string", 900, 5000, "!string"),
        ("array", 90, 500, "!array"),
        ("map", 40, 80, "!map"),
        ("time", 1, 5000, "!deadline"),
    ] {
        let said = |n: u32| match what {
            "operations" => "counted".to_owned(),
            "time" => "slept".to_owned(),
            _ => n.to_string(),
        };
        check(&mut client, "/tight/use", what, little, &said(little));
        check(&mut client, "/tight/use", what, much, ended);
        if what != "time" {
            check(&mut client, "/use", what, much, &said(much));
        }
    }
}

#[test]
fn an_inner_section_cannot_loosen_a_limit() {
    let (_site, program) = serve(SITE);
    check(&mut program.connect(), "/tight/loose/use", "array", 500, "!array");
}

#[test]
fn other_limits_hold_at_once_for_what_runs() {
    let (site, program) = serve(
        "=== samovar.conf\nSetHandler rhai\nRhaiLimit string 100\n=== h.rhai\nconst N = counter();\n\
        fn handler(req) { let text = \"\"; text.pad(500, 'x'); `${text.len()} ${N.incr()}` }",
    );
    assert_eq!(program.get("/h").status, 500);
    site.write("samovar.conf", "SetHandler rhai\nRhaiLimit string 1000\n");
    program.wait_for("the configuration was taken up");
    assert_eq!(program.get("/h").text(), "500 1");
    // A text that could not have been loaded under the limits before.
    site.write(
        "long.rhai",
        format!("const TEXT = \"{}\";\nfn handler(req) {{ TEXT.len().to_string() }}", "x".repeat(300)),
    );
    assert_eq!(program.get("/long").text(), "300");
    site.write("samovar.conf", "SetHandler rhai\nRhaiLimit string 400\n");
    program.wait_for("the configuration was taken up");
    assert_eq!((program.get("/h").status, program.get("/long").status), (500, 200));
}

/// Each with a script that exceeds what is usual, and what it is told.
const UNUSUAL: &[(&str, &str, &str)] = &[
    (
        "depth",
        "fn f(n) { if n == 0 { 0 } else { 1 + f(n - 1) } } fn handler(req) { f(200).to_string() }",
        "nested more deeply",
    ),
    ("expression", "fn handler(req) { EXPRESSION.to_string() }", "exceeds maximum complexity"),
    ("string", "fn handler(req) { let s = \"\"; s.pad(17_000_000, 'x'); s.len().to_string() }", "a string is longer"),
    ("array", "fn handler(req) { let a = []; a.pad(1_100_000, 1); a.len().to_string() }", "an array has more items"),
    (
        "modules",
        "fn handler(req) { for n in 0..1_001 { import \"./child\" as c; } \"1001\" }",
        "more modules are imported",
    ),
    ("variables", "fn handler(req) { VARIABLES \"many\" }", "more variables are in scope"),
    ("functions", "FUNCTIONS fn handler(req) { \"many\" }", "functions defined exceeds"),
];

#[test]
fn every_limit_that_a_message_names_can_be_set_in_the_configuration() {
    let many = |of: &dyn Fn(usize) -> String| (0..10_001).map(of).collect::<String>();
    let text = |text: &str| {
        text.replace("EXPRESSION", &format!("{}1{}", "(1 + ".repeat(70), ")".repeat(70)))
            .replace("VARIABLES", &many(&|n| format!("let v{n} = 1;\n")))
            .replace("FUNCTIONS", &many(&|n| format!("fn f{n}() {{}}\n")))
    };
    let mut files =
        "=== samovar.conf\nSetHandler rhai\nRhaiDebug On\nRhaiLimit time 60000\n=== child.rhai\nlet x = 1;\n"
            .to_owned();
    for (limit, script, _) in UNUSUAL {
        files += &format!("=== {limit}.rhai\n{}\n", text(script));
    }
    let (site, program) = serve(&files);
    for (limit, _, told) in UNUSUAL {
        let answer = program.get(&format!("/{limit}"));
        let said = answer.text();
        assert_eq!(answer.status, 500, "{limit}: {said}");
        assert!(said.contains(told), "{limit}: {said}");
        assert!(said.contains(&format!("`RhaiLimit {limit} ..`")), "{limit}: {said}");
    }
    let unlimited: String = UNUSUAL.iter().map(|(limit, ..)| format!("RhaiLimit {limit} none\n")).collect();
    site.write("samovar.conf", format!("SetHandler rhai\nRhaiDebug On\nRhaiLimit time 60000\n{unlimited}"));
    program.wait_for("the configuration was taken up");
    for (limit, ..) in UNUSUAL {
        // Texts that were refused are tried again once a second.
        let until = std::time::Instant::now() + std::time::Duration::from_secs(30);
        let answer = loop {
            let answer = program.get(&format!("/{limit}"));
            if answer.status == 200 || std::time::Instant::now() > until {
                break answer;
            }
            std::thread::sleep(std::time::Duration::from_millis(100));
        };
        assert_eq!(answer.status, 200, "{limit}: {}", answer.text());
    }
}
