//! `RhaiOption importer.freshness strict`: a save that returned before a request began is always seen by it.

use std::fs;

use super::Story;

const STRICT: &str = "=== samovar.conf\nSetHandler rhai\nRhaiOption importer.freshness strict\n\
     === top.rhai\nimport \"./middle\" as middle;\nfn handler(req) { `${middle::here()} ${import_module(\"./friend\")[\"here\"]}` }\n\
     === middle.rhai\nimport \"./dir/leaf\" as leaf;\nfn here() { leaf::here }\n\
     === friend.rhai\nimport \"./dir/leaf\" as leaf;\nlet here = leaf::here;\n=== 1/leaf.rhai\nlet here = 0;\n=== 2/leaf.rhai\nlet here = 0;\n";

/// Each round saves in one of these ways, and then asks at once.
const ROUNDS: usize = 500;

/// Saves the text of a round, whichever way it is.
type Save = fn(&Story, usize, &str);

#[track_caller]
fn check(save: Save) {
    let story = story();
    let mut client = story.program.connect();
    for round in 1..=ROUNDS {
        save(&story, round, &format!("let here = {round};"));
        assert_eq!(client.get("/top").brief(), format!("200 {round} {round}"), "{}", story.program.log());
    }
}

#[track_caller]
fn story() -> Story {
    let site = super::site(STRICT);
    site.link("dir", "1");
    let story = Story::at(site);
    story.check(&[("/top", "0 0")]);
    story
}

fn switch(story: &Story, link: &str, target: &str) {
    story.site.link("next", target);
    fs::rename(story.site.file("next"), story.site.file(link)).expect("renamed");
}

#[test]
fn r21_a_strict_request_sees_a_file_that_was_written_and_closed_before() {
    check(|story, _, text| fs::write(story.site.file("1/leaf.rhai"), text).expect("written"));
}

#[test]
fn r21_a_strict_request_sees_a_file_that_was_renamed_into_place_before() {
    check(|story, _, text| story.site.write("1/leaf.rhai", text));
}

#[test]
fn r21_a_strict_request_sees_a_link_that_was_switched_before() {
    check(|story, round, text| {
        let side = (round % 2 + 1).to_string();
        fs::write(story.site.file(&side).join("leaf.rhai"), text).expect("written");
        switch(story, "dir", &side);
    });
}

#[test]
fn r21_a_strict_request_sees_a_save_of_equal_size_and_time() {
    check(|story, round, text| {
        let path = story.site.file("1/leaf.rhai");
        fs::write(&path, text).expect("written");
        let file = fs::File::options().write(true).open(&path).expect("opened");
        let time = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_000 + u64::from(round % 2 == 0));
        file.set_modified(time).expect("set");
    });
}

#[test]
fn r21_all_handlers_of_a_strict_request_are_fresh() {
    let story = Story::of(
        "=== samovar.conf\nSetHandler rhai\nRhaiOption importer.freshness strict\nRhaiAccessHandler gate\nRhaiFixupHandler fix\nRhaiHandler answer\n\
         === gate.rhai\nfn handler(req) { req.headers_out[\"gate\"] = \"0\"; OK }\n=== fix.rhai\nfn handler(req) { req.headers_out[\"fix\"] = \"0\"; OK }\n\
         === answer.rhai\nfn handler(req) { \"0\" }\n",
    );
    let mut client = story.program.connect();
    client.get("/");
    for round in 1..=100 {
        story.site.write("gate.rhai", format!("fn handler(req) {{ req.headers_out[\"gate\"] = \"{round}\"; OK }}"));
        story.site.write("fix.rhai", format!("fn handler(req) {{ req.headers_out[\"fix\"] = \"{round}\"; OK }}"));
        story.site.write("answer.rhai", format!("fn handler(req) {{ \"{round}\" }}"));
        let answer = client.get("/");
        let seen =
            [answer.header("gate").unwrap_or_default(), answer.header("fix").unwrap_or_default(), &answer.text()]
                .join(" ");
        assert_eq!(seen, format!("{round} {round} {round}"));
    }
}

#[test]
fn r23_a_strict_request_that_loads_its_handler_sees_what_was_saved_of_others() {
    let story = Story::of(
        "=== samovar.conf\nSetHandler rhai\nRhaiOption importer.freshness strict\n=== first.rhai\nimport \"./child\" as child;\nfn handler(req) { `${child::here}` }\n\
         === child.rhai\nlet here = 0;\n",
    );
    story.check(&[("/first", "0")]);
    for round in 1..=50 {
        story
            .site
            .write(&format!("new{round}.rhai"), "import \"./child\" as child;\nfn handler(req) { `${child::here}` }");
        story.site.write("child.rhai", format!("let here = {round};"));
        story.check(&[(&format!("/new{round}"), &round.to_string())]);
    }
}

#[test]
fn r33_r36_a_strict_request_sees_what_was_mended_before() {
    let story = Story::of(
        "=== samovar.conf\nSetHandler rhai\nRhaiOption importer.freshness strict\n=== bad.rhai\nfn handler(req) {\n\
         === waits.rhai\nlet got = \"nothing\";\ntry { got = import_module(\"./part\")[\"here\"]; } catch {}\nfn handler(req) { `${got}` }\n",
    );
    story.check(&[("/waits", "nothing")]);
    assert_eq!(story.get("/bad").status, 500);
    story.site.write("part.rhai", "let here = \"part\";");
    story.site.write("bad.rhai", "fn handler(req) { \"mended\" }");
    story.check(&[("/waits", "part"), ("/bad", "mended")]);
    story.site.write("bad.rhai", "fn handler(req) {");
    story.check(&[("/bad", "mended")]);
    story.site.write("bad.rhai", "fn handler(req) { \"again\" }");
    story.check(&[("/bad", "again")]);
}

#[test]
fn r19_a_strict_request_sees_a_second_name_that_was_switched() {
    let story = Story::of(
        "=== samovar.conf\nSetHandler rhai\nRhaiOption importer.freshness strict\n=== one.rhai\nlet here = 1;\n=== two.rhai\nlet here = 2;\n\
         === top.rhai\nimport \"./one\" as one;\nimport \"./link\" as link;\nfn handler(req) { `${one::here} ${link::here}` }\n",
    );
    switch(&story, "link.rhai", "one.rhai");
    story.check(&[("/top", "1 1")]);
    for round in 0..50 {
        switch(&story, "link.rhai", "two.rhai");
        assert_eq!(story.get("/top").brief(), "200 1 2", "{round}");
        switch(&story, "link.rhai", "one.rhai");
        assert_eq!(story.get("/top").brief(), "200 1 1", "{round}");
    }
}
