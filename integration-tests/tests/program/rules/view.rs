//! R21 to R24: what one request sees.

use super::{Story, check_in_order};

/// `gate` is in a library, so that it is the same for all generations: a request waits until another opens it.
const GATE: &str = "=== samovar.conf\nDocumentRoot www\nSetHandler rhai\nRhaiPath library\nRhaiLimit time 20000\n\
     === library/gate.rhai\nconst OPEN = table();\nfn wait(name) { print(`+waiting for ${name}`); while !(name in OPEN) { sleep(0.005); } }\n\
     === www/open.rhai\nimport \"gate\" as gate;\nfn handler(req) { gate::OPEN[req.query] = true; \"open\" }\n";

#[test]
fn r21_a_request_ends_in_the_generation_in_which_it_began() {
    let story = Story::of(&format!(
        "{GATE}=== www/long.rhai\nimport \"gate\" as gate;\nimport \"./child\" as child;\n\
         fn handler(req) {{\n    let before = `${{child::here}} ${{import_module(\"./friend\")[\"here\"]}}`;\n    gate::wait(req.query);\n\
         \x20   `${{before}} ${{child::here}} ${{import_module(\"./child\")[\"here\"]}} ${{import_module(\"./friend\")[\"here\"]}} ${{child::of_deep()}}`\n}}\n\
         === www/child.rhai\nimport \"./deep\" as deep;\nlet here = \"one\";\nfn of_deep() {{ deep::here }}\n=== www/deep.rhai\nlet here = \"one\";\n\
         === www/friend.rhai\nlet here = \"one\";\n"
    ));
    story.check(&[("/open?warm", "open"), ("/long?warm", "one one one one one one")]);
    let mut requests: Vec<_> = (0..3).map(|_| story.program.connect()).collect();
    for (number, text) in ["two", "three", "four"].into_iter().enumerate() {
        requests[number].send("GET", &format!("/long?late{number}"), &[], b"");
        story.program.wait_for(&format!("+waiting for late{number}"));
        for file in ["child", "deep", "friend"] {
            let imports =
                if file == "child" { "import \"./deep\" as deep;\nfn of_deep() { deep::here }\n" } else { "" };
            story.site.write(&format!("www/{file}.rhai"), format!("{imports}let here = \"{text}\";"));
        }
        story.settle();
    }
    for (number, text) in ["one", "two", "three"].into_iter().enumerate() {
        story.check(&[(&format!("/open?late{number}"), "open")]);
        let expected = format!("200 {}", [text; 6].join(" "));
        assert_eq!(requests[number].receive(false).brief(), expected);
    }
    story.check(&[("/long?warm", "four four four four four four")]);
}

#[test]
fn r21_what_was_removed_meanwhile_is_still_there_for_a_request_that_began_before() {
    let story = Story::of(&format!(
        "{GATE}=== www/long.rhai\nimport \"gate\" as gate;\nfn handler(req) {{ import_module(\"./friend\"); gate::wait(\"go\"); import_module(\"./friend\")[\"here\"] }}\n\
         === www/friend.rhai\nlet here = \"still here\";\n"
    ));
    story.check(&[("/open?warm", "open")]);
    let mut request = story.program.connect();
    request.send("GET", "/long", &[], b"");
    story.program.wait_for("+waiting for go");
    story.site.remove("www/friend.rhai");
    story.program.wait_for("friend.rhai was removed");
    story.check(&[("/open?go", "open")]);
    assert_eq!(request.receive(false).brief(), "200 still here");
}

#[test]
fn r22_the_second_import_in_a_request_is_the_same_instance() {
    let story = Story::of(
        "=== n.rhai\nprint(\"+n\");\nconst N = counter();\n=== lib/other.rhai\nfn get() { import_module(\"../n\") }\n\
         === asks.rhai\nimport \"./lib/other\" as other;\nfn handler(req) {\n    import \"./n\" as first;\n    first::N.incr();\n    import_module(\"n\")[\"N\"].incr();\n\
         \x20   other::get()[\"N\"].incr();\n    import_module(\"~/n.rhai\")[\"N\"].get().to_string()\n}",
    );
    story.check(&[("/asks", "3"), ("/asks", "6")]);
    assert_eq!(story.printed(), "n");
}

