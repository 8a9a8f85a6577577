//! Another configuration while requests are answered: all of it at once, or none of it.

use std::{
    io::Write as _,
    net::{TcpListener, TcpStream},
};

use samovar_integration_tests::{Client, Program, Site, poll};

use crate::{SAMOVAR, serve};

const TAKEN_UP: &str = "the configuration was taken up";
const REFUSED: &str = "a configuration was refused";

const SITE: &str = r#"=== samovar.conf
SetHandler rhai
RhaiOption word one
=== h.rhai
const N = counter();
fn handler(req) { `${req.options["word"]} ${N.incr()}` }
"#;

#[test]
fn a_changed_file_is_taken_up_and_interpreters_keep_their_state() {
    let (site, program) = serve(SITE);
    let mut client = program.connect();
    assert_eq!(client.get("/h").brief(), "200 one 1");
    site.write("samovar.conf", "SetHandler rhai\nRhaiOption word two\n");
    program.wait_for(TAKEN_UP);
    // The connection is the same.
    assert_eq!(client.get("/h").brief(), "200 two 2");
}

#[test]
fn a_hang_up_takes_it_up_at_once() {
    let (_site, program) = serve(SITE);
    program.hang_up();
    program.wait_for("SIGHUP: the configuration was read again");
    assert_eq!(program.get("/h").brief(), "200 one 1");
}

#[test]
fn a_first_configuration_may_appear_and_does_not_go_again() {
    let (site, program) = serve("=== h.rhai\nfn handler(req) { `${req.options}` }");
    assert_eq!(program.get("/h").status, 200);
    site.write("samovar.conf", "SetHandler none\n");
    program.wait_for("a first configuration has appeared");
    assert_eq!(program.get("/h").status, 404);
    site.remove("samovar.conf");
    program.wait_for(REFUSED);
    assert_eq!(program.get("/h").status, 404);
}

#[test]
fn an_included_file_is_watched_and_so_is_its_directory() {
    let (site, program) = serve(
        "=== samovar.conf\nSetHandler rhai\nInclude conf.d/*.conf\n=== conf.d/a.conf\nRhaiOption word one\n\
         === h.rhai\nfn handler(req) { req.options[\"word\"] }",
    );
    assert_eq!(program.get("/h").text(), "one");
    site.write("conf.d/a.conf", "RhaiOption word two\n");
    program.wait_for(TAKEN_UP);
    assert_eq!(program.get("/h").text(), "two");
    site.write("conf.d/b.conf", "RhaiOption word three\n");
    program.wait_for(TAKEN_UP);
    assert_eq!(program.get("/h").text(), "three");
}

#[test]
fn an_error_keeps_what_runs_and_is_told_with_its_line() {
    let (site, program) = serve(SITE);
    for (text, expected) in [
        ("SetHandler rhai\nRhaiOption word two\nRhaiDebgu On\n", "samovar.conf:3:1"),
        ("SetHandler rhai\nRhaiOption word two\nDocumentRoot nowhere\n", "nowhere"),
        ("SetHandler rhai\nRhaiOption word two\nRhaiImport broken main\n", "broken"),
        ("SetHandler rhai\nRhaiOption word two\nCustomLog none/log\n", "none/log"),
    ] {
        site.write("samovar.conf", text);
        program.wait_for(REFUSED);
        program.wait_for(expected);
        assert!(program.get("/h").text().starts_with("one "), "{text}");
    }
    site.write("samovar.conf", "SetHandler rhai\nRhaiOption word three\n");
    program.wait_for(TAKEN_UP);
    assert!(program.get("/h").text().starts_with("three "));
}

