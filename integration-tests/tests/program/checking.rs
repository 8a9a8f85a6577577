//! `samovar check` and `samovar explain`: what they say of a configuration, and how programs read it.

use std::process::Command;

use samovar_integration_tests::Site;

use crate::SAMOVAR;

/// The exit code and standard output of the program; `{ROOT}` in what was said stands for the site's directory.
#[track_caller]
fn run(site: &Site, arguments: &[&str]) -> (Option<i32>, String) {
    let output = Command::new(SAMOVAR).args(arguments).output().expect("the program runs");
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!errors.contains("panicked"), "{errors}");
    let said = String::from_utf8(output.stdout).expect("text") + &errors;
    (output.status.code(), said.replace(&*site.path().to_string_lossy(), "{ROOT}"))
}

/// `check` on a site with this configuration ends with `code` and says all of `expected`, in this order.
#[track_caller]
fn check(files: &str, code: i32, expected: &[&str]) {
    let site = Site::new(files);
    let text = std::fs::read_to_string(site.file("samovar.conf")).expect("a configuration");
    site.write("samovar.conf", text.replace("{ROOT}", &site.path().to_string_lossy()));
    let (found, said) = run(&site, &["check", &site.path().to_string_lossy()]);
    assert_eq!(found, Some(code), "{said}");
    let mut rest = said.as_str();
    for text in expected {
        let at = rest.find(text).unwrap_or_else(|| panic!("`{text}` is missing, or not in this order:\n{said}"));
        rest = &rest[at + text.len()..];
    }
}

#[test]
fn what_is_right_is_said_to_be() {
    check("=== samovar.conf\nSetHandler rhai\n=== a.rhai\nfn handler(req) { 1 }", 0, &["The configuration is right."]);
}

#[test]
fn all_errors_are_said_in_one_run() {
    check(
        "=== samovar.conf\nRhaiAutoRelaod Off\nPythonHandler x\n<Location /a>\nListen 80\n</Location>\nRhaiDebug Maybe\n",
        1,
        &[
            "there is no directive `RhaiAutoRelaod`",
            "samovar.conf:1:1",
            "did you mean `RhaiAutoReload`?",
            "there is no directive `PythonHandler`",
            "samovar.conf:2:1",
            "here it is `RhaiHandler`",
            "samovar.conf:4:1",
            "samovar.conf:6:11",
            "4 errors",
        ],
    );
}

#[test]
fn a_document_root_that_is_no_directory_is_an_error() {
    check("=== samovar.conf\nDocumentRoot nowhere\n", 1, &["E101", "`{ROOT}/nowhere` is not a directory", ":1:14"]);
}

#[test]
fn a_log_that_cannot_be_is_an_error() {
    check("=== samovar.conf\nCustomLog none/access.log\n", 1, &["E102", "{ROOT}/none/access.log", ":1:11"]);
}

#[test]
fn a_state_directory_where_urls_lead_is_an_error() {
    let files = "=== samovar.conf\nDocumentRoot public\nStateDirectory public/state\n=== public/x\n";
    check(files, 1, &["E110", "the document root `{ROOT}/public` lie within each other", ":2:16"]);
}

#[test]
fn options_that_nothing_reads_are_warnings() {
    let files =
        "=== samovar.conf\nRhaiOption importer.pth ~/lib\nRhaiOption importer.freshness soon\nRhaiOption colour red\n";
    let expected =
        ["W105", "`importer.pth`", ":1:12", "`importer.path`", "W106", "`soon`", ":2:31", "strict", "2 warnings"];
    check(files, 0, &expected);
}

#[test]
fn r39_mixed_reloading_of_one_interpreter_is_a_warning() {
    let mixed = "=== samovar.conf\nSetHandler rhai\n<Location /fixed>\nRhaiAutoReload Off\n</Location>\n";
    check(mixed, 0, &["W101", "the interpreter `main`", "samovar.conf:3:16", "1 warning"]);
    let hosts = "=== samovar.conf\n<VirtualHost *:1>\nServerName a\nRhaiInterpreter one\nRhaiAutoReload Off\n</VirtualHost>\n\
                 <VirtualHost *:1>\nServerName b\nRhaiInterpreter one\n</VirtualHost>\n";
    check(hosts, 0, &["W101", "the interpreter `one`", ":4:16", "1 warning"]);
    let apart = hosts.replacen("Interpreter one", "Interpreter two", 1);
    check(&apart, 0, &["The configuration is right."]);
}

