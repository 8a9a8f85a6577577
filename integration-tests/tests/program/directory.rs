//! A directory of scripts and files: what URLs lead to, and what they never lead to.

use samovar_integration_tests::{Client, Program};

use crate::serve;

const SITE: &str = r#"=== hello.rhai
fn handler(req) { `hello path_info=${req.path_info} SOURCE` }
=== index.html
<p>start
=== style.css
p { color: red }
=== admin/index.rhai
fn handler(req) { `admin ${req.path}` }
=== admin/users.rhai
fn handler(req) { `users ${req.path_info}` }
=== docs/index.html
<p>docs
=== docs/a b.txt
spaced
=== empty/readme.txt
read me
"#;

#[track_caller]
fn check(client: &mut Client, target: &str, expected: &str) {
    assert_eq!(client.get(target).brief().trim_end(), expected, "{target}");
}

#[test]
fn urls_lead_to_scripts_with_what_follows_as_path_info() {
    let (_site, program) = serve(SITE);
    let client = &mut program.connect();
    check(client, "/hello", "200 hello path_info= SOURCE");
    check(client, "/hello/", "200 hello path_info=/ SOURCE");
    check(client, "/hello/any/thing", "200 hello path_info=/any/thing SOURCE");
    check(client, "/hello/any/thing?x=/y", "200 hello path_info=/any/thing SOURCE");
    check(client, "/%68ello/a%20b", "200 hello path_info=/a b SOURCE");
    check(client, "/admin/users/7", "200 users /7");
    assert_eq!(client.get("/hellooo").status, 404);
}

#[test]
fn directories_answer_with_their_index() {
    let (_site, program) = serve(SITE);
    let client = &mut program.connect();
    check(client, "/", "200 <p>start");
    check(client, "/docs/", "200 <p>docs");
    check(client, "/admin/", "200 admin /admin/");
    assert_eq!(client.get("/empty/").status, 404);
    let moved = client.get("/docs?x=1");
    assert_eq!((moved.status, moved.header("location")), (301, Some("/docs/?x=1")));
    assert_eq!(client.request("POST", "/docs", &[], b"x").status, 308);
}

#[test]
fn files_are_served_with_their_type() {
    let (_site, program) = serve(SITE);
    let client = &mut program.connect();
    for (target, kind) in [
        ("/style.css", "text/css; charset=utf-8"),
        ("/index.html", "text/html; charset=utf-8"),
        ("/empty/readme.txt", "text/plain; charset=utf-8"),
    ] {
        let answer = client.get(target);
        assert_eq!((answer.status, answer.header("content-type")), (200, Some(kind)), "{target}");
    }
    check(client, "/docs/a%20b.txt", "200 spaced");
    assert_eq!(client.get("/style.css/x").status, 404);
}

#[test]
fn a_part_of_a_file_can_be_asked_for() {
    let (_site, program) = serve(SITE);
    let client = &mut program.connect();
    let part = client.request("GET", "/style.css", &[("Range", "bytes=4-8")], b"");
    assert_eq!((part.brief().as_str(), part.header("content-range")), ("206 color", Some("bytes 4-8/17")));
    assert_eq!(client.request("GET", "/style.css", &[("Range", "bytes=99-")], b"").status, 416);
}

#[test]
fn a_file_that_did_not_change_is_not_sent_again() {
    let (_site, program) = serve(SITE);
    let client = &mut program.connect();
    let whole = client.get("/style.css");
    let modified = whole.header("last-modified").expect("a time of modification").to_owned();
    let again = client.request("GET", "/style.css", &[("If-Modified-Since", &modified)], b"");
    assert_eq!(again.brief(), "304 ");
    // The connection is still in step.
    check(client, "/hello", "200 hello path_info= SOURCE");
}

#[test]
fn a_head_request_for_a_file_gets_no_body() {
    let (_site, program) = serve(SITE);
    let client = &mut program.connect();
    let head = client.request("HEAD", "/style.css", &[], b"");
    assert_eq!((head.status, head.header("content-length"), head.body.len()), (200, Some("17"), 0));
    check(client, "/hello", "200 hello path_info= SOURCE");
}

