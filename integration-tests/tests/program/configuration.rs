//! `samovar.conf`: what each directive promises.

use std::net::{SocketAddr, TcpListener};

use samovar_integration_tests::{Client, Program, Site};

use crate::{SAMOVAR, serve};

/// A site whose configuration has `{ROOT}` in it where its directory is meant, served with `--listen`.
#[track_caller]
fn serve_at(files: &str) -> (Site, Program) {
    let site = Site::new(files);
    rooted(&site);
    let program = Program::serve(SAMOVAR, site.path());
    (site, program)
}

fn rooted(site: &Site) {
    let text = std::fs::read_to_string(site.file("samovar.conf")).expect("a configuration");
    site.write("samovar.conf", text.replace("{ROOT}", &site.path().to_string_lossy()));
}

/// An address that was free a moment ago: a configuration cannot ask for any that is.
fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port")
}

#[test]
fn listen_says_where() {
    let [first, second] = [free_address(), free_address()];
    let site = Site::new("=== h.rhai\nfn handler(req) { \"here\" }");
    site.write("samovar.conf", format!("Listen {first}\nListen {second}\nSetHandler rhai\n"));
    let mut program = Program::start(SAMOVAR, ["serve".as_ref(), site.path()]);
    assert_eq!([program.address(), program.wait_for_address()], [first, second]);
    for address in [first, second] {
        assert_eq!(Client::connect(address).get("/h").brief(), "200 here");
    }
}

#[test]
fn a_configuration_file_may_have_any_name_and_its_paths_start_beside_it() {
    let site = Site::new(
        "=== site.conf\nDocumentRoot public\nSetHandler rhai\n=== public/h.rhai\nfn handler(req) { \"here\" }",
    );
    let program = Program::serve(SAMOVAR, &site.file("site.conf"));
    assert_eq!(program.get("/h").brief(), "200 here");
    assert_eq!(program.get("/site.conf").status, 404);
}

#[test]
fn scripts_are_run_only_where_the_configuration_says_so() {
    let (_site, program) = serve_at(
        r#"=== samovar.conf
DocumentRoot public
<Directory {ROOT}/public/app>
    SetHandler rhai
</Directory>
<Location /off>
    SetHandler none
</Location>
=== public/h.rhai
fn handler(req) { "SOURCE" }
=== public/app/h.rhai
fn handler(req) { "run" }
=== public/off/a.txt
no
=== public/a.txt
yes
"#,
    );
    assert_eq!(program.get("/app/h").brief(), "200 run");
    assert_eq!(program.get("/a.txt").brief(), "200 yes\n");
    assert_eq!(program.get("/off/a.txt").status, 404);
    for target in ["/h", "/h.rhai", "/app/h.rhai"] {
        let answer = program.get(target);
        assert_eq!(answer.status, 404, "{target}: {}", answer.text());
    }
}

#[test]
fn a_named_handler_answers_for_its_section() {
    let (_site, program) = serve_at(
        r#"=== samovar.conf
<Location /api>
    RhaiHandler api::answer
</Location>
<Directory {ROOT}/pages>
    RhaiHandler render | .md
</Directory>
=== api.rhai
fn answer(req) { `api ${req.path}` }
=== pages/render.rhai
fn handler(req) { `page ${req.filename.split("/").pop()}` }
=== pages/a.md
# a
=== pages/a.txt
plain
"#,
    );
    assert_eq!(program.get("/api").brief(), "200 api /api");
    assert_eq!(program.get("/api/x/y").brief(), "200 api /api/x/y");
    assert_eq!(program.get("/apis").status, 404);
    assert_eq!(program.get("/pages/a.txt").brief(), "200 plain\n");
    assert_eq!(program.get("/pages/a.md").status, 200);
}

#[test]
fn without_automatic_reloading_an_edit_is_not_served() {
    let (site, program) = serve(
        r#"=== samovar.conf
SetHandler rhai
<Location /fixed>
    RhaiAutoReload Off
</Location>
=== fixed.rhai
fn handler(req) { "one" }
=== moving.rhai
fn handler(req) { "one" }
"#,
    );
    assert_eq!((program.get("/fixed").text(), program.get("/moving").text()), ("one".into(), "one".into()));
    site.write("fixed.rhai", "fn handler(req) { \"two\" }");
    site.write("moving.rhai", "fn handler(req) { \"two\" }");
    program.wait_for_reload(&["moving.rhai"]);
    assert_eq!((program.get("/fixed").text(), program.get("/moving").text()), ("one".into(), "two".into()));
    // One more round, so that the first change was certainly seen.
    site.write("moving.rhai", "fn handler(req) { \"three\" }");
    program.wait_for_reload(&["moving.rhai"]);
    assert_eq!((program.get("/fixed").text(), program.get("/moving").text()), ("one".into(), "three".into()));
}

#[test]
fn imports_are_loaded_and_called_before_the_first_request() {
    let (_site, program) = serve(
        r#"=== samovar.conf
SetHandler rhai
RhaiImport state main
RhaiImport state::start main
=== state.rhai
const N = counter();
fn start() { print("imported"); N.add(41); }
fn handler(req) { N.incr().to_string() }
"#,
    );
    let log = program.log();
    let imported = log.find("imported").expect("it was called");
    assert!(imported < log.find("serving").expect("it serves"), "{log}");
    assert_eq!(program.get("/state").brief(), "200 42");
}

#[test]
fn the_search_path_is_an_option() {
    let (_site, program) = serve_at(
        r#"=== samovar.conf
DocumentRoot public
SetHandler rhai
RhaiOption importer.path "~/none:{ROOT}/lib"
=== public/h.rhai
import "words" as words;
fn handler(req) { words::greeting }
=== lib/words.rhai
let greeting = "found";
"#,
    );
    assert_eq!(program.get("/h").brief(), "200 found");
}

