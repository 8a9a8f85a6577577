//! Scripted handlers in a program of somebody else's.

use std::{
    convert::Infallible,
    pin::Pin,
    sync::mpsc,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use samovar::{Body, HandlerService, Peers, Site, runtime::Interpreter};
use tower::ServiceExt;

struct Embedded {
    _scripts: tempfile::TempDir,
    service: HandlerService,
    printed: mpsc::Receiver<String>,
    runtime: tokio::runtime::Runtime,
}

impl Embedded {
    fn new(script: &str) -> Self {
        let scripts = tempfile::tempdir().expect("a directory");
        std::fs::write(scripts.path().join("h.rhai"), script).expect("written");
        let (print, printed) = mpsc::channel();
        let interpreter = Interpreter::builder("embedded").root(scripts.path());
        let interpreter = interpreter.output(move |printed| drop(print.send(printed.text.to_owned())));
        let interpreter = interpreter.build().expect("an interpreter");
        let service = HandlerService::new(interpreter.handler("h").expect("found")).expect("threads");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        Self { _scripts: scripts, service, printed, runtime }
    }

    fn ask<B>(&self, service: HandlerService, request: Request<B>) -> Response<Body>
    where
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        self.runtime.block_on(service.oneshot(request)).expect("an answer")
    }

    fn get(&self, target: &str) -> Response<Body> {
        let request = Request::get(target).body(Full::new(Bytes::new())).expect("a request");
        self.ask(self.service.clone(), request)
    }
}

/// A body of which nothing ever comes.
struct Never;

impl http_body::Body for Never {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<Bytes>, Infallible>>> {
        Poll::Pending
    }
}

#[test]
fn a_body_that_does_not_come_in_is_408() {
    let embedded = Embedded::new("fn handler(req) { req.body }");
    let service = embedded.service.clone().timeout(Duration::from_millis(20));
    let request = Request::post("/h").body(Never).expect("a request");
    assert_eq!(embedded.ask(service.clone(), request).status(), 408);
    let request = Request::post("/h").body(Full::from("in time")).expect("a request");
    assert_eq!(embedded.ask(service, request).status(), 200);
}

#[test]
fn a_body_that_is_too_large_is_413() {
    let embedded = Embedded::new("fn handler(req) { req.body }");
    let service = embedded.service.clone().body_limit(5);
    for (body, status) in [("12345", 200), ("123456", 413)] {
        let request = Request::post("/h").body(Full::from(body)).expect("a request");
        assert_eq!(embedded.ask(service.clone(), request).status(), status, "{body}");
    }
}

#[test]
fn answers_are_as_the_server_s() {
    let embedded = Embedded::new(
        r#"fn handler(req) {
            if req.query == "throw" { throw 403 }
            if req.query == "bad" { throw "bad" }
            if req.query == "declined" { return DECLINED; }
            if req.query == "big" { let b = blob(1000000, 65); for i in 0..60 { req.write(b); } return; }
            "<p>"
        }"#,
    );
    for (target, status) in
        [("/h", 200), ("/h?throw", 403), ("/h?bad", 500), ("/h?declined", 404), ("ftp://a/h", 400), ("/%zz", 400)]
    {
        let answer = embedded.get(target);
        assert_eq!(answer.status(), status, "{target}");
        assert_eq!(answer.headers()["x-content-type-options"], "nosniff", "{target}");
    }
    assert_eq!(embedded.get("/h").headers()["content-type"], "text/plain; charset=utf-8");
    // Two of these do not fit into the memory that there is for answers.
    let (one, two) = (embedded.get("/h?big"), embedded.get("/h?big"));
    for big in [two, one] {
        let body = embedded.runtime.block_on(big.into_body().collect()).expect("read").to_bytes();
        assert_eq!(body.len(), 60_000_000);
    }
}