#[test]
fn sections_for_directories_that_no_url_leads_to_are_warnings() {
    let files = "=== samovar.conf\nDocumentRoot public\n<Directory {ROOT}/elsewhere>\n</Directory>\n<Directory {ROOT}>\n</Directory>\n\
                 <Directory {ROOT}/public/a>\n</Directory>\n=== public/x\n";
    check(files, 0, &["W003", "no URL leads to `{ROOT}/elsewhere`", ":2:1", "1 warning"]);
}

#[test]
fn values_that_never_hold_are_warnings() {
    check("=== samovar.conf\nTimeout 5\nTimeout 6\n", 0, &["W004", ":1:", "1 warning"]);
}

#[test]
fn limits_that_a_section_would_loosen_are_warnings() {
    let files = "=== samovar.conf\nRhaiLimit depth 10\nRhaiLimit time 5\n<Location /a>\nRhaiLimit depth 20\nRhaiLimit time 4\n</Location>\n";
    check(files, 0, &["W107", "`depth` is 10 here as well", ":4:17", "this one holds", "1 warning"]);
}

#[test]
fn limits_that_cannot_be_are_errors() {
    check("=== samovar.conf\nRhaiLimit time none\n", 1, &["E015", "every call has to end", ":1:16"]);
    check("=== samovar.conf\nRhaiLimit depth lots\n", 1, &["E015", ":1:17", "a whole number from 1, or `none`"]);
    check("=== samovar.conf\nRhaiLimit depth non\n", 1, &["E015", ":1:17", "did you mean `none`?"]);
    check("=== samovar.conf\nRhaiLimit memory 65\n", 1, &["E015", ":1:11", "memory is not counted"]);
    check("=== samovar.conf\nRhaiLimit dept 60\n", 1, &["E015", ":1:11", "did you mean `depth`?"]);
}

#[test]
fn a_document_root_that_is_missing_hides_no_other_finding() {
    let files = "=== samovar.conf\nRhaiHandler broken\n<VirtualHost *>\nDocumentRoot none\n</VirtualHost>\n=== broken.rhai\nfn handler(\n";
    check(files, 1, &["E101", ":3:14", "E107", "broken.rhai:2:1", ":1:13", "2 errors"]);
}

#[test]
fn warnings_can_be_denied() {
    let site = Site::new("=== samovar.conf\nTimeout 5\nTimeout 6\n");
    let path = site.path().to_string_lossy().into_owned();
    assert_eq!(run(&site, &["check", &path]).0, Some(0));
    assert_eq!(run(&site, &["check", &path, "--deny", "warnings"]).0, Some(1));
}

#[test]
fn findings_are_data_for_programs() {
    let site = Site::new("=== samovar.conf\nRhaiDebug Maybe\n${NONE} x\n");
    let (code, said) = run(&site, &["check", &site.path().to_string_lossy(), "--json"]);
    assert_eq!(code, Some(1));
    let found: serde_json::Value = serde_json::from_str(&said).expect("JSON");
    let first = &found[0];
    assert_eq!(
        [&first["severity"], &first["code"], &first["file"], &first["message"]],
        ["error", "E015", "{ROOT}/samovar.conf", "`RhaiDebug` does not take `Maybe` here"],
        "{said}"
    );
    assert_eq!((first["line"].as_u64(), first["column"].as_u64()), (Some(1), Some(11)));
    assert!(first["help"].is_string(), "{said}");
    assert!(found.as_array().is_some_and(|all| all.iter().all(|one| one["severity"].is_string())), "{said}");
}

#[test]
fn a_path_that_is_not_there_is_refused() {
    let site = Site::new("=== a.txt\n");
    let (code, said) = run(&site, &["check", &site.file("nothing").to_string_lossy()]);
    assert_eq!(code, Some(1));
    assert!(said.contains("cannot serve `{ROOT}/nothing`"), "{said}");
}

const EXPLAINED: &str = r#"=== samovar.conf
SetHandler rhai
RhaiOption colour red
RhaiOption size small
<Location /api>
    RhaiHandler answer
    RhaiOption colour blue
    RhaiLimit time 50
</Location>
<Location /other>
    RhaiDebug On
</Location>
<VirtualHost *:*>
    ServerName https://a.example:443
    RhaiDebug On
</VirtualHost>
=== answer.rhai
fn handler(req) { 1 }
=== page.rhai
fn handler(req) { 1 }
=== a.txt
x
"#;

