//! Releases are kept in the state directory, and found again after a restart (L3).

use std::{
    fs,
    path::{Path, PathBuf},
};

use samovar_integration_tests::{Program, Site, poll};
use serde_json::Value;

use crate::SAMOVAR;

const SITE: &str = r#"=== samovar.conf
DocumentRoot htdocs
SetHandler rhai
RhaiAutoReload Off
StateDirectory state
=== htdocs/a.rhai
fn handler(req) { "one" }
=== htdocs/b.rhai
fn handler(req) { "two" }
"#;

fn start(site: &Site) -> Program {
    Program::serve(SAMOVAR, site.path())
}

fn history(site: &Site) -> PathBuf {
    site.file("state/interpreters/main")
}

#[track_caller]
fn status(program: &Program, site: &Site) -> Value {
    let said = program.ask(["status", &*site.path().to_string_lossy(), "--json"]);
    serde_json::from_str(&said.stdout).unwrap_or_else(|error| panic!("{error}: {said:?}"))
}

/// The release that the main interpreter serves.
#[track_caller]
fn release(program: &Program, site: &Site) -> u64 {
    status(program, site)["interpreters"][0]["release"].as_u64().expect("a number")
}

#[track_caller]
fn reload(program: &Program, site: &Site) {
    let said = program.ask(["reload", &*site.path().to_string_lossy()]);
    assert_eq!(said.code, Some(0), "{said:?}");
}

