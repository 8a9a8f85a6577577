//! Values of every shape, given to every native function: nothing ends the process, and nothing goes on for long after its
//! deadline (R58).
//!
//! Each script builds values at random (nested, shared, captured, in handles, in themselves, in long chains) and calls
//! natives with them. It runs for `SAMOVAR_FUZZ_SECONDS`, a few unless that is set, from `SAMOVAR_FUZZ_SEED`, on a thread with two megabytes of stack. The text that
//! runs stands in `fuzz.rhai` in Cargo's directory for temporary files: after an abort, that is the culprit.

mod scripts;

use std::{
    path::Path,
    time::{Duration, Instant},
};

use samovar_rhai::{Interpreter, importer::MemoryTree, rhai::Dynamic};
use scripts::Random;

/// What a script has.
const TIME: Duration = Duration::from_millis(100);

/// A script that ends so long after its deadline has found something. The machine may be busy, and nothing be optimised.
const SLACK: Duration = Duration::from_secs(5);

#[test]
fn r58_no_value_ends_the_process_in_any_native() {
    let seconds = std::env::var("SAMOVAR_FUZZ_SECONDS").ok().and_then(|seconds| seconds.parse().ok()).unwrap_or(4);
    let seed = std::env::var("SAMOVAR_FUZZ_SEED").ok().and_then(|seed| seed.parse().ok());
    let until = Instant::now() + Duration::from_secs(seconds);
    let mut random = Random::new(seed.unwrap_or(1));
    let mut run = 0_u64;
    while Instant::now() < until {
        let seed = random.next();
        run_script(&scripts::write(&mut Random::new(seed)), seed);
        run += 1;
    }
    println!("{run} scripts");
    assert!(run > 0);
}

/// In an interpreter of its own, which is shut down in the end: chains in handles are dropped by that.
fn run_script(text: &str, seed: u64) {
    let noted = Path::new(env!("CARGO_TARGET_TMPDIR")).join("fuzz.rhai");
    std::fs::write(&noted, text).expect("written");
    let tree = MemoryTree::default();
    tree.write("/s/m.rhai", text);
    let interpreter = Interpreter::builder("fuzz").time(TIME).build_on(tree.clone(), Some(Path::new("/s")));
    let handler = interpreter.handler("m::f").expect("found");
    for _ in 0..2 {
        let start = Instant::now();
        let result = handler.call::<Dynamic>(());
        // Loading has a second of its own.
        let late = start.elapsed().saturating_sub(TIME + Duration::from_secs(1));
        assert!(late < SLACK, "seed {seed}: {late:?} late\n{text}");
        if let Err(diagnostic) = result {
            let said = diagnostic.to_string();
            assert!(!said.contains("panicked"), "seed {seed}: {said}\n{text}");
        }
    }
    tree.write("/s/m.rhai", format!("{text}\n"));
    let _ = interpreter.reload();
}