#[track_caller]
fn explain(url: &str, more: &[&str]) -> serde_json::Value {
    let site = Site::new(EXPLAINED);
    let path = site.path().to_string_lossy().into_owned();
    let arguments = [&["explain", url, "--site", &path, "--json"][..], more].concat();
    let (code, said) = run(&site, &arguments);
    assert_eq!(code, Some(0), "{said}");
    serde_json::from_str(&said).expect("JSON")
}

#[test]
fn an_explanation_names_each_value_with_its_origin() {
    let said = explain("/api/x", &["--host", "b.example"]);
    let expected = serde_json::json!({
        "url": "/api/x", "host": "b.example", "virtual_host": "a.example <VirtualHost *:*>", "filename": "{ROOT}/api",
        "handler": "script answer", "handler_root": "{ROOT}", "interpreter": "a.example",
    });
    for (key, value) in expected.as_object().expect("an object") {
        assert_eq!(&said[key], value, "{key}: {said}");
    }
    let held =
        |value: &str, line: u32| serde_json::json!({"value": value, "origin": format!("{{ROOT}}/samovar.conf:{line}")});
    assert_eq!(said["values"]["RhaiHandler"], held("answer", 5));
    assert_eq!(said["values"]["RhaiLimit time"], held("50", 7));
    assert_eq!(said["values"]["RhaiDebug"], held("On", 14));
    assert_eq!(said["values"]["RhaiAutoReload"], serde_json::json!({"value": "On", "origin": "default"}));
    assert_eq!(said["options"], serde_json::json!({"colour": held("blue", 6), "size": held("small", 3)}));
    let section = |name: &str, line: u32, matched: bool| serde_json::json!({"section": name, "origin": format!("{{ROOT}}/samovar.conf:{line}"), "matched": matched});
    assert_eq!(
        said["sections"],
        serde_json::json!([section("<Location /api>", 4, true), section("<Location /other>", 9, false)])
    );
}

#[test]
fn an_explanation_says_who_answers() {
    for (url, handler, interpreter) in [
        ("/page/x", "script {ROOT}/page.rhai", serde_json::json!("a.example")),
        ("/a.txt", "static", serde_json::Value::Null),
        ("/none", "none", serde_json::Value::Null),
        ("/page.rhai", "none", serde_json::Value::Null),
        ("http://a.example:8080/page", "script {ROOT}/page.rhai", serde_json::json!("a.example")),
    ] {
        let said = explain(url, &[]);
        assert_eq!((&said["handler"], &said["interpreter"]), (&handler.into(), &interpreter), "{url}: {said}");
    }
}

#[test]
fn an_explanation_is_readable() {
    let site = Site::new(EXPLAINED);
    let (code, said) = run(&site, &["explain", "/api/x?y=1", "--site", &site.path().to_string_lossy()]);
    assert_eq!(code, Some(0), "{said}");
    for text in [
        "handler       script answer",
        "Options",
        "colour  blue",
        "samovar.conf:6",
        "matched  <Location /api>",
        "-        <Location /other>",
    ] {
        assert!(said.contains(text), "`{text}` is missing:\n{said}");
    }
}

#[test]
fn what_is_no_url_is_refused() {
    let site = Site::new(EXPLAINED);
    let (code, said) = run(&site, &["explain", "/a%zz", "--site", &site.path().to_string_lossy()]);
    assert_eq!(code, Some(1));
    assert!(said.contains("`/a%zz` is not a valid URL"), "{said}");
}

#[test]
fn an_explanation_knows_what_conditions_ask_for() {
    let site = Site::new(
        "=== samovar.conf\n<If \"%{REQUEST_METHOD} == 'POST' && req('X-Tea') == 'Assam'\">\nRhaiOption tea yes\n</If>\n<Else>\nRhaiOption tea no\n</Else>\n",
    );
    let path = site.path().to_string_lossy().into_owned();
    let tea = |more: &[&str]| {
        let (code, said) = run(&site, &[&["explain", "/", "--site", &path, "--json"][..], more].concat());
        assert_eq!(code, Some(0), "{said}");
        let said: serde_json::Value = serde_json::from_str(&said).expect("JSON");
        (said["options"]["tea"]["value"].clone(), said["sections"][0]["matched"].clone())
    };
    assert_eq!(tea(&[]), ("no".into(), false.into()));
    assert_eq!(tea(&["--method", "POST", "--header", "x-tea: Assam"]), ("yes".into(), true.into()));
    let (code, said) = run(&site, &["explain", "/", "--site", &path, "--header", "nothing"]);
    assert_eq!(code, Some(2), "{said}");
}