#[test]
fn r23_many_who_ask_first_run_it_once_and_share_a_failure() {
    let story = Story::of(&format!(
        "{GATE}=== www/a.rhai\nfn handler(req) {{ import_module(\"./late\")[\"N\"].incr().to_string() }}\n\
         === www/b.rhai\nfn handler(req) {{ import_module(\"./late\")[\"N\"].incr().to_string() }}\n\
         === www/late.rhai\nimport \"gate\" as gate;\ngate::wait(\"late\");\nprint(\"+late\");\nconst N = counter();\n\
         === www/fails.rhai\nimport \"gate\" as gate;\ngate::wait(\"fails\");\nprint(\"+fails\");\nlet x = 1 / 0;\nfn handler(req) {{ 1 }}\n"
    ));
    story.check(&[("/open?warm", "open")]);
    let ask = |targets: &[&str], name: &str| {
        let mut clients: Vec<_> = targets.iter().map(|_| story.program.connect()).collect();
        for (client, target) in clients.iter_mut().zip(targets) {
            client.send("GET", target, &[], b"");
        }
        story.program.wait_for(&format!("+waiting for {name}"));
        story.check(&[(&format!("/open?{name}"), "open")]);
        let mut answers: Vec<_> = clients.iter_mut().map(|client| client.receive(false).brief()).collect();
        answers.sort_unstable();
        answers
    };
    let answers = ask(&["/a", "/b", "/a", "/b", "/a", "/b"], "late");
    assert_eq!(answers, ["200 1", "200 2", "200 3", "200 4", "200 5", "200 6"]);
    let failures = ask(&["/fails"; 6], "fails");
    assert!(failures.iter().all(|answer| answer.starts_with("500")), "{failures:?}");
    assert_eq!(story.printed().replace("waiting for ", "wait "), "wait late late wait fails fails");
}

#[test]
fn r24_a_failed_import_leaves_nothing_half_built() {
    let story = Story::of(
        r#"=== bad.rhai
import "./good" as good;
print("+bad");
let half = 1;
let x = [][7];
=== good.rhai
print("+good");
let here = 1;
=== asks.rhai
fn attempt() { try { return import_module("./bad")["half"].to_string(); } catch (e) { return `caught ${e}`; } }
fn handler(req) {
    let first = attempt();
    let second = attempt();
    `${first == second} ${first}`
}
"#,
    );
    let answer = story.get("/asks").brief();
    check_in_order(&answer, &["200 true caught ", "out of bounds"]);
    assert_eq!(story.printed(), "good bad");
    // Neither was published: `good` is loaded when it is asked for.
    let status = story.ask_json("status");
    let states: Vec<_> = status["interpreters"][0]["modules"].as_array().expect("a list").iter().collect();
    assert!(
        states.iter().all(|module| module["path"].as_str().is_some_and(|path| !path.ends_with("bad.rhai"))
            || module["state"] == "failed")
    );
    story.save("bad.rhai", "import \"./good\" as good;\nlet half = 2;");
    check_in_order(&story.get("/asks").brief(), &["200 true 2"]);
}

#[test]
fn r21_all_phases_of_a_request_see_one_generation() {
    let story = Story::of(&format!(
        "{}=== www/gated.rhai\nimport \"gate\" as gate;\nimport \"./child\" as child;\n\
         fn access(req) {{ print(`+access ${{child::here}}`); OK }}\n\
         fn handler(req) {{ gate::wait(req.query); child::here }}\n\
         fn log(req) {{ print(`+log ${{child::here}}`); OK }}\nfn cleanup(req) {{ print(`+cleanup ${{child::here}}`); OK }}\n\
         === www/child.rhai\nlet here = \"one\";\n",
        GATE.replace(
            "SetHandler rhai\n",
            "SetHandler rhai\n<Location /gated>\nRhaiAccessHandler gated::access\nRhaiLogHandler gated::log\nRhaiCleanupHandler gated::cleanup\n</Location>\n"
        )
    ));
    story.check(&[("/open?warm", "open"), ("/gated?warm", "one")]);
    story.program.wait_for("+cleanup one");
    let mut request = story.program.connect();
    request.send("GET", "/gated?late", &[], b"");
    story.program.wait_for("+waiting for late");
    story.save("www/child.rhai", "let here = \"two\";");
    story.check(&[("/open?late", "open")]);
    assert_eq!(request.receive(false).brief(), "200 one");
    story.program.wait_for("+log one");
    story.program.wait_for("+cleanup one");
    story.check(&[("/gated?warm", "two")]);
    story.program.wait_for("+cleanup two");
}
