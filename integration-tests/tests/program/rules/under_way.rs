//! What happens while a reload is under way, and what a refused one waits for (R25, R28, R32, R37, R40).

use std::sync::mpsc;

use samovar_integration_tests::poll;

use super::{Story, check_in_order};

/// Texts that wait at their top level until they are let through. The gate is in a library: it outlives all reloads.
const GATE: &str = "=== samovar.conf\nDocumentRoot www\nSetHandler rhai\nRhaiPath library\nRhaiLimit time 60000\n\
     === library/gate.rhai\nconst OPEN = table();\nfn wait(name) { print(`+at ${name}`); while !(name in OPEN) { sleep(0.005); } }\n\
     === www/open.rhai\nimport \"gate\" as gate;\nfn handler(req) { gate::OPEN[req.query] = true; \"open\" }\n\
     === www/m.rhai\nfn handler(req) { \"1\" }\n";

fn waiting(version: &str) -> String {
    format!("import \"gate\" as gate;\ngate::wait(\"{version}\");\nfn handler(req) {{ \"{version}\" }}")
}

/// The site, with a reload under way that waits.
#[track_caller]
fn reloading() -> Story {
    let story = Story::of(GATE);
    story.check(&[("/open?warm", "open"), ("/m", "1")]);
    story.site.write("www/m.rhai", waiting("2"));
    story.program.wait_for("+at 2");
    story
}

#[test]
fn r21_requests_and_questions_are_answered_while_a_reload_is_under_way() {
    let story = reloading();
    story.check(&[("/m", "1"), ("/m", "1")]);
    assert_eq!(story.ask_json("status")["interpreters"][0]["generation"], 2);
    assert_eq!(story.ask(&["graph"]).code, Some(0));
    story.check(&[("/open?2", "open")]);
    story.program.wait_for_reload(&["m.rhai"]);
    story.check(&[("/m", "2")]);
}

#[test]
fn r25_an_edit_during_a_reload_is_what_is_served_in_the_end() {
    let story = reloading();
    story.site.write("www/m.rhai", waiting("3"));
    story.site.write("www/m.rhai", "fn handler(req) { \"4\" }");
    story.check(&[("/open?2", "open")]);
    poll("the last edit is served", || (story.get("/m").text() == "4").then_some(()));
    assert_eq!(story.settle().replace("at 2", ""), "");
    story.check(&[("/m", "4")]);
}

#[test]
fn r40_a_reload_that_is_under_way_when_all_is_frozen_is_dropped() {
    let story = reloading();
    std::thread::scope(|scope| {
        let (frozen, is_frozen) = mpsc::channel();
        let story = &story;
        scope.spawn(move || frozen.send(story.ask(&["freeze", "main"])).expect("somebody waits"));
        // Whether freezing waits for the reload or not, nothing of it is served from then on.
        poll("it is frozen, or waits", || {
            let status = story.ask_json("status");
            (status["interpreters"][0]["frozen"] == true).then_some(())
        });
        story.check(&[("/open?2", "open")]);
        assert_eq!(is_frozen.recv().expect("an answer").code, Some(0));
    });
    let (served, generation) = (story.get("/m").text(), story.generation());
    assert_eq!((served.as_str(), generation), ("1", 2));
    story.site.write("www/m.rhai", "fn handler(req) { \"5\" }");
    assert_eq!(story.ask(&["reload"]).code, Some(1));
    story.check(&[("/m", "1")]);
}

#[test]
fn r32_a_refused_reload_is_tried_again_when_what_it_missed_is_there() {
    let story = Story::of(
        "=== top.rhai\nimport \"./base\" as base;\nfn handler(req) { `${base::here}` }\n=== base.rhai\nlet here = 1;\n",
    );
    story.check(&[("/top", "1")]);
    story.site.write("base.rhai", "import \"./lib/late\" as late;\nlet here = late::here;");
    check_in_order(&story.settle_refused(), &["./lib/late"]);
    story.check(&[("/top", "1")]);
    // Nobody touches what was refused.
    story.site.write("lib/late.rhai", "import \"./later\" as later;\nlet here = later::here;");
    check_in_order(&story.settle_refused(), &["./later"]);
    story.site.write("lib/later.rhai", "let here = 2;");
    poll("it is tried again by itself", || (story.get("/top").text() == "2").then_some(()));
}

#[test]
fn r28_r37_a_friend_is_kept_while_its_importer_stays_and_dropped_after() {
    let story = Story::of(
        "=== host.rhai\nfn handler(req) { import_module(\"./friend\")[\"here\"] }\n=== friend.rhai\nlet here = \"friend\";\nfn __mp_purge__() { print(\"+purged\"); }\n=== extra.rhai\nfn handler(req) { \"extra\" }\n",
    );
    story.check(&[("/host", "friend"), ("/extra", "extra")]);
    story.site.remove("friend.rhai");
    story.program.wait_for("friend.rhai was removed");
    story.site.remove("extra.rhai");
    // What nothing imports is gone by now.
    story.program.wait_for("dropped");
    assert!(story.program.log().contains("extra.rhai, whose file is gone"), "{}", story.program.log());
    story.check(&[("/host", "friend")]);
    assert_eq!(story.printed(), "");
    assert_eq!(story.save("host.rhai", "fn handler(req) { \"alone\" }"), "purged");
    let modules = || story.ask_json("status")["interpreters"][0]["modules"].as_array().map(Vec::len);
    poll("it is dropped", || (modules() == Some(1)).then_some(()));
    story.check(&[("/host", "alone")]);
}