#[test]
fn r41_only_new_lines_run_and_r40_frozen_stays_frozen() {
    let (site, program) = serve(
        r#"=== samovar.conf
SetHandler rhai
RhaiImport h::start main
=== h.rhai
const N = counter();
fn start() { N.add(100); }
fn more() { N.add(1000); }
fn handler(req) { N.get().to_string() }
"#,
    );
    assert_eq!(program.get("/h").text(), "100");
    site.write("samovar.conf", "SetHandler rhai\nRhaiImport h::start main\nRhaiImport h::more main\nRhaiImport importer::freeze_modules main\n");
    program.wait_for(TAKEN_UP);
    assert_eq!(program.get("/h").text(), "1100");
    site.write("samovar.conf", "SetHandler rhai\nRhaiImport h::start main\n");
    program.wait_for(TAKEN_UP);
    assert_eq!(program.get("/h").text(), "1100");
    site.write("h.rhai", "fn handler(req) { \"new\" }");
    // A request through a module that was never loaded shows that changes are still looked for elsewhere.
    site.write("other.rhai", "fn handler(req) { \"other\" }");
    assert_eq!(poll("the other script", || Some(program.get("/other").text()).filter(|text| text == "other")), "other");
    assert_eq!(program.get("/h").text(), "1100");
}

#[test]
fn reloading_can_be_switched_off_and_on() {
    let (site, program) = serve(
        "=== samovar.conf\nSetHandler rhai\n=== h.rhai\nfn handler(req) { \"one\" }\n=== m.rhai\nfn handler(req) { \"one\" }",
    );
    assert_eq!((program.get("/h").text(), program.get("/m").text()), ("one".into(), "one".into()));
    site.write("samovar.conf", "SetHandler rhai\n<Location /h>\nRhaiAutoReload Off\n</Location>\n");
    program.wait_for(TAKEN_UP);
    assert_eq!(program.get("/h").text(), "one");
    assert_eq!(program.get("/m").text(), "one");
    site.write("h.rhai", "fn handler(req) { \"two\" }");
    site.write("m.rhai", "fn handler(req) { \"two\" }");
    program.wait_for_reload(&["m.rhai"]);
    assert_eq!((program.get("/h").text(), program.get("/m").text()), ("one".into(), "two".into()));
    site.write("samovar.conf", "SetHandler rhai\n");
    program.wait_for(TAKEN_UP);
    poll("the script that may be reloaded again", || Some(()).filter(|()| program.get("/h").text() == "two"));
}

#[test]
fn modules_may_come_from_a_new_document_root() {
    let (site, program) = serve(
        "=== samovar.conf\nSetHandler rhai\nDocumentRoot a\n=== a/h.rhai\nfn handler(req) { \"a\" }\n=== b/h.rhai\nfn handler(req) { \"b\" }",
    );
    assert_eq!(program.get("/h").text(), "a");
    site.write("samovar.conf", "SetHandler rhai\nDocumentRoot b\n");
    program.wait_for(TAKEN_UP);
    assert_eq!(program.get("/h").text(), "b");
    site.write("b/h.rhai", "fn handler(req) { \"b2\" }");
    program.wait_for_reload(&["h.rhai"]);
    assert_eq!(program.get("/h").text(), "b2");
}

#[test]
fn a_request_ends_under_the_configuration_with_which_it_began() {
    let (site, program) = serve(
        "=== samovar.conf\nSetHandler rhai\nRhaiLimit time 20000\nRhaiOption word one\n=== slow.rhai\nimport \"./gate\" as gate;\n\
         fn handler(req) { gate::ENTERED.set(true); while !gate::OPEN.get() { sleep(0.01); } req.options[\"word\"] }\n\
         === gate.rhai\nconst OPEN = cell(false);\nconst ENTERED = cell(false);\n\
         === open.rhai\nimport \"./gate\" as gate;\nfn handler(req) { gate::OPEN.set(true); \"\" }\n\
         === entered.rhai\nimport \"./gate\" as gate;\nfn handler(req) { gate::ENTERED.get().to_string() }",
    );
    let mut slow = program.connect();
    slow.send("GET", "/slow", &[], b"");
    poll("the slow request runs", || Some(()).filter(|()| program.get("/entered").text() == "true"));
    site.write("samovar.conf", "SetHandler rhai\nRhaiLimit time 20000\nRhaiOption word two\n");
    program.wait_for(TAKEN_UP);
    program.get("/open");
    assert_eq!(slow.receive(false).text(), "one");
    assert_eq!(program.get("/slow").text(), "two");
}

