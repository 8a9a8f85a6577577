//! Asked while it serves: `status`, `reload`, `graph`, `freeze` (R52-R54).

use std::{
    io::{Read, Write},
    os::unix::{
        fs::{MetadataExt, PermissionsExt},
        net::UnixStream,
        process::CommandExt,
    },
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use samovar_integration_tests::{Program, Said, Site, poll};
use serde_json::Value;

use crate::{SAMOVAR, serve};

/// Reloading is off, so that nothing but the command reloads.
const SITE: &str = r#"=== samovar.conf
SetHandler rhai
RhaiAutoReload Off
=== lib/words.rhai
let greeting = "Hello";
=== hello.rhai
import "./lib/words" as words;
fn handler(req) { import "./lib/late" as late; words::greeting }
=== lib/late.rhai
let late = true;
"#;

/// The site, with everything in it loaded.
#[track_caller]
fn loaded() -> (Site, Program) {
    let (site, program) = serve(SITE);
    assert_eq!(program.get("/hello").brief(), "200 Hello");
    (site, program)
}

fn ask(program: &Program, site: &Site, command: &str, more: &[&str]) -> Said {
    let site = site.path().to_string_lossy();
    program.ask([command, &*site].into_iter().chain(more.iter().copied()))
}

#[track_caller]
fn ask_json(program: &Program, site: &Site, command: &str) -> Value {
    let said = ask(program, site, command, &["--json"]);
    serde_json::from_str(&said.stdout).unwrap_or_else(|error| panic!("{error}: {said:?}"))
}

/// It succeeded, and said these things in this order.
#[track_caller]
fn check(said: &Said, expected: &[&str]) {
    assert_eq!((said.code, said.stderr.as_str()), (Some(0), ""), "{}", said.stdout);
    in_order(&said.stdout, expected);
}

/// It was refused, for these reasons.
#[track_caller]
fn check_refused(said: &Said, expected: &[&str]) {
    assert_eq!(said.code, Some(1), "{said:?}");
    in_order(&said.stderr, expected);
}

#[track_caller]
fn in_order(text: &str, expected: &[&str]) {
    let mut rest = text;
    for part in expected {
        let at = rest.find(part).unwrap_or_else(|| panic!("`{part}` is missing, or not in this order:\n{text}"));
        rest = &rest[at + part.len()..];
    }
}

fn sockets(program: &Program) -> Vec<PathBuf> {
    let directory = program.runtime().join("samovar");
    std::fs::read_dir(directory).expect("a directory").map(|entry| entry.expect("an entry").path()).collect()
}

#[test]
fn r38_a_reload_that_was_asked_for_overrides_off_and_says_what_and_why() {
    let (site, program) = loaded();
    check(&ask(&program, &site, "reload", &[]), &["main: up to date, generation 2 "]);
    site.write("lib/words.rhai", "let greeting = \"Hi\";");
    let said = ask(&program, &site, "reload", &[]);
    check(&said, &["main: reloaded 2 modules in ", " ms, generation 3"]);
    in_order(&said.stdout, &["  lib/words.rhai  it changed\n", "  hello.rhai      lib/words.rhai changed\n"]);
    assert_eq!(program.get("/hello").brief(), "200 Hi");
}

#[test]
fn r32_a_reload_that_is_refused_exits_with_1_and_shows_what_is_wrong() {
    let (site, program) = loaded();
    site.write("lib/words.rhai", "let greeting = \"Hi\";\nlet more = [1, 2;\n");
    let said = ask(&program, &site, "reload", &[]);
    check_refused(&said, &["error: ", "lib/words.rhai:2:", "let more = [1, 2;"]);
    in_order(&said.stdout, &["main: the change was refused, generation 2 is served on"]);
    assert_eq!(program.get("/hello").brief(), "200 Hello");

    let again = ask_json(&program, &site, "reload");
    assert_eq!(again["interpreters"][0]["outcome"], "refused");
    assert_eq!(again["interpreters"][0]["diagnostics"][0]["place"]["line"], 2);
    site.write("lib/words.rhai", "let greeting = \"Hi\";");
    // What was asked for once is tried again when it was mended, so it may be there before it is asked for again.
    check(&ask(&program, &site, "reload", &[]), &["main: ", "generation 3"]);
    assert_eq!(program.get("/hello").brief(), "200 Hi");
}

#[test]
fn status_as_json_tells_every_module_and_its_state() {
    let (site, program) = loaded();
    site.write("lib/words.rhai", "let greeting = ");
    assert_eq!(ask(&program, &site, "reload", &[]).code, Some(1));
    // Saved later than the change that is refused, also as the files tell it.
    site.next_tick();
    site.write("broken.rhai", "fn handler(req) {");
    assert_eq!(program.get("/broken").status, 500);

    let status = ask_json(&program, &site, "status");
    assert_eq!(status["listens"][0], program.address().to_string());
    let main = &status["interpreters"][0];
    assert_eq!((&main["name"], &main["generation"], &main["frozen"]), (&"main".into(), &2.into(), &false.into()));
    assert_eq!(main["counters"]["refused"], 1);
    assert_eq!(main["refusals"].as_array().map(Vec::len), Some(1));
    let modules: Vec<_> = main["modules"].as_array().expect("a list").iter().collect();
    let states: Vec<_> = modules.iter().map(|module| (name(&module["path"]), module["state"].as_str())).collect();
    let expected =
        [("broken.rhai", "failed"), ("hello.rhai", "stale"), ("late.rhai", "up to date"), ("words.rhai", "stale")];
    assert_eq!(states, expected.map(|(name, state)| (name.to_owned(), Some(state))));
    assert_eq!(name(&modules[1]["children"][0]), "words.rhai");
    assert_eq!(name(&modules[1]["friends"][0]), "late.rhai");
    assert!(
        modules[1]["last_good_since"].as_str().is_some_and(|since| since.starts_with("20") && since.ends_with('Z'))
    );
}

fn name(path: &Value) -> String {
    let path = Path::new(path.as_str().expect("a path"));
    path.file_name().expect("a name").to_string_lossy().into_owned()
}

#[test]
fn status_for_people_is_a_table() {
    let (site, program) = loaded();
    let said = ask(&program, &site, "status", &[]);
    check(
        &said,
        &[
            "samovar ",
            "http://127.0.0.1:",
            "main: generation 2, release 1, 3 modules",
            "MODULE ",
            "hello.rhai ",
            "up to date ",
        ],
    );
    assert!(!said.stdout.contains(&*site.path().to_string_lossy()), "paths are as short as can be:\n{}", said.stdout);
}

#[test]
fn status_says_whether_the_files_differ_from_what_is_served() {
    let (site, program) = loaded();
    let disk = || {
        let status = ask_json(&program, &site, "status");
        let modules = status["interpreters"][0]["modules"].as_array().expect("a list").clone();
        modules.iter().map(|module| format!("{} {}", name(&module["path"]), module["disk"])).collect::<Vec<_>>()
    };
    assert_eq!(disk(), ["hello.rhai \"same\"", "late.rhai \"same\"", "words.rhai \"same\""]);
    site.write("lib/words.rhai", "let greeting = \"Hi\";");
    site.remove("lib/late.rhai");
    assert_eq!(disk(), ["hello.rhai \"same\"", "late.rhai \"gone\"", "words.rhai \"differs\""]);
    let said = ask(&program, &site, "status", &[]);
    check(
        &said,
        &["hello.rhai ", "up to date ", "lib/late.rhai ", "the file is gone", "lib/words.rhai ", "the file differs"],
    );
    // It says again what is loaded.
    site.write("lib/words.rhai", "let greeting = \"Hello\";\n");
    assert_eq!(disk()[2], "words.rhai \"same\"");
    // Nobody looks here, and it was meant so.
    check(&ask(&program, &site, "status", &["--check"]), &["nothing is refused or degraded: 3 modules"]);
}

#[test]
fn a_configuration_that_stays_as_it_is_is_not_told_of() {
    let told = |program: &Program| program.log().matches("the configuration was taken up").count();
    // Where there is none,
    let (site, program) = serve("=== hello.rhai\nfn handler(req) { 204 }\n");
    assert_eq!(program.get("/hello").status, 204);
    assert_eq!(ask(&program, &site, "reload", &[]).code, Some(0));
    assert_eq!(told(&program), 0, "{}", program.log());
    // and where nothing in it has changed.
    let (site, program) = loaded();
    assert_eq!(ask(&program, &site, "reload", &[]).code, Some(0));
    assert_eq!(told(&program), 0, "{}", program.log());
    let text = std::fs::read_to_string(site.file("samovar.conf")).expect("a configuration");
    site.write("samovar.conf", format!("{text}Timeout 9\n"));
    assert_eq!(ask(&program, &site, "reload", &[]).code, Some(0));
    program.wait_for("the configuration was taken up");
    // One that was refused meanwhile is.
    site.write("samovar.conf", "SetHandlre rhai\n");
    program.wait_for("a configuration was refused");
    site.write("samovar.conf", format!("{text}Timeout 9\n"));
    poll("it is taken up again", || Some(()).filter(|()| told(&program) >= 2));
}

#[test]
fn status_check_exits_with_1_while_anything_is_refused() {
    let (site, mut program) = serve(&SITE.replace("RhaiAutoReload Off\n", ""));
    let fine = || check(&ask(&program, &site, "status", &["--check"]), &["nothing is refused or degraded"]);
    assert_eq!(program.get("/hello").brief(), "200 Hello");
    fine();

    site.write("lib/words.rhai", "let greeting = ");
    program.wait_for("a change was refused");
    check_refused(
        &ask(&program, &site, "status", &["--check"]),
        &["error: main: a change is refused: lib/words.rhai:1:16: "],
    );
    let said = ask(&program, &site, "status", &["--check", "--json"]);
    let status: Value = serde_json::from_str(&said.stdout).expect("JSON");
    assert_eq!((said.code, said.stderr.as_str()), (Some(1), ""));
    assert_eq!(
        (&status["problems"][0]["kind"], &status["problems"][0]["interpreter"]),
        (&"refused change".into(), &"main".into())
    );
    assert_eq!(ask(&program, &site, "status", &[]).code, Some(0), "without --check it is an answer like others");
    site.write("lib/words.rhai", "let greeting = \"Hi\";");
    program.wait_for("reloaded ");
    fine();

    site.write("broken.rhai", "fn handler(req) {");
    assert_eq!(program.get("/broken").status, 500);
    check_refused(
        &ask(&program, &site, "status", &["--check"]),
        &["error: main: broken.rhai is not loaded: broken.rhai:1:"],
    );
    site.write("broken.rhai", "fn handler(req) { 204 }");
    poll("the page is mended", || Some(()).filter(|()| program.get("/broken").status == 204));
    fine();

    program.crash();
    check_refused(&ask(&program, &site, "status", &["--check"]), &["error: no server is running"]);
    assert_eq!(ask(&program, &site, "status", &["--chekc"]).code, Some(2));
}

#[test]
fn status_shows_a_configuration_that_was_refused() {
    let (site, program) = loaded();
    assert_eq!(ask_json(&program, &site, "status")["configuration"]["state"], "up to date");
    let before = std::fs::read_to_string(site.file("samovar.conf")).expect("a configuration");
    site.write("samovar.conf", "SetHandler rhai\nRhaiAutoRelaod Off\nLisen 80\n");
    program.wait_for("a configuration was refused");
    let said = ask(&program, &site, "status", &[]);
    check(
        &said,
        &[
            "The configuration was refused at 20",
            "the one before holds on:",
            "RhaiAutoRelaod",
            "Lisen",
            "main: generation 2",
        ],
    );
    check_refused(
        &ask(&program, &site, "status", &["--check"]),
        &["error: the configuration is refused: samovar.conf:2:1: ", "(and 1 more error)"],
    );
    let configuration = ask_json(&program, &site, "status")["configuration"].take();
    assert_eq!(configuration["state"], "refused");
    assert!(configuration["refused"].as_str().is_some_and(|at| at.ends_with('Z')), "{configuration}");
    site.write("samovar.conf", before);
    program.wait_for("taken up");
    check(&ask(&program, &site, "status", &["--check"]), &["nothing is refused or degraded"]);
    assert_eq!(ask_json(&program, &site, "status")["configuration"]["state"], "up to date");
}

#[test]
fn status_of_many_modules_lists_first_those_that_are_not_as_they_were_saved() {
    let mut files = "=== samovar.conf\nSetHandler rhai\nRhaiAutoReload Off\n".to_owned();
    for number in 0..60 {
        files += &format!("=== m{number:02}.rhai\nlet n = {number};\n");
    }
    let imports: String = (0..60).map(|number| format!("import \"m{number:02}\" as m{number};\n")).collect();
    let (site, program) = serve(&(files + "=== a.rhai\n" + &imports + "fn handler(req) { `${m7::n}` }\n"));
    assert_eq!(program.get("/a").brief(), "200 7");
    site.write("m42.rhai", "let n = 43;");
    let said = ask(&program, &site, "status", &[]);
    check(
        &said,
        &[
            "main: generation 1, release 1, 61 modules",
            "m42.rhai ",
            "the file differs",
            "a.rhai ",
            "m00.rhai ",
            "and 21 more, up to date; --all lists them",
        ],
    );
    assert!(said.stdout.lines().count() < 50, "{}", said.stdout);
    let said = ask(&program, &site, "status", &["--all"]);
    check(&said, &["a.rhai ", "m00.rhai ", "m42.rhai ", "the file differs", "m59.rhai "]);
}

#[test]
fn r53_the_graph_is_one_that_graphviz_draws() {
    let (site, program) = loaded();
    let said = ask(&program, &site, "graph", &[]);
    let (child, friend) =
        ("\"hello.rhai\" -> \"lib/words.rhai\";", "\"hello.rhai\" -> \"lib/late.rhai\" [style=dotted];");
    check(&said, &["digraph \"main\" {", "label=\"lib\"", child, friend, "}"]);
    check(&ask(&program, &site, "graph", &["--verbose"]), &["generation 1, load 1"]);
    let graph = ask_json(&program, &site, "graph");
    assert_eq!(graph["interpreters"][0]["modules"].as_array().map(Vec::len), Some(3));
    check_refused(
        &ask(&program, &site, "graph", &["--interpreter", "mian"]),
        &["no interpreter `mian`", "there is `main`"],
    );

    let dot = Command::new("dot").arg("-Tplain").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let Ok(mut dot) = dot else { return };
    dot.stdin.take().expect("a pipe").write_all(said.stdout.as_bytes()).expect("it reads");
    let drawn = dot.wait_with_output().expect("it ends");
    assert!(drawn.status.success());
    assert_eq!(String::from_utf8_lossy(&drawn.stdout).lines().filter(|line| line.starts_with("edge ")).count(), 2);
}

#[test]
fn r40_after_freeze_nothing_is_reloaded() {
    let (site, program) = loaded();
    check(&ask(&program, &site, "freeze", &[]), &["main: frozen, generation 2 stays until the server is restarted"]);
    check(&ask(&program, &site, "freeze", &["main"]), &["main: was frozen already"]);
    site.write("lib/words.rhai", "let greeting = \"Hi\";");
    check_refused(&ask(&program, &site, "reload", &[]), &["error: reloading has ended"]);
    assert_eq!(program.get("/hello").brief(), "200 Hello");
    assert_eq!(ask_json(&program, &site, "status")["interpreters"][0]["frozen"], true);
}

#[test]
fn the_socket_is_for_its_user_alone_and_goes_with_its_server() {
    let (_site, program) = loaded();
    let [socket] = &*sockets(&program) else { panic!("one socket: {:?}", sockets(&program)) };
    assert_eq!(socket.metadata().expect("a socket").permissions().mode() & 0o777, 0o600);
    assert_eq!(socket.parent().expect("a directory").metadata().expect("there").mode() & 0o777, 0o700);
    let beside = serve(SITE);
    program.terminate();
    let (socket, exit) = (socket.clone(), program.wait());
    assert_eq!(exit.code, Some(0), "{}", exit.stderr);
    assert!(!socket.exists());
    drop(beside);
}

#[test]
fn a_second_server_for_the_same_site_is_refused() {
    let (site, program) = loaded();
    let said = ask(&program, &site, "serve", &["--listen", "127.0.0.1:0"]);
    check_refused(&said, &["error: another server is running for this site", "help: ", "--control"]);
    let other = site.file("other.sock");
    let path = site.path().to_string_lossy();
    let arguments = ["serve", &path, "--listen", "127.0.0.1:0", "--control", &other.to_string_lossy()];
    let second = program.start_beside(arguments);
    let status = ask(&program, &site, "status", &["--control", &other.to_string_lossy()]);
    check(&status, &[&second.address().to_string()]);
    check(&ask(&program, &site, "status", &[]), &[&program.address().to_string()]);
}

#[test]
fn what_a_server_that_crashed_left_is_replaced() {
    let (site, mut program) = loaded();
    program.crash();
    check_refused(
        &ask(&program, &site, "status", &[]),
        &["error: no server is running", ".sock", "help: ", "samovar serve"],
    );
    let path = site.path().to_string_lossy();
    let next = program.start_beside(["serve", &path, "--listen", "127.0.0.1:0"]);
    check(&ask(&program, &site, "status", &[]), &[&next.address().to_string()]);
}

#[test]
fn a_site_behind_a_link_is_found_after_the_link_was_switched() {
    let files = "=== 1/hello.rhai\nfn handler(req) { \"one\" }\n=== 2/hello.rhai\nfn handler(req) { \"two\" }\n";
    let site = Site::new(files);
    site.link("current", "1");
    let current = site.file("current");
    let program = Program::serve(SAMOVAR, &current);
    assert_eq!(program.get("/hello").brief(), "200 one");
    check(&program.ask(["status".as_ref(), site.file("1").as_os_str()]), &["main: generation 1"]);
    site.link("next", "2");
    std::fs::rename(site.file("next"), &current).expect("renamed");
    let said = program.ask(["reload".as_ref(), current.as_os_str()]);
    check(&said, &["main: ", "generation 2"]);
    assert_eq!(program.get("/hello").brief(), "200 two");
}

#[test]
fn a_root_link_that_was_away_leaves_the_socket_where_it_is() {
    let files = "=== 1/samovar.conf\nSetHandler rhai\n=== 1/hello.rhai\nfn handler(req) { \"one\" }\n\
                 === 2/samovar.conf\nSetHandler rhai\n# another\n=== 2/hello.rhai\nfn handler(req) { \"two\" }\n";
    let site = Site::new(files);
    site.link("current", "1");
    let current = site.file("current");
    let program = Program::serve(SAMOVAR, &current);
    assert_eq!(program.get("/hello").brief(), "200 one");
    std::fs::remove_file(&current).expect("removed");
    poll("the link is missed", || Some(()).filter(|()| program.log().contains("the one before holds on")));
    // Whoever watches it is answered meanwhile.
    let said = program.ask(["status".as_ref(), "--check".as_ref(), current.as_os_str()]);
    check_refused(&said, &["error: the configuration is refused: ", "current"]);
    site.link("current", "2");
    program.wait_for("taken up");
    let status = |path: &Path| program.ask(["status".as_ref(), path.as_os_str()]);
    // It is found under the link, and under where the link leads now, and no longer under where it led.
    check(&status(&current), &["samovar ", "main: "]);
    poll("the second name", || Some(()).filter(|()| status(&site.file("2")).code == Some(0)));
    check_refused(&status(&site.file("1")), &["error: no server is running"]);
    assert!(!program.log().contains("another server is running"), "{}", program.log());
}

#[test]
fn idle_clients_delay_nobody() {
    let (site, program) = loaded();
    let [socket] = &*sockets(&program) else { panic!("one socket: {:?}", sockets(&program)) };
    let started = std::time::Instant::now();
    // Silent ones, such as begin to ask, and such as do not read what they asked for.
    let mut clients: Vec<_> = (0..150)
        .map(|number| {
            let mut client = UnixStream::connect(socket).expect("it accepts");
            // The server may have given it up already.
            let _ = match number % 3 {
                0 => Ok(()),
                1 => client.write_all(b"{\"samovar\": 1,"),
                _ => client.write_all(b"{\"samovar\": 1, \"command\": \"status\"}\n"),
            };
            client
        })
        .collect();
    for command in ["status", "reload", "graph"] {
        assert_eq!(ask(&program, &site, command, &[]).code, Some(0), "{command}");
    }
    // One after the other, each would cost the time that a client has for its request.
    assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
    // Those that came last are heard still.
    let last = clients.last_mut().expect("some");
    let mut answer = String::new();
    last.read_to_string(&mut answer).expect("an answer");
    assert!(answer.starts_with("{\"answer\":") && answer.ends_with("}\n"), "{answer}");
}

#[test]
fn a_server_that_stands_still_does_not_hold_up_those_who_watch_it() {
    let (site, program) = loaded();
    program.suspend();
    let said = ask(&program, &site, "status", &[]);
    program.resume();
    check_refused(&said, &["error: ", "the server did not answer within 10 s"]);
    check(&ask(&program, &site, "status", &[]), &["samovar "]);
}

/// Only root can start programs of other users; for all others, the parts of this are tested where they stand.
#[test]
fn root_finds_the_server_of_another_user() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let site = Site::new("=== hello.rhai\nfn handler(req) { \"Hello\" }\n");
    let set_mode =
        |path: &Path, mode| std::fs::set_permissions(path, PermissionsExt::from_mode(mode)).expect("changed");
    set_mode(site.path(), 0o755);
    let temporary = tempfile::tempdir().expect("a directory");
    set_mode(temporary.path(), 0o777);
    // Where others may run it, whatever may be read of where it was built.
    let binary = temporary.path().join("program");
    std::fs::copy(SAMOVAR, &binary).expect("copied");
    let _server = Killed(
        Command::new(&binary)
            .args(["serve".as_ref(), site.path().as_os_str(), "--listen".as_ref(), "127.0.0.1:0".as_ref()])
            .env_remove("XDG_RUNTIME_DIR")
            .env("TMPDIR", temporary.path())
            .uid(NOBODY)
            .gid(NOBODY)
            .stderr(Stdio::null())
            .spawn()
            .expect("it starts"),
    );
    let ask = |user: u32| {
        let mut command = Command::new(&binary);
        command.args(["status".as_ref(), site.path().as_os_str()]).uid(user).gid(user);
        let command = command.env_remove("XDG_RUNTIME_DIR").env("TMPDIR", temporary.path()).output();
        let output = command.expect("it starts");
        let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
        Said { code: output.status.code(), stdout: text(&output.stdout), stderr: text(&output.stderr) }
    };
    let found = poll("the server is found", || Some(ask(0)).filter(|said| said.code == Some(0)));
    in_order(&found.stderr, &["note: it is the server of user 65534, at ", "/samovar-65534/"]);
    in_order(&found.stdout, &["samovar ", "http://127.0.0.1:"]);
    check_refused(
        &ask(NOBODY - 1),
        &["error: no server is running", "help: ", "that of another user is found by root"],
    );
}

