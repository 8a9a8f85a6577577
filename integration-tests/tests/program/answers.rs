//! What a handler may answer, what it sees of the request, and what the client learns when it fails.

use crate::serve;

/// One handler's body, the answer's status, content type and body.
#[track_caller]
fn check(body: &str, expected: (u16, Option<&str>, &str)) {
    let (_site, program) = serve(&format!("=== h.rhai\nfn handler(req) {{ {body} }}"));
    let answer = program.get("/h");
    assert_eq!((answer.status, answer.header("content-type"), &*answer.text()), expected, "{body}");
}

const TEXT: Option<&str> = Some("text/plain; charset=utf-8");
const HTML: Option<&str> = Some("text/html; charset=utf-8");

#[test]
fn a_string_is_text() {
    check(r#""Hello""#, (200, TEXT, "Hello"));
}

#[test]
fn a_string_that_begins_with_a_tag_is_text_and_html_is_what_the_script_says_is_html() {
    check(r#""<p>Hello""#, (200, TEXT, "<p>Hello"));
    check(r#"html("<p>Hello")"#, (200, HTML, "<p>Hello"));
    check(r#"#{status: 201, body: html("Hello")}"#, (201, HTML, "Hello"));
    check(r#"req.write(html("<p>")); req.write(html("Hello"));"#, (200, HTML, "<p>Hello"));
    check(r#"req.content_type = "text/html"; "<p>Hello""#, (200, Some("text/html"), "<p>Hello"));
}

#[test]
fn what_others_typed_cannot_make_a_page_of_an_echo() {
    let (_site, program) = serve("=== echo.rhai\nfn handler(req) { req.args.q }");
    let answer = program.get("/echo?q=%3Cscript%3Ealert(1)%3C/script%3E");
    assert_eq!((answer.header("content-type"), &*answer.text()), (TEXT, "<script>alert(1)</script>"));
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
}

/// Whoever meant a page sees its source in the browser, and the reason in the log.
#[test]
fn a_string_that_looks_like_html_is_told_once() {
    let (site, program) = serve(
        "=== page.rhai\nfn handler(req) { \"\\n<!doctype html>\" }\n=== write.rhai\nfn handler(req) { req.write(\"<p>\"); }\n=== math.rhai\nfn handler(req) { \"< 5\" }\n=== said.rhai\nfn handler(req) { req.content_type = \"text/plain; charset=utf-8\"; \"<p>\" }",
    );
    let mut client = program.connect();
    for target in ["/math", "/said", "/page", "/page", "/write", "/write"] {
        assert_eq!((client.get(target).status, client.get(target).header("content-type")), (200, TEXT), "{target}");
    }
    program.wait_for("/page is sent as text");
    program.wait_for("page.rhai:1:");
    program.wait_for("html(text)");
    program.wait_for("/write is sent as text");
    let log = program.log();
    assert_eq!(log.matches(" WARN /").count(), 2, "{log}");
    site.write("page.rhai", "fn handler(req) { \"<p>\" }");
    program.wait_for_reload(&["page.rhai"]);
    assert_eq!(client.get("/page").status, 200);
    program.wait_for("/page is sent as text");
}

#[test]
fn no_answer_is_to_be_taken_for_anything_but_what_its_type_says() {
    let (_site, program) = serve(
        "=== h.rhai\nfn handler(req) { 204 }\n=== bad.rhai\nfn handler(req) { throw \"bad\" }\n=== d/f.txt\nfile\n=== own.rhai\nfn handler(req) { req.headers_out[\"X-Content-Type-Options\"] = \"own\"; \"x\" }",
    );
    let mut client = program.connect();
    for (target, status) in [("/h", 204), ("/bad", 500), ("/d", 301), ("/d/f.txt", 200), ("/none", 404), ("/%zz", 400)]
    {
        let answer = client.get(target);
        let said: Vec<_> = answer.headers.iter().filter(|(name, _)| name == "x-content-type-options").collect();
        assert_eq!((answer.status, said.len()), (status, 1), "{target}: {answer:?}");
        assert_eq!(said[0].1, "nosniff", "{target}");
    }
    let modified = client.get("/d/f.txt").header("last-modified").expect("a time").to_owned();
    let unchanged = client.request("GET", "/d/f.txt", &[("If-Modified-Since", &modified)], b"");
    assert_eq!((unchanged.status, unchanged.header("x-content-type-options")), (304, Some("nosniff")));
    assert_eq!(client.get("/own").header("x-content-type-options"), Some("own"));
}

#[test]
fn a_map_gives_status_headers_and_body() {
    check(r#"#{status: 201, headers: #{"Content-Type": "text/x"}, body: "made"}"#, (201, Some("text/x"), "made"));
}

#[test]
fn a_map_without_these_is_json() {
    check("#{a: [1, 2.5, (), true]}", (200, Some("application/json"), r#"{"a":[1,2.5,null,true]}"#));
}

#[test]
fn a_blob_is_bytes() {
    check("blob(3, 65)", (200, Some("application/octet-stream"), "AAA"));
}

#[test]
fn a_number_is_a_status() {
    check("204", (204, None, ""));
    let (_site, program) = serve("=== h.rhai\nfn handler(req) { 404 }");
    let answer = program.get("/h");
    assert_eq!((answer.status, answer.header("content-type")), (404, HTML));
    assert!(answer.text().contains("404 Not Found"), "{}", answer.text());
}

#[test]
fn nothing_is_what_was_written() {
    check(r#"req.write("a"); req.write("b");"#, (200, TEXT, "ab"));
    check("()", (200, None, ""));
}

#[test]
fn status_and_content_type_set_on_the_way_hold() {
    check(r#"req.status = 418; req.content_type = "text/x"; "short""#, (418, Some("text/x"), "short"));
}

#[test]
fn any_other_answer_is_the_scripts_mistake() {
    let (_site, program) = serve("=== h.rhai\nfn handler(req) { true }");
    assert_eq!(program.get("/h").status, 500);
    program.wait_for("a handler answers with a string");
}

#[test]
fn headers_reach_the_client_each_as_often_as_set() {
    let (_site, program) = serve(
        r#"=== h.rhai
fn handler(req) {
    req.headers_out["X-One"] = "1";
    req.headers_out.add("Set-Cookie", "a=1");
    req.headers_out.add("Set-Cookie", "b=2");
    "ok"
}"#,
    );
    let answer = program.get("/h");
    let cookies: Vec<_> = answer.headers.iter().filter(|(name, _)| name == "set-cookie").collect();
    assert_eq!(answer.header("x-one"), Some("1"));
    assert_eq!(cookies.len(), 2, "{:?}", answer.headers);
}

#[test]
fn a_head_request_gets_the_headers_alone() {
    let (_site, program) =
        serve("=== h.rhai\nfn handler(req) { req.headers_out[\"X-Method\"] = req.method; \"Hello\" }");
    let mut client = program.connect();
    let answer = client.request("HEAD", "/h", &[], b"");
    assert_eq!((answer.status, answer.header("x-method"), answer.body.len()), (200, Some("HEAD"), 0));
    assert_eq!(answer.header("content-length"), Some("5"));
    // The connection is still in step.
    assert_eq!(client.get("/h").brief(), "200 Hello");
}

/// What `expression` is for `POST /h/a%20b/c?q=1&q=2&e=%C3%A9` with a form.
#[track_caller]
fn check_request(fields: &[(&str, &str)]) {
    let lines: Vec<_> = fields.iter().map(|(field, _)| format!("out += `${{{field}}}\\n`;")).collect();
    let script =
        format!("=== h.rhai\nfn handler(req) {{ let out = \"\"; {} out }}", lines.join("\n").replace("\\n", "\n"));
    let (_site, program) = serve(&script);
    let headers = [("Content-Type", "application/x-www-form-urlencoded"), ("X-Test", "yes")];
    let target = "/h/a%20b/c?q=1&q=2&e=%C3%A9";
    let answer = program.connect().request("POST", target, &headers, b"name=Ada+L&x=1").text();
    let expected: Vec<_> = fields.iter().map(|(_, value)| *value).collect();
    assert_eq!(answer.lines().collect::<Vec<_>>(), expected);
}

#[test]
fn a_handler_sees_the_whole_request() {
    check_request(&[
        ("req.method", "POST"),
        ("req.uri", "/h/a%20b/c?q=1&q=2&e=%C3%A9"),
        ("req.path", "/h/a b/c"),
        ("req.path_info", "/a b/c"),
        ("req.args.q", "1"),
        ("req.args.e", "é"),
        ("req.args_of(\"q\")", r#"["1", "2"]"#),
        ("req.form.name", "Ada L"),
        ("req.headers_in[\"x-TEST\"]", "yes"),
        ("req.headers_in[\"None\"] == ()", "true"),
        ("req.headers_out[\"None\"] == ()", "true"),
        ("req.status", "200"),
        ("req.content_type", ""),
        ("req.body", "name=Ada+L&x=1"),
        ("req.remote_ip", "127.0.0.1"),
        ("req.host", "localhost"),
    ]);
}

#[test]
fn a_json_body_is_read() {
    let (_site, program) = serve("=== h.rhai\nfn handler(req) { req.json().a[1].to_string() }");
    let mut client = program.connect();
    assert_eq!(client.request("POST", "/h", &[], br#"{"a": [1, 42]}"#).brief(), "200 42");
    let answer = client.request("POST", "/h", &[], b"{\"a\": <b>");
    assert_eq!(answer.status, 400);
    assert!(answer.text().contains("the body is not JSON: expected value at line 1 column 7"), "{}", answer.text());
    // Whose fault it is, the log does not say.
    assert!(!program.log().contains("ERROR") && !program.log().contains("WARN"), "{}", program.log());
    assert_eq!(client.request("POST", "/h", &[], br#"{"a": []}"#).status, 500);
    program.wait_for("/h failed");
}

#[test]
fn an_answer_that_is_thrown_is_no_error() {
    let (_site, program) = serve(
        r#"=== store.rhai
fn find(id) { if id == () { throw #{status: 404, body: "no such thing", id: id} } id }
=== h.rhai
import "./store" as store;
fn handler(req) {
    req.headers_out["X-Seen"] = 1;
    req.write("half a page");
    if req.args.q == "redirect" { throw #{status: 303, headers: #{Location: "/x"}} }
    if req.args.q == "page" { throw 403 }
    if req.args.q == "text" { throw "bad" }
    if req.args.q == "message" { throw #{message: "bad"} }
    if req.args.q == "counter" { throw 3 }
    store::find(req.args.id)
}
"#,
    );
    let mut client = program.connect();
    let answer = client.get("/h");
    assert_eq!((answer.brief().as_str(), answer.header("x-seen")), ("404 no such thing", Some("1")));
    let answer = client.get("/h?q=redirect");
    assert_eq!((answer.status, answer.header("location"), answer.text().as_str()), (303, Some("/x"), ""));
    let answer = client.get("/h?q=page");
    assert_eq!((answer.status, answer.header("content-type")), (403, HTML));
    assert!(answer.text().contains("403 Forbidden") && !answer.text().contains("half"), "{}", answer.text());
    assert!(!program.log().contains("ERROR") && !program.log().contains("failed"), "{}", program.log());
    for wrong in ["text", "message", "counter"] {
        assert_eq!(client.get(&format!("/h?q={wrong}")).status, 500, "{wrong}");
    }
    program.wait_for("3 is no HTTP status");
}

#[test]
fn a_body_in_chunks_is_read() {
    let (_site, program) = serve("=== h.rhai\nfn handler(req) { req.body }");
    let mut client = program.connect();
    client.send_raw(
        b"POST /h HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nHello\r\n1\r\n!\r\n0\r\n\r\n",
    );
    assert_eq!(client.receive(false).brief(), "200 Hello!");
}

const RAISING: &str = r#"=== lib/deep.rhai
fn dig(x) {
    throw `secret ${x}`;
}
=== h.rhai
import "./lib/deep" as deep;
fn middle(x) { deep::dig(x + 1) }
fn handler(req) {
    middle(41)
}
"#;

#[test]
fn a_handler_that_raises_is_500_and_the_client_learns_nothing() {
    let (site, program) = serve(RAISING);
    let answer = program.get("/h");
    assert_eq!(answer.status, 500);
    let said = format!("{:?} {}", answer.headers, answer.text());
    for secret in ["secret", "rhai", "dig", &*site.path().to_string_lossy()] {
        assert!(!said.contains(secret), "the client learns `{secret}`:\n{said}");
    }
}

#[test]
fn a_handler_that_raises_is_logged_with_the_chain_of_calls() {
    let (_site, program) = serve(RAISING);
    assert_eq!(program.get("/h").status, 500);
    program.wait_for("/h failed");
    program.wait_for("secret 42");
    program.wait_for("deep.rhai:2:");
    program.wait_for("h.rhai:2:");
    program.wait_for("h.rhai:4:");
}

#[test]
fn with_debug_on_the_client_is_shown_the_error() {
    let (_site, program) = serve(&format!("{RAISING}=== samovar.conf\nSetHandler rhai\nRhaiDebug On\n"));
    let answer = program.get("/h");
    assert_eq!(answer.status, 500);
    assert!(answer.text().contains("secret 42") && answer.text().contains("deep.rhai:2:"), "{}", answer.text());
}
