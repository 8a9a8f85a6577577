//! Compiling ahead of need: only the time that it saves can be seen.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    thread::available_parallelism,
};

use samovar_importer::Outcome;

use crate::{
    beside::{Stops, ask, loaded},
    toy::{Site, Toy},
};

/// A site in which `h` waits before it imports; the texts of its children say `compiled NAME` when they are compiled.
#[allow(clippy::print_stderr, reason = "whoever reads the tests' output is to know")]
fn site(files: &str) -> Option<(Site, Stops)> {
    if available_parallelism().map_or(1, usize::from) == 1 {
        eprintln!("skipped: on one core nothing is compiled ahead");
        return None;
    }
    let stops = Stops::default();
    let places = stops.clone();
    let on_compile = {
        let stops = stops.clone();
        move |text: &str| {
            if let Some(name) = text.lines().find_map(|line| line.strip_prefix("compiled ")) {
                stops.pass(name);
            }
        }
    };
    let toy = Toy {
        wait: Some(Box::new(move |place| places.stop(place))),
        on_compile: Some(Box::new(on_compile)),
        ..Toy::default()
    };
    Some((Site::with(files, toy), stops))
}

#[test]
fn what_a_text_imports_is_compiled_while_it_runs() {
    let Some((site, stops)) = site("h: wait h; child c; child d\nc: compiled c; child e\nd: compiled d\ne: compiled e")
    else {
        return;
    };
    std::thread::scope(|threads| {
        let h = ask(threads, &site, "h");
        for name in ["c", "d", "e"] {
            stops.reached(name);
        }
        stops.open("h");
        loaded(h);
    });
    assert_eq!(site.trace(), "load e, load c, load d, load h, published 1");
}

#[test]
fn r25_what_was_compiled_ahead_and_saved_since_is_not_served() {
    let Some((site, stops)) = site("h: wait h; child c; child d\nc: compiled c; version 1\nd: compiled d") else {
        return;
    };
    std::thread::scope(|threads| {
        let h = ask(threads, &site, "h");
        stops.reached("c");
        site.write("c: version 2");
        assert!(matches!(site.check(), Outcome::UpToDate));
        stops.open("h");
        assert_eq!(loaded(h).value().children["c"].value().version, "2");
    });
}

#[test]
fn r24_what_does_not_compile_is_told_by_the_import_only() {
    let Some((site, stops)) = site("h: wait h; child c; child d\nc: compiled c; broken\nd: compiled d") else { return };
    std::thread::scope(|threads| {
        let h = ask(threads, &site, "h");
        stops.reached("c");
        stops.open("h");
        assert_eq!(h.join().expect("no panic").expect_err("c is broken").to_string(), "/s/c.toy is broken");
    });
    assert_eq!(site.trace(), "failed h");
}

#[test]
fn r43_all_that_a_reload_imports_is_compiled_before_the_first_hook() {
    let site = Site::new("h: carry; version 1");
    site.load("h");
    site.trace();
    site.write("h: carry; child new; version 2\nnew: child newer\nnewer: broken");
    site.expect("refused (newer.toy is broken)");
    site.expect("");
    site.write("newer: version 1");
    site.expect("carry h, load newer, load new, load h, reloaded 2");
}

#[test]
fn compiling_ahead_that_panics_keeps_nobody_waiting() {
    let panics = AtomicUsize::new(0);
    let on_compile = move |text: &str| {
        assert!(text != "version 1" || panics.fetch_add(1, Ordering::SeqCst) > 0, "the first panics, as the test asks");
    };
    let toy = Toy { on_compile: Some(Box::new(on_compile)), ..Toy::default() };
    let site = Site::with("h: child c; child d; child e\nc: version 1\nd: version 2\ne: version 3", toy);
    // The import itself panics, or a thread that compiles ahead, whichever is first.
    let first = std::thread::scope(|threads| threads.spawn(|| site.import("h").is_ok()).join());
    assert!(matches!(first, Ok(true) | Err(_)));
    assert_eq!(site.load("h").value().children.len(), 3);
}