#[test]
fn listeners_that_stay_refuse_no_connection_and_others_come_and_go() {
    let free = || TcpListener::bind("127.0.0.1:0").and_then(|it| it.local_addr()).expect("a port");
    let (stays, goes, comes) = (free(), free(), free());
    let site = Site::new(&format!("=== samovar.conf\nListen {stays}\nListen {goes}\n=== a.txt\nfile"));
    let mut program = Program::start(SAMOVAR, ["serve".as_ref(), site.path()]);
    program.wait_for_address();
    let mut open = Client::connect(goes);
    assert_eq!(open.get("/a.txt").brief(), "200 file");
    let hammering = std::thread::spawn(move || {
        let mut asked = 0;
        while TcpStream::connect(comes).is_err() {
            assert_eq!(Client::connect(stays).get("/a.txt").brief(), "200 file");
            asked += 1;
        }
        asked
    });
    poll("some requests", || Some(()).filter(|()| Client::connect(stays).get("/a.txt").status == 200));
    site.write("samovar.conf", format!("Listen {comes}\nListen {stays}\n"));
    program.wait_for(TAKEN_UP);
    assert!(hammering.join().expect("no request was refused") > 0);
    assert_eq!(Client::connect(comes).get("/a.txt").brief(), "200 file");
    poll("the old port is closed", || TcpStream::connect(goes).err());
    // What was connected before goes on.
    assert_eq!(open.get("/a.txt").brief(), "200 file");
}

#[test]
fn a_configuration_that_needs_a_port_that_is_taken_is_refused_whole() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address");
    let free = TcpListener::bind("127.0.0.1:0").and_then(|it| it.local_addr()).expect("a port");
    let site = Site::new("=== samovar.conf\nListen 127.0.0.1:0\n=== a.txt\nfile");
    let program = Program::start(SAMOVAR, ["serve".as_ref(), site.path()]);
    site.write("samovar.conf", format!("Listen {free}\nListen {address}\nListen 127.0.0.1:0\nSetHandler none\n"));
    program.wait_for(REFUSED);
    program.wait_for(&address.to_string());
    assert_eq!(program.get("/a.txt").brief(), "200 file");
    assert!(TcpStream::connect(free).is_err(), "a port of the refused configuration is open");
}

fn ask_for_file(port: u16) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.write_all(b"GET /a.txt HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
    std::io::read_to_string(stream)
}

#[test]
fn every_address_may_become_one_of_them_and_back() {
    let port = TcpListener::bind("0.0.0.0:0").and_then(|it| it.local_addr()).expect("a port").port();
    let site = Site::new(&format!("=== samovar.conf\nListen {port}\n=== a.txt\nfile"));
    let program = Program::start(SAMOVAR, ["serve".as_ref(), site.path()]);
    let path = site.path().to_string_lossy().into_owned();
    let has_v6 = TcpListener::bind("[::1]:0").is_ok();
    let every = [format!("0.0.0.0:{port}"), format!("[::]:{port}")];
    let every = &every[..if has_v6 { 2 } else { 1 }];
    let one = |host: &str| format!("{host}:{port}");
    for (listen, addresses) in [
        (one("127.0.0.1"), vec![one("127.0.0.1")]),
        (one("0.0.0.0"), vec![one("0.0.0.0")]),
        (one("127.0.0.1"), vec![one("127.0.0.1")]),
        (port.to_string(), every.to_vec()),
        (one("127.0.0.1"), vec![one("127.0.0.1")]),
    ] {
        site.write("samovar.conf", format!("Listen {listen}\n"));
        program.wait_for(TAKEN_UP);
        // Who had connected to the listener that is closed now is reset, and connects again.
        poll("it is served there", || ask_for_file(port).is_ok_and(|answer| answer.ends_with("file")).then_some(()));
        let status = program.ask(["status", &path, "--json"]);
        let status: serde_json::Value = serde_json::from_str(&status.stdout).expect("JSON");
        assert_eq!(status["listens"], serde_json::json!(addresses));
        // Nobody else can have it.
        assert!(TcpListener::bind(("127.0.0.1", port)).is_err());
    }
}

