//! Names in a configuration that nothing has.

use samovar_integration_tests::{Program, Site};

use crate::SAMOVAR;

/// What `check` says of a configuration: the lines that begin a warning, and those with advice.
#[track_caller]
fn said(configuration: &str) -> Vec<String> {
    let site = Site::new(&format!("=== samovar.conf\n{configuration}=== m.rhai\nfn handler(req) {{ 1 }}\n"));
    let output = std::process::Command::new(SAMOVAR).arg("check").arg(site.path()).output().expect("it runs");
    let text = String::from_utf8(output.stdout).expect("text");
    assert_eq!(output.status.code(), Some(0), "{text}");
    let told = |line: &&str| line.starts_with("warning") || line.contains(" --> ") || line.contains("= help:");
    let short = |line: &str| line.rsplit('/').next().unwrap_or(line).trim().to_owned();
    text.lines().filter(told).map(short).collect()
}

const HOSTS: &str = "<VirtualHost *>\nServerName prod.example\nServerAlias *.prod.example\n</VirtualHost>\n\
                     <VirtualHost *>\nServerName https://shop.example:443\nRhaiInterpreter shop\n</VirtualHost>\n";

#[test]
fn an_interpreter_that_answers_nothing_is_a_warning_with_the_nearest_name() {
    let line = |name: &str| format!("{HOSTS}RhaiImport importer::freeze_modules {name}\n");
    assert_eq!(
        said(&line("prodd.example")),
        [
            "warning[W109 unused-interpreter]: no request is answered in the interpreter `prodd.example`",
            "samovar.conf:9:37",
            "= help: did you mean `prod.example`?",
        ]
    );
    // The host has another interpreter than its name, and all requests come to a virtual host.
    for unused in ["shop.example", "main", "m"] {
        assert_eq!(said(&line(unused))[0].split('`').nth(1), Some(unused));
    }
    for used in ["prod.example", "shop"] {
        assert_eq!(said(&line(used)), [""; 0]);
    }
    assert_eq!(
        said("RhaiImport m main\n<Location /a>\nRhaiInterpreter other\n</Location>\nRhaiImport m other\n"),
        [""; 0]
    );
    assert_eq!(said("RhaiInterpreter own\nRhaiImport m main\n").len(), 2);
    assert_eq!(said("RhaiInterpPerDirectory On\nRhaiImport m /tmp\n"), [""; 0]);
}

#[test]
fn the_server_says_it_when_it_starts() {
    let site = Site::new("=== samovar.conf\nRhaiImport m mian\n=== m.rhai\nlet a = 1;\n");
    let program = Program::serve(SAMOVAR, site.path());
    assert!(program.log().contains("no request is answered in the interpreter `mian`"), "{}", program.log());
    site.write("samovar.conf", "RhaiImport m maim\n");
    program.wait_for("no request is answered in the interpreter `maim`");
    program.wait_for("did you mean `main`?");
}

#[test]
fn a_host_that_nobody_is_is_a_warning_with_the_nearest_name() {
    let asks = |expression: &str| format!("{HOSTS}<If \"{expression}\">\nRhaiDebug On\n</If>\n");
    assert_eq!(
        said(&asks("%{HTTP_HOST} == 'prodd.example'")),
        [
            "warning[W110 unknown-host]: no host has the name `prodd.example`",
            "samovar.conf:9:1",
            "= help: did you mean `prod.example`?"
        ]
    );
    for unknown in [
        "req('Host') != 'none.example'",
        "'none.example' == tolower(%{SERVER_NAME})",
        "! (%{HTTP_HOST} in { 'prod.example', 'none.example' } || true)",
    ] {
        assert_eq!(
            said(&asks(unknown))[0],
            "warning[W110 unknown-host]: no host has the name `none.example`",
            "{unknown}"
        );
    }
    for known in [
        "%{HTTP_HOST} == 'prod.example:8080'",
        "%{SERVER_NAME} == 'A.PROD.example'",
        "%{SERVER_NAME} == 'shop.example' && %{HTTP_HOST} != '127.0.0.1'",
        "%{HTTP_REFERER} == 'none.example'",
        "%{HTTP_HOST} =~ /none/",
    ] {
        assert_eq!(said(&asks(known)), [""; 0], "{known}");
    }
    assert_eq!(said("<If \"%{HTTP_HOST} == 'a.example'\">\nRhaiDebug On\n</If>\n"), [""; 0]);
}
