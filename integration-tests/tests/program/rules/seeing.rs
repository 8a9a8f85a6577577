//! R52 to R54: what is told, and what can be asked.

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
