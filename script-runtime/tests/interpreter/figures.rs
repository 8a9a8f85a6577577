//! What state costs, as ratios: `cargo test --release -p samovar-rhai --test interpreter figures -- --ignored --nocapture`.
//!
//! They measure and print; the totals that they come to are asserted.

#![allow(clippy::print_stderr, reason = "the figures are what these are for")]

use std::{
    thread,
    time::{Duration, Instant},
};

use samovar_rhai::state::Table;

use crate::site::Site;

fn patient(files: &str) -> Site {
    Site::with(|builder| builder.time(Duration::from_secs(600)), files)
}

#[test]
#[ignore = "ten million operations"]
fn totals_are_exact_after_ten_million_operations_on_eight_threads() {
    let site = patient(
        "=== m.rhai\nconst N = counter(); const T = table();
fn add() { for i in 0..1000 { N.incr(); T.incr(\"k\"); } }\nfn totals() { [N.get(), T[\"k\"]] }",
    );
    let add = site.interpreter.handler("m::add").expect("found");
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| (0..625).for_each(|_| add.call::<()>(()).expect("it runs")));
        }
    });
    site.expect("m::totals", "[5000000, 5000000]");
}

/// The median time of one reload, of so many, in microseconds; `edit` is what is saved.
fn reload_time(site: &Site, times: usize, edit: impl Fn(usize) -> String) -> f64 {
    let mut taken: Vec<_> = (0..times)
        .map(|round| {
            site.write(&edit(round));
            let started = Instant::now();
            assert_eq!(site.reload(), "reloaded m");
            let taken = started.elapsed().as_secs_f64() * 1e6;
            // Events that nobody takes would be the memory that grows.
            site.trace();
            taken
        })
        .collect();
    taken.sort_by(f64::total_cmp);
    taken[times / 2]
}

#[cfg(target_os = "linux")]
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find(|line| line.starts_with("VmRSS")).expect("a line");
    line.split_whitespace().nth(1).and_then(|number| number.parse().ok()).expect("a number")
}

#[test]
#[ignore = "a hundred thousand reloads"]
#[cfg(target_os = "linux")]
fn a_reload_that_carries_a_large_table_takes_no_longer() {
    let script = |round: usize| format!("=== m.rhai\nkeep T = table();\nfn t() {{ T }}\n// {round}");
    let filled = |entries: usize| {
        let site = patient(&script(0));
        let table: Table = site.interpreter.handler("m::t").expect("found").call(()).expect("a table");
        for entry in 0..entries {
            table.set(entry.to_string(), 1.into()).expect("it fits");
        }
        site
    };
    let (small, large) = (filled(10), filled(100_000));
    let (few, many) =
        (reload_time(&small, 10_000, |at| script(at + 1)), reload_time(&large, 10_000, |at| script(at + 1)));
    let before = resident();
    let at_last = reload_time(&large, 90_000, |at| script(at + 20_000));
    eprintln!("a reload that carries 10 entries: {few:.1} µs; 100,000 entries: {many:.1} µs, ratio {:.2}", many / few);
    eprintln!("after 100,000 reloads: {at_last:.1} µs; memory grew by {} KiB", resident().saturating_sub(before));
    assert_eq!(large.interpreter.status().retained.len(), 0);
}

#[test]
#[ignore = "measures, and proves nothing"]
fn a_hook_that_carries_ten_handles_beside_none() {
    let body = "fn handler(req) { if req == () { 1 } else { let x = [1, 2, 3]; x.map(|n| n + 1) } }\n".to_owned()
        + &(0..10).map(|n| format!("fn f{n}(x) {{ if x > {n} {{ x + {n} }} else {{ x * 2 }} }}\n")).collect::<String>();
    let without: String = (0..10).map(|n| format!("const H{n} = table();\n")).collect();
    let with: String =
        (0..10).map(|n| format!("const H{n} = if is_def_var(\"H{n}\") {{ H{n} }} else {{ table() }};\n")).collect();
    let keeping = without.replace("const", "keep");
    let assigning: String = (0..10).map(|n| format!("next.H{n} = H{n};")).collect();
    let hook = format!("fn __mp_clone__(next) {{ {assigning} }}");
    let unused = hook.replace("__mp_clone__", "handed_over_");
    let variants = [
        ("no hook, the same text", format!("{with}{body}{unused}")),
        ("__mp_clone__", format!("{with}{body}{hook}")),
        ("no hook, no text of one", format!("{without}{body}")),
        ("keep", format!("{keeping}{body}")),
    ];
    let times: Vec<_> = variants
        .iter()
        .map(|(name, text)| {
            let site = patient(&format!("=== m.rhai\n{text}"));
            site.interpreter.handler("m").expect("found").load().expect("loads");
            (name, reload_time(&site, 2_000, |round| format!("=== m.rhai\n{text}// {round}")))
        })
        .collect();
    for (name, time) in &times {
        eprintln!("{name}: {time:.1} µs, ratio {:.2}", time / times[0].1);
    }
}