#[track_caller]
fn edit(program: &Program, site: &Site, text: &str) {
    site.write("htdocs/a.rhai", format!(r#"fn handler(req) {{ "{text}" }}"#));
    reload(program, site);
    assert_eq!(program.get("/a").brief(), format!("200 {text}"));
}

/// Waits until a release is on the disk.
#[track_caller]
fn written(site: &Site, number: u64) {
    let manifest = history(site).join("releases").join(number.to_string());
    poll("the release is written", || manifest.exists().then_some(()));
}

/// What `status --check` says is wrong.
#[track_caller]
fn problems(program: &Program, site: &Site) -> String {
    let said = program.ask(["status", &*site.path().to_string_lossy(), "--check"]);
    assert_eq!(said.code, Some(i32::from(!said.stderr.is_empty())), "{said:?}");
    said.stderr
}

#[test]
fn l3_a_restart_serves_the_same_release_as_long_as_the_texts_are_the_same() {
    let site = Site::new(SITE);
    let program = start(&site);
    assert_eq!(program.get("/a").brief(), "200 one");
    assert_eq!(program.get("/b").brief(), "200 two");
    assert_eq!(release(&program, &site), 1);
    edit(&program, &site, "three");
    assert_eq!(release(&program, &site), 2);
    written(&site, 2);
    program.kill();

    let program = start(&site);
    for (path, text) in [("/b", "two"), ("/a", "three")] {
        assert_eq!(program.get(path).brief(), format!("200 {text}"));
        assert_eq!(release(&program, &site), 2, "{path}");
    }
    edit(&program, &site, "four");
    assert_eq!(release(&program, &site), 3);
    let page = program.ask(["status", &*site.path().to_string_lossy()]);
    assert!(page.stdout.contains("\nmain: generation 3, release 3, 2 modules"), "{}", page.stdout);
    // A server that is told to end writes what it knows before it does.
    program.terminate();
    assert_eq!(program.wait().code, Some(0));
    assert!(history(&site).join("releases/3").exists());

    site.write("htdocs/a.rhai", r#"fn handler(req) { "edited" }"#);
    let program = start(&site);
    assert_eq!(program.get("/a").brief(), "200 edited");
    assert_eq!(release(&program, &site), 4);
    assert_eq!(problems(&program, &site), "");
}

#[test]
fn l3_a_server_that_is_killed_at_any_moment_leaves_a_history_that_can_be_read() {
    let site = Site::new(SITE);
    let mut last = 0;
    for round in 0..6 {
        let program = start(&site);
        assert_eq!(program.get("/a").status, 200);
        assert_eq!(problems(&program, &site), "", "round {round}");
        let resumed = release(&program, &site);
        assert!(resumed >= last, "round {round}: {resumed} after {last}");
        for number in 1..=3 {
            edit(&program, &site, &format!("{round} {number}"));
        }
        // The newest are perhaps on the disk, and the others before them are if one is.
        program.kill();
        let written = fs::read_dir(history(&site).join("releases")).expect("the releases");
        let numbers = written.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
        last = numbers.max().unwrap_or(0);
    }
}

#[test]
fn l3_a_damaged_history_is_a_warning() {
    let site = Site::new(SITE);
    let program = start(&site);
    program.get("/a");
    edit(&program, &site, "two");
    edit(&program, &site, "three");
    written(&site, 3);
    program.kill();
    fs::write(history(&site).join("releases/2"), "samovar release 1\n").expect("a manifest");
    for text in fs::read_dir(history(&site).join("texts")).expect("the texts") {
        fs::write(text.expect("a text").path(), "x").expect("a text");
    }

    let program = start(&site);
    assert_eq!(program.get("/a").brief(), "200 three");
    let line = program.wait_for("WARN main: release 2 is missing from the history: `");
    assert!(line.ends_with("; restore the file from a backup and start again, or remove it"), "{line}");
    let wrong = problems(&program, &site);
    assert!(wrong.contains("error: main: release 2 is missing from the history: `"), "{wrong}");
    assert!(wrong.contains("error: main: a text of the history is lost: `"), "{wrong}");
    assert_eq!(release(&program, &site), 3);
    edit(&program, &site, "four");
    assert_eq!(release(&program, &site), 4);
    written(&site, 4);
}

#[test]
fn l3_a_full_disk_is_a_warning_and_what_is_served_is_recorded_later() {
    use rustix::process::{Pid, Resource, Rlimit, prlimit};

    let site = Site::new(SITE);
    // No file may be larger than a block of the system's; who ignores the signal has an error instead.
    let path = site.path().display();
    let command = format!(r#"trap "" XFSZ; ulimit -S -f 1; exec "{SAMOVAR}" serve "{path}" --listen 127.0.0.1:0"#);
    let program = Program::start("/bin/sh", ["-c", &command]);
    let said = |command: &str, more: &[&str]| {
        let mut asked = std::process::Command::new(SAMOVAR);
        asked.args([command, &*site.path().to_string_lossy()]).args(more).env("XDG_RUNTIME_DIR", program.runtime());
        let output = asked.output().expect("the program starts");
        (output.status.code(), [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned()))
    };
    for text in ["large", "larger"] {
        site.write("htdocs/a.rhai", format!("// {}\nfn handler(req) {{ \"{text}\" }}", "x".repeat(5_000)));
        assert_eq!(said("reload", &[]).0, Some(0));
        assert_eq!(program.get("/a").brief(), format!("200 {text}"));
    }
    program.wait_for("in the history yet: `");
    let (code, [_, wrong]) = said("status", &["--check"]);
    assert!(code == Some(1) && wrong.contains("in the history yet: `") && wrong.contains("File too large"), "{wrong}");

    let (_, [status, _]) = said("status", &["--json"]);
    let status: Value = serde_json::from_str(&status).expect("JSON");
    let process = status["pid"].as_i64().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?)).expect("a process");
    prlimit(Some(process), Resource::Fsize, Rlimit { current: None, maximum: None }).expect("it may write again");
    written(&site, 2);
    poll("nothing is wrong any more", || (said("status", &["--check"]).0 == Some(0)).then_some(()));
    let log = program.log();
    assert_eq!(log.matches("in the history yet").count(), 1, "{log}");
}

#[test]
fn l3_the_state_directory_is_named_on_the_command_line_or_by_the_environment() {
    let site = Site::new("=== hello.rhai\nfn handler(req) { \"Hello\" }\n");
    let elsewhere = tempfile::tempdir().expect("a directory");
    let [chosen, of_environment] = ["chosen", "environment"].map(|name| elsewhere.path().join(name));
    let serve = |variable: &Path, more: &[&str]| {
        let variable = format!("SAMOVAR_STATE={}", variable.display());
        let path = site.path().to_string_lossy().into_owned();
        let arguments = [&variable, SAMOVAR, "serve", &path, "--listen", "127.0.0.1:0"];
        let program = Program::start("env", arguments.iter().chain(more));
        assert_eq!(program.get("/hello").brief(), "200 Hello");
        program.terminate();
        assert_eq!(program.wait().code, Some(0));
    };
    serve(&of_environment, &["--state", &chosen.to_string_lossy()]);
    assert!(chosen.join("interpreters/main/releases/1").exists() && !of_environment.exists());
    serve(&of_environment, &[]);
    assert!(of_environment.join("interpreters/main/releases/1").exists());
    serve(Path::new(""), &[]);
    assert!(!site.file("interpreters").exists(), "an empty variable names nothing");
}

#[test]
fn l3_a_state_directory_where_urls_lead_is_refused() {
    let site = Site::new(SITE);
    for (line, refused) in [
        ("StateDirectory htdocs/state", true),
        ("StateDirectory htdocs/.state", true),
        ("StateDirectory htdocs", true),
        ("StateDirectory .", true),
        ("StateDirectory link/state", true),
        ("StateDirectory htdocs-state", false),
    ] {
        site.write(
            "samovar.conf",
            SITE.split("=== ").nth(1).expect("a configuration").split_once('\n').expect("lines").1,
        );
        let text = fs::read_to_string(site.file("samovar.conf")).expect("a configuration");
        site.write("samovar.conf", text.replace("StateDirectory state", line));
        let _ = fs::remove_file(site.file("link"));
        site.link("link", site.file("htdocs"));
        let path = site.path().to_string_lossy().into_owned();
        let checked = Program::run(SAMOVAR, ["check", &path]);
        if refused {
            let said = std::process::Command::new(SAMOVAR).args(["check", &path]).output().expect("it starts");
            let said = String::from_utf8_lossy(&[said.stdout, said.stderr].concat()).into_owned();
            assert!(checked.code == Some(1) && said.contains("error[E110 state-directory-served]"), "{line}: {said}");
            let served = Program::run(SAMOVAR, ["serve", &path, "--listen", "127.0.0.1:0"]);
            assert_eq!(served.code, Some(1), "{line}");
            assert!(
                served.stderr.contains("lie within each other") && served.stderr.contains("samovar.conf:"),
                "{}",
                served.stderr
            );
        } else {
            assert_eq!(checked.code, Some(0), "{line}: {}", checked.stderr);
        }
    }
    let path = site.path().to_string_lossy().into_owned();
    let state = site.file("htdocs/state").to_string_lossy().into_owned();
    let served = Program::run(SAMOVAR, ["serve", &path, "--listen", "127.0.0.1:0", "--state", &state]);
    assert!(served.code == Some(1) && served.stderr.contains("--state or SAMOVAR_STATE: "), "{}", served.stderr);
    assert!(!site.file("htdocs/state").exists());
}

#[test]
fn l3_what_is_kept_is_served_to_nobody() {
    // The document root is a link, which comes to lead to where the state directory is.
    let site = Site::new(
        &SITE
            .replace("DocumentRoot htdocs", "DocumentRoot current")
            .replace("StateDirectory state", "StateDirectory new/state")
            .replace("SetHandler rhai", "SetHandler static"),
    );
    fs::create_dir_all(site.file("new/state")).expect("a directory");
    site.write("new/page.txt", "a page");
    site.write("new/state/page.txt", "a secret");
    site.link("current", "htdocs");
    let program = start(&site);
    assert_eq!(program.get("/page.txt").status, 404);
    fs::remove_file(site.file("current")).expect("the link");
    site.link("current", "new");
    assert_eq!(program.get("/page.txt").brief(), "200 a page");
    assert_eq!(program.get("/state/page.txt").status, 404);
    // Such a configuration is not taken up any more.
    let said = program.ask(["reload", &*site.path().to_string_lossy()]);
    assert!(said.code == Some(1) && said.stderr.contains("lie within each other"), "{said:?}");
}

#[test]
fn l3_each_interpreter_has_a_history_and_one_server_keeps_it() {
    let site = Site::new(
        r#"=== samovar.conf
DocumentRoot htdocs
SetHandler rhai
StateDirectory state
<Location /inner>
    RhaiInterpreter /of/its/own
</Location>
=== htdocs/a.rhai
fn handler(req) { "outer" }
=== htdocs/inner/a.rhai
fn handler(req) { "inner" }
"#,
    );
    let program = start(&site);
    assert_eq!((program.get("/a").brief(), program.get("/inner/a").brief()), ("200 outer".into(), "200 inner".into()));
    for name in ["main", "%2Fof%2Fits%2Fown"] {
        let manifest = site.file("state/interpreters").join(name).join("releases/1");
        poll("the release is written", || manifest.exists().then_some(()));
    }
    let control = site.file("second.sock").to_string_lossy().into_owned();
    let path = site.path().to_string_lossy().into_owned();
    let second = program.start_beside(["serve", &path, "--listen", "127.0.0.1:0", "--control", &control]);
    assert_eq!(second.get("/a").brief(), "200 outer");
    let line = second.wait_for("WARN main: no history is kept in `");
    assert!(line.contains(": process ") && line.contains("; give each server a state directory of its own"), "{line}");
    assert_eq!(second.get("/inner/a").brief(), "200 inner");
    let mut program = program;
    program.crash();
    drop(second);
    assert_eq!(start(&site).get("/a").brief(), "200 outer");
}

#[test]
fn l3_how_much_is_kept_may_change_while_the_server_runs() {
    let site = Site::new(&SITE.replace("StateDirectory state", ""));
    let configure = |lines: &str| {
        let text = format!("DocumentRoot htdocs\nSetHandler rhai\nRhaiAutoReload Off\n{lines}\n");
        site.write("samovar.conf", text);
    };
    let releases = || {
        let entries = fs::read_dir(history(&site).join("releases")).into_iter().flatten();
        let mut names: Vec<_> = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect();
        names.sort();
        names
    };
    let program = start(&site);
    program.get("/a");
    edit(&program, &site, "two");
    assert!(!site.file("state").exists());
    // What runs is kept from its next reload on.
    configure("StateDirectory state");
    reload(&program, &site);
    edit(&program, &site, "three");
    edit(&program, &site, "four");
    assert_eq!(release(&program, &site), 4);
    poll("the releases are written", || (releases() == ["3", "4"]).then_some(()));
    configure("StateDirectory state\nRhaiHistory 1 1000");
    reload(&program, &site);
    poll("the bounds hold", || (releases() == ["4"]).then_some(()));
    configure("StateDirectory other");
    reload(&program, &site);
    program.wait_for("until the server is started again");
    edit(&program, &site, "five");
    written(&site, 5);
    assert!(!site.file("other").exists());
}
