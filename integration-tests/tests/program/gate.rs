//! `samovar check` as a gate: what the server would say of scripts when it loads them, without running any.

use std::process::{Command, Output};

use samovar_integration_tests::{Program, Site};
use serde_json::Value;

use crate::SAMOVAR;

#[track_caller]
fn run(site: &Site, arguments: &[&str]) -> Output {
    let output = Command::new(SAMOVAR).arg("check").args(arguments).current_dir(site.path()).output().expect("it runs");
    assert!(!String::from_utf8_lossy(&output.stderr).contains("panicked"), "{output:?}");
    output
}

/// What is found in a site: `severity code-name file:line:column message`, the files as seen from the site.
#[track_caller]
fn found(site: &Site) -> Vec<String> {
    let output = run(site, &["--format", "json"]);
    let found: Vec<Value> = serde_json::from_slice(&output.stdout).expect("JSON");
    let errors = found.iter().filter(|one| one["severity"] == "error").count();
    assert_eq!(output.status.code(), Some(i32::from(errors > 0)), "{found:?}");
    let root = format!("{}/", site.path().display());
    let text = |one: &Value| {
        let word = |name: &str| one[name].as_str().unwrap_or("-").replace(&root, "");
        let place = format!("{}:{}:{}", word("file"), one["line"], one["column"]);
        format!("{} {} {place} {}", word("severity"), word("name"), word("message"))
    };
    found.iter().map(text).collect()
}

#[track_caller]
fn check(files: &str, expected: &[&str]) {
    assert_eq!(found(&Site::new(files)), expected, "{files}");
}

#[test]
fn a_directory_of_scripts_that_are_right_passes_and_none_runs() {
    check(
        "=== a.rhai\nthrow \"run\";\nfn handler(req) { \"\" }\n=== lib/b.rhai\nfn f() {}\n=== .git/c.rhai\nlet [",
        &[],
    );
    let output = run(&Site::new("=== a.rhai\nfn handler(req) { \"\" }\n"), &[]);
    assert_eq!(String::from_utf8_lossy(&output.stdout), "The configuration is right.\n");
}

#[test]
fn a_script_that_does_not_compile_is_an_error_at_its_own_place() {
    check("=== a.rhai\nfn handler(req) { let }\n", &["error script-error a.rhai:1:23 Expecting name of a variable"]);
    let assigned = found(&Site::new("=== d/a.rhai\nlet x = 1;\nfn handler(req) { x = 2; }\n"));
    assert!(
        assigned[0].starts_with("error script-error d/a.rhai:2:19 `x` is a variable of the module"),
        "{assigned:?}"
    );
    check("=== a.rhai\n", &["error script-error a.rhai:1:1 `a.rhai` is empty"]);
}

#[test]
fn it_says_the_place_that_the_server_says() {
    let site = Site::new(
        "=== a.rhai\nfn handler(req) { let }\n=== b.rhai\nimport \"./none\" as n;\n=== c.rhai\nlet x = 1; fn handler(req) { x += 1 }\n\
         === d.rhai\nimport \"e\" as e;\n=== e.rhai\nimport \"d\" as d;\n=== f.rhai\nimport \"a\" as a;\n",
    );
    let said = found(&site);
    let program = Program::serve(SAMOVAR, site.path());
    for (url, place) in [
        ("/a", "a.rhai:1:23"),
        ("/b", "b.rhai:1:8"),
        ("/c", "c.rhai:1:30"),
        ("/d", "e.rhai:1:8"),
        ("/f", "a.rhai:1:23"),
    ] {
        assert_eq!(program.get(url).status, 500);
        program.wait_for(&format!("{url} failed"));
        program.wait_for(&format!("--> {}/{place}", site.path().display()));
        assert!(said.iter().any(|one| one.contains(place)), "{place}: {said:#?}");
    }
}

#[test]
fn an_import_that_is_not_found_is_an_error_wherever_it_is_made() {
    check(
        "=== a.rhai\nimport \"lib/m\" as m;\nfn handler(req) { let f = || { import \"./no1\" as n; n::x }; import_module(\"no2\"); m::run() }\n\
         === lib/m.rhai\nimport \"~/no3\" as n;\nfn run() { import \"../no4\" as n; }\nfn may() { try { import \"no5\" as o; o::f() } catch { } }\n",
        &[
            "error no-such-import a.rhai:2:39 module `./no1` not found",
            "error no-such-import a.rhai:2:75 module `no2` not found",
            "error no-such-import lib/m.rhai:1:8 module `~/no3` not found",
            "error no-such-import lib/m.rhai:2:19 module `../no4` not found",
        ],
    );
}

