//! What `req` offers, and what a handler's answer becomes.

use samovar_rhai::{Exchange, RequestHead, importer::Diagnostic};

use crate::site::Site;

fn exchange() -> Exchange {
    let mut headers = http::HeaderMap::new();
    headers.insert("content-type", http::HeaderValue::from_static("application/x-www-form-urlencoded"));
    headers.insert("cookie", http::HeaderValue::from_static("a=1; b=\"two\"; a=3; odd"));
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
        Err(error) => {
            let lines =
                std::iter::once(format!("error: {error}")).chain(error.help.iter().map(|it| format!("help: {it}")));
            lines.collect::<Vec<_>>().join("\n").replace("/s/", "")
        }
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
    check(r#""<p>hello""#, "200 [content-type=text/plain; charset=utf-8] <p>hello");
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
        "error: h.rhai:1:4: a handler answers with a string, html(..), a map, an array, a blob, a status number or (), not \
         with a value of type bool\nhelp: make a string of it: `value.to_string()`, or JSON: `to_json(value)`",
    );
    let as_data = "help: to answer with the number itself, make a string of it: `value.to_string()`";
    for number in ["99", "600", "-3", "1", "9223372036854775807"] {
        check(
            number,
            &format!("error: h.rhai:1:4: {number} is no HTTP status; one is a number from 200 to 599\n{as_data}"),
        );
    }
    for status in ["99", "103", "600", "0", "-1"] {
        let message = format!("{status} is no HTTP status; one is a number from 200 to 599");
        check(&format!("#{{status: {status}}}"), &format!("error: h.rhai:1:21: {message}"));
    }
    let not_with = "a handler answers with a string, html(..), a map, an array, a blob, a status number or (), not with a value of type";
    for (value, kind) in [("req", "request"), ("lock()", "lock"), ("req.headers_in", "headers_in"), ("1..2", "range")] {
        check(value, &format!("error: h.rhai:1:4: {not_with} {kind}"));
    }
    let its_value = "help: the handle is not its value: `value`, as in `N.value.to_string()`";
    check("counter()", &format!("error: h.rhai:1:4: {not_with} counter\n{its_value}"));
    check("cell(200)", &format!("error: h.rhai:1:4: {not_with} cell\n{its_value}"));
    check("#{status: counter()}", "error: h.rhai:1:21: `status` is a number, not a value of type counter");
    check("#{a: lock()}", "error: h.rhai:1:4: a value of type lock has no form in JSON: it is at [\"a\"]");
}

const HTML: &str = "200 [content-type=text/html; charset=utf-8]";

