//! What `req` offers, and what a handler's answer becomes.

use samovar_rhai::{Exchange, RequestHead, importer::Diagnostic};

use crate::site::Site;

fn exchange() -> Exchange {
    let mut headers = http::HeaderMap::new();
    headers.insert("content-type", http::HeaderValue::from_static("application/x-www-form-urlencoded"));
    headers.insert("x-test", http::HeaderValue::from_static("yes"));
    let head = RequestHead {
        method: http::Method::POST,
        uri: "/h/a%20b?q=1&q=2&e=%C3%A9".into(),
        path: "/h/a b".into(),
        path_info: "/a b".into(),
        query: "q=1&q=2&e=%C3%A9".into(),
        headers,
        remote_ip: Some([127, 0, 0, 1].into()),
        filename: "/s/h.rhai".into(),
    };
    Exchange::new(head, "name=Ada+L&x=1".into())
}

fn respond(body: &str) -> Result<http::Response<bytes::Bytes>, Diagnostic> {
    let site = Site::new(&format!("=== h.rhai\nfn handler(req) {{ {body} }}"));
    site.interpreter.handler("h").expect("found").respond(&exchange())
}

/// Status, content type, other headers, body.
#[track_caller]
fn check(body: &str, expected: &str) {
    let answer = match respond(body) {
        Err(error) => format!("error: {}", error.message.replace("/s/", "")),
        Ok(response) => {
            let header = |(name, value): (&http::HeaderName, &http::HeaderValue)| {
                format!("{name}={}", value.to_str().expect("text"))
            };
            let headers: Vec<_> = response.headers().iter().map(header).collect();
            let text = String::from_utf8_lossy(response.body()).into_owned();
            format!("{} [{}] {text}", response.status().as_u16(), headers.join(", "))
        }
    };
    assert_eq!(answer, expected, "{body}");
}

#[test]
fn answers() {
    check(r#""hello""#, "200 [content-type=text/plain; charset=utf-8] hello");
    check(r#""<p>hello""#, "200 [content-type=text/html; charset=utf-8] <p>hello");
    check("204", "200 [] ".replace("200", "204").as_str());
    check(
        r#"#{status: 201, headers: #{"X-A": 1}, body: "made"}"#,
        "201 [x-a=1, content-type=text/plain; charset=utf-8] made",
    );
    check(r#"#{status: 302, headers: #{Location: "/x"}}"#, "302 [location=/x] ");
    check(r#"req.write("a"); req.write("b");"#, "200 [content-type=text/plain; charset=utf-8] ab");
    check("blob(2, 65)", "200 [content-type=application/octet-stream] AA");
    check("#{a: [1, ()]}", r#"200 [content-type=application/json] {"a":[1,null]}"#);
    check("req.status = 418; req.content_type = \"text/x\"; \"t\"", "418 [content-type=text/x] t");
    check(
        "true",
        "error: h.rhai::handler: a handler answers with a string, a map, an array, a blob, a status number or (), not with bool",
    );
    check("99", "error: h.rhai::handler: 99 is no HTTP status; one is a number from 200 to 599");
}

#[test]
fn the_request() {
    let text = |expression: &str, expected: &str| {
        check(
            &format!("{expression}.to_string()"),
            &format!("200 [content-type=text/plain; charset=utf-8] {expected}"),
        );
    };
    text("req.method", "POST");
    text("req.uri", "/h/a%20b?q=1&q=2&e=%C3%A9");
    text("req.path_info", "/a b");
    text("req.args.q", "1");
    text("req.args_of(\"q\")", r#"["1", "2"]"#);
    text("req.args.e", "é");
    text("req.form.name", "Ada L");
    text("req.headers_in[\"X-Test\"]", "yes");
    text("(\"X-TEST\" in req.headers_in)", "true");
    text("(req.headers_in[\"none\"] == ())", "true");
    text("req.remote_ip", "127.0.0.1");
    text("req.body", "name=Ada+L&x=1");
    text("type_of(req)", "request");
}

#[test]
fn headers_cannot_split_the_response() {
    check(r#"req.headers_out["X-A"] = "b"; 204"#, "204 [x-a=b] ");
    check(
        r#"req.headers_out["X-A"] = "b\r\nSet-Cookie: c"; 204"#,
        "error: the value of the header X-A has a line break or control character in it",
    );
    check(
        r#"req.headers_out["Content-Length"] = "5"; 204"#,
        "error: the header Content-Length is set by the server itself",
    );
}

#[test]
fn json_bodies() {
    check(
        "try { req.json() } catch (e) { return e.to_string() }",
        "200 [content-type=text/plain; charset=utf-8] the body is not JSON: expected ident at line 1 column 2",
    );
    check(
        r#"parse_json("{\"a\": [1, 2.5, null]}").a.to_string()"#,
        "200 [content-type=text/plain; charset=utf-8] [1, 2.5, ()]",
    );
}
