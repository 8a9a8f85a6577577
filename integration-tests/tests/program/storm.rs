//! Many requests while files change all the time.

mod saves;

use std::{
    env,
    sync::atomic::{AtomicBool, Ordering},
    thread::{self, ScopedJoinHandle},
    time::{Duration, Instant},
};

use samovar_integration_tests::{Program, poll};

use crate::serve;

/// How the three parts of a site come by the version that they say.
const SITE: &str = r#"=== version.rhai
const VERSION = 0;
=== child.rhai
import "./version" as version;
fn version() { version::VERSION }
=== friend.rhai
import "./version" as version;
fn version() { version::VERSION }
=== storm.rhai
import "./version" as version;
import "./child" as child;
fn handler(req) {
    let first = version::VERSION;
    sleep(0.002);
    let friend = import_module("./friend");
    `${first} ${child::version()} ${friend["version"].call()} ${version::VERSION}`
}
"#;

/// Between one edit and the next.
const PACE: Duration = Duration::from_millis(50);
const CONNECTIONS: usize = 8;

#[test]
fn in_a_storm_of_edits_no_request_fails_and_none_mixes_versions() {
    let seconds = env::var("SAMOVAR_STORM_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(3.0);
    let (site, program) = serve(SITE);
    // What was never loaded is loaded from the newest files; only what is loaded is part of a request's generation.
    assert_eq!(program.get("/storm").brief(), "200 0 0 0 0");
    let over = AtomicBool::new(false);
    let (seen, last) = thread::scope(|scope| {
        let clients: Vec<_> = (0..CONNECTIONS).map(|_| scope.spawn(|| ask_until(&over, &program))).collect();
        let end = Instant::now() + Duration::from_secs_f64(seconds);
        let mut last = 0;
        while Instant::now() < end && !clients.iter().any(ScopedJoinHandle::is_finished) {
            last += 1;
            site.write("version.rhai", format!("const VERSION = {last};"));
            thread::sleep(PACE);
        }
        over.store(true, Ordering::Relaxed);
        let seen: Vec<_> = clients.into_iter().map(|client| client.join().expect("no promise was broken")).collect();
        (seen, last)
    });
    poll("the last version is served", || (version(&program.get("/storm").brief()) == last).then_some(()));
    for (requests, versions) in seen {
        assert!(requests > 20 && versions > 5, "{requests} requests saw {versions} versions: this was no storm");
    }
    assert!(!program.log().contains("ERROR"), "{}", program.log());
}

/// How many requests were made over one connection, and how many versions they saw.
fn ask_until(over: &AtomicBool, program: &Program) -> (usize, usize) {
    let mut client = program.connect();
    let (mut requests, mut versions, mut newest) = (0, 0, 0);
    while !over.load(Ordering::Relaxed) {
        let found = version(&client.get("/storm").brief());
        assert!(found >= newest, "version {found} after {newest}");
        versions += usize::from(found > newest);
        newest = found;
        requests += 1;
    }
    (requests, versions)
}

/// The one version that a response was made of.
#[track_caller]
fn version(answer: &str) -> u64 {
    let parts: Vec<_> = answer.split(' ').collect();
    let ["200", first, rest @ ..] = parts.as_slice() else { panic!("a request failed: {answer}") };
    assert!(rest.len() == 3 && rest.iter().all(|part| part == first), "versions are mixed: {answer}");
    first.parse().unwrap_or_else(|_| panic!("no version: {answer}"))
}
