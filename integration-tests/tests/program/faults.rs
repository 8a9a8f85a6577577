//! Files that are not as they should be, scripts that do not end, programs that are ended.

use std::{
    io::Write,
    time::{Duration, Instant},
};

use samovar_integration_tests::{Program, Site, poll};

use crate::{SAMOVAR, serve};

const TWO: &str = "=== a.rhai\nfn handler(req) { \"a\" }\n=== b.rhai\nfn handler(req) { \"b\" }\n";

/// Edits `b.rhai` and waits until that is served: what was changed before it was seen by then.
#[track_caller]
fn pass(site: &Site, program: &Program, mark: &str) {
    site.write("b.rhai", format!("fn handler(req) {{ \"{mark}\" }}"));
    program.wait_for_reload(&["b.rhai"]);
    assert_eq!(program.get("/b").text(), mark);
}

#[track_caller]
fn both_loaded() -> (Site, Program) {
    let (site, program) = serve(TWO);
    assert_eq!((program.get("/a").text(), program.get("/b").text()), ("a".into(), "b".into()));
    (site, program)
}

#[test]
fn a_file_that_is_still_written_is_not_served() {
    let (site, program) = both_loaded();
    let mut writer = site.open("a.rhai");
    writer.write_all(b"fn handler(req) { \"half\" }\n").expect("written");
    pass(&site, &program, "b2");
    // Longer than changes are gathered, and than it takes until all files are looked at anew.
    let end = Instant::now() + Duration::from_millis(2500);
    let mut client = program.connect();
    while Instant::now() < end {
        assert_eq!(client.get("/a").brief(), "200 a");
        std::thread::sleep(Duration::from_millis(20));
    }
    writer.write_all(b"fn more() { 1 }\n").expect("written");
    drop(writer);
    program.wait_for_reload(&["a.rhai"]);
    assert_eq!(program.get("/a").brief(), "200 half");
}

#[test]
fn an_empty_file_is_never_loaded() {
    let (site, program) = both_loaded();
    drop(site.open("a.rhai"));
    for round in 0..3 {
        pass(&site, &program, &format!("round {round}"));
        assert_eq!(program.get("/a").brief(), "200 a");
    }
    site.write("a.rhai", "fn handler(req) { \"full\" }");
    program.wait_for_reload(&["a.rhai"]);
    assert_eq!(program.get("/a").brief(), "200 full");
}

#[test]
fn a_save_by_renaming_is_one_reload() {
    let (site, program) = both_loaded();
    site.write("a.rhai", "fn handler(req) { \"a2\" }");
    program.wait_for_reload(&["a.rhai"]);
    pass(&site, &program, "b2");
    assert_eq!(program.reloads("a.rhai"), 1, "{}", program.log());
}

#[test]
fn the_same_text_again_is_no_change() {
    let (site, program) = both_loaded();
    site.write("a.rhai", std::fs::read(site.file("a.rhai")).expect("read"));
    pass(&site, &program, "b2");
    pass(&site, &program, "b3");
    assert_eq!(program.reloads("a.rhai"), 0, "{}", program.log());
}

#[test]
fn a_file_that_is_older_than_what_it_replaces_is_loaded() {
    let (site, program) = both_loaded();
    site.write("old", "fn handler(req) { \"backup\" }");
    let old = std::fs::File::options().write(true).open(site.file("old")).expect("opened");
    old.set_modified(std::time::UNIX_EPOCH + Duration::from_secs(1_000_000)).expect("set");
    drop(old);
    std::fs::rename(site.file("old"), site.file("a.rhai")).expect("renamed");
    program.wait_for_reload(&["a.rhai"]);
    assert_eq!(program.get("/a").brief(), "200 backup");
}

#[test]
fn of_a_change_of_many_files_each_is_reloaded_once() {
    let (site, program) = both_loaded();
    let [a, b] = ["a", "b"].map(|name| (site.file(&format!("{name}.new")), site.file(&format!("{name}.rhai"))));
    for (new, _) in [&a, &b] {
        std::fs::write(new, "fn handler(req) { \"new\" }").expect("written");
    }
    for (new, file) in [a, b] {
        std::fs::rename(new, file).expect("renamed");
    }
    // The first rename may be taken at once, before the second is seen: two generations are right as well.
    poll("both are reloaded", || (program.reloads("a.rhai") > 0 && program.reloads("b.rhai") > 0).then_some(()));
    assert_eq!((program.get("/a").brief(), program.get("/b").brief()), ("200 new".into(), "200 new".into()));
    assert_eq!((program.reloads("a.rhai"), program.reloads("b.rhai")), (1, 1), "{}", program.log());
}

#[test]
fn what_is_no_text_is_refused_and_the_last_good_version_serves() {
    for (text, said) in [(&b"fn handler(req) { \"\xff\" }"[..], "UTF-8"), (b"fn handler(req) { \0 }", "a.rhai")] {
        let (site, program) = both_loaded();
        site.write("a.rhai", text);
        program.wait_for("a change was refused");
        program.wait_for(said);
        assert_eq!(program.get("/a").brief(), "200 a");
    }
}

