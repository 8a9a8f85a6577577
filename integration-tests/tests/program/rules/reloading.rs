//! R25 to R37: what a change does.

use std::{
    fs::File,
    time::{Duration, UNIX_EPOCH},
};

use samovar_integration_tests::poll;

use super::{Story, check_in_order};

/// Who runs says so. `top` imports both sides of a diamond; `aside` imports nothing and is imported by `top` as well.
const DIAMOND: &str = r#"=== top.rhai
import "./left" as left;
import "./right" as right;
import "./aside" as aside;
print("+top");
fn handler(req) { `${left::here} ${right::here} ${aside::N.incr()}` }
=== left.rhai
import "./base" as base;
print("+left");
let here = `left ${base::here}`;
=== right.rhai
import "./base" as base;
print("+right");
let here = `right ${base::here}`;
=== base.rhai
print("+base");
let here = 1;
=== aside.rhai
print("+aside");
const N = counter();
"#;

/// All of it loaded.
#[track_caller]
fn diamond() -> Story {
    let story = Story::of(DIAMOND);
    story.check(&[("/top", "left 1 right 1 1")]);
    assert_eq!(story.printed(), "base left right aside top");
    story
}

#[test]
fn r25_content_decides_and_times_do_not() {
    let story = diamond();
    let set_time = |seconds| {
        let file = File::options().write(true).open(story.site.file("base.rhai")).expect("opened");
        file.set_modified(UNIX_EPOCH + Duration::from_secs(seconds)).expect("set");
    };
    let text = std::fs::read_to_string(story.site.file("base.rhai")).expect("read");
    for seconds in [1, 4_000_000_000] {
        set_time(seconds);
        assert_eq!(story.settle(), "", "touched");
    }
    assert_eq!(story.save("base.rhai", &text), "", "the same text in another file");
    // Equal size and equal time, other content, in place; then an older backup.
    set_time(1_000_000_000);
    std::fs::write(story.site.file("base.rhai"), text.replace('1', "2")).expect("written");
    set_time(1_000_000_000);
    assert_eq!(story.settle(), "base left right top");
    story.site.write("backup", text.replace('1', "3"));
    let backup = File::options().write(true).open(story.site.file("backup")).expect("opened");
    backup.set_modified(UNIX_EPOCH + Duration::from_secs(5)).expect("set");
    drop(backup);
    std::fs::rename(story.site.file("backup"), story.site.file("base.rhai")).expect("renamed");
    assert_eq!(story.settle(), "base left right top");
    story.check(&[("/top", "left 3 right 3 2")]);
}

#[test]
fn r26_a_reload_makes_a_new_instance_and_holders_keep_the_old_one() {
    let story = Story::of(
        r#"=== samovar.conf
DocumentRoot www
SetHandler rhai
RhaiPath library
=== library/shelf.rhai
const SHELF = table();
=== www/m.rhai
let value = "one";
const N = counter();
=== www/puts.rhai
import "shelf" as shelf;
fn handler(req) { let m = import_module("./m"); shelf::SHELF["m"] = callback(|| m["value"]); "put" }
=== www/gets.rhai
import "shelf" as shelf;
fn handler(req) { let m = import_module("./m"); `${shelf::SHELF["m"].call()} ${m.value} ${m.N.incr()}` }
=== www/assigns.rhai
let total = 1;
fn handler(req) { total += 1; total }
"#,
    );
    story.check(&[("/puts", "put"), ("/gets", "one one 1"), ("/gets", "one one 2")]);
    story.save("www/m.rhai", "let value = \"two\";\nconst N = counter();");
    story.check(&[("/gets", "one two 1")]);
    story.check_fails("/assigns", &["cell(", "counter()", "assigns.rhai:2:"]);
}

#[test]
fn r27_importers_follow_children_first_each_once_and_siblings_stay() {
    let story = diamond();
    assert_eq!(story.save("base.rhai", "print(\"+base\");\nlet here = 2;"), "base left right top");
    story.check(&[("/top", "left 2 right 2 2")]);
    assert_eq!(
        story.save("left.rhai", "import \"./base\" as base;\nprint(\"+left\");\nlet here = `new ${base::here}`;"),
        "left top"
    );
    story.check(&[("/top", "new 2 right 2 3")]);
    assert_eq!(story.save("aside.rhai", "print(\"+aside\");\nconst N = counter();\nlet more = 1;"), "aside top");
    story.check(&[("/top", "new 2 right 2 1")]);
}