#[test]
fn html_is_what_a_script_says_is_html() {
    let text = "200 [content-type=text/plain; charset=utf-8]";
    check(r#"html("<p>hello")"#, &format!("{HTML} <p>hello"));
    check(r#"html(html("plain"))"#, &format!("{HTML} plain"));
    check(r#"#{body: html("<p>")}"#, &format!("{HTML} <p>"));
    check(r#"#{status: 404, body: html("<p>")}"#, &format!("{} <p>", HTML.replace("200", "404")));
    check(r#"req.write(html("<p>")); html("x")"#, &format!("{HTML} <p>x"));
    check(r#"req.write(html("<p>")); req.write(html("x")); OK"#, &format!("{HTML} <p>x"));
    check(r#"req.content_type = "text/html"; "<p>""#, "200 [content-type=text/html] <p>");
    check(r#"req.content_type = "text/xml"; html("<p>")"#, "200 [content-type=text/xml] <p>");
    // A part of which nobody said so could be anybody's.
    for parts in [
        r#"req.write("<p>"); html("x")"#,
        r#"req.write(html("<p>")); "x""#,
        r#"req.write(html("<p>")); req.write("x");"#,
        r#"req.write("<p>"); req.write(html("x"));"#,
        r#""<p>x""#,
        r#""<p>" + "x""#,
        r#"`${html("<p>")}x`"#,
    ] {
        check(parts, &format!("{text} <p>x"));
    }
}

#[test]
fn what_is_joined_to_html_is_escaped_unless_it_is_html() {
    for (joined, expected) in [
        (r#"html("<p>") + "<i>" + html("</p>")"#, "<p>&lt;i&gt;</p>"),
        (r#""<i>" + html("<p>")"#, "&lt;i&gt;<p>"),
        (r#"let h = html("<p>"); h += html("<b>"); h += "&"; h += 5; h"#, "<p><b>&amp;5"),
        (r#"html("<p>") + req.args.none + 'x' + 1.5"#, "<p>x1.5"),
        (r#"html("<p>" + escape_html("<i>"))"#, "<p>&lt;i&gt;"),
        (r#"html(escape_html(html("<p>")))"#, "<p>"),
    ] {
        check(joined, &format!("{HTML} {expected}"));
    }
    let text = |value: &str, expected: &str| {
        check(&format!("({value}).to_string()"), &format!("200 [content-type=text/plain; charset=utf-8] {expected}"));
    };
    text(r#"type_of(html("x"))"#, "html");
    text(r#"html("x") == html("x")"#, "true");
    text(r#"html("x") != html("y")"#, "true");
    check(r#"let t = table(); t["p"] = html("<p>"); t["p"]"#, &format!("{HTML} <p>"));
    check(
        r#"let h = "xxxxxxxxxxxxxxxx"; loop { h += h; }"#,
        "error: h.rhai:1:17: a string is longer than it may be\n\
         help: the host sets the limit, with `Limits::string_bytes`",
    );
    check(
        r#"let h = html("xxxxxxxxxxxxxxxx"); loop { h += h; }"#,
        "error: h.rhai:1:17: a string is longer than it may be\n\
         help: the host sets the limit, with `Limits::string_bytes`",
    );
}

#[test]
fn a_status_that_is_thrown_is_an_answer() {
    for (thrown, status) in [("401", 401), ("599", 599)] {
        let page = respond(&format!("throw {thrown}")).expect("an answer");
        assert_eq!(page.status().as_u16(), status);
        assert!(String::from_utf8_lossy(page.body()).contains(&format!("<h1>{status}")), "{page:?}");
        assert_eq!(page.headers()["content-type"], "text/html; charset=utf-8");
    }
    check("throw 204", "204 [] ");
    check("throw 200", "200 [] ");
    check("throw #{status: 403, body: \"no\"}", "403 [content-type=text/plain; charset=utf-8] no");
    check("throw #{status: 403, body: html(\"no\")}", "403 [content-type=text/html; charset=utf-8] no");
    check("throw #{status: 302, headers: #{Location: \"/x\"}}", "302 [location=/x] ");
    check("throw #{status: 304, body: \"x\"}", "304 [] ");
    check("throw #{status: 400, body: #{wrong: 1}}", r#"400 [content-type=application/json] {"wrong":1}"#);
    // What was written is of no use any more, but for headers such as the one that asks who is there.
    check(
        r#"req.headers_out["X-A"] = 1; req.status = 201; req.write("half"); throw #{status: 401, body: "who?"}"#,
        "401 [x-a=1, content-type=text/plain; charset=utf-8] who?",
    );
    // What else is in the map is for those who catch it.
    check("throw #{status: 404, message: \"secret\", body: \"no\"}", "404 [content-type=text/plain; charset=utf-8] no");
    check("throw #{status: 404, message: \"secret\"}", "404 [] ");
}

#[test]
fn an_answer_is_thrown_from_wherever_the_script_is() {
    for body in [
        "fn deep(n) { if n == 0 { throw 403 } deep(n - 1) } fn handler(req) { deep(5) }",
        "fn handler(req) { [1].map(|x| throw 403) }",
        "fn handler(req) { let c = callback(|| throw 403); c.call() }",
        "const L = lock(); fn handler(req) { L.with(|| { throw 403 }) }",
        "const T = table(); fn handler(req) { T.update(\"k\", |old| { throw 403 }) }",
        "const C = cell(1); fn handler(req) { C.update(|old| { throw 403 }) }",
        "import \"./lib\" as lib; fn handler(req) { lib::refuse() }",
        "import \"./lib\" as lib; fn handler(req) { lib::REFUSE.call() }",
        "fn handler(req) { import_module(\"./lib\")[\"refuse\"].call() }",
        "fn handler(req) { try { throw 403 } catch (e) { throw e } }",
        "fn handler(req) { let s = 403; let f = || s; f.call(); throw s }",
        "const handler = callback(|req| { throw 403 });",
        "fn handler(req) { let o = #{}; o.me = || o; throw #{status: 403, body: \"no\", who: o} }",
    ] {
        let lib = "=== lib.rhai\nfn refuse() { throw 403 }\nconst REFUSE = callback(|| throw #{status: 403});\n";
        let site = Site::new(&format!("{lib}=== h.rhai\n{body}"));
        let answer = site.interpreter.handler("h").expect("found").respond(&exchange());
        assert_eq!(answer.map(|answer| answer.status().as_u16()), Ok(403), "{body}");
    }
}

#[test]
fn a_script_catches_an_answer_that_is_thrown() {
    let text = |body: &str, expected: &str| {
        check(body, &format!("200 [content-type=text/plain; charset=utf-8] {expected}"));
    };
    text("try { throw 403 } catch (e) { return `${e + 1}` }", "404");
    text("try { throw #{status: 403, why: \"x\"} } catch (e) { return e.why }", "x");
}

#[test]
fn whatever_else_is_thrown_is_an_error() {
    let no_status = "is no HTTP status; one is a number from 200 to 599";
    for number in ["99", "600", "5", "103"] {
        let threw = "the script threw an answer that is none:";
        let help = "help: to answer with the number itself, make a string of it: `value.to_string()`";
        check(&format!("throw {number}"), &format!("error: h.rhai:1:19: {threw} {number} {no_status}\n{help}"));
        check(&format!("throw #{{status: {number}}}"), &format!("error: h.rhai:1:19: {threw} {number} {no_status}"));
    }
    for number in ["0", "-1", "-2"] {
        check(
            &format!("throw {number}"),
            &format!(
                "error: h.rhai:1:19: the script threw {number}, which is no HTTP status\n\
                 help: `OK`, `DECLINED` and `DONE` are returned, not thrown"
            ),
        );
    }
    check("throw \"403\"", "error: h.rhai:1:19: 403");
    check("throw #{message: \"no\"}", r#"error: h.rhai:1:19: the script threw #{"message": "no"}"#);
    check("throw #{body: \"no\"}", r#"error: h.rhai:1:19: the script threw #{"body": "no"}"#);
    check("throw #{status: \"403\"}", r#"error: h.rhai:1:19: the script threw #{"status": "403"}"#);
    check("throw 403.0", "error: h.rhai:1:19: the script threw 403.0");
    check("throw [403]", "error: h.rhai:1:19: the script threw [403]");
    check("throw true", "error: h.rhai:1:19: the script threw true");
    check("throw counter()", "error: h.rhai:1:19: the script threw a value of type counter");
    check(
        "throw #{status: 403, bdoy: \"x\"}",
        "error: h.rhai:1:19: the script threw an answer that is none: the answer has a key `bdoy`, and there are `status`, \
         `headers` and `body` only\nhelp: did you mean `body`?",
    );
    check(
        "throw #{status: 403, headers: 5}",
        "error: h.rhai:1:19: the script threw an answer that is none: `headers` is a map, not a value of type i64",
    );
}

#[test]
fn a_host_that_calls_a_function_gets_what_it_throws_as_an_error() {
    let site = Site::new("=== h.rhai\nfn f() { throw 403 }");
    let error = site.interpreter.handler("h::f").expect("found").call::<i64>(()).expect_err("thrown");
    assert!(error.to_string().ends_with("the script threw 403"), "{error}");
}

#[test]
fn a_body_that_is_no_json_is_the_client_s_fault() {
    for body in [
        "req.json()",
        "req.json().a",
        "try { req.json() } catch (e) { throw e }",
        "let f = || req.json(); f.call()",
        "[1].map(|x| req.json())",
    ] {
        let answer = respond(body).unwrap_or_else(|error| panic!("{body}: {error}"));
        assert_eq!(answer.status().as_u16(), 400, "{body}");
        let text = String::from_utf8_lossy(answer.body());
        assert!(text.contains("the body is not JSON: expected ident at line 1 column 2"), "{text}");
    }
    check(
        "try { req.json() } catch (e) { throw `again: ${e}` }",
        "error: h.rhai:1:50: again: the body is not JSON: expected ident at line 1 column 2",
    );
    // What the script itself takes for JSON is its own fault.
    check("parse_json(req.body)", "error: h.rhai:1:19: not JSON: expected ident at line 1 column 2");
}

#[test]
fn what_has_no_body_is_sent_without() {
    check("#{status: 204, body: \"x\"}", "204 [] ");
    check("#{status: 304, headers: #{ETag: \"1\"}, body: \"x\"}", "304 [etag=1] ");
    check("304", "304 [] ");
}

#[test]
fn a_mistyped_key_of_an_answer_is_not_shown_to_the_client() {
    let as_data = "help: to answer with the map itself as JSON, return `#{body: map}`";
    let unknown = |column: usize, key: &str, help: &str| {
        let there_are = "and there are `status`, `headers` and `body` only";
        format!("error: h.rhai:1:{column}: the answer has a key `{key}`, {there_are}\nhelp: {help}\n{as_data}")
    };
    check(r#"#{stauts: 404, body: "secret"}"#, &unknown(21, "stauts", "did you mean `status`?"));
    // Nobody answers with data of which every key is a slip.
    check("#{stauts: 404}", &unknown(21, "stauts", "did you mean `status`?"));
    check("#{heders: #{}, stauts: 404}", &unknown(21, "heders", "did you mean `headers`?"));
    check(r#"#{status: 200, header: #{}, body: "x"}"#, &unknown(34, "header", "did you mean `headers`?"));
    check(r#"#{status: 200, Body: "x"}"#, &unknown(34, "Body", "did you mean `body`?"));
    let header = r#"it is a header: `headers: #{"Content-Type": "text/css"}`"#;
    check(r#"#{body: "x", content_type: "text/css"}"#, &unknown(32, "content_type", header));
    for (data, json) in [
        ("#{status: \"ok\", stats: 5}", r#"{"stats":5,"status":"ok"}"#),
        ("#{stats: 200}", r#"{"stats":200}"#),
        ("#{Status: 200}", r#"{"Status":200}"#),
        ("#{stauts: 404, reason: \"none\"}", r#"{"reason":"none","stauts":404}"#),
        ("#{status: 1, code: 2}", r#"{"code":2,"status":1}"#),
        ("#{body: \"x\", title: \"y\"}", r#"{"body":"x","title":"y"}"#),
        ("#{body: #{stauts: 1, body: 2}}", r#"{"body":2,"stauts":1}"#),
    ] {
        check(data, &format!("200 [content-type=application/json] {json}"));
    }
}

#[test]
fn a_header_is_a_text_a_number_or_several_of_these() {
    check(r#"req.headers_out["Set-Cookie"] = ["a=1", "b=2"]; 204"#, "204 [set-cookie=a=1, set-cookie=b=2] ");
    check(r#"req.headers_out["X-N"] = 5; req.headers_out.add("X-N", 6); 204"#, "204 [x-n=5, x-n=6] ");
    check(r#"req.headers_out["X-N"] = 5; req.headers_out["X-N"] = (); 204"#, "204 [] ");
    check(r#"#{headers: #{"X-N": ()}, status: 204}"#, "204 [] ");
    check(
        r#"#{headers: #{"X-M": #{a: 1}}}"#,
        "error: h.rhai:1:32: the header x-m is a string, a number, or an array of these, not a value of type map",
    );
    check(
        r#"req.headers_out["X-M"] = lock();"#,
        "error: h.rhai:1:34: the header x-m is a string, a number, or an array of these, not a value of type lock",
    );
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
fn a_location_is_sent_as_urls_are() {
    for (address, sent) in [
        ("/tea and möhre?q=a b&c=%20#d", "/tea%20and%20m%C3%B6hre?q=a%20b&c=%20#d"),
        ("https://example.org/a%2Fb", "https://example.org/a%2Fb"),
        ("/100%", "/100%25"),
        (r"/\\evil.example", "/%5Cevil.example"),
        (r"/a\tb\x01", "/a%09b%01"),
    ] {
        check(&format!(r#"#{{status: 302, headers: #{{location: "{address}"}}}}"#), &format!("302 [location={sent}] "));
        check(&format!(r#"req.headers_out["Location"] = "{address}"; 302"#), &format!("302 [location={sent}] "));
        check(&format!(r#"req.headers_out.add("LOCATION", "{address}"); 302"#), &format!("302 [location={sent}] "));
        check(
            &format!(r#"throw #{{status: 302, headers: #{{Location: "{address}"}}}}"#),
            &format!("302 [location={sent}] "),
        );
    }
    for split in [r"/a\r\nSet-Cookie: c", r"/a\nb", r"/a\rb", r"/a\x00b"] {
        check(
            &format!(r#"#{{status: 302, headers: #{{Location: "{split}"}}}}"#),
            "error: h.rhai:1:45: the value of the header location has a line break or control character in it",
        );
    }
    check(r#"#{headers: #{"X-A": "a b"}, status: 204}"#, "204 [x-a=a b] ");
}

#[test]
fn headers_cannot_split_the_response() {
    check(r#"req.headers_out["X-A"] = "b"; 204"#, "204 [x-a=b] ");
    check(
        r#"req.headers_out["X-A"] = "b\r\nSet-Cookie: c"; 204"#,
        "error: h.rhai:1:34: the value of the header x-a has a line break or control character in it",
    );
    check(
        r#"req.headers_out["Content-Length"] = "5"; 204"#,
        "error: h.rhai:1:34: the header Content-Length is set by the server itself",
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

#[test]
fn what_pages_need_besides() {
    let text = |expression: &str, expected: &str| {
        check(
            &format!("({expression}).to_string()"),
            &format!("200 [content-type=text/plain; charset=utf-8] {expected}"),
        );
    };
    text(r#"escape_html("a<b> & \"c\" 'd' é")"#, "a&lt;b&gt; &amp; &quot;c&quot; &#39;d&#39; é");
    text("escape_html(5) + escape_html(req.args.none)", "5");
    text(r#"encode_url("a b/c?d=é&~")"#, "a%20b%2Fc%3Fd%3D%C3%A9%26~");
    text(r#"decode_url("a%20b%2fc%C3%A9+%zz%4%")"#, "a b/cé+%zz%4%");
    text(r#"decode_url(encode_url("100% ✓")) == "100% ✓""#, "true");
    text("unix_time() > 1700000000 && unix_millis() / 1000 - unix_time() < 60", "true");
    text("random_token().len", "32");
    text("random_token(32).len", "64");
    text("random_token() == random_token()", "false");
    check("random_token(8)", "error: h.rhai:1:19: a token has 16 to 1024 bytes, not 8");
    text("req.cookies.a + req.cookies.b", "1two");
    text("req.cookies.none == ()", "true");
}

#[test]
fn what_is_written_is_bounded() {
    check(
        "let s = blob(1000000); for i in 0..70 { req.write(s); }",
        "error: h.rhai:1:63: an answer is written in at most 64 MiB",
    );
}

#[test]
fn an_answer_that_is_none_says_where_its_text_writes_what_is_wrong() {
    let shown = |body: &str| {
        let error = respond(body).expect_err(body);
        let notes = error.notes.iter().map(|note| match &note.place {
            Some(place) => format!("; {} at {place}", note.message),
            None => format!("; {}", note.message),
        });
        format!("{error}{}", notes.collect::<String>()).replace("/s/", "")
    };
    let wrong = "`status` is a number, not a value of type string";
    assert_eq!(
        shown("let a = 1;\n  #{status: \"404\"}"),
        format!("h.rhai:2:5: {wrong}; returned by `handler` at h.rhai:1:4")
    );
    assert_eq!(
        shown("let a = #{status: 200};\n if a.status == 1 { a } else { #{\"status\": \"404\"} }"),
        format!(
            "h.rhai:1:4: {wrong}; returned by `handler` of h.rhai; perhaps this `status` at h.rhai:1:29; \
             perhaps this `status` at h.rhai:2:34"
        )
    );
    // Written in no map, or in another module.
    assert_eq!(
        shown("let a = #{}; a.status = \"404\"; a"),
        format!("h.rhai:1:4: {wrong}; returned by `handler` of h.rhai")
    );
}
