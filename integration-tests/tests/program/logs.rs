//! `ErrorLog`, `LogLevel`, `CustomLog`: what is written where.

use std::{
    fs,
    io::{BufRead, BufReader},
};

use std::fmt::Write as _;

use samovar_integration_tests::{Client, Program, Site, poll};

use crate::{SAMOVAR, serve};

/// The lines of a log file, once there are so many.
#[track_caller]
fn lines(site: &Site, name: &str, count: usize) -> Vec<String> {
    poll(&format!("{count} lines in {name}"), || {
        let text = fs::read_to_string(site.file(name)).unwrap_or_default();
        let lines: Vec<_> = text.lines().map(str::to_owned).collect();
        (lines.len() >= count).then_some(lines)
    })
}

#[test]
fn the_access_log_has_the_combined_format() {
    let (site, program) = serve(
        "=== samovar.conf\nSetHandler rhai\nCustomLog access.log\nRhaiAuthenHandler door::who\n\
         === door.rhai\nfn who(req) { req.user = \"ada\"; OK }\n=== h.rhai\nfn handler(req) { \"Hello\" }\n=== a.txt\nfile\n",
    );
    let mut client = program.connect();
    let headers = [("Referer", "http://x/?q=\"1\""), ("User-Agent", "test/1")];
    client.request("GET", "/h?x=1", &headers, b"");
    client.get("/a.txt");
    client.get("/none");
    client.request("HEAD", "/a.txt", &[], b"");
    client.get("/a%zz");
    let found = lines(&site, "access.log", 5);
    let (start, end) = found[0].split_once('[').expect("a time");
    assert_eq!(start, "127.0.0.1 - ada ");
    let (time, rest) = end.split_once(']').expect("the end of the time");
    assert_eq!((time.len(), &time[20..]), (26, " +0000"), "{time}");
    assert_eq!(rest, r#" "GET /h?x=1 HTTP/1.1" 200 5 "http://x/?q=\"1\"" "test/1""#);
    let rest = |line: &str| line.split_once("] ").expect("a time").1.to_owned();
    assert_eq!(rest(&found[1]), r#""GET /a.txt HTTP/1.1" 200 5 "-" "-""#);
    assert!(rest(&found[2]).starts_with(r#""GET /none HTTP/1.1" 404 "#), "{}", found[2]);
    assert_eq!(rest(&found[3]), r#""HEAD /a.txt HTTP/1.1" 200 - "-" "-""#);
    assert!(rest(&found[4]).starts_with(r#""GET /a%zz HTTP/1.1" 400 "#), "{}", found[4]);
    assert!(found[4].starts_with("127.0.0.1 - - ["), "{}", found[4]);
}

#[test]
fn hosts_have_logs_of_their_own() {
    let (site, program) = serve(
        r#"=== samovar.conf
SetHandler rhai
CustomLog main.log common
<VirtualHost *:*>
    ServerName a.example
    CustomLog a.log common
    ErrorLog a-errors.log
</VirtualHost>
<VirtualHost *:*>
    ServerName b.example
</VirtualHost>
=== bad.rhai
fn handler(req) { throw "reason" }
"#,
    );
    let mut client = program.connect();
    for host in ["a.example", "b.example"] {
        client.send_raw(format!("GET /bad HTTP/1.1\r\nHost: {host}\r\n\r\n").as_bytes());
        assert_eq!(client.receive(false).status, 500);
    }
    assert!(lines(&site, "a.log", 1)[0].contains("\"GET /bad HTTP/1.1\" 500 "));
    assert_eq!(lines(&site, "main.log", 1).len(), 1);
    let errors = lines(&site, "a-errors.log", 3).join("\n");
    assert!(errors.contains("/bad failed") && errors.contains("bad.rhai:1:"), "{errors}");
    // The other host's is told where everything is.
    program.wait_for("/bad failed");
    assert_eq!(program.log().matches("/bad failed").count(), 1, "{}", program.log());
}

#[test]
fn the_main_error_log_takes_what_the_program_tells() {
    let site =
        Site::new("=== samovar.conf\nSetHandler rhai\nErrorLog errors.log\n=== h.rhai\nfn handler(req) { \"one\" }");
    let samovar = std::process::Command::new(SAMOVAR)
        .args(["serve".as_ref(), site.path().as_os_str(), "--listen".as_ref(), "127.0.0.1:0".as_ref()])
        .spawn();
    let mut samovar = samovar.expect("the program starts");
    let text = poll("the line about serving", || {
        fs::read_to_string(site.file("errors.log")).ok().filter(|text| text.contains("on http://"))
    });
    samovar.kill().expect("the program can be killed");
    let _ = samovar.wait();
    assert!(text.contains("INFO"), "{text}");
}

#[test]
fn the_level_of_the_log_can_be_changed_while_it_runs() {
    let (site, program) = serve("=== samovar.conf\nSetHandler rhai\n=== h.rhai\nfn handler(req) { \"one\" }");
    assert_eq!(program.get("/h").text(), "one");
    program.wait_for("h.rhai in ");
    site.write("samovar.conf", "SetHandler rhai\nLogLevel error\nRhaiOption word two\n");
    program.wait_for("taken up");
    // The level follows the line that was waited for: sooner or later, what is loaded is not told.
    let mut number = 0;
    poll("a script that is loaded in silence", || {
        number += 1;
        let name = format!("n{number}");
        site.write(&format!("{name}.rhai"), "fn handler(req) { \"new\" }");
        poll("the new script", || Some(()).filter(|()| program.get(&format!("/{name}")).text() == "new"));
        site.write("bad.rhai", format!("fn handler(req) {{ throw \"number {number}\" }}"));
        poll("the failing script", || Some(()).filter(|()| program.get("/bad").status == 500));
        program.wait_for("/bad failed");
        Some(()).filter(|()| !program.log().contains(&format!("{name}.rhai in ")))
    });
    site.write("samovar.conf", "SetHandler rhai\nLogLevel info\n");
    poll("a script that is told of again", || {
        number += 1;
        let name = format!("n{number}");
        site.write(&format!("{name}.rhai"), "fn handler(req) { \"new\" }");
        poll("the new script", || Some(()).filter(|()| program.get(&format!("/{name}")).text() == "new"));
        Some(()).filter(|()| program.log().contains(&format!("{name}.rhai in ")))
    });
}

#[test]
fn more_or_less_can_be_told_of_one_place() {
    let (_site, program) = serve(
        r#"=== samovar.conf
SetHandler rhai
LogLevel info ssl:debug
RhaiLogHandler say::after
<Location /told>
    LogLevel warn rhai:info
</Location>
<VirtualHost *:*>
    ServerName a.example
    LogLevel trace3
</VirtualHost>
<VirtualHost *:*>
    ServerName b.example
    LogLevel emerg
</VirtualHost>
=== say.rhai
fn after(req) { print(`after ${req.path} of ${req.host}`); OK }
=== silent.rhai
fn handler(req) { print(`in ${req.path} of ${req.host}`); "one" }
=== told.rhai
fn handler(req) { print(`in ${req.path} of ${req.host}`); "one" }
"#,
    );
    let mut client = program.connect();
    for target in ["silent", "told"] {
        for host in ["b.example", "a.example"] {
            client.send_raw(format!("GET /{target} HTTP/1.1\r\nHost: {host}\r\n\r\n").as_bytes());
            assert_eq!(client.receive(false).text(), "one");
        }
    }
    for line in ["/silent of a.example", "/told of a.example", "/told of b.example"] {
        for when in ["in", "after"] {
            poll(line, || Some(()).filter(|()| program.log().contains(&format!("{when} {line}"))));
        }
    }
    assert!(!program.log().contains("/silent of b.example"), "{}", program.log());
}

#[test]
fn a_hang_up_opens_the_logs_anew() {
    let (site, program) = serve("=== samovar.conf\nCustomLog access.log common\n=== a.txt\nfile");
    program.get("/a.txt");
    lines(&site, "access.log", 1);
    fs::rename(site.file("access.log"), site.file("access.log.1")).expect("moved away");
    program.hang_up();
    program.wait_for("the log files were opened anew");
    program.get("/a.txt");
    assert_eq!(lines(&site, "access.log", 1).len(), 1);
    assert_eq!(lines(&site, "access.log.1", 1).len(), 1);
}

#[test]
fn a_full_disk_stops_no_request() {
    let site = Site::new("=== samovar.conf\nCustomLog /dev/full common\n=== a.txt\nfile");
    let program = Program::serve(SAMOVAR, site.path());
    for _ in 0..20 {
        assert_eq!(program.get("/a.txt").brief(), "200 file");
    }
    program.wait_for("/dev/full: cannot be written to");
}

#[test]
fn a_page_that_fails_for_everybody_does_not_drown_the_log() {
    let (site, program) = serve("=== boom.rhai\nfn handler(req) { throw `no ${req.args.n}` }");
    let mut client = program.connect();
    let mut fail = |count: usize, from: usize| {
        for number in from..from + count {
            assert_eq!(client.get(&format!("/boom?n={number}")).status, 500);
        }
    };
    fail(200, 0);
    program.wait_for("/boom failed");
    program.wait_for("1 | fn handler(req) { throw");
    program.wait_for("/boom failed again:");
    // The first in full, a few in a line each, and all others are counted.
    program.wait_for("more requests failed like this, the last /boom: ");
    let log = program.log();
    assert_eq!(log.matches("throw `no").count(), 1, "{log}");
    assert!(log.matches("failed again").count() < 100, "{log}");
    // Another text: another error, as far as anybody knows.
    site.write("boom.rhai", "fn handler(req) { throw `still no ${req.args.n}` }");
    program.wait_for("reloaded");
    fail(1, 300);
    program.wait_for("1 | fn handler(req) { throw `still");
}

#[test]
fn a_log_that_nobody_reads_stops_no_request() {
    let site = Site::new("=== h.rhai\nfn handler(req) { let s = \"\"; s.pad(2000, 'x'); print(s); \"printed\" }");
    let mut samovar = std::process::Command::new(SAMOVAR)
        .args(["serve".as_ref(), site.path().as_os_str(), "--listen".as_ref(), "127.0.0.1:0".as_ref()])
        .stderr(std::process::Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut log = BufReader::new(samovar.stderr.take().expect("it is piped"));
    let mut line = String::new();
    while !line.contains("on http://") {
        line.clear();
        assert!(log.read_line(&mut line).expect("a line") > 0, "it ended");
    }
    let address = line.trim().rsplit("http://").next().and_then(|address| address.parse().ok()).expect("an address");
    // A pipe takes 64 KiB. From here on nobody reads what comes out of it.
    let mut client = Client::connect(address);
    for _ in 0..200 {
        assert_eq!(client.get("/h").brief(), "200 printed");
    }
    // Nothing was lost: it comes when it is read again.
    let mut printed = 0;
    while printed < 200 {
        line.clear();
        assert!(log.read_line(&mut line).expect("a line") > 0, "it ended");
        printed += usize::from(line.contains("xxxx"));
    }
    samovar.kill().expect("the program can be killed");
    let _ = samovar.wait();
}

/// A module that many import, each of which asks it for the same function, and a page that imports them all.
fn many(count: usize, configuration: &str) -> String {
    let mut files = format!("=== samovar.conf\nSetHandler rhai\n{configuration}\n=== base.rhai\nfn base() {{ 1 }}\n");
    let mut hub = String::new();
    for number in 0..count {
        let _ = write!(files, "=== m{number}.rhai\nimport \"base\" as b;\nfn f() {{ b::base() }}\n");
        let _ = writeln!(hub, "import \"m{number}\" as m{number};");
    }
    files + "=== hub.rhai\n" + &hub + "fn handler(req) { m0::f().to_string() }\n"
}

#[test]
fn a_reload_of_many_modules_is_one_short_line_with_the_names_at_debug() {
    let (site, program) = serve(&many(60, "LogLevel debug"));
    assert_eq!(program.get("/hub").brief(), "200 1");
    let line = program.wait_for(": loaded ");
    assert!(line.contains("hub.rhai, ") && line.contains(" and 59 more in ") && line.len() < 300, "{line}");
    site.write("base.rhai", "fn base() { 2 }");
    let line = program.wait_for(": reloaded ");
    assert!(line.contains("base.rhai, ") && line.contains(" and 59 more in ") && line.len() < 300, "{line}");
    let log = program.log();
    for number in 0..60 {
        let line = log
            .lines()
            .find(|line| line.contains(&format!("reimporting {}", site.file(&format!("m{number}.rhai")).display())));
        assert!(line.is_some_and(|line| line.contains("DEBUG")), "m{number}: {line:?}");
    }

    let said = program.ask(["reload".as_ref(), site.path().as_os_str()]);
    assert!(said.stdout.contains("reloaded 62 modules"), "{}", said.stdout);
    assert!(said.stdout.contains("and 52 more") && said.stdout.lines().count() < 15, "{}", said.stdout);
}

#[test]
fn a_renamed_function_is_one_warning_with_a_count_and_three_places() {
    let (site, program) = serve(&many(17, ""));
    assert_eq!(program.get("/hub").brief(), "200 1");
    site.write("base.rhai", "fn bases() { 2 }");
    program.wait_for(": a warning about generation 2");
    program.wait_for("the same at 14 more places, 17 in all");
    program.wait_for("did you mean `b::bases`?");
    let log = program.log();
    assert_eq!(log.matches("has no function").count(), 1, "{log}");
    assert_eq!(log.matches("the same at /").count(), 2, "{log}");
}

#[test]
fn many_errors_of_one_change_are_counted_after_the_first_ten() {
    let (site, program) = serve(&many(30, "RhaiAutoReload Off"));
    assert_eq!(program.get("/hub").brief(), "200 1");
    for number in 0..30 {
        site.write(&format!("m{number}.rhai"), "import \"base\" as b;\nfn f() {");
    }
    let said = program.ask(["reload".as_ref(), site.path().as_os_str()]);
    assert_eq!((said.code, said.stderr.matches("error:").count()), (Some(1), 10), "{}", said.stderr);
    assert!(said.stderr.contains("and 20 more"), "{}", said.stderr);
    program.wait_for("a change was refused");
    program.wait_for("and 20 more");
    assert_eq!(program.log().matches("error:").count(), 10, "{}", program.log());
}

#[test]
fn no_line_at_any_level_shows_how_the_program_is_made() {
    let (site, program) = serve(&many(3, "LogLevel trace"));
    assert_eq!(program.get("/hub").brief(), "200 1");
    site.write("base.rhai", "fn bases() { 2 }");
    program.wait_for("a warning about");
    site.write("base.rhai", "fn bases() {");
    program.wait_for("a change was refused");
    site.write("base.rhai", "fn bases() { 2 }");
    program.wait_for("taken back");
    site.write("bad.rhai", "fn handler(req) {");
    assert_eq!(program.get("/bad").status, 500);
    program.wait_for("/bad failed");
    let mut client = program.connect();
    client.send_raw(b"GET / HTTP/1.1\r\n\r\n");
    client.receive(false);
    drop(client);
    assert_eq!(program.ask(["freeze".as_ref(), site.path().as_os_str()]).code, Some(0));
    program.wait_for("frozen");
    program.terminate();
    let log = program.wait().stderr;
    let struct_like =
        |line: &&str| line.contains(" { ") && line.contains(": ") && line.contains(" }") && !line.contains(" | ");
    let shown: Vec<_> = log.lines().filter(struct_like).collect();
    assert!(shown.is_empty(), "{shown:#?}");
}

#[test]
fn colours_are_for_terminals_unless_they_are_asked_for_and_never_in_a_file() {
    const ESCAPE: char = '\x1b';
    let site =
        Site::new("=== samovar.conf\nSetHandler rhai\nErrorLog errors.log\n=== h.rhai\nfn handler(req) { \"one\" }");
    let path = site.path().to_string_lossy().into_owned();
    let log = || fs::read_to_string(site.file("errors.log")).unwrap_or_default();
    for (number, choice) in ["always", "never", "auto"].iter().enumerate() {
        let mut program = std::process::Command::new(SAMOVAR)
            .args(["serve", &path, "--listen", "127.0.0.1:0", "--color", choice])
            .spawn()
            .expect("the program starts");
        poll("the line about serving", || Some(()).filter(|()| log().matches("on http://").count() > number));
        program.kill().expect("the program can be killed");
        let _ = program.wait();
    }
    assert!(!log().contains(ESCAPE), "{}", log());

    let (site, program) = serve("=== samovar.conf\nSetHandler rhai\n=== h.rhai\nfn handler(req) { \"one\" }");
    assert!(!program.log().contains(ESCAPE), "{}", program.log());
    assert_eq!(program.get("/h").text(), "one");
    let path = site.path().to_string_lossy().into_owned();
    site.write("h.rhai", "fn handler(req) {");
    program.wait_for("a change was refused");
    let asked = |arguments: &[&str]| program.ask(arguments);
    assert!(asked(&["--color", "always", "reload", &path]).stderr.contains(ESCAPE));
    assert!(asked(&["status", &path, "--color=always"]).stdout.contains(ESCAPE));
    assert!(!asked(&["status", &path, "--color=always", "--json"]).stdout.contains("u001b"));
    assert!(!asked(&["reload", &path]).stderr.contains(ESCAPE));
    site.write("samovar.conf", "SetHandlre rhai\n");
    assert!(asked(&["check", &path, "--color", "always"]).stdout.contains(ESCAPE));
    assert!(!asked(&["check", &path]).stdout.contains(ESCAPE));
    assert_eq!(asked(&["check", &path, "--color", "sometimes"]).code, Some(2));
    drop(program);
    let arguments = ["--color", "always", "serve", &path];
    assert!(Program::run(SAMOVAR, arguments).stderr.contains(ESCAPE));
}

#[test]
fn the_log_of_a_refused_change_says_whether_clients_see_it() {
    let page = "=== h.rhai\nfn handler(req) { \"one\" }";
    let (site, program) =
        serve(&format!("=== samovar.conf\nSetHandler rhai\n<Location /h>\nRhaiDebug on\n</Location>\n{page}"));
    assert_eq!(program.get("/h").brief(), "200 one");
    site.write("h.rhai", "fn handler(req) {");
    let line = program.wait_for("a change was refused");
    assert!(
        line.ends_with("generation 1 is served on, but where RhaiDebug is On, clients see this in place of the page"),
        "{line}"
    );
    assert_eq!(program.get("/h").status, 500);
    site.write("samovar.conf", "SetHandler rhai\n");
    program.wait_for("taken up");
    poll("the page as it was", || Some(()).filter(|()| program.get("/h").brief() == "200 one"));
    site.write("h.rhai", "fn handler(req) { 1");
    let line = program.wait_for("a change was refused");
    assert!(line.ends_with("generation 1 is served on"), "{line}");
}

#[test]
fn files_that_go_together_are_told_of_in_one_line() {
    let (site, program) = serve(&many(30, ""));
    assert_eq!(program.get("/hub").brief(), "200 1");
    for number in 0..30 {
        site.remove(&format!("m{number}.rhai"));
    }
    let line = program.wait_for(" were removed; their loaded versions are still served");
    assert!(line.contains(" more were removed") && line.len() < 400, "{line}");
    site.remove("hub.rhai");
    program.wait_for("hub.rhai was removed; its loaded version is still served");
    program.wait_for(": dropped ");
    assert!(program.log().lines().count() < 15, "{}", program.log());
}