#[test]
fn r27_a_child_that_is_new_is_loaded_on_the_way_and_one_that_is_left_is_not() {
    let story = diamond();
    story.site.write("fresh.rhai", "print(\"+fresh\");\nlet here = 5;");
    assert_eq!(
        story.save("left.rhai", "import \"./fresh\" as base;\nprint(\"+left\");\nlet here = base::here;"),
        "fresh left top"
    );
    assert_eq!(story.save("base.rhai", "print(\"+base\");\nlet here = 2;"), "base right top");
    story.check(&[("/top", "5 right 2 2")]);
}

#[test]
fn r28_a_friend_is_reloaded_and_its_importer_is_not() {
    let story = Story::of(
        "=== host.rhai\nprint(\"+host\");\nconst N = counter();\nfn handler(req) { import \"./friend\" as friend; `${friend::here} ${friend::of_child()} ${N.incr()}` }\n\
         === friend.rhai\nimport \"./child\" as child;\nprint(\"+friend\");\nlet here = 1;\nfn of_child() { child::here }\n=== child.rhai\nprint(\"+child\");\nlet here = 1;",
    );
    story.check(&[("/host", "1 1 1")]);
    assert_eq!(story.printed(), "host child friend");
    assert_eq!(story.save("child.rhai", "print(\"+child\");\nlet here = 2;"), "child friend");
    story.check(&[("/host", "1 2 2")]);
    assert_eq!(
        story.save(
            "friend.rhai",
            "import \"./child\" as child;\nprint(\"+friend\");\nlet here = 3;\nfn of_child() { child::here }"
        ),
        "friend"
    );
    story.check(&[("/host", "3 2 3")]);
}

#[test]
fn r29_an_import_that_a_helper_makes_while_a_module_loads_is_that_modules_child() {
    let story = Story::of(
        "=== top.rhai\nimport \"./helper\" as helper;\nprint(\"+top\");\nlet got = helper::get(\"./part\");\nfn handler(req) { got }\n\
         === helper.rhai\nprint(\"+helper\");\nfn get(name) { import_module(name)[\"here\"] }\n=== part.rhai\nprint(\"+part\");\nlet here = \"one\";",
    );
    story.check(&[("/top", "one")]);
    story.printed();
    assert_eq!(story.save("part.rhai", "print(\"+part\");\nlet here = \"two\";"), "part top");
    story.check(&[("/top", "two")]);
}

#[test]
fn r30_every_published_load_takes_the_next_number() {
    let story = diamond();
    assert_eq!(story.generation(), 1);
    story.save("base.rhai", "let here = 2;");
    assert_eq!(story.generation(), 2);
    story.site.write("base.rhai", "let here = ");
    story.settle_refused();
    assert_eq!(story.generation(), 2);
    story.save("base.rhai", "let here = 3;");
    assert_eq!(story.generation(), 3);
    story.site.write("other.rhai", "fn handler(req) { \"1\" }");
    assert_eq!(story.get("/other").status, 200);
    assert_eq!(story.generation(), 4);
}

#[test]
fn r31_one_bad_file_of_a_set_holds_back_all_of_it() {
    let story = diamond();
    story.site.write("left.rhai", "import \"./base\" as base;\nprint(\"+left\");\nlet here = `new ${base::here}`;");
    story.site.write("base.rhai", "print(\"+base\");\nlet here = 1 / 0;");
    let error = story.settle_refused();
    check_in_order(&error, &["base.rhai:2:"]);
    // Whatever was saved first may have been served alone before the second came; `base` never was.
    let answer = story.get("/top").text();
    assert!(["left 1 right 1 2", "new 1 right 1 2"].contains(&answer.as_str()), "{answer}");
    story.save("base.rhai", "print(\"+base\");\nlet here = 2;");
    check_in_order(&story.get("/top").text(), &["new 2 right 2 "]);
}

