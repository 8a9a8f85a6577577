//! Served texts are kept as releases, and a restart continues with them (L3).

use std::{
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use samovar_importer::{Bounds, ContentHash, Hint, History, MemoryTree, Outcome, Release, ReleaseCause, SourceTree};
use tempfile::TempDir;

use crate::toy::Site;

/// A state directory, and processes that use it one after the other.
struct Machine(TempDir);

impl Machine {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a directory"))
    }

    fn start(&self, files: &str) -> Site {
        self.start_with(files, Bounds::default())
    }

    fn start_with(&self, files: &str, bounds: Bounds) -> Site {
        let site = Site::new(files);
        site.registry.keep_history(History::open(self.0.path(), bounds));
        site
    }
}

fn history(site: &Site) -> &History {
    site.registry.history().expect("a history")
}

/// Ends the process after everything has been written.
#[track_caller]
fn stop(site: Site) {
    assert!(history(&site).flush(Duration::from_secs(60)), "{:?}", history(&site).problems());
    drop(site);
}

/// The release that is served.
#[track_caller]
fn release(site: &Site) -> Arc<Release> {
    let number = site.registry.status().release;
    let release = history(site).latest().expect("a release");
    assert_eq!(release.number(), number);
    release
}

/// The names and texts of a release, as `name: text`.
fn texts(site: &Site, release: &Release) -> Vec<String> {
    let text = |(path, hash): &(Arc<Path>, ContentHash)| {
        let text = history(site).text(*hash).expect("a text").replace('\n', "; ");
        format!("{}: {text}", path.file_stem().expect("a name").to_string_lossy())
    };
    release.entries().iter().map(text).collect()
}

fn names(paths: &[Arc<Path>]) -> Vec<&str> {
    paths.iter().filter_map(|path| path.file_stem()?.to_str()).collect()
}

#[test]
fn l3_every_reload_is_a_release_and_first_loads_join_it() {
    let site = Machine::new().start("a: version 1\nb: version 1; child c\nc: version 1");
    site.load("a");
    assert_eq!(texts(&site, &release(&site)), ["a: version 1"]);
    site.load("b");
    assert_eq!(texts(&site, &release(&site)), ["a: version 1", "b: version 1; child c", "c: version 1"]);
    assert_eq!((release(&site).number(), release(&site).cause()), (1, &ReleaseCause::Load));

    site.write("c: version 2");
    site.check();
    let second = release(&site);
    assert_eq!((second.number(), second.cause()), (2, &ReleaseCause::Files));
    assert_eq!(names(&second.changes().changed), ["c"], "its importer was only loaded anew");
    assert!(second.changes().added.is_empty() && second.changes().removed.is_empty());

    site.write("a: version 2");
    site.registry.check(&Hint::Everything, true);
    assert_eq!((release(&site).number(), release(&site).cause()), (3, &ReleaseCause::Command));
    let numbers: Vec<_> = history(&site).releases().iter().map(|release| release.number()).collect();
    assert_eq!(numbers, [1, 2, 3]);
    assert_eq!(
        texts(&site, &history(&site).release(1).expect("kept")).last().map(String::as_str),
        Some("c: version 1")
    );
}

#[test]
fn l3_what_is_published_is_written_without_being_asked_for() {
    let machine = Machine::new();
    let site = machine.start("a: version 1\nb: version 1");
    let written = |number: u64, text: &str| {
        let manifest = machine.0.path().join("releases").join(number.to_string());
        let deadline = Instant::now() + Duration::from_secs(60);
        while !std::fs::read_to_string(&manifest).is_ok_and(|manifest| manifest.contains(text)) {
            assert!(Instant::now() < deadline, "{number}: {text}");
            std::thread::sleep(Duration::from_millis(2));
        }
    };
    site.load("a");
    written(1, "/s/a.toy");
    site.load("b");
    written(1, "/s/b.toy");
    site.write("a: version 2");
    site.check();
    written(2, "changed /s/a.toy");
}

#[test]
fn l3_what_is_refused_is_no_release() {
    let site = Machine::new().start("a: version 1");
    site.load("a");
    site.write("a: broken");
    assert!(matches!(site.check(), Outcome::Refused(_)));
    assert_eq!(release(&site).number(), 1);
    site.write("a: version 2");
    site.check();
    assert_eq!(release(&site).number(), 2);
}