#[test]
fn on_finish_runs_when_the_body_is_taken() {
    let embedded = Embedded::new(
        r#"fn handler(req) { req.on_finish(callback(|| print(`finished ${req.status}`))); print("made"); "text" }"#,
    );
    let answer = embedded.get("/h");
    assert_eq!(embedded.printed.recv().expect("printed"), "made");
    assert!(embedded.printed.try_recv().is_err(), "nobody has taken it");
    let body = embedded.runtime.block_on(answer.into_body().collect()).expect("read").to_bytes();
    assert_eq!(body, "text");
    assert_eq!(embedded.printed.recv().expect("printed"), "finished 200");
}

#[test]
fn on_finish_runs_when_nobody_waits_for_the_answer_any_more() {
    let embedded = Embedded::new(
        r#"fn handler(req) { req.on_finish(callback(|| print("finished"))); print("made"); sleep(0.3); "text" }"#,
    );
    let request = Request::get("/h").body(Full::new(Bytes::new())).expect("a request");
    embedded.runtime.block_on(async {
        let answer = tokio::spawn(embedded.service.clone().oneshot(request));
        // On this one thread, the request goes on only where somebody waits.
        while embedded.printed.try_recv().is_err() {
            tokio::task::yield_now().await;
        }
        answer.abort();
        assert!(answer.await.is_err(), "it was dropped before its end");
        let finished = async {
            while embedded.printed.try_recv().is_err() {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), finished).await.expect("what follows follows");
    });
}

/// A request goes one way, whether a site decides about it or a program has one handler for all.
#[test]
fn a_handler_service_answers_as_a_site_with_one_handler() {
    const SCRIPT: &str = r#"
        fn handler(req) {
            if req.query == "throw" { throw 403 }
            if req.query == "bad" { throw "bad" }
            if req.query == "declined" { return DECLINED; }
            if req.query == "text" { req.headers_out["X-Set"] = "1"; req.write(req.path); return; }
            `${req.method} ${req.uri} ${req.path} ${req.query} ${req.headers_in["host"]} ${req.body.len()}`
        }"#;
    let embedded = Embedded::new(SCRIPT);
    let directory = tempfile::tempdir().expect("a directory");
    std::fs::write(directory.path().join("h.rhai"), SCRIPT).expect("written");
    let configuration = "SetHandler rhai\n<Location />\nRhaiHandler h\n</Location>\nLimitRequestBody 5\n";
    std::fs::write(directory.path().join("samovar.conf"), configuration).expect("written");
    let site = Site::open(directory.path()).expect("it is right");
    let service = embedded.service.clone().body_limit(5);
    let summary = |response: Response<Body>| {
        let (head, body) = response.into_parts();
        let body = embedded.runtime.block_on(body.collect()).expect("read").to_bytes();
        let headers: Vec<_> = head.headers.iter().map(|(name, value)| format!("{name}: {value:?}")).collect();
        (head.status, headers, String::from_utf8_lossy(&body).into_owned())
    };
    let targets = [
        "/x",
        "/x/y?a=b",
        "/?throw",
        "/?bad",
        "/?declined",
        "/?text",
        "/%zz",
        "/a/%2e%2e/../x",
        "*",
        "http://h/x",
        "ftp://h/x",
    ];
    for method in ["GET", "HEAD", "POST", "OPTIONS", "CONNECT", "BREW"] {
        for (target, host) in targets.into_iter().flat_map(|target| [(target, "h"), (target, "x y")]) {
            for body in ["", "12345", "123456"] {
                let request =
                    || Request::builder().method(method).uri(target).header("host", host).body(Full::from(body));
                let (Ok(one), Ok(other)) = (request(), request()) else { continue };
                let of_service = summary(embedded.ask(service.clone(), one));
                let of_site = summary(embedded.runtime.block_on(site.respond(other, Peers::default())));
                assert_eq!(of_service, of_site, "{method} {target} {host} {body}");
            }
        }
    }
}
