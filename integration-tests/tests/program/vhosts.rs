//! The example with two virtual hosts, from its check to its last door.

use std::{fs, path::Path, process::Command};

use samovar_integration_tests::{Client, Program, Site, poll};

use crate::SAMOVAR;

const EXAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/vhosts");

/// A copy of the example, to be edited.
fn example() -> Site {
    fn copy(site: &Site, from: &Path, name: &Path) {
        for entry in from.join(name).read_dir().expect("the example").map(|entry| entry.expect("an entry")) {
            let name = name.join(entry.file_name());
            match entry.path().is_dir() {
                true => copy(site, from, &name),
                false => site.write(&name.to_string_lossy(), fs::read(entry.path()).expect("a file")),
            }
        }
    }
    let site = Site::new("");
    copy(&site, Path::new(EXAMPLE), Path::new(""));
    site
}

/// What a host answers, as `status text`, to somebody, or to nobody in particular.
#[track_caller]
fn ask(client: &mut Client, host: &str, path: &str, user: Option<&str>) -> String {
    let user = user.map(|user| format!("X-User: {user}\r\n")).unwrap_or_default();
    client.send_raw(format!("GET {path} HTTP/1.1\r\nHost: {host}\r\n{user}\r\n").as_bytes());
    let answer = client.receive(false);
    if answer.status == 200 { answer.brief() } else { answer.status.to_string() }
}

const PRODUCTION: &str = "shop.example";
const DEVELOPMENT: &str = "dev.example";

#[test]
fn the_example_is_right() {
    let checked = Command::new(SAMOVAR).args(["check", EXAMPLE, "--deny", "warnings"]).output().expect("it runs");
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stdout));
    let url = "http://www.shop.example:8080/admin/report";
    let explained = Command::new(SAMOVAR).args(["explain", url, "--site", EXAMPLE]).output().expect("it runs");
    let said = String::from_utf8_lossy(&explained.stdout);
    for text in [
        "shop.example <VirtualHost *:*>",
        "interpreter   production",
        "stage",
        "RhaiAuthzHandler",
        "matched  <Location /admin>",
    ] {
        assert!(said.contains(text), "`{text}` is missing:\n{said}");
    }
}

#[test]
fn the_example_does_what_its_readme_says() {
    let site = example();
    let logs = Site::new("");
    let define = format!("LOGS={}", logs.path().display());
    let path = site.path().to_string_lossy();
    let program = Program::start(SAMOVAR, ["serve", &path, "--listen", "127.0.0.1:0", "-D", &define]);
    let client = &mut program.connect();

    // Two hosts, two interpreters: each counts by itself. Others find a page.
    assert_eq!(ask(client, PRODUCTION, "/", None), "200 Welcome to the shop. This is production, visit 1.");
    assert_eq!(ask(client, "WWW.shop.example:80", "/", None), "200 Welcome to the shop. This is production, visit 2.");
    assert_eq!(ask(client, DEVELOPMENT, "/", None), "200 Welcome to the shop. This is development, visit 1.");
    assert!(ask(client, "other.example", "/", None).contains("Nobody lives here"));

    // The door.
    for host in [PRODUCTION, DEVELOPMENT] {
        assert_eq!(ask(client, host, "/admin/report", None), "401");
        assert_eq!(ask(client, host, "/admin/report", Some("eve")), "401");
        assert_eq!(ask(client, host, "/admin/report", Some("bob")), "403");
        assert_eq!(ask(client, host, "/admin/report", Some("ada")), "200 The report for ada.");
    }

    // Development reloads and keeps its state; production is frozen.
    site.write("shop/lib/words.rhai", "fn greeting() { \"Hello!\" }");
    program.wait_for("development: reloaded");
    assert_eq!(ask(client, DEVELOPMENT, "/", None), "200 Hello! This is development, visit 2.");
    assert_eq!(ask(client, PRODUCTION, "/", None), "200 Welcome to the shop. This is production, visit 3.");

    // Development shows what is wrong; production never notices.
    site.write("shop/lib/words.rhai", "fn greeting() { let }");
    program.wait_for("development: a change was refused");
    poll("the page with the error", || Some(()).filter(|()| ask(client, DEVELOPMENT, "/", None) == "500"));
    assert_eq!(ask(client, PRODUCTION, "/", None), "200 Welcome to the shop. This is production, visit 4.");

    // Another configuration, while it runs: a wrong one changes nothing, a right one all. Frozen stays frozen.
    let text = fs::read_to_string(site.file("samovar.conf")).expect("the configuration");
    site.write("samovar.conf", text.replace("stage production", "stage").replace("RhaiDebug", "RhaiDebgu"));
    program.wait_for("a configuration was refused");
    assert_eq!(ask(client, PRODUCTION, "/", None), "200 Welcome to the shop. This is production, visit 5.");
    site.write("samovar.conf", text.replace("role keeper", "role guest"));
    program.wait_for("the configuration was taken up");
    assert_eq!(ask(client, PRODUCTION, "/admin/report", Some("bob")), "200 The report for bob.");
    assert_eq!(ask(client, PRODUCTION, "/admin/report", Some("ada")), "403");
    assert_eq!(ask(client, PRODUCTION, "/", None), "200 Welcome to the shop. This is production, visit 6.");
    let access = fs::read_to_string(logs.file("access.log")).expect("an access log");
    assert!(access.contains("- bob [") && access.contains("\"GET /admin/report HTTP/1.1\" 401 "), "{access}");
}
