//! Requests that no well-behaved client sends.

use samovar_integration_tests::Program;

use crate::serve;

const SITE: &str = r#"=== samovar.conf
SetHandler rhai
<Location /small>
    LimitRequestBody 10
</Location>
=== echo.rhai
fn handler(req) { `${req.path} ${req.body}` }
=== small.rhai
fn handler(req) { `small ${req.body}` }
=== split.rhai
fn handler(req) { req.headers_out["X-Value"] = req.args.v; "not split" }
=== returned.rhai
fn handler(req) { #{headers: #{"X-Value": req.args.v}, body: "not split"} }
=== type.rhai
fn handler(req) { req.content_type = req.args.v; "not split" }
=== many.rhai
fn handler(req) { req.args.len().to_string() }
"#;

#[test]
fn a_script_cannot_be_made_to_split_its_response() {
    let (_site, program) = serve(SITE);
    let mut client = program.connect();
    for script in ["split", "returned", "type"] {
        for value in ["a%0d%0aX-Evil:%201", "a%0aX-Evil:%201", "a%0d%0a%0d%0a%3Cp%3Eevil", "a%00b"] {
            let answer = client.get(&format!("/{script}?v={value}"));
            assert_eq!((answer.status, answer.header("x-evil")), (500, None), "{script} {value}: {answer:?}");
            assert!(!answer.text().contains("evil"), "{script} {value}: {}", answer.text());
        }
        assert_eq!(client.get(&format!("/{script}?v=a")).brief(), "200 not split");
    }
}

#[test]
fn a_body_over_the_limit_is_413() {
    let (_site, program) = serve(SITE);
    assert_eq!(program.connect().request("POST", "/small", &[], b"0123456789").brief(), "200 small 0123456789");
    assert_eq!(program.connect().request("POST", "/small", &[], b"0123456789a").status, 413);
    assert_eq!(program.connect().request("POST", "/echo", &[], &[b'x'; 1_100_000]).status, 413);
    let mut chunked = program.connect();
    chunked.send_raw(
        b"POST /small HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nb\r\n0123456789a\r\n0\r\n\r\n",
    );
    assert_eq!(chunked.receive(false).status, 413);
}

#[test]
fn a_body_over_the_limit_is_refused_before_it_is_sent() {
    let (_site, program) = serve(SITE);
    let mut client = program.connect();
    client.send_raw(b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999\r\n\r\n");
    assert_eq!(client.receive(false).status, 413);
}

#[test]
fn a_head_over_the_limit_is_431() {
    let (_site, program) = serve(SITE);
    for head in [
        format!("GET /echo HTTP/1.1\r\nHost: a\r\nX-Long: {}\r\n\r\n", "x".repeat(1_000_000)),
        format!("GET /echo HTTP/1.1\r\nHost: a\r\nX-Long: {}\r\n\r\n", "x".repeat(66_000)),
        format!("GET /echo HTTP/1.1\r\nHost: a\r\n{}\r\n", format!("X: {}\r\n", "x".repeat(5_000)).repeat(14)),
        format!("GET /echo HTTP/1.1\r\nHost: a\r\n{}\r\n", "X-More: 1\r\n".repeat(1_000)),
    ] {
        let mut client = program.connect();
        client.send_raw(head.as_bytes());
        assert_eq!(client.receive(false).status, 431, "{} bytes", head.len());
    }
    assert_eq!(program.get("/echo").status, 200);
}

#[test]
fn what_is_no_http_is_400_and_closed() {
    let (_site, program) = serve(SITE);
    for bytes in [
        "nonsense\r\n\r\n",
        "GET /echo HTTP/1.1\r\nHost: a\r\nBad Name: 1\r\n\r\n",
        "GET /echo HTTP/1.1\r\nHost: a\r\n X: folded\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\na",
        "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1x\r\n\r\na",
        "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\nabc",
        "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    ] {
        check_refused(&program, bytes);
    }
    assert_eq!(program.get("/echo").status, 200);
}

#[test]
fn a_request_that_names_no_host_or_two_is_400_and_closed() {
    let (_site, program) = serve(SITE);
    for hosts in ["", "X: y\r\n", "Host: a\r\nHost: b\r\n", "Host: a\r\nHost: a\r\n"] {
        check_refused(&program, &format!("GET /echo HTTP/1.1\r\n{hosts}\r\nGET /none HTTP/1.1\r\nHost: a\r\n\r\n"));
    }
    // Older clients do not know that they have to.
    let mut client = program.connect();
    client.send_raw(b"GET /echo HTTP/1.0\r\n\r\n");
    assert_eq!(client.receive(false).brief(), "200 /echo ");
}

#[test]
fn a_request_for_no_host_that_could_be_is_400() {
    let (_site, program) = serve(SITE);
    for host in ["x y", "a@b", "a/b", "x:99999", "x:0", "x:a", "a,b", "[::1", "::1", "a%20b", "\u{e4}", "<b>"] {
        let mut client = program.connect();
        client.send_raw(format!("GET /echo HTTP/1.1\r\nHost: {host}\r\n\r\n").as_bytes());
        assert_eq!(client.receive(false).status, 400, "{host}");
    }
    for host in ["", "a", "a.b:80", "a:", "127.0.0.1:8080", "[::1]", "[::1]:8080", "a_b."] {
        let mut client = program.connect();
        client.send_raw(format!("GET /echo HTTP/1.1\r\nHost: {host}\r\n\r\n").as_bytes());
        assert_eq!(client.receive(false).brief(), "200 /echo ", "{host}");
    }
}

#[test]
fn a_target_that_is_no_resource_of_the_web_is_400() {
    let (_site, program) = serve(SITE);
    for target in [
        "ftp://localhost/echo",
        "ws://localhost/echo",
        "/echo#fragment",
        "/echo?a#b",
        "http://localhost/echo#b",
        "#",
        "http://a@localhost/echo",
        "http://localhost:99999/echo",
        "http:///echo",
        "http:echo",
        "*",
        "localhost:80",
        "echo",
        "?a",
    ] {
        let answer = program.connect().request("GET", target, &[], b"");
        assert_eq!(answer.status, 400, "{target}: {}", answer.brief());
    }
    for target in ["http://localhost/echo", "HTTP://b:8080/echo", "https://localhost/echo", "http://[::1]/echo"] {
        assert_eq!(program.get(target).brief(), "200 /echo ", "{target}");
    }
    assert_eq!(program.connect().request("POST", "*", &[], b"").status, 400);
    assert_eq!(program.connect().request("OPTIONS", "*", &[], b"").status, 204);
}

#[test]
fn a_target_that_names_a_host_means_that_one() {
    let (_site, program) =
        serve("=== h.rhai\nfn handler(req) { `${req.host} ${req.path} ${req.headers_in[\"Host\"]}` }");
    let answer = program.connect().request("GET", "http://b:81/h", &[], b"");
    assert_eq!(answer.brief(), "200 b /h b:81");
}

#[test]
fn a_tunnel_is_refused_and_the_server_says_what_it_can_do() {
    let (_site, program) = serve("=== h.rhai\nfn handler(req) { req.method }\n=== f.txt\nfile");
    for target in ["/h", "example.org:443", "/f.txt"] {
        let answer = program.connect().request("CONNECT", target, &[], b"");
        assert_eq!(answer.status, 405, "{target}");
        assert!(answer.header("allow").is_some_and(|methods| methods.contains("GET")), "{answer:?}");
    }
    for (target, status, methods) in [("*", 204, "POST"), ("/f.txt", 204, "GET, HEAD, OPTIONS")] {
        let answer = program.connect().request("OPTIONS", target, &[], b"");
        assert_eq!(answer.status, status, "{target}");
        assert!(answer.header("allow").is_some_and(|said| said.contains(methods)), "{answer:?}");
    }
    assert_eq!(program.connect().request("OPTIONS", "/h", &[], b"").brief(), "200 OPTIONS");
}

/// A proxy that reads the one length and a server that reads the other do not see the same requests.
#[test]
fn a_body_with_two_lengths_is_400_and_closed() {
    let (_site, program) = serve(SITE);
    let head = "POST /echo HTTP/1.1\r\nHost: a\r\n";
    for lengths in [
        "Content-Length: 1\r\nContent-Length: 2\r\n",
        "Content-Length: 3\r\nContent-Length: 3\r\n",
        "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n",
    ] {
        check_refused(&program, &format!("{head}{lengths}\r\n0\r\n\r\nGET /none HTTP/1.1\r\nHost: a\r\n\r\n"));
    }
}

#[test]
fn a_line_that_ends_without_a_carriage_return_is_400_and_closed() {
    let (_site, program) = serve(SITE);
    for head in [
        "GET /echo HTTP/1.1\nHost: a\n\n",
        "GET /echo HTTP/1.1\r\nHost: a\n\r\n",
        "GET /echo HTTP/1.1\r\nHost: a\r\n\n",
    ] {
        check_refused(&program, &format!("{head}GET /none HTTP/1.1\r\nHost: a\r\n\r\n"));
    }
}

#[track_caller]
fn check_refused(program: &Program, bytes: &str) {
    let mut client = program.connect();
    client.send_raw(bytes.as_bytes());
    let answer = client.try_receive(false).unwrap_or_else(|error| panic!("{bytes:?}: {error}"));
    assert_eq!(answer.status, 400, "{bytes:?}: {}", answer.brief());
    assert!(client.is_at_end(), "{bytes:?}: the connection is open still");
}

#[test]
fn odd_paths_are_read_once_and_alike_by_all() {
    let (_site, program) = serve(SITE);
    for (target, expected) in [
        ("/echo//a///b", "200 /echo/a/b "),
        ("/./echo/./a", "200 /echo/a "),
        ("/x/../echo", "200 /echo "),
        ("/echo/%2525", "200 /echo/%25 "),
        ("/echo/%c3%a9", "200 /echo/é "),
        ("/echo?a=/../x", "200 /echo "),
    ] {
        assert_eq!(program.get(target).brief(), expected, "{target}");
    }
    for (target, status) in [
        ("/echo%00", 404),
        ("/echo/%2f", 404),
        ("/echo/%01", 400),
        ("/echo/%zz", 400),
        ("/echo/%2", 400),
        ("/../echo", 400),
    ] {
        assert_eq!(program.get(target).status, status, "{target}");
    }
}

#[test]
fn ten_thousand_parameters_are_read() {
    let (_site, program) = serve(SITE);
    let query: Vec<_> = (0..10_000).map(|number| format!("{number}")).collect();
    assert_eq!(program.get(&format!("/many?{}", query.join("&"))).brief(), "200 10000");
}

#[test]
fn requests_that_are_sent_in_one_go_are_answered_in_order() {
    let (_site, program) = serve(SITE);
    let mut client = program.connect();
    let requests: String = (0..20).map(|number| format!("GET /echo/{number} HTTP/1.1\r\nHost: a\r\n\r\n")).collect();
    client.send_raw(requests.as_bytes());
    for number in 0..20 {
        assert_eq!(client.receive(false).brief(), format!("200 /echo/{number} "));
    }
}

/// As httpd does for `printf .. | nc`.
#[test]
fn a_client_that_has_said_all_gets_its_answer() {
    let (_site, program) = serve("=== slow.rhai\nfn handler(req) { sleep(0.2); \"slow\" }\n=== f.txt\nfile");
    for (target, expected) in [("/slow", "200 slow"), ("/f.txt", "200 file")] {
        let mut client = program.connect();
        client.send("GET", target, &[], b"");
        client.say_no_more();
        assert_eq!(client.receive(false).brief(), expected);
        assert!(client.is_at_end(), "{target}: and then it is closed");
    }
}

#[test]
fn clients_that_say_nothing_keep_nobody_waiting() {
    let (_site, program) = serve(SITE);
    let mut silent: Vec<_> = (0..200).map(|_| program.connect()).collect();
    for client in &mut silent {
        client.send_raw(b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nHel");
    }
    assert_eq!(program.get("/echo").status, 200);
    let client = &mut silent[100];
    client.send_raw(b"lo");
    assert_eq!(client.receive(false).brief(), "200 /echo Hello");
}