#[test]
fn r31_nothing_runs_before_everything_compiles() {
    let story = Story::of(
        "=== top.rhai\nimport \"./base\" as base;\nfn handler(req) { `${base::here}` }\n=== base.rhai\nlet here = 1;\nfn __mp_clone__(next) { print(\"+clone\"); }",
    );
    story.check(&[("/top", "1")]);
    let stage = |name: &str, text: &str| std::fs::write(story.site.file(name), text).expect("written");
    std::fs::create_dir(story.site.file("next")).expect("made");
    stage("next/top.rhai", "import \"./base\" as base;\nfn handler(req) {");
    stage("next/base.rhai", "print(\"+ran\");\nlet here = 2;");
    for name in ["top", "base"] {
        std::fs::rename(story.site.file(&format!("next/{name}.rhai")), story.site.file(&format!("{name}.rhai")))
            .expect("renamed");
    }
    check_in_order(&story.settle_refused(), &["top.rhai:2:"]);
    assert_eq!(story.printed(), "");
    story.check(&[("/top", "1")]);
}

#[test]
fn r32_each_way_to_fail_leaves_the_last_good_generation_and_is_told_once() {
    for (text, said) in [
        ("let here = ;", "base.rhai:1:"),
        ("let here = 2;\nthrow \"on purpose\";", "on purpose"),
        ("let here = 2;\nloop {}", "base.rhai"),
        ("fn down(n) { down(n + 1) }\nlet here = down(1);", "base.rhai"),
        ("import \"./nowhere\" as x;\nlet here = 2;", "nowhere"),
    ] {
        let story = diamond();
        story.told();
        story.site.write("base.rhai", text);
        check_in_order(&story.settle_refused(), &[said]);
        check_in_order(&story.settle_refused(), &[said]);
        story.check(&[("/top", "left 1 right 1 2"), ("/top", "left 1 right 1 3")]);
        let told = story.told();
        assert_eq!(told.matches("a change was refused").count(), 1, "{text}:\n{told}");
        let status = story.ask_json("status");
        let modules = status["interpreters"][0]["modules"].as_array().expect("a list");
        let state = |name: &str| modules.iter().find(|it| it["path"].as_str().is_some_and(|path| path.ends_with(name)));
        assert_eq!(state("/base.rhai").expect("there")["state"], "stale", "{text}");
        assert_eq!(state("/aside.rhai").expect("there")["state"], "up to date", "{text}");
        story.save("base.rhai", "let here = 3;");
        story.check(&[("/top", "left 3 right 3 4")]);
    }
}

#[test]
fn r32_under_debug_those_who_would_use_the_module_get_the_error_page() {
    let story = Story::of(&format!(
        "=== samovar.conf\nSetHandler rhai\nRhaiDebug On\n<Location /quiet>\nRhaiDebug Off\n</Location>\n{DIAMOND}\
         === quiet.rhai\nimport \"./base\" as base;\nfn handler(req) {{ `${{base::here}}` }}\n=== alone.rhai\nfn handler(req) {{ \"alone\" }}\n\
         === late.rhai\nfn handler(req) {{ import_module(\"./base\")[\"here\"].to_string() }}\n"
    ));
    story.check(&[("/top", "left 1 right 1 1"), ("/quiet", "1"), ("/alone", "alone"), ("/late", "1")]);
    story.site.write("base.rhai", "let here = 2;\nlet broken = [1, 2;\n");
    story.settle_refused();
    let page = story.get("/top");
    assert_eq!(page.status, 500);
    check_in_order(&page.text(), &["base.rhai:2:", "let broken = [1, 2;"]);
    // A friend is used as well.
    assert_eq!(story.get("/late").status, 500, "{}", story.get("/late").text());
    story.check(&[("/quiet", "1"), ("/alone", "alone")]);
    story.save("base.rhai", "let here = 3;");
    story.check(&[("/top", "left 3 right 3 2"), ("/quiet", "3"), ("/late", "3")]);
}

#[test]
fn r33_a_failed_first_load_is_tried_again_at_most_once_a_second() {
    let story = Story::of("=== bad.rhai\nprint(\"+bad\");\nlet x = 1 / 0;\nfn handler(req) { 1 }");
    let start = std::time::Instant::now();
    let mut asked = 0;
    while start.elapsed() < Duration::from_millis(2500) {
        assert_eq!(story.get("/bad").status, 500);
        asked += 1;
    }
    let seconds = usize::try_from(start.elapsed().as_secs()).expect("few");
    let ran = story.printed().split_whitespace().count();
    assert!(ran > 1 && ran <= seconds + 1, "ran {ran} times in {seconds} s, asked {asked} times");
    // A change is no reason to wait.
    story.site.write("bad.rhai", "fn handler(req) { \"mended\" }");
    story.settle();
    story.check(&[("/bad", "mended")]);
}