const NOBODY: u32 = 65_534;

struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn the_configuration_says_where_the_socket_is() {
    let (site, program) = serve(&SITE.replace("SetHandler", "ControlSocket run.sock\nSetHandler"));
    assert_eq!(site.file("run.sock").metadata().expect("a socket").permissions().mode() & 0o777, 0o600);
    check(&ask(&program, &site, "status", &[]), &[&program.address().to_string(), "Nothing is loaded yet"]);
    check(&ask(&program, &site, "reload", &[]), &["nothing is loaded yet"]);
}

#[test]
fn the_socket_moves_with_the_configuration() {
    let (site, program) = serve(SITE);
    let before = std::fs::read_to_string(site.file("samovar.conf")).expect("a configuration");
    for socket in ["run.sock", "other.sock"] {
        site.write("samovar.conf", format!("ControlSocket {socket}\n{before}"));
        program.wait_for("taken up");
        poll(socket, || Some(()).filter(|()| site.file(socket).exists()));
        check(&ask(&program, &site, "status", &[]), &[&program.address().to_string()]);
    }
    assert!(!site.file("run.sock").exists(), "the old socket is still there");
    // With its own answer under way, it moves as well.
    site.write("samovar.conf", before);
    poll("the usual place", || Some(()).filter(|()| ask(&program, &site, "reload", &[]).code == Some(0)));
    poll("the old socket is gone", || Some(()).filter(|()| !site.file("other.sock").exists()));
}

#[test]
fn wrong_usage_exits_with_2() {
    let (site, program) = loaded();
    for (command, more) in [("reload", "--jsno"), ("graph", "--interpreter"), ("status", "more")] {
        assert_eq!(ask(&program, &site, command, &[more]).code, Some(2), "{command} {more}");
    }
}