#[test]
fn the_source_of_a_script_is_never_served() {
    let (site, program) = serve(SITE);
    let source = std::fs::read_to_string(site.file("hello.rhai")).expect("read");
    for copy in ["hello.rhai.bak", "hello.rhai~", ".hello.rhai.swp", "#hello.rhai#", "hello.rhai.orig", "HELLO2.RHAI"] {
        site.write(copy, &source);
    }
    std::fs::hard_link(site.file("hello.rhai"), site.file("hello.rhai.txt")).expect("linked");
    for target in [
        "/hello.rhai",
        "/hello.rhai/",
        "/hello.rhai/x",
        "/hello.rhai?x",
        "/hello.rhai.",
        "/hello.rhai%20",
        "/hello.rhai%00",
        "/hello.rhai%00.html",
        "/hello.rhai;",
        "/hello.rhai;x=1",
        "/hello%2erhai",
        "/hello%2Erhai",
        "/hello%252erhai",
        "/hello.rha%69",
        "/%68%65%6c%6c%6f%2e%72%68%61%69",
        "/HELLO.RHAI",
        "/hello.RHAI",
        "/HELLO2.RHAI",
        "//hello.rhai",
        "/./hello.rhai",
        "/docs/../hello.rhai",
        "/docs/%2e%2e/hello.rhai",
        "/docs%2f..%2fhello.rhai",
        "/docs/..%2fhello.rhai",
        "/docs/%252e%252e/hello.rhai",
        "/docs/..;/hello.rhai",
        "/docs\\..\\hello.rhai",
        "/hello.rhai\\",
        "/hello.rhai::$DATA",
        "/hello.rhai.bak",
        "/hello.rhai~",
        "/hello.rhai.txt",
        "/.hello.rhai.swp",
        "/%23hello.rhai%23",
        "/hello.rhai.orig",
    ] {
        let answer = program.get(target);
        assert!(!answer.text().contains("SOURCE"), "{target} shows the source: {}", answer.brief());
        assert!(matches!(answer.status, 400 | 404), "{target}: {}", answer.status);
    }
    let mut client = program.connect();
    for (method, range) in [("GET", "bytes=0-"), ("POST", "bytes=0-"), ("PUT", ""), ("OPTIONS", ""), ("TRACE", "")] {
        let answer = client.request(method, "/hello.rhai", &[("Range", range)], b"");
        assert!(answer.status >= 400 && !answer.text().contains("SOURCE"), "{method}: {}", answer.brief());
    }
}

#[test]
fn a_link_does_not_show_the_source_of_a_script() {
    let (site, program) = serve(SITE);
    site.link("linked.txt", site.file("hello.rhai"));
    let answer = program.get("/linked.txt");
    assert_eq!(answer.status, 404, "{}", answer.text());
}

#[test]
fn what_is_nobodys_business_is_not_found() {
    let (site, program) = serve(SITE);
    let hidden =
        [".env", ".git/config", "docs/.htaccess", "style.css~", "style.css.bak", "style.css.swp", "a.tmp", "a.orig"];
    for name in hidden {
        site.write(name, "SECRET");
        let answer = program.get(&format!("/{name}"));
        assert_eq!(answer.status, 404, "{name}: {}", answer.text());
    }
}

#[test]
fn the_configuration_is_not_served() {
    let (_site, program) = serve(&format!("{SITE}=== samovar.conf\nSetHandler rhai\n"));
    for target in ["/samovar.conf", "/SAMOVAR.CONF", "/samovar%2econf", "/samovar.conf/", "/./samovar.conf"] {
        assert_eq!(program.get(target).status, 404, "{target}");
    }
}

#[test]
fn no_url_leads_out_of_the_root() {
    let (site, program) =
        serve("=== root/style.css\nx\n=== root/hello.rhai\nfn handler(req) { 1 }\n=== secret.txt\nSECRET");
    drop(program);
    let program = Program::serve(crate::SAMOVAR, &site.file("root"));
    site.link("root/link.txt", site.file("secret.txt"));
    site.link("root/up", site.path());
    site.link("root/dangling.txt", site.file("nothing"));
    site.link("root/loop", site.file("root/loop"));
    for target in [
        "/../secret.txt",
        "/%2e%2e/secret.txt",
        "/..%2fsecret.txt",
        "/%252e%252e/secret.txt",
        "/x/../../secret.txt",
        "/style.css/../../secret.txt",
        "//../secret.txt",
        "/link.txt",
        "/up/secret.txt",
        "/up/root/../secret.txt",
        "/dangling.txt",
        "/loop",
        "/loop/x",
        "/etc/passwd",
        "//etc/passwd",
    ] {
        let answer = program.get(target);
        assert!(matches!(answer.status, 400 | 404), "{target}: {}", answer.brief());
        assert!(!answer.text().contains("SECRET"), "{target} leads out");
    }
}