#[test]
fn a_file_beyond_all_measure_is_refused() {
    let (site, program) = both_loaded();
    let huge = std::fs::File::create(site.file("huge")).expect("made");
    huge.set_len(1 << 30).expect("grown");
    drop(huge);
    std::fs::rename(site.file("huge"), site.file("a.rhai")).expect("renamed");
    program.wait_for("a change was refused");
    assert_eq!(program.get("/a").brief(), "200 a");
}

#[test]
fn a_byte_order_mark_and_line_ends_of_windows_are_fine() {
    let (_site, program) = serve("=== a.rhai\n\u{feff}fn handler(req) {\r\n    \"fine\"\r\n}\r\n");
    assert_eq!(program.get("/a").brief(), "200 fine");
}

#[test]
fn a_cycle_of_imports_is_an_error_that_shows_it() {
    let (_site, program) =
        serve("=== a.rhai\nimport \"./c\" as c;\nfn handler(req) { 1 }\n=== c.rhai\nimport \"./a\" as a;\n");
    assert_eq!(program.get("/a").status, 500);
    program.wait_for("/a failed");
    program.wait_for("import cycle: ");
}

#[test]
fn a_script_that_cannot_be_loaded_is_500_until_it_is_mended() {
    let (site, program) = serve("=== a.rhai\nfn handler(req) {");
    assert_eq!(program.get("/a").status, 500);
    program.wait_for("a.rhai:1:");
    site.write("a.rhai", "fn handler(req) { \"mended\" }");
    poll("the mended script answers", || {
        let answer = program.get("/a");
        assert!(matches!(answer.status, 200 | 500), "{}", answer.brief());
        (answer.brief() == "200 mended").then_some(())
    });
}

#[test]
fn an_endless_loop_ends_in_500_and_others_are_served_meanwhile() {
    let (_site, program) = serve(
        "=== loop.rhai\nfn handler(req) { print(\"looping\"); loop {} }\n=== tries.rhai\nfn handler(req) { print(\"looping\"); loop { try { loop {} } catch {} } }\n=== a.rhai\nfn handler(req) { \"a\" }",
    );
    for target in ["/loop", "/tries"] {
        let mut client = program.connect();
        client.send("GET", target, &[], b"");
        program.wait_for("looping");
        assert_eq!(program.get("/a").brief(), "200 a");
        assert_eq!(client.receive(false).status, 500, "{target}");
        program.wait_for("RhaiLimit");
    }
}

#[test]
fn an_endless_loop_at_the_top_level_is_refused() {
    let (site, program) = both_loaded();
    site.write("a.rhai", "loop {}\nfn handler(req) { \"never\" }");
    program.wait_for("a change was refused");
    assert_eq!(program.get("/a").brief(), "200 a");
}

#[test]
fn a_hook_that_raises_or_never_ends_costs_the_state_and_nothing_else() {
    for hook in ["throw \"no\"", "loop {}"] {
        let script = "const N = if is_def_var(\"N\") { N } else { counter() };\nfn handler(req) { `one ${N.incr()}` }";
        let script = format!("{script}\nfn __mp_clone__(next) {{ next.N = N; {hook} }}");
        let (site, program) = serve(&format!("=== n.rhai\n{script}"));
        assert_eq!(program.get("/n").brief(), "200 one 1");
        site.write("n.rhai", script.replace("one", "two"));
        program.wait_for("__mp_clone__ of");
        program.wait_for_reload(&["n.rhai"]);
        assert_eq!(program.get("/n").brief(), "200 two 1", "{hook}");
    }
}

#[test]
fn a_root_that_is_removed_and_made_again_is_watched_again() {
    let site = Site::new(&TWO.replace("=== ", "=== root/"));
    let program = Program::serve(SAMOVAR, &site.file("root"));
    assert_eq!(program.get("/a").brief(), "200 a");
    std::fs::remove_dir_all(site.file("root")).expect("removed");
    program.wait_for("a.rhai was removed");
    site.write("root/a.rhai", "fn handler(req) { \"again\" }");
    // Whether it is reloaded or loaded depends on how long it was gone.
    poll("what was made again is served", || (program.get("/a").brief() == "200 again").then_some(()));
    site.write("root/a.rhai", "fn handler(req) { \"and again\" }");
    poll("and its changes are", || (program.get("/a").brief() == "200 and again").then_some(()));
}

#[test]
fn a_script_that_eats_memory_or_stack_is_500() {
    let (_site, program) = serve(
        r#"=== string.rhai
fn handler(req) { let s = "xxxxxxxx"; loop { s += s; } }
=== array.rhai
fn handler(req) { let a = []; loop { a.push(a); } }
=== recursion.rhai
fn f(x) { f(x + 1) + 1 }
fn handler(req) { f(1) }
=== a.rhai
fn handler(req) { "a" }
"#,
    );
    for target in ["/string", "/array", "/recursion"] {
        assert_eq!(program.get(target).status, 500, "{target}");
        assert_eq!(program.get("/a").brief(), "200 a");
    }
}