#[test]
fn l3_a_restart_goes_on_with_the_release() {
    let machine = Machine::new();
    let site = machine.start("a: version 1\nb: version 1\nc: version 1");
    let _ = ["a", "b", "c"].map(|name| site.load(name));
    site.write("b: version 2");
    site.check();
    let before = release(&site);
    stop(site);

    // The texts are the same, and so is the release; at first only a part of it is loaded.
    let site = machine.start("a: version 1\nb: version 2\nc: version 1\nd: version 1");
    assert_eq!(site.registry.status().release, 0);
    site.load("b");
    assert_eq!(release(&site), before);
    site.load("a");
    assert_eq!(release(&site), before);
    // A text that the release does not name belongs to it from now on.
    site.load("d");
    let after = release(&site);
    assert_eq!((after.number(), after.time(), after.cause()), (2, before.time(), &ReleaseCause::Files));
    assert_eq!((names(&after.changes().changed), names(&after.changes().added)), (vec!["b"], vec!["d"]));
    site.write("a: version 2");
    site.check();
    assert_eq!(texts(&site, &release(&site)), ["a: version 2", "b: version 2", "c: version 1", "d: version 1"]);
    assert_eq!(release(&site).number(), 3);
    stop(site);
    assert_eq!(machine.start("").registry.history().expect("a history").releases().len(), 3);
}

#[test]
fn l3_what_was_edited_while_nobody_ran_is_another_release() {
    let machine = Machine::new();
    let site = machine.start("a: version 1\nb: version 1\nc: version 1");
    let _ = ["a", "b", "c"].map(|name| site.load(name));
    stop(site);

    let site = machine.start("a: version 1\nb: version 2\nc: version 2");
    site.load("a");
    assert_eq!(release(&site).number(), 1);
    site.load("b");
    assert_eq!((release(&site).number(), names(&release(&site).changes().changed)), (2, vec!["b"]));
    // Everything edited meanwhile belongs together, however late it is imported.
    site.load("c");
    assert_eq!((release(&site).number(), names(&release(&site).changes().changed)), (2, vec!["b", "c"]));
    assert_eq!(
        texts(&site, &history(&site).release(1).expect("kept")),
        ["a: version 1", "b: version 1", "c: version 1"]
    );
}

#[test]
fn l3_a_release_of_which_little_is_loaded_keeps_the_rest() {
    let machine = Machine::new();
    let site = machine.start("a: version 1\nb: version 1");
    let _ = ["a", "b"].map(|name| site.load(name));
    stop(site);
    let site = machine.start("a: version 1\nb: version 1");
    site.load("a");
    site.write("a: version 2");
    site.check();
    assert_eq!(texts(&site, &release(&site)), ["a: version 2", "b: version 1"]);
    let tree = history(&site).tree(release(&site));
    assert_eq!(&*tree.read("/s/b.toy".as_ref()).expect("a module").text, "version 1");
}

#[test]
fn l3_a_module_that_is_dropped_leaves_the_release() {
    let site = Machine::new().start("a: version 1; child b\nb: version 1");
    site.registry.set_grace(Duration::ZERO);
    site.load("a");
    site.write("a: version 2");
    site.remove("b");
    site.check();
    site.check();
    assert_eq!(
        site.trace(),
        "load b, load a, published 1, removed b, load a, reloaded 2, purge b, reloaded 3, dropped b"
    );
    assert_eq!(texts(&site, &release(&site)), ["a: version 2"]);
    assert_eq!(names(&release(&site).changes().removed), ["b"]);
}

#[test]
fn l3_a_damaged_text_is_written_again_when_its_module_is_loaded() {
    let machine = Machine::new();
    let site = machine.start("a: version 1");
    site.load("a");
    let hash = release(&site).entries()[0].1;
    stop(site);
    std::fs::write(machine.0.path().join("texts").join(hash.to_string()), "version 0").expect("a text");
    let site = machine.start("a: version 1");
    assert_eq!(site.registry.status().history.len(), 1);
    site.load("a");
    assert_eq!(texts(&site, &release(&site)), ["a: version 1"]);
    assert!(history(&site).flush(Duration::from_secs(60)));
    assert_eq!((release(&site).number(), site.registry.status().history), (1, Vec::new()));
    stop(site);
    assert!(machine.start("").registry.status().history.is_empty());
}

#[test]
fn l3_a_kept_release_can_be_published_again() {
    let machine = Machine::new();
    let site = machine.start("a: version 1; child b\nb: version 1\nlate: version 1");
    site.load("a");
    site.load("late");
    site.write("a: version 2\nlate: version 2");
    site.check();
    site.write("c: version 2");
    site.load("c");
    let before = history(&site).release(1).expect("kept");
    stop(site);

    // The texts are read from the disk, not from the files, which are others by now.
    let site = machine.start("a: version 2\nb: version 1\nc: version 2\nlate: version 2");
    let _ = ["a", "late", "c"].map(|name| site.load(name));
    assert_eq!(release(&site).number(), 2);
    let switched = site.registry.switch_to(history(&site).tree(before.clone()));
    assert!(matches!(switched, Outcome::Published { .. }), "{switched:?}");
    assert_eq!(site.load("a").value().version, "1");
    assert_eq!(site.load("late").value().version, "1");
    assert!(site.import("c").is_err(), "the older release does not have it");
    assert_eq!((release(&site).number(), release(&site).digest()), (3, before.digest()));
    stop(site);
    assert_eq!(
        machine.start("").registry.history().and_then(History::latest).map(|it| it.digest()),
        Some(before.digest())
    );
}

