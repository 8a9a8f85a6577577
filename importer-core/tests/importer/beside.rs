//! Parallel loads: first loads, and a reload, that meet (R23, R25, R31, R35). Texts wait at named places until the test
//! lets them continue, so each of these meetings happens every time.

use std::{
    collections::HashSet,
    path::Path,
    sync::{
        Arc, Condvar, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread::{Scope, ScopedJoinHandle},
};

use samovar_importer::{
    Event, Hint, ImportError, ImportOptions, MemoryTree, Module, Outcome, ReadError, Registry, Source, SourceTree,
    Stamp,
};

use crate::toy::{Site, Toy};

/// Places at which texts wait.
#[derive(Clone, Default)]
pub(crate) struct Stops(Arc<(Mutex<[HashSet<String>; 2]>, Condvar)>);

impl Stops {
    const REACHED: usize = 0;
    const OPEN: usize = 1;

    fn mark(&self, what: usize, place: &str) {
        self.0.0.lock().expect("no panic")[what].insert(place.into());
        self.0.1.notify_all();
    }

    fn wait(&self, what: usize, place: &str) {
        let marks = self.0.0.lock().expect("no panic");
        drop(self.0.1.wait_while(marks, |marks| !marks[what].contains(place)).expect("no panic"));
    }

    /// A text has passed the place.
    pub(crate) fn pass(&self, place: &str) {
        self.mark(Self::REACHED, place);
    }

    /// A text waits at the place.
    pub(crate) fn stop(&self, place: &str) {
        self.pass(place);
        self.wait(Self::OPEN, place);
    }

    /// Waits until a text has reached the place.
    pub(crate) fn reached(&self, place: &str) {
        self.wait(Self::REACHED, place);
    }

    /// Lets texts pass from now on.
    pub(crate) fn open(&self, place: &str) {
        self.mark(Self::OPEN, place);
    }
}

fn site(files: &str) -> (Site, Stops) {
    let stops = Stops::default();
    let places = stops.clone();
    let wait = Box::new(move |place: &str| places.stop(place));
    (Site::with(files, Toy { wait: Some(wait), ..Toy::default() }), stops)
}

pub(crate) type Found = Result<Arc<Module<Toy>>, ImportError>;

pub(crate) fn ask<'a>(threads: &'a Scope<'a, '_>, site: &'a Site, name: &'a str) -> ScopedJoinHandle<'a, Found> {
    threads.spawn(move || site.import(name))
}

pub(crate) fn loaded(asked: ScopedJoinHandle<'_, Found>) -> Arc<Module<Toy>> {
    asked.join().expect("no panic").unwrap_or_else(|error| panic!("{}", error.diagnostic().render(false)))
}

fn loads(site: &Site) -> usize {
    site.registry.loader().loads.load(Ordering::SeqCst)
}

/// Checks that every instance's children are those of the generation.
#[track_caller]
fn assert_closed(site: &Site) {
    let snapshot = site.registry.snapshot();
    for module in snapshot.iter() {
        for (name, child) in &module.value().children {
            let newest = snapshot.get(child.id()).map(|newest| newest.instance());
            assert_eq!(newest, Some(child.instance()), "{name} in {}", module.path().display());
        }
    }
}

#[test]
fn r23_a_first_load_does_not_wait_for_a_reload() {
    let (site, stops) = site("h: version 1\nother: version 1");
    site.load("h");
    site.write("h: wait h; version 2");
    std::thread::scope(|threads| {
        let reload = threads.spawn(|| site.check());
        stops.reached("h");
        assert_eq!(site.load("other").value().version, "1");
        assert_eq!(site.registry.snapshot().generation(), 2);
        stops.open("h");
        assert!(matches!(reload.join().expect("no panic"), Outcome::Published { generation: 3, .. }));
    });
    assert_eq!(site.trace(), "load h, published 1, load other, published 2, load h, reloaded 3");
    assert_eq!(site.load("h").record().generation, 3);
    assert_eq!(site.load("other").record().generation, 2);
}

#[test]
fn r23_a_reload_does_not_wait_for_a_first_load() {
    let (site, stops) = site("h: version 1\nslow: wait slow; version 1");
    site.load("h");
    std::thread::scope(|threads| {
        let slow = ask(threads, &site, "slow");
        stops.reached("slow");
        site.write("h: version 2");
        assert!(matches!(site.check(), Outcome::Published { generation: 2, .. }));
        stops.open("slow");
        assert_eq!(loaded(slow).record().generation, 3);
    });
    assert_eq!(site.trace(), "load h, published 1, load h, reloaded 2, load slow, published 3");
}

#[test]
fn r23_first_loads_do_not_wait_for_each_other() {
    let (site, stops) = site("slow: wait slow\nquick: version 1");
    std::thread::scope(|threads| {
        let slow = ask(threads, &site, "slow");
        stops.reached("slow");
        site.load("quick");
        stops.open("slow");
        loaded(slow);
    });
    assert_eq!(site.trace(), "load quick, published 1, load slow, published 2");
}