#[test]
fn r33_what_was_never_loaded_loads_where_reloading_is_off_or_frozen() {
    let story = Story::of(
        "=== samovar.conf\nSetHandler rhai\nRhaiAutoReload Off\n=== a.rhai\nfn handler(req) { \"a\" }\n=== b.rhai\nfn handler(req) { \"b\" }\n=== bad.rhai\nfn handler(req) {",
    );
    story.check(&[("/a", "a")]);
    assert_eq!(story.get("/bad").status, 500);
    assert_eq!(story.ask(&["freeze"]).code, Some(0));
    story.check(&[("/b", "b")]);
    story.site.write("bad.rhai", "fn handler(req) { \"mended\" }");
    poll("a failed first load is tried again", || (story.get("/bad").brief() == "200 mended").then_some(()));
}

#[test]
fn r34_a_removed_file_is_told_once_and_fails_whoever_still_imports_it() {
    let story = diamond();
    story.told();
    story.site.remove("base.rhai");
    story.program.wait_for("base.rhai was removed");
    story.settle();
    story.settle();
    story.check(&[("/top", "left 1 right 1 2")]);
    story.site.write("left.rhai", "import \"./base\" as base;\nlet here = `new ${base::here}`;");
    check_in_order(&story.settle_refused(), &["base.rhai"]);
    story.check(&[("/top", "left 1 right 1 3")]);
    assert_eq!(story.program.log().matches("base.rhai was removed").count(), 1, "{}", story.program.log());
    story.save("base.rhai", "let here = 4;");
    story.check(&[("/top", "new 4 right 4 4")]);
}

#[test]
fn r35_a_cycle_is_shown_whole() {
    let story = Story::of(
        "=== a.rhai\nimport \"./b\" as b;\nfn handler(req) { 1 }\n=== b.rhai\nimport \"./c\" as c;\nfn handler(req) { 1 }\n=== c.rhai\nimport \"./a\" as a;\nfn handler(req) { 1 }\n\
         === me.rhai\nimport \"./me\" as me;\nfn handler(req) { 1 }\n=== fine.rhai\nimport \"./child\" as child;\nfn handler(req) { `${child::here}` }\n=== child.rhai\nlet here = 1;",
    );
    story.check_fails("/a", &["import cycle", "a.rhai", "b.rhai", "c.rhai", "a.rhai"]);
    story.check_fails("/me", &["import cycle", "me.rhai", "me.rhai"]);
    // A cycle that a change makes.
    story.check(&[("/fine", "1")]);
    story.site.write("child.rhai", "import \"./fine\" as fine;\nlet here = 2;");
    check_in_order(&story.settle_refused(), &["import cycle", "fine.rhai", "child.rhai", "fine.rhai"]);
    story.check(&[("/fine", "1")]);
    // Both halves at once, again and again.
    for _ in 0..10 {
        let mut clients = [story.program.connect(), story.program.connect(), story.program.connect()];
        for (client, target) in clients.iter_mut().zip(["/a", "/b", "/c"]) {
            client.send("GET", target, &[], b"");
        }
        assert!(clients.iter_mut().all(|client| client.receive(false).status == 500));
    }
    // A friend may import whoever imports it: nobody waits for it to load.
    story.save("child.rhai", "let here = 3;\nfn back() { import_module(\"./fine\") }");
    story.check(&[("/fine", "3")]);
}

#[test]
fn r36_a_swallowed_import_is_waited_for_and_then_the_importer_is_reloaded_once() {
    for missing in ["", "=== part.rhai\nlet here = ;\n"] {
        let story = Story::of(&format!(
            "{missing}=== top.rhai\nprint(\"+top\");\nlet got = \"nothing\";\ntry {{ got = import_module(\"./part\")[\"here\"]; }} catch {{}}\nfn handler(req) {{ got }}\n"
        ));
        story.check(&[("/top", "nothing"), ("/top", "nothing"), ("/top", "nothing")]);
        assert_eq!(story.printed(), "top");
        assert_eq!(story.settle(), "");
        assert_eq!(story.save("part.rhai", "print(\"+part\");\nlet here = \"there\";"), "top part");
        story.check(&[("/top", "there"), ("/top", "there")]);
        assert_eq!(story.printed(), "");
    }
}

