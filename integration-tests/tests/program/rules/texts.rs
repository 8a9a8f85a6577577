//! L1 and L2: a generation owns its texts.

use samovar_integration_tests::poll;

use super::{Story, check_in_order, site};

const RELEASES: &str = "=== samovar.conf
DocumentRoot current
SetHandler rhai
=== releases/1/index.rhai
fn handler(req) { \"index 1\" }
=== releases/1/late.rhai
fn handler(req) { \"late 1\" }
=== releases/1/mark.rhai
fn handler(req) { print(`mark number ${req.query}.`) }
=== releases/2/index.rhai
fn handler(req) { \"index 2\"
=== releases/2/late.rhai
fn handler(req) { \"late 2\" }
=== releases/2/mark.rhai
fn handler(req) { print(`mark number ${req.query}.`) }
";

fn switch(story: &Story, release: u32) {
    story.site.link("next", format!("releases/{release}"));
    std::fs::rename(story.site.file("next"), story.site.file("current")).expect("renamed");
}

#[test]
fn l2_a_release_that_is_refused_does_not_leak_through_what_nobody_has_loaded_yet() {
    let site = site(RELEASES);
    site.link("current", "releases/1");
    let story = Story::at(site);
    story.check(&[("/", "index 1")]);
    switch(&story, 2);
    story.settle_refused();
    story.check(&[("/", "index 1")]);
    story.check_fails("/late", &["index.rhai", "late.rhai", "saved together with this"]);
    // Back again.
    switch(&story, 1);
    story.settle();
    story.check(&[("/late", "late 1"), ("/", "index 1")]);
    // And on, mended.
    story.site.write("releases/2/index.rhai", "fn handler(req) { \"index 2\" }");
    switch(&story, 2);
    story.settle();
    story.check(&[("/late", "late 2"), ("/", "index 2")]);
}

#[test]
fn l2_what_was_saved_with_a_refused_change_answers_with_its_diagnostic_until_it_is_mended() {
    let story = Story::of(
        "=== index.rhai\nfn handler(req) { \"index 1\" }\n=== late.rhai\nfn handler(req) { \"late 1\" }\n\
         === other.rhai\nfn handler(req) { \"other 1\" }\n",
    );
    story.check(&[("/", "index 1")]);
    story.site.write("late.rhai", "fn handler(req) { \"late 2\" }");
    story.site.write("index.rhai", "fn handler(req) { oops");
    story.settle_refused();
    story.check_fails("/late", &["index.rhai:1", "saved together with this"]);
    // It is no problem of its own.
    let problems = |story: &Story| story.ask_json("status")["problems"].as_array().expect("problems").len();
    assert_eq!(problems(&story), 1);
    let status = story.ask(&["status"]).stdout;
    check_in_order(&status, &["late.rhai", "waiting", "saved together with a refused change"]);
    // What had nothing to do with it is served, and so is what comes later.
    story.site.write("new.rhai", "fn handler(req) { \"new\" }");
    story.check(&[("/other", "other 1"), ("/", "index 1")]);
    poll("a page that is new is served", || (story.get("/new").brief() == "200 new").then_some(()));
    story.save("index.rhai", "fn handler(req) { \"index 2\" }");
    story.check(&[("/late", "late 2"), ("/", "index 2")]);
    assert_eq!(problems(&story), 0);
}

#[test]
fn l2_frozen_is_every_script_of_the_site_as_it_was() {
    let story = Story::of(
        "=== index.rhai\nfn handler(req) { \"index 1\" }\n=== late.rhai\nimport \"lib/part\" as part;\n\
         fn handler(req) { `late 1 ${part::here}` }\n=== lib/part.rhai\nlet here = 1;\n",
    );
    story.check(&[("/", "index 1")]);
    assert_eq!(story.ask(&["freeze"]).code, Some(0));
    story.site.write("index.rhai", "fn handler(req) { \"index 2\" }");
    story.site.write("late.rhai", "fn handler(req) { \"late 2\" }");
    story.site.write("lib/part.rhai", "let here = 2;");
    story.site.write("new.rhai", "fn handler(req) { \"new\" }");
    story.check(&[("/", "index 1"), ("/late", "late 1 1")]);
    poll("a script that is new is found", || (story.get("/new").brief() == "200 new").then_some(()));
    check_in_order(&story.told(), &["WARN", "new.rhai` was not known when reloading ended"]);
    let status = story.ask_json("status");
    let modules = status["interpreters"][0]["modules"].as_array().expect("modules");
    let of = |name: &str| {
        let module = modules.iter().find(|it| it["path"].as_str().is_some_and(|path| path.ends_with(name)));
        module.unwrap_or_else(|| panic!("{status}"))["disk"].as_str().map(str::to_owned)
    };
    let [index, late, new] = ["index.rhai", "late.rhai", "new.rhai"].map(of);
    assert_eq!((index.as_deref(), late.as_deref(), new.as_deref()), (Some("differs"), Some("differs"), Some("same")));
}

/// A page that everybody asks for, and one that nobody has asked for yet.
const TWO: &str = "=== samovar.conf\nSetHandler rhai\nRhaiAutoReload Off\n=== index.rhai\nfn handler(req) { \"index 1\" }\n\
                   === late.rhai\nfn handler(req) { \"late 1\" }\n=== style.css\nstyle 1\n";

#[test]
fn what_is_asked_for_between_its_save_and_the_refusal_is_loaded() {
    let story = Story::of(TWO);
    story.check(&[("/", "index 1")]);
    story.settle();
    story.site.write("index.rhai", "fn handler(req) { oops");
    story.site.write("late.rhai", "fn handler(req) { \"late 2\" }");
    // Nobody has looked yet.
    story.check(&[("/late", "late 2")]);
    story.settle_refused();
    story.check(&[("/late", "late 2"), ("/", "index 1")]);
}

#[test]
fn static_files_belong_to_no_release() {
    let story = Story::of(TWO);
    story.check(&[("/", "index 1"), ("/style.css", "style 1\n")]);
    story.settle();
    story.site.write("index.rhai", "fn handler(req) { oops");
    story.site.write("style.css", "style 2\n");
    story.settle_refused();
    story.check(&[("/", "index 1"), ("/style.css", "style 2\n")]);
    assert_eq!(story.ask(&["freeze"]).code, Some(0));
    story.site.write("style.css", "style 3\n");
    story.check(&[("/", "index 1"), ("/style.css", "style 3\n")]);
}

#[test]
fn a_page_that_is_removed_after_freezing_is_not_found_and_can_be_imported() {
    let story = Story::of(
        "=== index.rhai\nfn handler(req) { import \"./late\" as late; late::word() }\n\
         === late.rhai\nfn word() { \"late 1\" }\nfn handler(req) { word() }\n=== other.rhai\nfn handler(req) { 204 }\n",
    );
    assert_eq!(story.get("/other").status, 204);
    assert_eq!(story.ask(&["freeze"]).code, Some(0));
    story.site.remove("late.rhai");
    assert_eq!(story.get("/late").status, 404);
    story.check(&[("/", "late 1")]);
}

#[test]
fn scripts_of_other_names_are_not_known_to_freezing() {
    let story = Story::of(
        "=== samovar.conf\nAddHandler rhai .page .rhai\n=== a.page\nfn handler(req) { \"a 1\" }\n\
         === b.rhai\nimport \"./.parts/b\" as part;\nfn handler(req) { part::word }\n=== .parts/b.rhai\nlet word = \"b 1\";\n\
         === other.rhai\nfn handler(req) { 204 }\n",
    );
    assert_eq!(story.get("/other").status, 204);
    assert_eq!(story.ask(&["freeze"]).code, Some(0));
    story.site.write("a.page", "fn handler(req) { \"a 2\" }");
    story.site.write(".parts/b.rhai", "let word = \"b 2\";");
    story.check(&[("/a.page", "a 2"), ("/b", "b 2")]);
    check_in_order(&story.told(), &["was not known when reloading ended", "was not known when reloading ended"]);
}