#[test]
fn r23_what_another_load_has_done_already_is_shared() {
    let (site, stops) = site("x: child p; wait x\ny: child p\np: child deep\ndeep: version 1");
    std::thread::scope(|threads| {
        let x = ask(threads, &site, "x");
        stops.reached("x");
        let y = site.load("y");
        stops.open("x");
        assert_eq!(loaded(x).value().children["p"].instance(), y.value().children["p"].instance());
    });
    assert_closed(&site);
    assert_eq!(site.trace(), "load deep, load p, load y, published 1, load x, published 2");
}

#[test]
fn r23_what_is_shared_with_children_that_are_served_already_is_not_loaded_again() {
    let (site, stops) = site("x: wait x; child p\ny: child p\np: child served; wait p\nserved: version 1");
    site.load("served");
    site.trace();
    std::thread::scope(|threads| {
        let y = ask(threads, &site, "y");
        stops.reached("p");
        let x = ask(threads, &site, "x");
        stops.reached("x");
        stops.open("x");
        stops.open("p");
        assert_eq!(loaded(x).value().children["p"].instance(), loaded(y).value().children["p"].instance());
    });
    assert_closed(&site);
    assert_eq!(loads(&site), 4, "{}", site.trace());
}

#[test]
fn r23_what_is_being_loaded_is_waited_for() {
    let (site, stops) = site("x: child p\ny: child p\np: wait p");
    std::thread::scope(|threads| {
        let x = ask(threads, &site, "x");
        stops.reached("p");
        let y = ask(threads, &site, "y");
        stops.open("p");
        assert_eq!(loaded(x).value().children["p"].instance(), loaded(y).value().children["p"].instance());
    });
    assert_closed(&site);
    assert_eq!(loads(&site), 3);
}

#[test]
fn r23_imports_in_opposite_order_run_once_each() {
    let (site, stops) = site("x: child p; wait x; child q\ny: child q; wait y; child p\np: version 1\nq: version 1");
    std::thread::scope(|threads| {
        let (x, y) = (ask(threads, &site, "x"), ask(threads, &site, "y"));
        stops.reached("x");
        stops.reached("y");
        stops.open("x");
        stops.open("y");
        let (x, y) = (loaded(x), loaded(y));
        for child in ["p", "q"] {
            assert_eq!(x.value().children[child].instance(), y.value().children[child].instance());
        }
    });
    assert_closed(&site);
    assert_eq!(loads(&site), 4);
}

#[test]
fn r23_all_who_wait_for_a_load_that_fails_get_its_error() {
    let (site, stops) = site("x: child c\ny: try c; version 1\nc: wait c; raise no");
    std::thread::scope(|threads| {
        let x = ask(threads, &site, "x");
        stops.reached("c");
        let (y, c) = (ask(threads, &site, "y"), ask(threads, &site, "c"));
        stops.open("c");
        for error in [x, c].map(|asked| asked.join().expect("no panic").expect_err("it raises")) {
            assert!(error.to_string().contains("no"), "{error}");
        }
        assert_eq!(loaded(y).value().version, "1");
    });
}

#[test]
fn r23_a_load_that_panics_keeps_nobody_waiting() {
    let panics = Arc::new(AtomicUsize::new(0));
    let (count, stops) = (panics.clone(), Stops::default());
    let places = stops.clone();
    let wait = move |place: &str| {
        places.stop(place);
        assert!(count.fetch_add(1, Ordering::SeqCst) > 0, "the first load panics, as the test asks");
    };
    let site = Site::with("h: wait h; version 1", Toy { wait: Some(Box::new(wait)), ..Toy::default() });
    std::thread::scope(|threads| {
        let first = ask(threads, &site, "h");
        stops.reached("h");
        let second = ask(threads, &site, "h");
        stops.open("h");
        assert!(first.join().is_err());
        assert_eq!(loaded(second).value().version, "1");
    });
}

#[test]
fn r23_what_a_reload_outran_is_planned_again() {
    let (site, stops) = site("g: child s\ns: version 1\nx: child s; wait x");
    site.load("g");
    site.trace();
    std::thread::scope(|threads| {
        let x = ask(threads, &site, "x");
        stops.reached("x");
        site.write("s: version 2");
        assert!(matches!(site.check(), Outcome::Published { .. }));
        stops.open("x");
        assert_eq!(loaded(x).value().children["s"].value().version, "2");
    });
    assert_closed(&site);
    assert_eq!(site.trace(), "load s, load g, reloaded 2, load x, load x, published 3");
}

#[test]
fn r27_an_importer_that_came_during_a_reload_is_reloaded_with_it() {
    let (site, stops) = site("g: child s\ns: carry; version 1\nx: child s; carry; version 1");
    site.load("g");
    site.write("s: wait s; carry; version 2");
    std::thread::scope(|threads| {
        let reload = threads.spawn(|| site.check());
        stops.reached("s");
        // The newest generation is still the old one, and it is complete.
        assert_eq!(site.load("x").value().children["s"].value().version, "1");
        stops.open("s");
        assert!(matches!(reload.join().expect("no panic"), Outcome::Published { .. }));
    });
    assert_closed(&site);
    assert_eq!(site.load("x").value().children["s"].value().version, "2");
    assert!(site.trace().ends_with("carry x, load x, reloaded 3"), "x kept its state");
}