#[test]
fn r37_what_has_neither_file_nor_importer_is_dropped_and_what_has_a_file_stays() {
    let story = Story::of(
        "=== top.rhai\nimport \"./one\" as one;\nimport \"./two\" as two;\nfn handler(req) { \"top\" }\n=== one.rhai\nlet x = 1;\nfn __mp_purge__() { print(\"+purged one\"); }\n\
         === two.rhai\nprint(\"+two\");\nconst N = counter();\nfn __mp_purge__() { print(\"+purged two\"); }",
    );
    story.check(&[("/top", "top")]);
    story.save("top.rhai", "fn handler(req) { \"alone\" }");
    story.site.remove("one.rhai");
    story.program.wait_for("+purged one");
    let modules = || {
        let status = story.ask_json("status");
        let modules = status["interpreters"][0]["modules"].as_array().expect("a list").clone();
        let names = modules.iter().filter_map(|it| Some(it["path"].as_str()?.rsplit('/').next()?.to_owned()));
        names.collect::<Vec<_>>().join(" ")
    };
    poll("it is dropped", || (modules() == "top.rhai two.rhai").then_some(()));
    story.printed();
    // It comes back with what it had.
    assert_eq!(story.save("top.rhai", "import \"./two\" as two;\nfn handler(req) { `back ${two::N.incr()}` }"), "");
    story.check(&[("/top", "back 1")]);
}

#[test]
fn r34_a_removed_file_is_imported_on_by_those_who_did_so_before() {
    let story = Story::of(
        "=== top.rhai\nfn handler(req) { `${import_module(\"./part\")[\"here\"]} ${import_module(\"part\", #{log: false})[\"here\"]}` }\n=== part.rhai\nlet here = 1;\n",
    );
    story.check(&[("/top", "1 1")]);
    story.site.remove("part.rhai");
    // Another configuration makes names to be looked up anew.
    story.settle();
    story.check(&[("/top", "1 1")]);
}

/// A URL follows its module: it answers as before while the file is away for a moment, and is gone when the module is.
#[test]
fn r34_r63_a_url_answers_while_its_file_is_away() {
    let story = Story::of(
        "=== samovar.conf\nSetHandler rhai\nDirectoryIndex index.rhai\n=== page.rhai\nkeep N = counter();\nfn handler(req) { `page${req.path_info} ${N.incr()}` }\n\
         === dir/index.rhai\nfn handler(req) { \"index\" }\n=== never.rhai\nfn handler(req) { \"never\" }\n\
         === keeper.rhai\nimport \"./dir/index\" as index;\nfn handler(req) { \"keeper\" }\n=== other.rhai\nimport \"./page\" as page;\nfn handler(req) { \"other\" }\n",
    );
    // With an importer they stay for as long as the test takes.
    story.check(&[
        ("/keeper", "keeper"),
        ("/other", "other"),
        ("/page", "page 1"),
        ("/page/more", "page/more 2"),
        ("/dir/", "index"),
    ]);
    for name in ["page.rhai", "dir/index.rhai", "never.rhai"] {
        story.site.remove(name);
    }
    story.settle();
    assert_eq!(story.get("/dir").status, 301);
    story.check(&[("/page", "page 3"), ("/page/more", "page/more 4"), ("/dir/", "index")]);
    // What was never loaded has nothing to answer with.
    assert_eq!(story.get("/never").status, 404);
    // The save of an editor that removes the file first.
    assert_eq!(story.save("page.rhai", "keep N = counter();\nfn handler(req) { `new ${N.incr()}` }"), "");
    story.check(&[("/page", "new 5"), ("/dir/", "index")]);
    story.save("keeper.rhai", "fn handler(req) { \"alone\" }");
    story.program.wait_for("dropped");
    poll("it is gone", || (story.get("/dir/").status == 404).then_some(()));
    story.check(&[("/page", "new 6")]);
}
