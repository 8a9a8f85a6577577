//! What `docs/limitations.md` says of the importer and the server, where no other test executes it.

use crate::serve;

#[test]
fn a_hard_link_to_a_script_under_another_name_is_served() {
    let (site, program) = serve("=== a.rhai\nfn handler(req) { \"secret\" }\n");
    std::fs::hard_link(site.file("a.rhai"), site.file("a.txt")).expect("the link is made");
    assert_eq!(program.get("/a.rhai").status, 404);
    assert!(program.get("/a.txt").text().contains("fn handler"));
}

#[test]
fn http_2_is_not_spoken() {
    let (_site, program) = serve("=== a.rhai\nfn handler(req) { 1 }\n");
    let mut client = program.connect();
    client.send_raw(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    let refused = client.try_receive(false).map_or(true, |answer| answer.status >= 400);
    assert!(refused);
}

#[test]
fn answers_of_scripts_have_no_ranges() {
    let (_site, program) = serve("=== a.rhai\nfn handler(req) { \"0123456789\" }\n=== b.txt\n0123456789");
    let range = [("Range", "bytes=2-4")];
    assert_eq!(program.connect().request("GET", "/b.txt", &range, b"").brief(), "206 234");
    assert_eq!(program.connect().request("GET", "/a", &range, b"").brief(), "200 0123456789");
    let ranges = [("Range", "bytes=2-4,6-7")];
    assert_eq!(program.connect().request("GET", "/b.txt", &ranges, b"").brief(), "200 0123456789");
}

#[test]
fn modules_whose_names_come_to_lead_to_one_file_stay_two() {
    const COUNT: &str = "const N = counter();\nfn handler(req) { `${N.incr()}` }\n";
    let (site, program) = serve(&format!("=== a.rhai\n{COUNT}=== b.rhai\n{COUNT}"));
    assert_eq!(program.get("/a").text(), "1");
    assert_eq!(program.get("/b").text(), "1");
    site.remove("b.rhai");
    site.link("b.rhai", "a.rhai");
    site.link("c.rhai", "a.rhai");
    program.ask(["reload".as_ref(), site.path().as_os_str()]);
    assert_eq!(program.get("/b").text(), "2", "b is still a module of its own");
    assert_eq!(program.get("/c").text(), "2", "c is a new name of a");
    assert_eq!(program.get("/a").text(), "3");
}
