//! What the state types promise, promise by promise. Scripts run as they would in a service: in a call, on an engine
//! that shares no strings between threads.

use std::time::Instant;

use rhai::{Dynamic, Engine, EvalAltResult, OptimizationLevel};

use crate::{
    state::{DeadlineReached, register_all, unreserve},
    thread::call::CallScope,
};

mod atomic;
mod basics;
mod cache;
mod copies;
mod lock;
mod walk;

fn engine() -> Engine {
    let mut engine = Engine::new();
    engine.set_max_strings_interned(0);
    engine.set_fail_on_invalid_map_property(true);
    register_all(&mut engine);
    #[allow(deprecated)] // Rhai's way of saying that it may change
    engine.on_parse_token(|token, _, _| unreserve(token));
    engine
}

/// Runs `script` as one call and tells what came out: a value, `error: ..`, or `terminated: ..`.
fn run(script: &str, deadline: Option<Instant>) -> String {
    let _call = CallScope::enter(deadline);
    tell(engine().eval::<Dynamic>(script))
}

fn tell(outcome: Result<Dynamic, Box<EvalAltResult>>) -> String {
    match outcome {
        Ok(value) => format!("{value:?}"),
        Err(error) => match DeadlineReached::in_error(&error) {
            Some(reached) => format!("terminated: {reached}"),
            None => format!("error: {error}"),
        },
    }
}

#[track_caller]
fn check(script: &str, expected: &str) {
    let found = run(script, None);
    assert!(found.starts_with(expected), "{script}\n  expected: {expected}\n  found:    {found}");
}

/// Runs `work` on eight threads at once.
fn on_eight_threads(work: impl Fn() + Sync) {
    let start = std::sync::Barrier::new(8);
    std::thread::scope(|threads| {
        for _ in 0..8 {
            threads.spawn(|| {
                start.wait();
                work();
            });
        }
    });
}

#[test]
fn constructors_are_never_folded() {
    let mut engine = engine();
    engine.set_optimization_level(OptimizationLevel::Full);
    for new in ["lock()", "table()", "cache(1, 1)", "counter()", "counter(1)", "cell(1)", "queue(1)"] {
        let same: bool = engine.eval(&format!("fn make() {{ {new} }} make() == make()")).unwrap();
        assert!(!same, "{new}");
    }
}
