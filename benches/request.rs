//! What a request costs beside the script in it, and on which threads scripts are best run.
//!
//! All in process: no sockets, no HTTP parser. `load.sh` measures with them.

#![allow(clippy::print_stdout, reason = "the figures are what this program is for")]

use std::{
    env,
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use criterion::{Criterion, criterion_group, criterion_main};
use http::{Request, Response, header};
use http_body_util::{BodyExt, Empty, Full};
use samovar::{Body, Peers, Site};
use samovar_benches::{Comparison, quartiles, readable};
use samovar_rhai::{Exchange, Handler, Interpreter, RequestHead};
use tokio::runtime::{Builder, Handle, Runtime};

criterion_group!(benches, way_of_a_request, where_scripts_run, beside_slow_scripts);
criterion_main!(benches);

const HELLO: &str = r#"fn handler(req) { "Hello" }"#;
const SLOW: &str = r#"fn handler(req) { sleep(0.005); "Hello" }"#;

/// A site on disk with both scripts, and the threads to serve it.
struct Bench {
    site: Arc<Site>,
    hello: Handler,
    slow: Handler,
    runtime: Runtime,
    /// As the pool of the server: as many threads, as large.
    scripts: Runtime,
    _directory: tempfile::TempDir,
}

impl Bench {
    fn new() -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        std::fs::write(directory.path().join("hello.rhai"), HELLO).expect("it is writable");
        std::fs::write(directory.path().join("slow.rhai"), SLOW).expect("it is writable");
        let site = Arc::new(Site::open(directory.path()).expect("it is a site"));
        let interpreter = Interpreter::builder("main").root(directory.path()).build().expect("there are threads");
        let [hello, slow] = ["hello", "slow"].map(|name| interpreter.handler(name).expect("the script is there"));
        hello.load().and_then(|()| slow.load()).expect("they load");
        let stack = 64 << 20;
        let runtime = Builder::new_multi_thread().thread_stack_size(stack).enable_all().build().expect("threads");
        let mut scripts = Builder::new_current_thread();
        let scripts = scripts.thread_stack_size(stack).max_blocking_threads(8).build().expect("threads");
        Self { site, hello, slow, runtime, scripts, _directory: directory }
    }
}

fn request() -> Request<Empty<Bytes>> {
    let request = Request::get("/hello").header(header::HOST, "localhost").header(header::ACCEPT, "*/*");
    request.body(Empty::new()).expect("it is a request")
}

fn exchange<B>(request: Request<B>, handler: &Handler) -> Exchange {
    let (parts, _) = request.into_parts();
    let path = parts.uri.path().to_owned();
    let head = RequestHead {
        method: parts.method,
        uri: parts.uri.to_string(),
        path,
        path_info: String::new(),
        query: String::new(),
        headers: parts.headers,
        remote_ip: None,
        filename: handler.path().to_string_lossy().into_owned(),
    };
    Exchange::new(head, Bytes::new())
}

/// What a service without scripts does: looks at the path and answers.
async fn plain(request: Request<Empty<Bytes>>) -> Response<Body> {
    let text = if request.uri().path() == "/hello" { "Hello" } else { "" };
    let body = Full::new(Bytes::from_static(text.as_bytes())).map_err(|never| match never {}).boxed_unsync();
    let mut response = Response::new(body);
    let kind = header::HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}

fn way_of_a_request(criterion: &mut Criterion) {
    let bench = Bench::new();
    let Bench { site, hello, runtime, .. } = &bench;
    Comparison::new("one request")
        .case("call of the handler alone", || hello.call::<String>((0,)).expect("it answers"))
        .case("Handler::respond, with an exchange", || hello.respond(&exchange(request(), hello)).expect("it answers"))
        .case("Site::respond", || runtime.block_on(site.respond(request(), Peers::default())))
        .case("a service without scripts", || runtime.block_on(plain(request())))
        .measure(criterion);
}

/// Where a task has its script run.
#[derive(Clone)]
enum Place {
    /// On the thread of the runtime that the task happens to be on.
    Inline,
    /// There too, but another thread takes over the other tasks of that one first.
    Blocking,
    /// On a thread for scripts.
    Pool(Handle),
}