#[test]
fn search_paths_start_at_the_server_root_and_may_lead_out_of_the_handler_root() {
    let (_site, program) = serve(
        r#"=== samovar.conf
DocumentRoot public
SetHandler rhai
RhaiOption importer.path "~/../near:far"
RhaiPath ~/../library
<Directory .>
    RhaiHandler outside | .md
</Directory>
=== public/h.rhai
import "words" as words;
import "more" as more;
import "fixed" as fixed;
fn handler(req) { `${words::WORD} ${more::WORD} ${fixed::WORD}` }
=== near/words.rhai
const WORD = "near";
=== far/more.rhai
const WORD = "far";
=== library/fixed.rhai
const WORD = "library";
=== public/page.md
# page
=== outside.rhai
fn handler(req) { "outside" }
"#,
    );
    assert_eq!(program.get("/h").brief(), "200 near far library");
    assert_eq!(program.get("/page.md").brief(), "200 outside");
}

#[test]
fn library_modules_are_found_and_not_reloaded() {
    let (site, program) = serve_at(
        r#"=== samovar.conf
DocumentRoot public
SetHandler rhai
RhaiPath {ROOT}/lib
=== public/h.rhai
import "words" as words;
fn handler(req) { words::greeting + 1 }
=== lib/words.rhai
let greeting = "found";
"#,
    );
    assert_eq!(program.get("/h").brief(), "200 found1");
    site.write("lib/words.rhai", "let greeting = \"changed\";");
    site.write("public/h.rhai", "import \"words\" as words;\nfn handler(req) { words::greeting + 2 }");
    program.wait_for_reload(&["h.rhai"]);
    assert_eq!(program.get("/h").brief(), "200 found2");
}

#[test]
fn debugging_can_be_on_for_one_place() {
    let (_site, program) = serve(
        r#"=== samovar.conf
SetHandler rhai
<Location /shown>
    RhaiDebug On
</Location>
=== shown.rhai
fn handler(req) { throw "reason" }
=== silent.rhai
fn handler(req) { throw "reason" }
"#,
    );
    let (shown, silent) = (program.get("/shown"), program.get("/silent"));
    assert_eq!((shown.status, shown.text().contains("reason")), (500, true), "{}", shown.text());
    assert_eq!((silent.status, silent.text().contains("reason")), (500, false), "{}", silent.text());
}

#[test]
fn interpreters_do_not_share_state() {
    let (_site, program) = serve(
        r#"=== samovar.conf
SetHandler rhai
<Location /count/b>
    RhaiInterpreter other
</Location>
=== count.rhai
const N = counter();
fn handler(req) { N.incr().to_string() }
"#,
    );
    let answers = ["/count/a", "/count/a", "/count/b", "/count/a"].map(|target| program.get(target).text());
    assert_eq!(answers, ["1", "2", "1", "3"]);
}

#[test]
fn hosts_are_told_apart_by_name() {
    let (_site, program) = serve_at(
        r#"=== samovar.conf
DocumentRoot a
<VirtualHost *:*>
    ServerName http://a.example:80
    DocumentRoot a
</VirtualHost>
<VirtualHost *:*>
    ServerName b.example
    DocumentRoot b
</VirtualHost>
=== a/who.txt
a
=== b/who.txt
b
"#,
    );
    let mut client = program.connect();
    for (host, who) in [("a.example", "a"), ("b.example", "b"), ("B.EXAMPLE:80", "b"), ("c.example", "a")] {
        client.send_raw(format!("GET /who.txt HTTP/1.1\r\nHost: {host}\r\n\r\n").as_bytes());
        assert_eq!(client.receive(false).text().trim(), who, "{host}");
    }
}

#[test]
fn names_can_be_defined_on_the_command_line() {
    let site = Site::new("=== samovar.conf\nDocumentRoot ${WHERE}\n=== here/a.txt\nyes");
    let arguments = ["serve", &site.path().to_string_lossy(), "--listen", "127.0.0.1:0", "-D", "WHERE=here"];
    assert_eq!(Program::start(SAMOVAR, arguments).get("/a.txt").brief(), "200 yes");
}

#[test]
fn conditions_ask_for_the_request() {
    let (_site, program) = serve(
        r#"=== samovar.conf
SetHandler rhai
RhaiOption who everybody
<If "%{REQUEST_METHOD} == 'POST' && req('X-Tea') =~ /^assam/i">
    RhaiOption who tea
</If>
<Location /guarded>
    <If "! %{QUERY_STRING} == 'key=1'">
        RhaiHandler guard::refuse
    </If>
</Location>
<If "%{HTTP_USER_AGENT} -strmatch 'bot*' && -R '127.0.0.0/8'">
    SetHandler none
</If>
=== h.rhai
fn handler(req) { req.options["who"] }
=== guarded.rhai
fn handler(req) { "open" }
=== guard.rhai
fn refuse(req) { 403 }
"#,
    );
    let mut client = program.connect();
    assert_eq!(client.get("/h").brief(), "200 everybody");
    assert_eq!(client.request("POST", "/h", &[("X-Tea", "Assam, strong")], b"").brief(), "200 tea");
    assert_eq!(client.request("GET", "/h", &[("X-Tea", "Assam")], b"").brief(), "200 everybody");
    assert_eq!(client.get("/guarded?key=1").brief(), "200 open");
    assert_eq!(client.get("/guarded?key=2").status, 403);
    assert_eq!(client.request("GET", "/h", &[("User-Agent", "bot/1")], b"").status, 404);
}