/// What a link leads to when it is looked at is not what it leads to when it is opened, unless both are one.
#[test]
fn a_link_that_is_switched_all_the_time_never_shows_what_is_outside() {
    let (site, program) = serve("=== root/in/f.txt\ninside\n=== out/f.txt\nSECRET\n=== root/in/.env\nSECRET\n");
    drop(program);
    site.link("root/d", "in");
    site.link("root/f.txt", "in/f.txt");
    let program = Program::serve(crate::SAMOVAR, &site.file("root"));
    let asked = std::sync::atomic::AtomicBool::new(false);
    let answers = std::thread::scope(|threads| {
        for (link, targets) in [("root/d", ["in", "../out"]), ("root/f.txt", ["in/f.txt", "in/.env"])] {
            let (site, asked) = (&site, &asked);
            threads.spawn(move || {
                while !asked.load(std::sync::atomic::Ordering::Relaxed) {
                    for target in targets {
                        let new = site.file(&format!("{link}.new"));
                        std::os::unix::fs::symlink(target, &new).expect("linked");
                        std::fs::rename(new, site.file(link)).expect("renamed");
                    }
                }
            });
        }
        let mut client = program.connect();
        let answers: Vec<_> = (0..6_000)
            .map(|round| {
                client.send("GET", if round % 2 == 0 { "/d/f.txt" } else { "/f.txt" }, &[], b"");
                client.try_receive(false).map(|answer| answer.brief())
            })
            .collect();
        asked.store(true, std::sync::atomic::Ordering::Relaxed);
        answers
    });
    let inside = answers.iter().filter(|answer| matches!(answer, Ok(brief) if brief.trim() == "200 inside")).count();
    let missing = answers.iter().filter(|answer| matches!(answer, Ok(brief) if brief.starts_with("404"))).count();
    assert_eq!(inside + missing, answers.len(), "all others: {:?}", others(&answers));
    assert!(inside > 0, "it was there now and then");
}

fn others(answers: &[std::io::Result<String>]) -> Vec<String> {
    let is_known = |answer: &String| answer.contains("inside") || answer.contains("404");
    answers.iter().map(|answer| format!("{answer:?}")).filter(|answer| !is_known(answer)).take(5).collect()
}

#[test]
fn a_script_outside_of_the_root_is_not_run_through_a_link() {
    let (site, program) = serve("=== root/style.css\nx\n=== outside.rhai\nfn handler(req) { \"SECRET\" }");
    drop(program);
    site.link("root/inside.rhai", site.file("outside.rhai"));
    let program = Program::serve(crate::SAMOVAR, &site.file("root"));
    let answer = program.get("/inside");
    assert!(answer.status >= 400 && !answer.text().contains("SECRET"), "{}", answer.brief());
}

#[test]
fn a_fifo_is_neither_a_file_nor_a_script() {
    let (site, program) = serve(SITE);
    site.fifo("pipe");
    site.fifo("pipe.rhai");
    site.fifo("pipe.css");
    site.write("importing.rhai", "fn handler(req) { import \"./pipe\" as pipe; 200 }");
    let mut client = program.connect();
    for (target, status) in [("/pipe", 404), ("/pipe.css", 404), ("/importing", 500)] {
        assert_eq!(client.get(target).status, status, "{target}");
    }
    check(&mut client, "/hello", "200 hello path_info= SOURCE");
}

#[test]
fn a_script_that_becomes_a_fifo_stops_nothing() {
    let (site, program) = serve(SITE);
    assert_eq!(program.get("/hello").status, 200);
    assert_eq!(program.get("/admin/users").status, 200);
    site.remove("hello.rhai");
    site.fifo("hello.rhai");
    // Whoever reads the FIFO now would wait for its other end, and find no further change.
    site.write("admin/users.rhai", "fn handler(req) { \"later\" }");
    program.wait_for_reload(&["users.rhai"]);
    assert_eq!(program.get("/admin/users").brief(), "200 later");
}