#[test]
fn r23_a_new_module_of_a_reload_and_of_a_request_runs_once() {
    let (site, stops) = site("h: version 1\nx: child n\nn: wait n; version 1");
    site.load("h");
    site.write("h: child n; version 2");
    std::thread::scope(|threads| {
        let reload = threads.spawn(|| site.check());
        stops.reached("n");
        let x = ask(threads, &site, "x");
        stops.open("n");
        assert!(matches!(reload.join().expect("no panic"), Outcome::Published { .. }));
        loaded(x);
    });
    assert_closed(&site);
    assert_eq!(loads(&site), 4);
}

#[test]
fn r25_a_save_during_a_first_load_is_not_missed() {
    let (site, stops) = site("h: wait h; version 1");
    std::thread::scope(|threads| {
        let h = ask(threads, &site, "h");
        stops.reached("h");
        site.write("h: version 2");
        // The module does not exist yet for this check. The request for it still has to see the change.
        assert!(matches!(site.check(), Outcome::UpToDate));
        stops.open("h");
        assert_eq!(loaded(h).value().version, "2");
    });
}

/// A tree that calls a function right after a file was looked at.
#[derive(Clone)]
struct Disturbed {
    tree: MemoryTree,
    looks: Arc<AtomicUsize>,
    then: Arc<Mutex<Option<Disturbance>>>,
}

type Disturbance = Box<dyn FnOnce() + Send>;

impl SourceTree for Disturbed {
    fn read(&self, path: &Path) -> Result<Source, ReadError> {
        self.tree.read(path)
    }

    fn stamp(&self, path: &Path) -> Result<Stamp, ReadError> {
        let stamp = self.tree.stamp(path);
        // The first look finds the file, the second finds it unchanged before publishing.
        if self.looks.fetch_add(1, Ordering::SeqCst) == 1
            && let Some(then) = self.then.lock().expect("no panic").take()
        {
            then();
        }
        stamp
    }

    fn names(&self, directory: &Path) -> Vec<String> {
        self.tree.names(directory)
    }
}

#[test]
fn r25_a_save_at_the_last_moment_of_a_first_load_is_not_missed() {
    let tree = MemoryTree::default();
    tree.write("/s/h.toy", "version 1");
    let disturbed = Disturbed { tree: tree.clone(), looks: Arc::default(), then: Arc::default() };
    let registry = Registry::new("test", Toy::default(), disturbed.clone());
    let (other, events) = (registry.clone(), registry.subscribe());
    *disturbed.then.lock().expect("no panic") = Some(Box::new(move || {
        tree.write("/s/h.toy", "version 2");
        assert!(matches!(other.check(&Hint::Everything, false), Outcome::UpToDate));
    }));
    let scope = Arc::new(samovar_importer::Scope::new("test").handler_root("/s"));
    let module = registry.pin(&scope).import(None, "~/h", &ImportOptions::default()).expect("it loads");
    assert_eq!(module.value().version, "2");
    assert!(events.try_iter().all(|event| !matches!(event, Event::Published { reload: true, .. })));
}

#[test]
fn r35_halves_of_a_cycle_that_wait_for_each_other_print_it() {
    let (site, stops) = site("a: wait a; child b\nb: wait b; child c\nc: child a");
    std::thread::scope(|threads| {
        let (a, b) = (ask(threads, &site, "a"), ask(threads, &site, "b"));
        stops.reached("a");
        stops.reached("b");
        stops.open("a");
        stops.open("b");
        for error in [a, b].map(|asked| asked.join().expect("no panic").expect_err("a cycle").to_string()) {
            for edge in ["a.toy -> /s/b.toy", "b.toy -> /s/c.toy", "c.toy -> /s/a.toy"] {
                assert!(error.contains(edge), "{error} has no {edge}");
            }
        }
    });
    assert_eq!(site.registry.snapshot().generation(), 0);
}

/// Random meetings: requests load handlers for the first time while their imports change again and again.
#[test]
fn r31_every_generation_is_closed_whoever_meets() {
    const HANDLERS: usize = 12;
    for _ in 0..20 {
        let handlers = (0..HANDLERS).map(|at| format!("h{at}: child m{}; child s; child m{}\n", at % 3, (at + 1) % 3));
        let shared = "m0: child s\nm1: child m2\nm2: child s\ns: version 0\n";
        let site = Site::new(&(handlers.collect::<String>() + shared));
        std::thread::scope(|threads| {
            for half in 0..2 {
                let site = &site;
                threads.spawn(move || {
                    for at in (0..HANDLERS).filter(|at| at % 3 != half) {
                        site.load(&format!("h{at}"));
                        assert_closed(site);
                    }
                });
            }
            for version in 1..=8 {
                site.write(&format!("s: version {version}\nm1: child m{}", if version % 2 == 0 { 2 } else { 0 }));
                assert!(!matches!(site.check(), Outcome::Refused(_)));
                assert_closed(&site);
            }
        });
        site.check();
        assert_eq!(site.load("s").value().version, "8");
    }
}