impl Place {
    async fn respond(&self, handler: &Handler) -> Response<Bytes> {
        let exchange = exchange(request(), handler);
        let response = match self {
            Self::Inline => handler.respond(&exchange),
            Self::Blocking => tokio::task::block_in_place(|| handler.respond(&exchange)),
            Self::Pool(scripts) => {
                let handler = handler.clone();
                scripts.spawn_blocking(move || handler.respond(&exchange)).await.expect("it does not panic")
            }
        };
        response.expect("it answers")
    }
}

fn places(bench: &Bench) -> [(&'static str, Place); 3] {
    let pool = Place::Pool(bench.scripts.handle().clone());
    [("inline", Place::Inline), ("block_in_place", Place::Blocking), ("pool", pool)]
}

/// Lets so many tasks answer so many requests each, one after the other; returns how long each request took.
async fn serve(place: &Place, handler: &Handler, tasks: usize, requests: usize) -> Vec<f64> {
    let task = || {
        let (place, handler) = (place.clone(), handler.clone());
        tokio::spawn(async move {
            let mut taken = Vec::with_capacity(requests);
            for _ in 0..requests {
                let started = Instant::now();
                // A request that arrives waits until a thread has time for its connection: that counts.
                tokio::task::yield_now().await;
                place.respond(&handler).await;
                taken.push(started.elapsed().as_secs_f64());
            }
            taken
        })
    };
    let tasks: Vec<_> = (0..tasks).map(|_| task()).collect();
    let mut taken = Vec::new();
    for task in tasks {
        taken.extend(task.await.expect("it does not panic"));
    }
    taken
}

fn where_scripts_run(criterion: &mut Criterion) {
    let bench = Bench::new();
    for tasks in [1, 8] {
        let mut comparison = Comparison::new(format!("800 requests in {tasks} tasks"));
        for (name, place) in places(&bench) {
            let bench = &bench;
            comparison =
                comparison.case(name, move || bench.runtime.block_on(serve(&place, &bench.hello, tasks, 800 / tasks)));
        }
        comparison.measure(criterion);
        show_latencies(&format!("latency in {tasks} tasks"), &bench, tasks, 0);
    }
}

/// Throughput is not all: a script may wait, and others should be answered meanwhile.
fn beside_slow_scripts(_: &mut Criterion) {
    let bench = Bench::new();
    for slow in [1, 4] {
        show_latencies(&format!("latency in 4 tasks beside {slow} whose scripts wait 5 ms"), &bench, 4, slow);
    }
}

/// Enough for a 99th percentile, and for some seconds at the slowest place.
const REQUESTS: usize = 20_000;

fn show_latencies(title: &str, bench: &Bench, tasks: usize, slow: usize) {
    if !env::args().any(|argument| argument == "--bench") {
        return;
    }
    println!("{title}: requests a second; median, 99th percentile, longest");
    for (name, place) in places(bench) {
        let (mut taken, rate) = bench.runtime.block_on(async {
            let (waiting, slow_handler) = (place.clone(), bench.slow.clone());
            let beside = tokio::spawn(async move {
                loop {
                    serve(&waiting, &slow_handler, slow, 1).await;
                    if slow == 0 {
                        tokio::time::sleep(Duration::from_secs(1)).await;
                    }
                }
            });
            let started = Instant::now();
            let taken = serve(&place, &bench.hello, tasks, REQUESTS / tasks).await;
            beside.abort();
            (taken, REQUESTS as f64 / started.elapsed().as_secs_f64())
        });
        taken.sort_by(f64::total_cmp);
        let [_, median, _] = quartiles(taken.iter().copied());
        let (rare, longest) = (taken[taken.len() * 99 / 100], taken[taken.len() - 1]);
        let times = [median, rare, longest].map(readable);
        println!("  {name:<24} {rate:>9.0}/s {:>12} {:>12} {:>12}", times[0], times[1], times[2]);
    }
    println!();
}
