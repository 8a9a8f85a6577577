//! A configuration that is not there for a moment, or half of it: what holds, holds on.

use std::{fs, io::Write};

use samovar_integration_tests::{Program, Site};

use crate::{SAMOVAR, serve};

const TAKEN_UP: &str = "the configuration was taken up";
const REFUSED: &str = "a configuration was refused";

/// A site that lets nobody in, because its configuration says so.
const GUARDED: &str = "=== samovar.conf\nSetHandler rhai\nRhaiAccessHandler guard\nInclude more.conf\nIncludeOptional conf.d/*.conf\n\
                       === more.conf\n# Nothing.\n=== guard.rhai\nfn handler(req) { 403 }\n=== h.rhai\nfn handler(req) { \"in\" }\n=== a.txt\nfile";

#[track_caller]
fn is_guarded(program: &Program) {
    for path in ["/h", "/a.txt"] {
        assert_eq!(program.get(path).status, 403, "{path}\n{}", program.log());
    }
}

#[test]
fn a_configuration_that_is_gone_is_refused_and_what_holds_holds_on() {
    let site = Site::new(GUARDED);
    let text = fs::read_to_string(site.file("samovar.conf")).expect("read");
    let listen = format!("Listen 127.0.0.1:0\n{text}");
    site.write("samovar.conf", &listen);
    let program = Program::start(SAMOVAR, ["serve".as_ref(), site.path()]);
    for _ in 0..2 {
        is_guarded(&program);
        site.remove("samovar.conf");
        program.wait_for(REFUSED);
        program.wait_for("samovar.conf` is gone");
        is_guarded(&program);
        program.hang_up();
        program.wait_for("samovar.conf` is gone");
        is_guarded(&program);
        site.write("samovar.conf", &listen);
        program.wait_for(TAKEN_UP);
        is_guarded(&program);
    }
    site.remove("more.conf");
    program.wait_for(REFUSED);
    is_guarded(&program);
}

#[test]
fn a_configuration_that_is_being_written_is_taken_up_when_it_is_closed() {
    let (site, program) = serve(GUARDED);
    is_guarded(&program);
    let mut file = site.open("samovar.conf");
    program.wait_for("samovar.conf` is still open for writing");
    is_guarded(&program);
    file.write_all(b"SetHandler rhai\n").expect("written");
    is_guarded(&program);
    file.write_all(b"RhaiAccessHandler guard\nRhaiOption a b\n").expect("written");
    drop(file);
    program.wait_for(TAKEN_UP);
    is_guarded(&program);
    assert!(!program.log().contains(REFUSED), "{}", program.log());
}

#[test]
fn a_new_file_that_is_being_written_is_taken_up_when_it_is_closed() {
    let (site, program) = serve(
        "=== samovar.conf\nSetHandler rhai\nIncludeOptional conf.d/*.conf\n=== conf.d/x\n\
                                 === h.rhai\nfn handler(req) { req.options?[\"word\"] ?? \"none\" }",
    );
    let mut file = site.open("conf.d/a.conf");
    file.write_all(b"RhaiOption word half\n").expect("written");
    program.wait_for("a.conf` is still open for writing");
    assert_eq!(program.get("/h").text(), "none");
    file.write_all(b"RhaiOption word whole\n").expect("written");
    drop(file);
    program.wait_for(TAKEN_UP);
    assert_eq!(program.get("/h").text(), "whole");
}

#[test]
fn a_file_that_becomes_empty_is_refused() {
    let (site, program) = serve(GUARDED);
    site.write("conf.d/a.conf", "RhaiOption a b\n");
    program.wait_for(TAKEN_UP);
    for (name, text) in [("samovar.conf", "\n"), ("conf.d/a.conf", "")] {
        let before = fs::read(site.file(name)).expect("read");
        site.write(name, text);
        program.wait_for(REFUSED);
        program.wait_for("is empty, and was not before");
        is_guarded(&program);
        site.write(name, before);
        program.wait_for(TAKEN_UP);
    }
    // A comment says that nothing is meant.
    site.write("conf.d/a.conf", "# Nothing.\n");
    program.wait_for(TAKEN_UP);
}

#[test]
fn an_optional_file_that_is_gone_for_a_moment_holds_on() {
    let (site, program) = serve(
        "=== samovar.conf\nSetHandler rhai\nIncludeOptional guard.conf\n=== guard.conf\nRhaiAccessHandler guard\n\
         === guard.rhai\nfn handler(req) { 403 }\n=== h.rhai\nfn handler(req) { \"in\" }",
    );
    let text = fs::read(site.file("guard.conf")).expect("read");
    assert_eq!(program.get("/h").status, 403);
    site.remove("guard.conf");
    program.wait_for("guard.conf` is gone, which may be missing; it holds on");
    assert_eq!(program.get("/h").status, 403);
    site.write("guard.conf", text);
    site.write("samovar.conf", "SetHandler rhai\nIncludeOptional guard.conf\nRhaiOption a b\n");
    program.wait_for(TAKEN_UP);
    assert_eq!(program.get("/h").status, 403);
    // It may be missing; so in the end it is.
    site.remove("guard.conf");
    program.wait_for(TAKEN_UP);
    assert_eq!(program.get("/h").status, 200);
}