#[test]
fn what_a_module_does_not_have_is_an_error() {
    check(
        "=== a.rhai\nimport \"m\" as m;\nfn handler(req) { m::gone(1); m::f(); m::f(1); m::V; m::W; try { m::x() } catch { } }\n\
         === m.rhai\nconst V = 1;\nfn f(x) { x }\n",
        &[
            "error no-such-function a.rhai:2:22 m.rhai has no function `gone` with 1 argument",
            "error no-such-function a.rhai:2:34 m.rhai has no function `f` with 0 arguments",
            "error no-such-function a.rhai:2:57 m.rhai has no variable `W`",
            "warning perhaps-missing a.rhai:2:69 m.rhai has no function `x` with 0 arguments",
        ],
    );
}

#[test]
fn a_circle_of_imports_is_an_error() {
    check(
        "=== a.rhai\nimport \"b\" as b;\n=== b.rhai\nimport \"c\" as c;\n=== c.rhai\nimport \"a\" as a;\n\
         === d.rhai\nimport \"e\" as e;\n=== e.rhai\nfn later() { import \"d\" as d; }\n",
        &["error import-cycle c.rhai:1:8 import cycle: a.rhai -> b.rhai -> c.rhai -> a.rhai"],
    );
}

#[test]
fn a_script_that_was_meant_to_answer_and_does_not_is_a_warning() {
    check(
        "=== a.rhai\nfn hadnler(req) { 1 }\n=== b.rhai\nprivate fn handler(req) { 1 }\n=== c.rhai\nfn handler() { 1 }\n\
         === lib.rhai\nfn handle(x) { x }\n=== d.rhai\nimport \"lib\" as l;\nfn handler(req) { 1 }\n",
        &[
            "warning answers-nobody a.rhai:1:4 `a.rhai` answers nobody: it has no public function `handler` with 1 parameter",
            "warning answers-nobody b.rhai:1:12 `b.rhai` answers nobody: it has no public function `handler` with 1 parameter",
            "warning answers-nobody c.rhai:1:4 `c.rhai` answers nobody: it has no public function `handler` with 1 parameter",
        ],
    );
}

#[test]
fn what_lines_name_is_looked_for_as_the_server_does() {
    check(
        "=== samovar.conf\nDocumentRoot public\nRhaiHandler anwser\n<Location /a>\nRhaiHandler answer::hadnler\n</Location>\n\
         <Location /b>\nRhaiAccessHandler broken\n</Location>\nRhaiImport strat main\nRhaiImport answer::opem main\nRhaiImport broken main\n\
         <Location /c>\nRhaiOption importer.path /nowhere\nRhaiHandler answer | .x\n</Location>\n<Location /d>\nRhaiHandler kept::callback\n</Location>\n\
         === public/answer.rhai\nfn handler(req) { 1 }\nfn open() {}\n=== public/broken.rhai\nfn handler(req) { let }\n\
         === public/kept.rhai\nconst callback = callback(|req| 1);\n=== public/not-named.rhai\nlet [\n",
        &[
            "error no-such-module samovar.conf:2:13 module `anwser` not found",
            "error no-such-function samovar.conf:4:13 `public/answer.rhai` has no function `hadnler` with 1 parameter",
            "error bad-import samovar.conf:9:12 module `strat` not found",
            "error no-such-function samovar.conf:10:12 `public/answer.rhai` has no function `opem` with 0 parameters",
            "error script-error public/broken.rhai:1:23 Expecting name of a variable",
        ],
    );
}

#[test]
fn patterns_of_directories_stand_for_those_that_they_match() {
    let site = Site::new(
        "=== samovar.conf\nSetHandler none\n<Directory \"{ROOT}/apps/*\">\nSetHandler rhai\nRhaiHandler answer\n</Directory>\n\
         <DirectoryMatch \"/tools/[a-z]+/$\">\nRhaiAccessHandler guard::may\n</DirectoryMatch>\n<DirectoryMatch \"/nowhere\">\nRhaiHandler none\n</DirectoryMatch>\n\
         === apps/one/answer.rhai\nfn handler(req) { 1 }\n=== apps/two/answer.rhai\nfn handler(req) { let }\n\
         === tools/x/guard.rhai\nfn mya(req) { OK }\n",
    );
    let text = std::fs::read_to_string(site.file("samovar.conf")).expect("read");
    site.write("samovar.conf", text.replace("{ROOT}", &site.path().to_string_lossy()));
    assert_eq!(
        found(&site),
        [
            "error no-such-function samovar.conf:7:19 `tools/x/guard.rhai` has no function `may` with 1 parameter",
            "error script-error apps/two/answer.rhai:1:23 Expecting name of a variable",
        ]
    );
}

