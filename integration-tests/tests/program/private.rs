//! Files of the server's own, which nobody is served: configuration, logs, the control socket.

use samovar_integration_tests::{Program, Site};

use crate::SAMOVAR;

const TAKEN_UP: &str = "the configuration was taken up";
const REFUSED: &str = "a configuration was refused";

const SITE: &str = "=== site.conf\nSetHandler rhai\nInclude parts/a.txt\nIncludeOptional parts/*.inc\nInclude rules.rhai\n\
                    CustomLog logs/access.log\nControlSocket logs/control\n<VirtualHost *>\nErrorLog logs/error.txt\n</VirtualHost>\n\
                    === parts/a.txt\nRhaiOption secret one\n=== parts/b.inc\nRhaiOption other two\n=== rules.rhai\n# Lines.\n\
                    === logs/other.txt\nopen\n=== logs/access.log.1\nold\n=== logs/access.log-20260101.gz\nold\n=== a.txt\nfile\n\
                    === later.txt\n# Not read yet.\n";

/// A site whose configuration has a name of its own.
fn serve() -> (Site, Program) {
    let site = Site::new(SITE);
    let conf = site.file("site.conf");
    let program = Program::serve(SAMOVAR, &conf);
    (site, program)
}

#[track_caller]
fn hidden(program: &Program, paths: &[&str]) {
    for path in paths {
        let answer = program.get(path);
        assert_eq!(answer.status, 404, "{path}: {}", answer.text());
    }
}

#[test]
fn what_was_read_as_configuration_is_served_to_nobody() {
    let (site, program) = serve();
    std::fs::hard_link(site.file("site.conf"), site.file("hard.txt")).expect("linked");
    site.link("soft.txt", site.file("parts/a.txt"));
    site.link("parts2", site.file("parts"));
    hidden(&program, &["/site.conf", "/parts/a.txt", "/parts/b.inc", "/rules", "/rules.rhai"]);
    hidden(&program, &["/hard.txt", "/soft.txt", "/parts2/a.txt", "/parts/../site.conf", "/%73ite.conf"]);
    assert_eq!(program.get("/a.txt").brief(), "200 file\n");
}

#[test]
fn logs_and_what_they_were_renamed_to_are_served_to_nobody() {
    let (site, program) = serve();
    site.link("linked", site.file("logs"));
    for _ in 0..2 {
        hidden(&program, &["/logs/access.log", "/logs/error.txt", "/logs/control", "/logs/access.log.1"]);
        hidden(&program, &["/logs/access.log-20260101.gz", "/linked/access.log", "/linked/access.log.1"]);
        assert_eq!(program.get("/logs/other.txt").brief(), "200 open\n");
        // As logrotate does.
        std::fs::rename(site.file("logs/access.log"), site.file("logs/access.log.1")).expect("renamed");
        std::fs::write(site.file("logs/access.log"), "new").expect("written");
        hidden(&program, &["/logs/access.log", "/logs/access.log.1"]);
        std::fs::remove_file(site.file("logs/access.log")).expect("removed");
        std::fs::rename(site.file("logs/access.log.1"), site.file("logs/access.log")).expect("renamed");
    }
}

#[test]
fn another_configuration_hides_other_files_and_so_does_one_that_is_refused() {
    let (site, program) = serve();
    assert_eq!(program.get("/later.txt").status, 200);
    let text = std::fs::read_to_string(site.file("site.conf")).expect("read");
    site.write("site.conf", format!("{text}Include later.txt\nRhaiDebgu On\n"));
    program.hang_up();
    program.wait_for(REFUSED);
    hidden(&program, &["/later.txt"]);
    site.write("site.conf", format!("{text}Include later.txt\n"));
    program.wait_for(TAKEN_UP);
    hidden(&program, &["/later.txt", "/site.conf"]);
    site.write("site.conf", text.replace("Include parts/a.txt\n", ""));
    program.wait_for(TAKEN_UP);
    assert_eq!(program.get("/later.txt").status, 200);
    assert_eq!(program.get("/parts/a.txt").status, 200);
    hidden(&program, &["/site.conf"]);
}

#[test]
fn a_handler_that_is_named_does_not_answer_for_them_either() {
    let site =
        Site::new("=== site.conf\nAddHandler rhai .conf\nRhaiDebug On\n=== x.conf\nfn handler(req) { \"script\" }\n");
    let program = Program::serve(SAMOVAR, &site.file("site.conf"));
    hidden(&program, &["/site.conf"]);
    assert_eq!(program.get("/x.conf").brief(), "200 script");
}

#[test]
fn check_warns_of_them_below_a_document_root() {
    let check = |site: &Site, name: &str| {
        let path = site.file(name);
        let output =
            std::process::Command::new(SAMOVAR).args(["check".as_ref(), path.as_os_str()]).output().expect("it runs");
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        String::from_utf8_lossy(&output.stdout).replace(&*site.path().to_string_lossy(), "{ROOT}")
    };
    let said = check(&Site::new(SITE), "site.conf");
    for (what, place) in [
        ("a file of the configuration, `{ROOT}/site.conf`", ""),
        ("a file of the configuration, `{ROOT}/parts/a.txt`", "site.conf:2:9"),
        ("a file of the configuration, `{ROOT}/parts/b.inc`", "site.conf:3:17"),
        ("a log, `{ROOT}/logs/access.log`", "site.conf:5:11"),
        ("a log, `{ROOT}/logs/error.txt`", "site.conf:8:10"),
        ("the control socket, `{ROOT}/logs/control`", "site.conf:6:15"),
    ] {
        assert!(said.contains(&format!("{what} lies below a document root")) && said.contains(place), "{what}\n{said}");
    }
    assert_eq!(said.matches("W108").count(), 6, "{said}");
    let apart = Site::new("=== site.conf\nDocumentRoot public\nCustomLog access.log\n=== public/a.txt\nx");
    assert!(!check(&apart, "site.conf").contains("W108"));
    // A name that is never served is no danger.
    assert!(!check(&Site::new("=== samovar.conf\nSetHandler static\n"), "samovar.conf").contains("W108"));
}