#[test]
fn an_address_of_the_command_line_stays() {
    let (site, program) = serve("=== samovar.conf\nListen 127.0.0.1:1\n=== a.txt\nfile");
    site.write("samovar.conf", "Listen 127.0.0.1:2\n");
    program.wait_for(TAKEN_UP);
    assert_eq!(program.get("/a.txt").brief(), "200 file");
}

#[test]
fn reloading_that_was_switched_off_is_off_for_what_is_loaded_before_anybody_asks() {
    let (site, program) = serve(
        "=== samovar.conf\nSetHandler rhai\n=== h.rhai\nimport \"child\" as child;\nfn handler(req) { child::WORD }\n\
         === child.rhai\nconst WORD = \"one\";\n=== m.rhai\nfn handler(req) { \"one\" }",
    );
    assert_eq!((program.get("/h").text(), program.get("/m").text()), ("one".into(), "one".into()));
    site.write(
        "samovar.conf",
        "SetHandler rhai\nRhaiAutoReload Off\n<Location /other>\nRhaiAutoReload On\n</Location>\n",
    );
    program.wait_for(TAKEN_UP);
    site.write("child.rhai", "const WORD = \"two\";");
    site.write("m.rhai", "fn handler(req) { \"two\" }");
    // A script that is reloaded shows that the changes before it were seen.
    for word in ["one", "two", "three"] {
        site.write("other.rhai", format!("fn handler(req) {{ \"{word}\" }}"));
        poll("the other script", || Some(()).filter(|()| program.get("/other").text() == word));
    }
    assert_eq!((program.get("/h").text(), program.get("/m").text()), ("one".into(), "one".into()));
    site.write("samovar.conf", "SetHandler rhai\n");
    program.wait_for(TAKEN_UP);
    poll("what may be reloaded now", || Some(()).filter(|()| program.get("/h").text() == "two"));
    poll("what may be reloaded now", || Some(()).filter(|()| program.get("/m").text() == "two"));
}

#[test]
fn imports_have_the_settings_of_their_host() {
    let (site, program) = serve(
        "=== samovar.conf\nDocumentRoot public\nSetHandler rhai\nRhaiAutoReload Off\nRhaiOption importer.path \"~/lib\"\nRhaiImport words main\n\
         === public/h.rhai\nimport \"words\" as words;\nfn handler(req) { words::word }\n=== public/m.rhai\nfn handler(req) { \"one\" }\n\
         === public/lib/words.rhai\nlet word = \"one\";\n",
    );
    assert_eq!(program.get("/h").text(), "one");
    site.write("public/lib/words.rhai", "let word = \"two\";");
    site.write("public/n.rhai", "fn handler(req) { \"new\" }");
    poll("the new script", || Some(()).filter(|()| program.get("/n").text() == "new"));
    assert_eq!(program.get("/h").text(), "one");
    let text = std::fs::read_to_string(site.file("samovar.conf")).expect("the configuration");
    site.write("samovar.conf", text.replace("RhaiAutoReload Off", "RhaiAutoReload On"));
    program.wait_for(TAKEN_UP);
    poll("the script that may be reloaded now", || Some(()).filter(|()| program.get("/h").text() == "two"));
}

#[test]
fn the_reload_command_takes_it_up_and_says_what_is_wrong() {
    // The address of the command line stays, so that nothing but the words of the configuration changes.
    let (site, program) = serve(SITE);
    assert_eq!(program.get("/h").brief(), "200 one 1");
    let path = site.path().to_string_lossy().into_owned();
    site.write("samovar.conf", "SetHandler rhai\nRhaiOption word two\n");
    let said = program.ask(["reload", &path]);
    assert_eq!(said.code, Some(0), "{said:?}");
    assert_eq!(program.get("/h").brief(), "200 two 2");
    site.write("samovar.conf", "SetHandler rhai\nRhaiOption word three\nRhaiDebgu On\n");
    let said = program.ask(["reload", &path]);
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(said.stderr.contains("samovar.conf:3:1") && said.stderr.contains("`RhaiDebug`"), "{said:?}");
    assert_eq!(program.get("/h").brief(), "200 two 3");
}