#[test]
fn l3_a_release_of_other_texts_has_nothing_of_what_was_never_loaded() {
    let machine = Machine::new();
    let site = machine.start("a: version 1\nb: version 1");
    let _ = ["a", "b"].map(|name| site.load(name));
    stop(site);
    let site = machine.start("a: version 1\nb: version 1");
    site.load("a");
    let other = MemoryTree::default();
    other.write("/s/a.toy", "version 2");
    other.write("/s/c.toy", "version 2");
    site.registry.switch_to(other);
    assert_eq!((release(&site).number(), texts(&site, &release(&site))), (2, vec!["a: version 2".into()]));
    assert_eq!(names(&release(&site).changes().removed), ["b"]);
    site.load("c");
    assert_eq!(texts(&site, &release(&site)), ["a: version 2", "c: version 2"]);
}

#[test]
fn l3_numbers_go_on_beyond_what_is_damaged() {
    let machine = Machine::new();
    let site = machine.start("a: version 1");
    site.load("a");
    site.write("a: version 2");
    site.check();
    stop(site);
    std::fs::write(machine.0.path().join("releases/2"), "?").expect("a manifest");
    let site = machine.start("a: version 2");
    site.load("a");
    assert_eq!(release(&site).number(), 3);
    assert_eq!(names(&release(&site).changes().changed), ["a"]);
}

#[test]
fn l3_what_is_served_already_is_kept_from_the_next_reload_on() {
    let machine = Machine::new();
    let site = machine.start("a: version 1");
    for version in 1..=3 {
        site.write(&format!("a: version {version}"));
        site.check();
        site.load("a");
    }
    assert_eq!(release(&site).number(), 3);
    stop(site);

    let site = Site::new("a: version 3\nb: version 1");
    site.load("a");
    site.registry.keep_history(History::open(machine.0.path(), Bounds::default()));
    site.load("b");
    assert_eq!((site.registry.status().release, history(&site).next_number()), (1, 4));
    site.write("a: version 4");
    site.check();
    assert_eq!(release(&site).number(), 4);
    // There is one history, and it stays.
    site.registry.keep_history(History::open(machine.0.path(), Bounds::default()));
    assert_eq!(release(&site).number(), 4);
}

#[test]
fn l3_a_site_without_a_history_has_numbers_too() {
    let site = Site::new("a: version 1");
    assert_eq!(site.registry.status().release, 0);
    site.load("a");
    site.write("a: version 2");
    site.check();
    assert_eq!(site.registry.status().release, 2);
    assert!(site.registry.history().is_none() && site.registry.status().history.is_empty());
}

#[test]
fn l3_first_loads_are_gathered() {
    const MODULES: usize = 1_000;
    let files: Vec<_> = (0..MODULES).map(|number| format!("m{number}: version {number}")).collect();
    let machine = Machine::new();
    let site = machine.start(&files.join("\n"));
    for number in 0..MODULES {
        site.load(&format!("m{number}"));
    }
    assert_eq!((release(&site).number(), release(&site).entries().len()), (1, MODULES));
    stop(site);
    let site = machine.start("");
    assert_eq!(history(&site).latest().expect("a release").entries().len(), MODULES);
}

#[test]
fn l3_the_release_is_what_is_served_whoever_loads_at_the_same_time() {
    const THREADS: usize = 6;
    let files: Vec<_> = (0..60).map(|number| format!("m{number}: version 0; child shared")).collect();
    let machine = Machine::new();
    let site = machine.start(&format!("shared: version 0\n{}", files.join("\n")));
    std::thread::scope(|threads| {
        for thread in 0..THREADS {
            let site = &site;
            threads.spawn(move || (0..10).for_each(|at| drop(site.load(&format!("m{}", at * THREADS + thread)))));
        }
        for version in 1..20 {
            site.write(&format!("shared: version {version}\nm{version}: version {version}; child shared"));
            site.check();
        }
    });
    site.check();
    let snapshot = site.registry.snapshot();
    let mut served: Vec<_> =
        snapshot.iter().filter_map(|module| Some((module.path().clone(), module.source()?.hash))).collect();
    served.sort();
    assert_eq!(release(&site).entries(), served);
    for release in history(&site).releases() {
        assert_eq!(texts(&site, &release).len(), release.entries().len());
    }
}