#[test]
fn each_host_and_place_searches_where_its_own_lines_say() {
    let files = "=== samovar.conf\nSetHandler rhai\nRhaiPath library\n\
                 <VirtualHost *>\nServerName one\nDocumentRoot one\nRhaiOption importer.path shared1\n</VirtualHost>\n\
                 <VirtualHost *>\nServerName two\nDocumentRoot two\n<Location /x>\nRhaiOption importer.path shared2\n</Location>\n</VirtualHost>\n\
                 === one/page.rhai\nimport \"words\" as w; import \"common\" as c;\nfn handler(req) { w::one() + c::f() }\n\
                 === two/x/page.rhai\nimport \"words\" as w;\nfn handler(req) { w::two() }\n\
                 === two/page.rhai\nimport \"words\" as w;\nfn handler(req) { w::two() }\n\
                 === shared1/words.rhai\nfn one() { 1 }\n=== shared2/words.rhai\nfn two() { 2 }\n=== library/common.rhai\nfn f() { 1 }\n";
    let site = Site::new(files);
    assert_eq!(found(&site), ["error no-such-import two/page.rhai:1:8 module `words` not found"]);
}

#[test]
fn scripts_that_no_url_and_no_line_leads_to_are_nobodys_affair() {
    check(
        "=== samovar.conf\nSetHandler static\n<Location /app>\nSetHandler rhai\n</Location>\n=== a.rhai\nlet [\n=== app/b.rhai\nlet [\n",
        &["error script-error app/b.rhai:1:5 Expecting name of a variable"],
    );
    check(
        "=== samovar.conf\nAddHandler rhai .page\n=== a.page\nlet [\n=== b.rhai\nfn handler(req) { 1 }",
        &["error script-error a.page:1:5 Expecting name of a variable"],
    );
}

#[test]
fn links_lead_to_scripts_as_well() {
    let site = Site::new("=== release/a.rhai\nlet [\n=== site/x.txt\n");
    site.link("site/app", site.file("release"));
    site.link("site/again", site.file("site"));
    let output = run(&site, &["site"]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stdout).contains("site/app/a.rhai"), "{output:?}");
}

#[test]
fn github_is_told_in_its_own_words() {
    let site = Site::new(
        "=== a,b:c.rhai\nfn handler(req) { import \"100%\" as n; }\nfn x() { let }\n=== d.rhai\nimport \"100%\" as n;\n",
    );
    let output = run(&site, &["--format", "github"]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        String::from_utf8_lossy(&output.stdout).replace(&*site.path().to_string_lossy(), "{ROOT}"),
        "::error file=a%2Cb%3Ac.rhai,line=2,col=14,endLine=2,endColumn=15,title=E107 script-error::Expecting name of a variable\n\
         ::error file=d.rhai,line=1,col=8,endLine=1,endColumn=9,title=E108 no-such-import::module `100%25` not found%0Ano file {ROOT}/100%25.rhai\n"
    );
    let right = run(&Site::new("=== a.rhai\nfn handler(req) { 1 }\n"), &["--format", "github"]);
    assert_eq!((right.status.code(), right.stdout.trim_ascii()), (Some(0), &b""[..]));
}

#[test]
fn a_script_is_no_site() {
    let site = Site::new("=== a.rhai\nfn handler(req) { 1 }\n");
    let output = run(&site, &["a.rhai"]);
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("`a.rhai` is a script") && said.contains("name the directory that it is in: `.`"), "{said}");
}

#[test]
fn json_is_a_list_also_when_nothing_is_wrong() {
    let right = run(&Site::new("=== a.rhai\nfn handler(req) { 1 }\n"), &["--format", "json"]);
    assert_eq!((right.status.code(), right.stdout.trim_ascii()), (Some(0), &b"[]"[..]));
}

#[test]
fn a_thousand_scripts_are_looked_into_once_each() {
    let mut files =
        "=== lib.rhai\nimport \"base\" as base;\nfn f() { base::g() }\n=== base.rhai\nfn g() { 1 }\n".to_owned();
    for number in 0..1000 {
        files += &format!("=== p{number}.rhai\nimport \"lib\" as lib;\nfn handler(req) {{ lib::f() }}\n");
    }
    check(&files, &[]);
}