#[test]
fn a_second_server_on_the_port_ends_and_the_first_serves_on() {
    let (site, program) = serve(TWO);
    let address = program.address().to_string();
    let exit = Program::run(SAMOVAR, ["serve", &site.path().to_string_lossy(), "--listen", &address]);
    assert_eq!(exit.code, Some(1), "{}", exit.stderr);
    assert!(exit.stderr.contains(&address), "{}", exit.stderr);
    assert_eq!(program.get("/a").brief(), "200 a");
}

#[test]
fn a_request_under_way_is_answered_before_the_program_ends() {
    let (_site, program) = serve("=== slow.rhai\nfn handler(req) { print(\"started\"); sleep(0.5); \"done\" }");
    let mut idle = program.connect();
    let mut client = program.connect();
    client.send("GET", "/slow", &[], b"");
    program.wait_for("started");
    program.terminate();
    assert_eq!(client.receive(false).brief(), "200 done");
    assert!(idle.is_at_end(), "a connection without a request is closed");
    let exit = program.wait();
    assert_eq!(exit.code, Some(0), "{}", exit.stderr);
    assert!(exit.stderr.trim_end().ends_with("stopped") && !exit.stderr.contains("WARN"), "{}", exit.stderr);
}

#[test]
fn a_program_that_was_killed_starts_again_at_the_same_address() {
    let (site, program) = serve(TWO);
    let address = program.address();
    let mut client = program.connect();
    assert_eq!(client.get("/a").brief(), "200 a");
    assert_eq!(program.kill().code, None);
    let arguments = ["serve", &site.path().to_string_lossy(), "--listen", &address.to_string()];
    let program = Program::start(SAMOVAR, arguments);
    assert_eq!(program.address(), address);
    assert_eq!(program.get("/a").brief(), "200 a");
}

/// So many clients ask at once.
const CLIENTS: usize = 1_000;

#[test]
fn a_module_that_a_thousand_clients_ask_for_at_once_is_loaded_once() {
    samovar_integration_tests::allow_descriptors(CLIENTS + 100);
    let (_site, program) = serve(
        "=== late.rhai\nprint(\"top level\");\nsleep(0.3);\nconst N = counter();\nfn handler(req) { N.incr().to_string() }",
    );
    let mut clients: Vec<_> = (0..CLIENTS).map(|_| program.connect()).collect();
    for client in &mut clients {
        client.send("GET", "/late", &[], b"");
    }
    let mut answers: Vec<_> = clients.iter_mut().map(|client| client.receive(false).brief()).collect();
    let mut expected: Vec<_> = (1..=CLIENTS).map(|number| format!("200 {number}")).collect();
    answers.sort_unstable();
    expected.sort_unstable();
    assert_eq!(answers, expected, "each asked one and the same instance");
    let log = program.log();
    assert_eq!((log.matches("late.rhai in ").count(), log.matches("top level").count()), (1, 1), "{log}");
}

#[test]
fn as_many_connections_may_be_open_as_the_system_allows() {
    let site = Site::new("=== a.rhai\nfn handler(req) { \"a\" }");
    let few = "ulimit -S -n 100 && exec \"$0\" \"$@\"";
    let path = site.path().to_string_lossy().into_owned();
    let program = Program::start("sh", ["-c", few, SAMOVAR, "serve", &path, "--listen", "127.0.0.1:0"]);
    let mut clients: Vec<_> = (0..200).map(|_| program.connect()).collect();
    for client in &mut clients {
        assert_eq!(client.get("/a").brief(), "200 a");
    }
}

/// Rhai's own `sort` goes on to the end when its function is ended.
#[test]
fn what_sorts_without_end_ends_at_its_deadline_and_holds_up_nobody() {
    let endless = "let b = [1, 2, 3, 4]; b.pad(200, 1); let c = b; b.sort(|x, y| { c.order(|z, w| { let n = 0; \
                   while n < 1_000 { n += 1; } 0 }); 0 });";
    let (site, program) = serve(&format!(
        "=== a.rhai\nfn handler(req) {{ \"a\" }}\n=== b.rhai\nfn handler(req) {{ \"b\" }}\n\
         === page.rhai\nfn handler(req) {{ {endless} \"done\" }}\n=== top.rhai\n{endless}\nfn handler(req) {{ \"done\" }}\n"
    ));
    assert_eq!(program.get("/b").text(), "b");
    for path in ["/page", "/top"] {
        let start = Instant::now();
        std::thread::scope(|threads| {
            let asked = threads.spawn(|| program.get(path).status);
            // Others are answered meanwhile, and what they change is served.
            assert_eq!(program.get("/a").text(), "a");
            pass(&site, &program, path);
            assert_eq!(asked.join().expect("an answer"), 500, "{path}");
        });
        assert!(start.elapsed() < Duration::from_secs(20), "{path}: {:?}", start.elapsed());
    }
}
