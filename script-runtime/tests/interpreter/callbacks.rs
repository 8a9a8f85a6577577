//! `callback(fn)`: as value, as handler, as cleanup.

use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use samovar_rhai::{Exchange, RequestHead, rhai::Dynamic};

use crate::site::Site;

const SITE: &str = "=== events.rhai
const ON = table();
fn fire(name, x) { ON[name].call(x) }
fn all(list) { list.map(ON[\"double\"]).to_string() + list.filter(ON[\"odd\"]) }
=== m.rhai
import \"./events\" as events;
const FACTOR = 2;
events::ON[\"double\"] = callback(double);
events::ON[\"odd\"] = callback(|x| x % 2 == 1);
fn double(x) { x * FACTOR }
fn f() { [events::fire(\"double\", 21), events::all([1, 2, 3])] }
const by_value = callback(|| events::fire(\"double\", FACTOR));
fn hand_out() { callback(|x| x + FACTOR) }
";

#[test]
fn a_callback_is_called_from_any_module_and_by_natives() {
    let site = Site::new(SITE);
    site.expect("m::f", "[42, \"[2, 4, 6][1, 3]\"]");
}

#[test]
fn a_callback_is_a_handler() {
    let site = Site::new(SITE);
    site.expect("m::by_value", "4");
}

#[test]
fn a_callback_is_called_by_the_host_in_its_own_instance() {
    let site = Site::new(SITE);
    let callback = site.interpreter.handler("m::hand_out").expect("found").call::<Dynamic>(()).expect("a callback");
    site.change(&SITE.replace("FACTOR = 2", "FACTOR = 5"), "reloaded m");
    let called = site.interpreter.call(&callback, (40_i64,)).expect("it runs");
    assert_eq!(called.to_string(), "42");
    let error = site.interpreter.call(&Dynamic::from(1_i64), ()).expect_err("no callback");
    assert_eq!(error.message, "a i64 is no callback");
}

fn exchange() -> Exchange {
    let head = RequestHead {
        method: http::Method::GET,
        uri: "/m".into(),
        path: "/m".into(),
        path_info: String::new(),
        query: String::new(),
        headers: http::HeaderMap::new(),
        remote_ip: None,
        filename: "/s/m.rhai".into(),
    };
    Exchange::new(head, Bytes::new())
}

/// Answers one request; what the answer was, then what was noted.
#[track_caller]
fn check(handler: &str, answer: &str, notes: &[&str]) {
    let site = Site::with(
        |builder| builder.time(std::time::Duration::from_millis(50)),
        &format!("=== m.rhai\nconst L = lock();\n{handler}"),
    );
    let exchange = exchange();
    let said = match site.interpreter.handler("m").expect("found").respond(&exchange) {
        Ok(response) => String::from_utf8_lossy(response.body()).into_owned(),
        Err(error) => error.message.replace("/s/", ""),
    };
    assert_eq!(said, answer, "{handler}");
    assert_eq!(site.take_notes(), notes, "{handler}");
    drop(exchange);
}

#[test]
fn on_finish_runs_in_the_interpreter_whose_script_it_is() {
    let of = |name: &str| {
        let module = format!("fn name() {{ \"{name}\" }}");
        let handler = "fn handler(req) { req.on_finish(callback(|| note(import_module(\"./n\")[\"name\"].call()))); }";
        Site::new(&format!("=== m.rhai\n{handler}\n=== n.rhai\n{module}"))
    };
    let (one, two) = (of("one"), of("two"));
    let exchange = exchange();
    let pins = [&one, &two].map(|site| {
        let handler = site.interpreter.handler("m").expect("found");
        let pin = handler.pin();
        handler.verdict(&exchange, &pin).expect("it runs");
        pin
    });
    pins[1].finish(&exchange, |error| panic!("{error}"));
    assert_eq!((one.take_notes(), two.take_notes()), (vec![], vec!["two".to_owned()]));
    pins[0].finish(&exchange, |error| panic!("{error}"));
    assert_eq!((one.take_notes(), two.take_notes()), (vec!["one".to_owned()], vec![]));
}

#[test]
fn on_finish_runs_after_the_response_was_made_for_whatever_reason() {
    let on_finish = "req.on_finish(callback(|| note(`finished ${req.uri}`)));";
    check(&format!("fn handler(req) {{ {on_finish} note(\"running\"); \"hi\" }}"), "hi", &["running", "finished /m"]);
    check(&format!("fn handler(req) {{ {on_finish} throw \"no\" }}"), "no", &["finished /m"]);
    check(&format!("fn handler(req) {{ {on_finish} loop {{ }} }}"), "the deadline has passed", &["finished /m"]);
    check(
        &format!("fn handler(req) {{ {on_finish} true }}"),
        "a handler answers with a string, html(..), a map, an array, a blob, a status number or (), not with a value of type bool",
        &["finished /m"],
    );
    // Locks are free by then, and one that raises keeps none of the others from being called, in order.
    check(
        "fn handler(req) { L.acquire(); req.on_finish(callback(|| throw \"lost\")); req.on_finish(callback(|| note(`held: ${L.is_held()}`))); \"hi\" }",
        "hi",
        &["held: false"],
    );
    check(
        "fn handler(req) { req.on_finish(|| 1); }",
        "on_finish takes a callback, which brings its module along: on_finish(callback(|| ..))",
        &[],
    );
}

/// The pattern of the guide: the top level puts a callback into a table that is carried over, and from that moment
/// requests call it, while the rest of the module still loads.
#[test]
fn r61_requests_call_a_callback_of_a_carried_table_while_its_module_loads() {
    const FILES: &str = "=== lib.rhai
fn f() { 1 }
=== m.rhai
import \"./lib\" as lib;
keep T = table();
const V = 1;
fn __mp_clone__(next) { next.T = T; }
T[\"cb\"] = callback(|| V + lib::f());
const REST = [1, 2, 3].map(|x| x + V);
fn f() { T[\"cb\"].call() }
";
    let site = Site::new(FILES);
    site.expect("m::f", "2");
    let over = AtomicBool::new(false);
    std::thread::scope(|threads| {
        let reloading = until_dropped(&over);
        let caller = threads.spawn(|| {
            let handler = site.interpreter.handler("m::f").expect("found");
            let mut calls = 0;
            while !over.load(Ordering::Relaxed) {
                let said = handler.call::<i64>(()).map_err(|error| error.message);
                assert_eq!(said, Ok(2));
                calls += 1;
            }
            calls
        });
        for round in 0..500 {
            site.change(&FILES.replace("REST =", &format!("REST_{round} =")), "reloaded m");
        }
        drop(reloading);
        assert!(caller.join().expect("no bad answer") > 0);
    });
}

/// Ends the calls, also when the reloads have failed.
fn until_dropped(over: &AtomicBool) -> impl Drop + '_ {
    struct Over<'a>(&'a AtomicBool);
    impl Drop for Over<'_> {
        fn drop(&mut self) {
            self.0.store(true, Ordering::Relaxed);
        }
    }
    Over(over)
}
