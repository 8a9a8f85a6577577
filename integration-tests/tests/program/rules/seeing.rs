//! R52 to R54: what is told, and what can be asked.

use samovar_integration_tests::poll;

use super::{Story, check_in_order};

const SITE: &str = r#"=== top.rhai
import "./child" as child;
fn handler(req) { import_module("./lib/friend"); child::here.to_string() }
=== child.rhai
let here = 1;
fn __mp_clone__(next) {}
fn __mp_purge__() {}
=== lib/friend.rhai
let here = 1;
=== asks.rhai
import "importer" as importer;
fn handler(req) {
    switch req.args.what {
        "newest" => importer::modules_graph(),
        "verbose" => importer::modules_graph(#{verbose: true}),
        "seen" => importer::request_modules_graph(),
        "json" => importer::modules_graph_json(),
        "info" => to_json(importer::module_info(req.args.name)),
        "wrong" => importer::modules_graph(#{verbos: true}),
    }
}
"#;

#[test]
fn r52_what_happens_is_logged_with_file_generation_time_and_reason_under_debug() {
    let story = Story::of(&format!("=== samovar.conf\nSetHandler rhai\nRhaiDebug On\n{SITE}"));
    story.check(&[("/top", "1")]);
    check_in_order(&story.told(), &["mporting", "child.rhai", "1", "ms", "first use", "mporting", "top.rhai"]);
    story.save("child.rhai", "let here = 2;\nfn __mp_purge__() {}");
    let told = story.program.log();
    check_in_order(&told, &["eimporting", "child.rhai", "3", "ms", "changed"]);
    check_in_order(&told, &["loning", "child.rhai"]);
    check_in_order(&told, &["eimporting", "top.rhai", "child.rhai changed"]);
}

#[test]
fn r52_without_debug_only_the_call_that_wants_it_is_logged() {
    let story = Story::of(
        "=== quiet.rhai\nfn handler(req) { import_module(\"./a\")[\"here\"].to_string() }\n=== loud.rhai\nfn handler(req) { import_module(\"./b\", #{log: true})[\"here\"].to_string() }\n\
         === a.rhai\nlet here = 1;\n=== b.rhai\nlet here = 1;\n",
    );
    story.check(&[("/quiet", "1"), ("/loud", "1")]);
    let told = story.told();
    let importing: Vec<_> = told.lines().filter(|line| line.contains("importing")).collect();
    assert!(importing.len() == 1 && importing[0].contains("b.rhai"), "{told}");
}

#[test]
fn r53_scripts_can_draw_what_is_newest_and_what_they_see() {
    let story = Story::of(SITE);
    story.check(&[("/top", "1")]);
    let newest = story.get("/asks?what=newest").text();
    check_in_order(
        &newest,
        &["digraph", "\"top.rhai\" -> \"child.rhai\";", "\"top.rhai\" -> \"lib/friend.rhai\" [style=dotted]", "}"],
    );
    let verbose = story.get("/asks?what=verbose").text();
    check_in_order(&verbose, &["generation 1, load 1", " ms"]);
    let seen = story.get("/asks?what=seen").text();
    check_in_order(&seen, &["digraph", "asks.rhai"]);
    story.check_fails("/asks?what=wrong", &["verbos", "verbose"]);
    let json: serde_json::Value = serde_json::from_str(&story.get("/asks?what=json").text()).expect("JSON");
    assert_eq!(json["modules"].as_array().map(Vec::len), Some(5), "{json}");
}

#[test]
fn r53_several_interpreters_are_one_drawing() {
    let story = Story::of(&format!(
        "=== samovar.conf\nSetHandler rhai\n<Location /two>\nRhaiInterpreter two\n</Location>\n{SITE}=== two.rhai\nimport \"./child\" as child;\nfn handler(req) {{ \"two\" }}\n"
    ));
    // Nothing is loaded yet.
    check_in_order(&story.ask(&["graph"]).stdout, &["digraph", "{", "}"]);
    story.check(&[("/top", "1"), ("/two", "two")]);
    let drawn = story.ask(&["graph"]).stdout;
    assert_eq!(drawn.matches("digraph").count(), 1, "{drawn}");
    check_in_order(
        &drawn,
        &[
            "label=\"main\"",
            "\"main: top.rhai\" -> \"main: child.rhai\";",
            "label=\"two\"",
            "\"two: two.rhai\" -> \"two: child.rhai\";",
            "}",
        ],
    );
    let one = story.ask(&["graph", "--interpreter", "two"]).stdout;
    check_in_order(&one, &["digraph \"two\"", "\"two.rhai\" -> \"child.rhai\";"]);
}

#[test]
fn r54_the_record_of_one_module_and_an_error_for_one_that_is_not_there() {
    let story = Story::of(SITE);
    story.check(&[("/top", "1")]);
    story.save("child.rhai", "let here = 2;");
    let file = story.site.file("child.rhai").to_string_lossy().into_owned();
    for name in ["child", "child.rhai", "~/child", &file] {
        let record: serde_json::Value =
            serde_json::from_str(&story.get(&format!("/asks?what=info&name={name}")).text()).expect("JSON");
        assert_eq!((&record["generation"], &record["instances"]), (&3.into(), &2.into()), "{name} {record}");
        assert_eq!((record["path"].as_str(), record["reason"].as_str()), (Some(&*file), Some("it changed")));
    }
    story.check_fails("/asks?what=info&name=chlid", &["chlid", "child"]);
}

/// A reload that was asked for says what came of the saves before it, whoever was faster.
#[test]
fn r52_a_reload_that_is_asked_for_says_what_was_reloaded_also_if_that_has_happened_already() {
    let story = Story::of(SITE);
    story.check(&[("/top", "1")]);
    for round in 2..12 {
        story.site.write("child.rhai", format!("let here = {round};"));
        if round % 2 == 0 {
            poll("it is reloaded by itself", || (story.get("/top").text() == round.to_string()).then_some(()));
        }
        let said = story.ask(&["reload"]);
        assert_eq!(said.code, Some(0), "{said:?}");
        check_in_order(
            &said.stdout,
            &["main: ", "reloaded 2 modules in ", " ms", "child.rhai", "it changed", "top.rhai", "child.rhai changed"],
        );
        story.check(&[("/top", &round.to_string())]);
    }
}

#[test]
fn r52_reloads_that_are_asked_for_at_once_all_return_with_what_was_saved() {
    let story = Story::of(SITE);
    story.check(&[("/top", "1")]);
    for round in 2..8 {
        story.site.write("child.rhai", format!("let here = {round};"));
        std::thread::scope(|scope| {
            let asked: Vec<_> =
                (0..6).map(|_| scope.spawn(|| (story.ask(&["reload"]).code, story.get("/top").text()))).collect();
            for asked in asked {
                assert_eq!(asked.join().expect("no panic"), (Some(0), round.to_string()));
            }
        });
    }
    story.site.write("child.rhai", "let here = ;");
    std::thread::scope(|scope| {
        let asked: Vec<_> = (0..6).map(|_| scope.spawn(|| story.ask(&["reload"]))).collect();
        for asked in asked {
            let said = asked.join().expect("no panic");
            assert_eq!(said.code, Some(1), "{said:?}");
            check_in_order(&said.stderr, &["child.rhai:1:"]);
        }
    });
    assert_eq!(story.program.log().matches("a change was refused").count(), 1, "{}", story.program.log());
}

#[test]
fn r53_status_answers_while_requests_and_first_loads_hang() {
    let story = Story::of(
        "=== samovar.conf\nSetHandler rhai\nRhaiLimit time 60000\nRhaiPath library\n=== library/gate.rhai\nconst OPEN = table();\n\
         fn wait(name) { print(`+waiting ${name}`); while !(name in OPEN) { sleep(0.005); } }\n\
         === open.rhai\nimport \"gate\" as gate;\nfn handler(req) { gate::OPEN[req.query] = true; \"open\" }\n\
         === hangs.rhai\nimport \"gate\" as gate;\nfn handler(req) { gate::wait(\"call\"); \"done\" }\n\
         === loads.rhai\nimport \"gate\" as gate;\ngate::wait(\"load\");\nfn handler(req) { \"done\" }\n=== fails.rhai\nfn handler(req) { 1 / 0 }\n",
    );
    story.check(&[("/open?warm", "open")]);
    assert_eq!(story.get("/fails").status, 500);
    let mut clients = [story.program.connect(), story.program.connect()];
    for (client, (target, name)) in clients.iter_mut().zip([("/hangs", "call"), ("/loads", "load")]) {
        client.send("GET", target, &[], b"");
        story.program.wait_for(&format!("+waiting {name}"));
    }
    let requests = &story.ask_json("status")["requests"];
    assert_eq!((&requests["received"], &requests["under_way"], &requests["failed"]), (&4.into(), &2.into(), &1.into()));
    let said = story.ask(&["status"]);
    check_in_order(&said.stdout, &["4 requests, 2 under way, 1 answered with an error", "main: generation"]);
    check_in_order(&story.ask(&["graph"]).stdout, &["digraph", "hangs.rhai"]);
    story.check(&[("/open?call", "open"), ("/open?load", "open")]);
    assert!(clients.iter_mut().all(|client| client.receive(false).brief() == "200 done"));
    poll("nothing is under way", || (story.ask_json("status")["requests"]["under_way"] == 0).then_some(()));
}