/// A module that only others import is not found by its URL, and fills no log.
#[test]
fn a_script_without_a_handler_is_404() {
    let (_site, program) = serve("=== lib.rhai\nfn help() { 1 }\n=== wrong.rhai\nfn handler() { 1 }");
    assert_eq!(program.get("/lib").status, 404);
    assert_eq!(program.get("/wrong").status, 500);
    assert!(!program.log().contains("lib failed"), "{}", program.log());
}

#[test]
fn a_range_that_cannot_be_served_as_asked_is_the_whole_file() {
    let (_site, program) = serve("=== f.txt\n0123456789");
    let mut client = program.connect();
    let validators = client.get("/f.txt");
    let (tag, date) = (validators.header("etag").expect("a tag"), validators.header("last-modified").expect("a date"));
    for (headers, expected) in [
        (vec![("Range", "bytes=2-4")], "206 234"),
        (vec![("Range", "bytes=-2")], "206 89"),
        (vec![("Range", "bytes=0-1,4-5")], "200 0123456789"),
        (vec![("Range", "bytes=4-2")], "200 0123456789"),
        (vec![("Range", "lines=1-2")], "200 0123456789"),
        (vec![("Range", "bytes=2-4"), ("If-Range", tag)], "206 234"),
        (vec![("Range", "bytes=2-4"), ("If-Range", date)], "206 234"),
        (vec![("Range", "bytes=2-4"), ("If-Range", "\"other\"")], "200 0123456789"),
        (vec![("Range", "bytes=2-4"), ("If-Range", "Sat, 01 Jan 2000 00:00:00 GMT")], "200 0123456789"),
    ] {
        assert_eq!(client.request("GET", "/f.txt", &headers, b"").brief(), expected, "{headers:?}");
    }
    let beyond = client.request("GET", "/f.txt", &[("Range", "bytes=10-")], b"");
    assert_eq!((beyond.status, beyond.header("content-range")), (416, Some("bytes */10")));
}

#[test]
fn a_range_that_is_larger_than_the_file_is_the_file() {
    let (_site, program) = serve(&format!("=== f.txt\n{}=== empty.txt\n", "x".repeat(1_000)));
    let mut client = program.connect();
    for range in ["bytes=-99999", "bytes=-1000", "bytes=0-99999", "bytes=0-99999999999999999999", "bytes=0-"] {
        let part = client.request("GET", "/f.txt", &[("Range", range)], b"");
        let said = (part.status, part.header("content-range"), part.header("content-length"), part.body.len());
        assert_eq!(said, (206, Some("bytes 0-999/1000"), Some("1000"), 1_000), "{range}");
    }
    for range in ["bytes=-0", "bytes=1000-", "bytes=99999999999999999999-"] {
        let part = client.request("GET", "/f.txt", &[("Range", range)], b"");
        assert_eq!((part.status, part.header("content-range")), (416, Some("bytes */1000")), "{range}");
    }
    for range in ["bytes=0-0", "bytes=0-", "bytes=-1", "bytes=-99", "bytes=5-"] {
        let part = client.request("GET", "/empty.txt", &[("Range", range)], b"");
        let said = (part.status, part.header("content-range"), part.body.len());
        assert_eq!(said, (200, None, 0), "{range}");
    }
    for range in ["bytes=0-0", "bytes=5000-", "bytes=-99999", "nonsense"] {
        let head = client.request("HEAD", "/f.txt", &[("Range", range)], b"");
        let said = (head.status, head.header("content-range"), head.header("content-length"));
        assert_eq!(said, (200, None, Some("1000")), "{range}");
    }
}

#[test]
fn a_handler_whose_name_is_mistyped_is_told_once() {
    let (_site, program) = serve(
        "=== h.rhai\nfn Handler(req) { 1 }\n=== p.rhai\nprivate fn handler(req) { 1 }\n=== lib.rhai\nfn sum(a) { a }",
    );
    let mut client = program.connect();
    for target in ["/lib", "/h", "/p", "/h", "/h"] {
        assert_eq!(client.get(target).status, 404, "{target}");
    }
    program.wait_for("h.rhai answers nobody");
    program.wait_for("there is a function `Handler`");
    program.wait_for("p.rhai answers nobody");
    program.wait_for("`handler` is private: take `private` away");
    let log = program.log();
    assert_eq!(log.matches("answers nobody").count(), 2, "{log}");
}
