//! What follows an answer: it waits until the client has that, and nobody waits for it.

use samovar_integration_tests::{Client, Program};

use crate::serve;

const SITE: &str = r#"=== samovar.conf
SetHandler rhai
RhaiLimit time 30000
<Location /long>
    RhaiLogHandler long::log
</Location>
=== waits.rhai
import "./state" as state;
fn handler(req) {
    req.on_finish(callback(|| { while !state::GO.value { sleep(0.01); } print("finished waiting"); }));
    "answered"
}
=== go.rhai
import "./state" as state;
fn handler(req) { state::GO.set(true); "gone" }
=== state.rhai
const GO = cell(false);
=== big.rhai
fn handler(req) {
    let path = req.path;
    req.on_finish(callback(|| print(`finished ${path} ${req.status}`)));
    let b = blob(1000000, 65);
    for i in 0..32 { req.write(b); }
    print("made it");
}
=== small.rhai
fn handler(req) { req.on_finish(callback(|| print(`finished ${req.path}`))); "small" }
=== long.rhai
import "./state" as state;
fn handler(req) {
    req.on_finish(callback(|| print(`finished ${req.path}`)));
    print("running");
    while !state::GO.value { sleep(0.01); }
    "long"
}
fn log(req) { print(`logged ${req.path}`); }
=== slow.rhai
fn handler(req) { req.on_finish(callback(|| { sleep(0.7); print("finished slowly"); })); "answered" }
=== bad.rhai
fn handler(req) { req.on_finish(callback(|| print(`finished ${req.path} ${req.status}`))); throw "bad" }
=== worse.rhai
fn handler(req) { req.on_finish(callback(|| { throw "worse" })); req.on_finish(callback(|| print("and the next"))); 204 }
"#;

/// More requests than there are threads for what follows.
const MANY: usize = 100;

#[test]
fn on_finish_delays_neither_its_own_answer_nor_any_other() {
    let (_site, program) = serve(SITE);
    let mut client = program.connect();
    for _ in 0..MANY {
        assert_eq!(client.get("/waits").brief(), "200 answered");
    }
    // On the same connection, and on another.
    assert_eq!(client.get("/small").brief(), "200 small");
    assert_eq!(program.get("/small").brief(), "200 small");
    assert!(!program.log().contains("finished"), "{}", program.log());
    assert_eq!(client.get("/go").brief(), "200 gone");
    for _ in 0..MANY {
        program.wait_for("finished waiting");
    }
}

#[test]
fn on_finish_runs_when_the_client_has_its_answer() {
    let (_site, program) = serve(SITE);
    let mut silent = program.connect();
    silent.send("GET", "/big", &[], b"");
    program.wait_for("made it");
    assert_eq!(program.get("/small").brief(), "200 small");
    program.wait_for("finished /small");
    assert!(!program.log().contains("finished /big"), "it was not read yet: {}", program.log());
    assert_eq!(silent.receive(false).body.len(), 32_000_000);
    program.wait_for("finished /big 200");
}

#[test]
fn r51_a_request_that_keeps_old_code_for_a_slow_client_is_named() {
    let (site, program) = serve(SITE);
    let mut silent = program.connect();
    silent.send("GET", "/big", &[], b"");
    program.wait_for("made it");
    let text = std::fs::read_to_string(site.file("big.rhai")).expect("read");
    site.write("big.rhai", text.replace("made it", "made it anew"));
    program.wait_for_reload(&["big.rhai"]);
    program.wait_for("is kept in memory by the request GET /big, whose client is still taking the answer,");
    assert_eq!(silent.receive(false).body.len(), 32_000_000);
    program.wait_for("finished /big 200");
}

#[test]
fn on_finish_runs_when_the_client_has_gone() {
    let (_site, program) = serve(SITE);
    let mut client = program.connect();
    client.send("GET", "/big", &[], b"");
    program.wait_for("made it");
    drop(client);
    program.wait_for("finished /big");
    // Also when it has gone while the script runs.
    let mut client = program.connect();
    client.send("GET", "/long", &[], b"");
    program.wait_for("running");
    drop(client);
    assert_eq!(program.get("/go").brief(), "200 gone");
    program.wait_for("logged /long");
    program.wait_for("finished /long");
}

#[test]
fn on_finish_runs_after_errors_and_after_heads_and_goes_on_after_its_own() {
    let (_site, program) = serve(SITE);
    assert_eq!(program.get("/bad").status, 500);
    program.wait_for("finished /bad 500");
    assert_eq!(program.connect().request("HEAD", "/small", &[], b"").status, 200);
    program.wait_for("finished /small");
    assert_eq!(program.get("/worse").status, 204);
    program.wait_for("/worse, in what it left to on_finish, failed");
    program.wait_for("and the next");
}

#[test]
fn what_follows_comes_in_the_order_of_httpd() {
    let (_site, program) = serve(
        r#"=== samovar.conf
SetHandler rhai
RhaiLogHandler after::log
RhaiCleanupHandler after::clean
=== after.rhai
fn log(req) { print("1 log"); req.on_finish(callback(|| print("3 finish"))); }
fn clean(req) { print("4 clean"); req.on_finish(callback(|| print("5 finish"))); }
=== h.rhai
fn handler(req) { req.on_finish(callback(|| print("2 finish"))); 204 }
"#,
    );
    assert_eq!(program.get("/h").status, 204);
    for line in ["1 log", "2 finish", "3 finish", "4 clean", "5 finish"] {
        program.wait_for(line);
    }
}

#[test]
fn a_script_whose_client_has_gone_is_let_to_its_end_before_the_program_ends() {
    for reset in [true, false] {
        let (_site, program) = serve(
            "=== h.rhai\nfn handler(req) { req.on_finish(callback(|| print(\"finished\"))); print(\"running\"); sleep(0.7); 204 }",
        );
        let mut client = program.connect();
        client.send("GET", "/h", &[], b"");
        program.wait_for("running");
        match reset {
            true => client.reset(),
            false => drop(client),
        }
        let exit = ended(program);
        assert!(exit.contains("finished") && !exit.contains("WARN"), "reset {reset}: {exit}");
    }
}

#[test]
fn what_follows_an_answer_is_done_before_the_program_ends() {
    let (_site, program) = serve(SITE);
    let client: &mut Client = &mut program.connect();
    assert_eq!(client.get("/slow").brief(), "200 answered");
    let exit = ended(program);
    assert!(exit.contains("finished slowly") && !exit.contains("WARN"), "{exit}");
}

fn ended(program: Program) -> String {
    program.terminate();
    program.wait().stderr
}
