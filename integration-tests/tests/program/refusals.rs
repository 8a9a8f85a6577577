//! What cannot be served is said once, clearly, and the exit code tells.

use std::net::TcpListener;

use samovar_integration_tests::{Exit, Program, Site};

use crate::SAMOVAR;

/// All of `expected` stands on standard error in this order, and nothing that only programmers understand.
#[track_caller]
fn check(exit: &Exit, code: i32, expected: &[&str]) {
    let stderr = &exit.stderr;
    assert_eq!(exit.code, Some(code), "{stderr}");
    let mut rest = stderr.as_str();
    for text in expected {
        let at = rest.find(text).unwrap_or_else(|| panic!("`{text}` is missing, or not in this order:\n{stderr}"));
        rest = &rest[at + text.len()..];
    }
    for noise in ["panicked", "RUST_BACKTRACE", "stack backtrace", "Os {", "Error {"] {
        assert!(!stderr.contains(noise), "`{noise}` is for programmers:\n{stderr}");
    }
    assert!(stderr.lines().filter(|line| line.starts_with("error")).count() == 1, "said more than once:\n{stderr}");
    assert!(!stderr.contains("http://"), "it served:\n{stderr}");
}

#[track_caller]
fn check_site(files: &str, expected: &[&str]) {
    let site = Site::new(files);
    let path = site.path().to_string_lossy();
    check(&Program::run(SAMOVAR, ["serve", &path, "--listen", "127.0.0.1:0"]), 1, expected);
}

#[test]
fn a_directory_that_is_not_there() {
    let exit = Program::run(SAMOVAR, ["serve", "/nowhere/at/all", "--listen", "127.0.0.1:0"]);
    check(&exit, 1, &["error", "/nowhere/at/all", "No such file or directory"]);
}

#[test]
fn something_that_is_neither_directory_nor_file() {
    let exit = Program::run(SAMOVAR, ["serve", "/dev/null", "--listen", "127.0.0.1:0"]);
    check(&exit, 1, &["error", "/dev/null", "neither a directory nor a configuration file"]);
}

#[test]
fn a_port_that_is_taken() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address").to_string();
    let site = Site::new("=== a.txt\na");
    let exit = Program::run(SAMOVAR, ["serve", &site.path().to_string_lossy(), "--listen", &address]);
    check(&exit, 1, &["error", &address, "in use", "help: "]);
}

#[test]
fn an_unknown_directive() {
    check_site(
        "=== samovar.conf\nSetHandler rhai\n  RhaiAutoRelaod Off\n",
        &["error", "RhaiAutoRelaod", "samovar.conf:2:3", "RhaiAutoRelaod Off", "RhaiAutoReload"],
    );
}

#[test]
fn a_wrong_argument() {
    check_site("=== samovar.conf\nRhaiDebug Maybe\n", &["error", "samovar.conf:1:11", "RhaiDebug Maybe", "On"]);
}

#[test]
fn an_unclosed_section() {
    check_site("=== samovar.conf\n<Location /x>\nSetHandler rhai\n", &["error", "samovar.conf:1:", "<Location /x>"]);
}

#[test]
fn a_document_root_that_is_not_there() {
    check_site("=== samovar.conf\nDocumentRoot nowhere\n", &["error", "samovar.conf:1", "nowhere"]);
}

#[test]
fn an_import_that_does_not_compile() {
    check_site(
        "=== samovar.conf\nRhaiImport start main\n=== start.rhai\nlet a = 1;\nlet b = [1, 2;\n",
        &["error", "start.rhai:2:", "let b = [1, 2;", "imported by", "samovar.conf:1"],
    );
}

#[test]
fn an_import_whose_function_raises() {
    check_site(
        "=== samovar.conf\nRhaiImport start::begin main\n=== start.rhai\nfn begin() {\n    throw \"not today\";\n}",
        &["error", "not today", "start.rhai:2:", "throw \"not today\";", "imported by", "samovar.conf:1"],
    );
}

#[test]
fn an_import_that_is_not_there() {
    check_site("=== samovar.conf\nRhaiImport start main\n=== stort.rhai\n", &["error", "start", "samovar.conf:1"]);
}

#[test]
fn wrong_usage() {
    for arguments in
        [&["explain"][..], &[], &["sevre", "."], &["serve", ".", "--lisen", "x"], &["serve", ".", "--listen", "x"]]
    {
        let exit = Program::run(SAMOVAR, arguments);
        assert_eq!(exit.code, Some(2), "{arguments:?}: {}", exit.stderr);
        assert!(exit.stderr.contains("Usage:") || exit.stderr.contains("--help"), "{arguments:?}: {}", exit.stderr);
    }
}

#[test]
fn a_script_in_place_of_its_directory() {
    let site = Site::new("=== a.rhai\nfn handler(req) { 1 }");
    let exit = Program::run(SAMOVAR, ["serve", &site.file("a.rhai").to_string_lossy(), "--listen", "127.0.0.1:0"]);
    let directory = format!("name the directory that it is in: `{}`", site.path().display());
    check(&exit, 1, &["error", "a.rhai` is a script", "help: ", &directory]);
}

#[test]
fn a_function_of_the_importer_that_no_line_can_call() {
    check_site(
        "=== samovar.conf\nRhaiImport importer::freeze_module main\n",
        &["samovar.conf:1", "did you mean `importer::freeze_modules`?"],
    );
}
