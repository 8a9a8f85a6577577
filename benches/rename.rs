//! From a file that is renamed into place to the first call that runs it, over 200 saves on a real file system.
//!
//! `cargo bench -p samovar-benches --bench rename`

#![allow(missing_docs, clippy::print_stdout, reason = "a bench")]

use std::{
    fs,
    time::{Duration, Instant},
};

use samovar_rhai::Interpreter;

const SAVES: i64 = 200;
/// Saves that follow closely wait for quiet; this is a person's pace, a hundred times as fast.
const PAUSE: Duration = Duration::from_millis(50);

fn main() {
    let directory = tempfile::tempdir().expect("a directory");
    let (file, next) = (directory.path().join("h.rhai"), directory.path().join(".h.next"));
    fs::write(&file, "fn version() { 0 }").expect("written");
    let interpreter = Interpreter::builder("bench").root(directory.path()).build().expect("built");
    let handler = interpreter.handler("h::version").expect("found");
    assert_eq!(handler.call::<i64>(()).expect("runs"), 0);

    let mut times = Vec::new();
    for version in 1..=SAVES {
        fs::write(&next, format!("fn version() {{ {version} }}")).expect("written");
        std::thread::sleep(PAUSE);
        let start = Instant::now();
        fs::rename(&next, &file).expect("renamed");
        let renamed = Instant::now();
        while handler.call::<i64>(()).expect("runs") != version {
            std::hint::spin_loop();
            assert!(start.elapsed() < Duration::from_secs(10), "version {version} is not served");
        }
        times.push(renamed.elapsed());
    }
    times.sort_unstable();
    let at = |part: f64| times[((times.len() - 1) as f64 * part) as usize];
    println!(
        "rename to served, {SAVES} saves: median {:?}, 90% {:?}, 99% {:?}, longest {:?}",
        at(0.5),
        at(0.9),
        at(0.99),
        at(1.0)
    );
}
