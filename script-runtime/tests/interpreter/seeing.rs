//! What scripts can see of the importer (R20, R53, R54).

use crate::site::Site;

const SITE: &str = r#"=== lib/words.rhai
let greeting = "Hello";
=== lib/late.rhai
let late = true;
=== index.rhai
import "./lib/words" as words;
import "importer" as importer;
fn graph() { importer::modules_graph() }
fn graph_of_request() { import "./lib/late" as late; importer::request_modules_graph() }
fn verbose() { importer::modules_graph(#{verbose: true}).contains("generation 1, load 1") }
fn json() { importer::modules_graph_json() }
fn info(name) { importer::module_info(name) }
fn children_of_words() { importer::module_info("lib/words").children }
fn unknown() { importer::module_info("wurds") }
fn own() { [__mp_info__.generation, __mp_info__.instances, __mp_info__.children, __mp_info__.friends, __mp_info__["state"]] }
fn befriend() { import "./lib/late" as late; late::late }
fn wrong() { importer::modules_graph(#{verbos: true}) }
"#;

#[test]
fn r53_children_are_drawn_solid_and_friends_dotted() {
    let site = Site::new(SITE);
    site.expect("index::befriend", "true");
    let graph = site.call("index::graph");
    for line in [
        r#"digraph "test" {"#,
        r#""index.rhai" -> "lib/words.rhai";"#,
        r#""index.rhai" -> "lib/late.rhai" [style=dotted];"#,
        r#""index.rhai" -> "registered:importer";"#,
        r#"label="lib";"#,
    ] {
        assert!(graph.contains(line), "`{line}` is missing:\n{graph}");
    }
    site.expect("index::verbose", "true");
    site.expect("index::wrong", "error: index.rhai:12:24: unknown option `verbos`; expected `verbose`");
}

#[test]
fn r53_the_graph_of_a_request_has_what_joined_it() {
    let site = Site::new(SITE);
    site.expect("index::graph", &site.call("index::graph"));
    assert!(!site.call("index::graph").contains("late.rhai"));
    assert!(site.call("index::graph_of_request").contains("late.rhai"));
}

#[test]
fn r53_the_graph_as_json_lists_children_and_friends_by_path() {
    let site = Site::new(SITE);
    site.expect("index::befriend", "true");
    let graph: serde_json::Value = serde_json::from_str(&site.call("index::json")).expect("JSON");
    let modules = graph["modules"].as_array().expect("a list");
    let index = modules.iter().find(|module| module["path"] == "/s/index.rhai").expect("the module");
    assert_eq!(index["children"], serde_json::json!(["/s/lib/words.rhai", "registered:importer"]));
    assert_eq!(index["friends"], serde_json::json!(["/s/lib/late.rhai"]));
}

#[test]
fn r54_the_record_of_one_module() {
    let site = Site::new(SITE);
    site.expect("index::children_of_words", "[]");
    site.expect("index::unknown", "error: index.rhai:9:26: no module `wurds` is loaded; did you mean lib/words.rhai?");
}

#[test]
fn r20_a_module_reads_its_own_info_and_sees_it_change() {
    let site = Site::new(SITE);
    let children = r#"["/s/lib/words.rhai", "registered:importer"]"#;
    site.expect("index::own", &format!(r#"[1, 1, {children}, [], "up to date"]"#));
    site.expect("index::befriend", "true");
    site.expect("index::own", &format!(r#"[1, 1, {children}, ["/s/lib/late.rhai"], "up to date"]"#));
    site.change("=== lib/words.rhai\nlet greeting = \"Hi\";\n", "reloaded words, index");
    site.expect("index::own", &format!(r#"[3, 2, {children}, [], "up to date"]"#));
}

#[test]
fn r20_while_a_module_loads_it_knows_its_generation() {
    let site = Site::new(
        "=== m.rhai\nlet at = [__mp_info__.generation, __mp_info__.instances, __mp_info__.loaded];\nfn f() { at }\n",
    );
    site.expect("m::f", "[1, 1, ()]");
}

#[test]
fn r32_a_module_that_waits_for_a_change_to_be_mended_says_so() {
    let site = Site::new(SITE);
    site.expect("index::children_of_words", "[]");
    site.write("=== lib/words.rhai\nlet greeting = ;\n");
    assert!(site.reload().contains("lib/words.rhai:1"));
    site.expect("index::own", r#"[1, 1, ["/s/lib/words.rhai", "registered:importer"], [], "stale"]"#);
}
