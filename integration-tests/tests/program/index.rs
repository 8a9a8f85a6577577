//! A page that answers for a directory is governed by what holds for its own URL, after what holds for the directory's.

use samovar_integration_tests::{Program, Site};

use crate::{SAMOVAR, serve};

const PAGES: &str = "=== a/index.html\npage\n=== b/index.rhai\nfn handler(req) { `${req.path} ${req.options}` }\n=== guard.rhai\n\
                     const ASKED = counter();\n\
                     fn deny(req) { if req.options?.level == \"open\" { OK } else { 403 } }\n\
                     fn count(req) { ASKED.incr(); OK }\nfn asked(req) { ASKED.get().to_string() }\n\
                     fn first(req) { req.headers_out[\"X-First\"] = req.options.place; OK }\n\
                     fn second(req) { req.headers_out[\"X-Second\"] = req.options.place; OK }\n";

#[track_caller]
fn with(configuration: &str) -> (Site, Program) {
    serve(&format!("=== samovar.conf\nSetHandler rhai\n{configuration}{PAGES}"))
}

#[test]
fn a_location_of_the_page_holds_for_the_directory() {
    let (_site, program) = with("<Location \"/a/*.html\">\nRhaiAccessHandler guard::deny\n</Location>\n");
    assert_eq!((program.get("/a/index.html").status, program.get("/a/").status), (403, 403));
    assert_eq!(program.get("/b/").status, 200);
    let (_site, program) =
        with("<Location /b/index>\nSetHandler none\n</Location>\n<Files index.html>\nSetHandler none\n</Files>\n");
    assert_eq!((program.get("/b/index").status, program.get("/b/").status), (404, 404));
    assert_eq!((program.get("/a/index.html").status, program.get("/a/").status), (404, 404));
}

#[test]
fn what_holds_for_the_directory_alone_is_asked_first_and_no_longer_holds_for_the_page() {
    let (_site, program) = with(
        "<LocationMatch \"/a/$\">\nRhaiAccessHandler guard::deny\nRhaiOption level shut\n</LocationMatch>\n\
         <LocationMatch \"/b/$\">\nRhaiOption only directory\nSetHandler none\n</LocationMatch>\n",
    );
    assert_eq!((program.get("/a/").status, program.get("/a/index.html").status), (403, 200));
    assert_eq!(program.get("/b/").brief(), "200 /b/ #{}");
}

#[test]
fn each_is_asked_with_its_own_options_in_order() {
    let (_site, program) = with(
        "<LocationMatch \"/b/$\">\nRhaiAccessHandler guard::first\nRhaiOption place directory\n</LocationMatch>\n\
         <Location /b/index>\nRhaiFixupHandler guard::second\nRhaiOption place page\n</Location>\n",
    );
    let answer = program.get("/b/");
    assert_eq!((answer.header("x-first"), answer.header("x-second")), (Some("directory"), Some("page")), "{answer:?}");
    assert_eq!(answer.brief(), "200 /b/ #{\"place\": \"page\"}");
    // A guard that holds for both the directory and the page is asked twice, since its options differ.
    let (_site, program) = with(
        "RhaiAccessHandler guard::deny\nRhaiOption level open\n<Location /a/index.html>\nRhaiOption level shut\n</Location>\n",
    );
    assert_eq!((program.get("/a/").status, program.get("/b/").status), (403, 200));
}

#[test]
fn where_the_same_holds_for_both_nobody_is_asked_twice() {
    let (_site, program) = with(
        "<Location /a>\nRhaiAccessHandler guard::count\n</Location>\n<Location /asked>\nRhaiHandler guard::asked\n</Location>\n",
    );
    assert_eq!(program.get("/a/").brief(), "200 page\n");
    assert_eq!(program.get("/asked").text(), "1");
}

#[test]
fn conditions_see_the_url_of_the_page() {
    let (_site, program) = with("<If \"%{REQUEST_URI} == '/a/index.html'\">\nRhaiAccessHandler guard::deny\n</If>\n");
    assert_eq!(program.get("/a/").status, 403);
    // What is remembered of a script keeps its URL, too.
    let (_site, program) = with("<Location /b/index>\nRhaiOption x y\n</Location>\n");
    for _ in 0..2 {
        assert_eq!(program.get("/b/").brief(), "200 /b/ #{\"x\": \"y\"}");
    }
}

#[test]
fn an_explanation_says_it() {
    let site = Site::new(&format!(
        "=== samovar.conf\nSetHandler rhai\n<Location \"/a/*.html\">\nRhaiOption x y\n</Location>\n\
         <LocationMatch \"/$\">\nRhaiAccessHandler guard::deny\n</LocationMatch>\n{PAGES}"
    ));
    let explain = |more: &[&str]| {
        let mut command = std::process::Command::new(SAMOVAR);
        let output = command.args(["explain", "/a/", "--site"]).arg(site.path()).args(more).output().expect("it runs");
        String::from_utf8(output.stdout).expect("text")
    };
    let said: serde_json::Value = serde_json::from_str(&explain(&["--json"])).expect("JSON");
    assert_eq!((&said["index"], &said["options"]["x"]["value"]), (&"/a/index.html".into(), &"y".into()), "{said}");
    assert_eq!(said["before"]["RhaiAccessHandler"]["value"], "guard::deny", "{said}");
    assert!(said["values"]["RhaiAccessHandler"].is_null(), "{said}");
    let text = explain(&[]);
    assert!(text.contains("as if         /a/index.html") && text.contains("Before, for the directory"), "{text}");
}
