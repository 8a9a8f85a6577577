//! The rules of reloading (R21-R40), with a toy language and a tree in memory. Each test asserts the whole trace: what
//! ran, in which order, and that nothing else ran.

use std::{
    sync::{Arc, Barrier, mpsc},
    time::{Duration, Instant},
};

use crate::toy::{Site, Toy};
use samovar_importer::{Event, Hint, ImportError, ImportOptions, Outcome, Scope};

#[test]
fn r21_a_view_keeps_its_generation() {
    let site = Site::new("h: version 1; child c\nc: version 1");
    site.load("h");
    let view = site.pin();
    site.write("c: version 2");
    site.check();
    let old = view.import(None, "~/h", &ImportOptions::default()).expect("loaded");
    assert_eq!(old.value().children["c"].value().version, "1");
    assert_eq!(site.load("h").value().children["c"].value().version, "2");
}

#[test]
fn r22_one_view_one_instance() {
    let site = Site::new("h: version 1");
    let view = site.pin();
    let import = || view.import(None, "~/h", &ImportOptions::default()).expect("loads");
    assert_eq!(import().instance(), import().instance());
}

#[test]
fn r23_a_first_load_runs_once_for_all() {
    let site = Site::new("h: version 1; child c\nc: version 1");
    let start = Barrier::new(8);
    let instances: Vec<_> = std::thread::scope(|threads| {
        let ask = || {
            start.wait();
            site.load("h").instance()
        };
        let askers: Vec<_> = (0..8).map(|_| threads.spawn(ask)).collect();
        askers.into_iter().map(|asker| asker.join().expect("no panic")).collect()
    });
    assert!(instances.windows(2).all(|pair| pair[0] == pair[1]));
    assert_eq!(site.registry.loader().loads.load(std::sync::atomic::Ordering::SeqCst), 2);
}

#[test]
fn r24_a_failed_import_leaves_nothing_and_fails_again() {
    let site = Site::new("h: child c; raise no\nc: version 1");
    let view = site.pin();
    let error = |view: &samovar_importer::View<Toy>| {
        view.import(None, "~/h", &ImportOptions::default()).err().map(|error| error.to_string())
    };
    assert_eq!(error(&view), Some("no".into()));
    site.write("h: version 1");
    assert_eq!(error(&view), Some("no".into()));
    assert_eq!(site.registry.snapshot().iter().count(), 0);
    assert_eq!(site.trace(), "load c, failed h");
    site.load("h");
}

#[test]
fn r25_content_decides() {
    let site = Site::new("h: version 1");
    site.load("h");
    site.trace();
    site.write("h: version 1");
    site.expect("");
    site.write("h: version 2");
    site.expect("load h, reloaded 2");
    site.write("h: version 1");
    site.expect("load h, reloaded 3");
}

#[test]
fn r26_a_new_instance_starts_empty() {
    let site = Site::new("h: version 1");
    let old = site.load("h");
    old.value().cell.store(7, std::sync::atomic::Ordering::SeqCst);
    site.write("h: version 2");
    site.check();
    assert_eq!(site.load("h").value().cell.load(std::sync::atomic::Ordering::SeqCst), 0);
    assert_eq!(old.value().version, "1");
}

#[test]
fn r27_children_first_each_once_siblings_untouched() {
    let site = Site::new("h: child a; child b; child x\na: child s\nb: child s\ns: version 1\nx: version 1");
    let sibling = site.load("h").value().children["x"].instance();
    site.trace();
    site.write("s: version 2");
    site.expect("load s, load a, load b, load h, reloaded 2");
    assert_eq!(site.load("h").value().children["x"].instance(), sibling);
}

#[test]
fn r27_a_reload_follows_what_is_really_imported() {
    // The plan knows nothing of the new edge a -> z: both changed, and a comes first in the order of names.
    let site = Site::new("h: child a; child z\na: version 1\nz: version 1");
    site.load("h");
    site.trace();
    site.write("a: version 2; child z\nz: version 2");
    site.expect("load z, load a, load h, reloaded 2");
    assert_eq!(site.load("a").value().children["z"].value().version, "2");
}

#[test]
fn r28_a_friend_is_reloaded_without_its_importer() {
    let site = Site::new("h: version 1\nf: version 1");
    let handler = site.load("h");
    let friend = |view: &samovar_importer::View<Toy>| {
        view.import(Some(&handler.value().importer), "./f", &ImportOptions::default()).expect("loads")
    };
    friend(&site.pin());
    assert_eq!(handler.friends().len(), 1);
    site.trace();
    site.write("f: version 2");
    site.expect("load f, reloaded 3");
    assert_eq!(friend(&site.pin()).value().version, "2");
}

#[test]
fn r29_an_import_by_a_helper_while_loading_is_a_child_of_what_loads() {
    // `lazy` imports on behalf of its own module, whichever module is loading.
    let site = Site::new("h: child helper; call helper\nhelper: lazy c\nc: version 1");
    let handler = site.load("h");
    let c = site.load("c").id();
    assert!(handler.children().any(|child| child == c));
    assert!(site.load("helper").children().next().is_none());
    site.trace();
    site.write("c: version 2");
    site.expect("load c, load h, reloaded 2");
}

#[test]
fn r30_every_published_load_takes_the_next_number() {
    let site = Site::new("a: version 1\nb: version 1\nc: broken");
    let generation = |name: &str| site.load(name).record().generation;
    assert_eq!((generation("a"), generation("b")), (1, 2));
    assert!(site.import("c").is_err());
    site.write("a: version 2");
    site.check();
    assert_eq!((generation("a"), generation("b")), (3, 2));
    site.write("c: version 1");
    assert_eq!(generation("c"), 4);
}

#[test]
fn r31_a_set_of_changes_is_one_generation_or_none() {
    let site = Site::new("h: child a; child b\na: version 1\nb: version 1");
    site.load("h");
    site.trace();
    site.write("a: version 2\nb: version 2");
    site.expect("load a, load b, load h, reloaded 2");
    site.write("a: version 3\nb: broken");
    site.expect("refused (b.toy is broken)");
    assert_eq!(site.load("a").value().version, "2");
    site.write("b: version 3");
    site.expect("load a, load b, load h, reloaded 3");
}

#[test]
fn r31_a_change_that_is_partly_taken_back_is_tried_again() {
    let site = Site::new("h: child a; child b\na: version 1\nb: version 1");
    site.load("h");
    site.trace();
    site.write("a: version 2\nb: broken");
    site.expect("refused (b.toy is broken)");
    site.write("b: version 1");
    site.expect("load a, load h, reloaded 2");
}

#[test]
fn r31_unrelated_modules_are_not_held_back_by_a_refused_change() {
    let site = Site::new("a: version 1\nb: version 1");
    site.load("a");
    site.load("b");
    site.trace();
    site.write("a: broken");
    site.expect("refused (a.toy is broken)");
    site.write("b: version 2");
    site.expect("load b, reloaded 3");
}

#[test]
fn r31_what_is_saved_while_a_change_is_compiled_belongs_to_it() {
    let tree = std::sync::OnceLock::<samovar_importer::MemoryTree>::new();
    let tree = Arc::new(tree);
    let later = tree.clone();
    let on_compile = move |text: &str| {
        if let (true, Some(tree)) = (text.contains("version 2; ") || text == "version 2", later.get()) {
            tree.write("/s/h.toy", "version 2\nchild c");
        }
    };
    let site = Site::with(
        "h: version 1; child c\nc: version 1",
        Toy { on_compile: Some(Box::new(on_compile)), ..Toy::default() },
    );
    let _ = tree.set(site.tree.clone());
    site.load("h");
    site.trace();
    site.write("c: version 2");
    site.expect("load c, load h, reloaded 2");
    assert_eq!(site.load("h").value().version, "2");
}

#[test]
fn r32_last_good_serves_told_once_retried_on_change() {
    let site = Site::new("h: version 1; child c\nc: version 1");
    site.load("h");
    site.trace();
    site.write("c: raise at run time");
    site.expect("refused (at run time)");
    site.expect("");
    assert_eq!(site.load("h").value().version, "1");
    site.write("c: broken");
    site.expect("refused (c.toy is broken)");
    site.write("c: version 2");
    site.expect("load c, load h, reloaded 2");
}

#[test]
fn r32_a_change_that_is_taken_back_is_mended() {
    let site = Site::new("h: version 1");
    site.load("h");
    site.trace();
    site.write("h: broken");
    site.expect("refused (h.toy is broken)");
    site.write("h: version 1");
    site.expect("mended");
    site.expect("");
}

#[test]
fn r32_retried_when_a_new_child_is_mended() {
    let site = Site::new("h: version 1");
    site.load("h");
    site.trace();
    site.write("h: child n; version 2\nn: broken");
    site.expect("refused (/s/n.toy is broken)".replace("/s/", "").as_str());
    site.expect("");
    site.write("n: version 1");
    site.expect("load n, load h, reloaded 2");
}

#[test]
fn r33_a_failed_first_load_is_tried_again_when_something_changed() {
    let site = Site::new("h: child c\nc: broken");
    assert!(site.import("h").is_err());
    assert!(site.import("h").is_err());
    assert_eq!(site.trace(), "failed h");
    site.write("c: version 1");
    site.load("h");
}

#[test]
fn r63_what_failed_its_first_load_and_is_gone_is_forgotten() {
    let site = Site::new("gone: broken\nstays: broken");
    assert!(site.import("gone").is_err());
    assert!(site.import("stays").is_err());
    let failed = || {
        let modules = site.registry.status().modules.into_iter();
        let names = modules.map(|module| module.path.file_stem().expect("a name").to_string_lossy().into_owned());
        names.collect::<Vec<_>>().join(" ")
    };
    assert_eq!(failed(), "gone stays");
    site.remove("gone");
    let begun = Instant::now();
    while failed() != "stays" {
        assert!(begun.elapsed() < Duration::from_secs(30), "{}", failed());
        site.check();
    }
    // Also without a check: the next failure does it.
    assert!(site.import("stays").is_err());
    site.remove("stays");
    while failed() != "another" {
        assert!(begun.elapsed() < Duration::from_secs(60), "{}", failed());
        site.write("another: broken");
        assert!(site.import("another").is_err());
    }
}

#[test]
fn r63_no_more_than_a_thousand_failures_are_remembered() {
    let site = Site::new("");
    for number in 0..1_100 {
        site.write(&format!("m{number}: broken"));
        assert!(site.import(&format!("m{number}")).is_err());
    }
    let names: Vec<_> = site.registry.status().modules.into_iter().map(|module| module.path).collect();
    assert_eq!(names.len(), 1_000);
    assert!(names.iter().any(|path| path.ends_with("m1099.toy")) && !names.iter().any(|path| path.ends_with("m0.toy")));
    site.write("m1099: version 1");
    site.load("m1099");
    assert_eq!(site.registry.status().modules.iter().filter(|module| module.record.is_none()).count(), 999);
}

#[test]
fn r34_a_removed_file_is_told_once_and_the_instance_stays() {
    let site = Site::new("h: child c\nc: version 1");
    site.load("h");
    site.trace();
    site.remove("c");
    site.expect("removed c");
    site.expect("");
    site.write("h: version 2; child c");
    site.expect("refused (module `./c` not found)".replace("./c", "c").as_str());
    assert_eq!(site.load("h").value().version, "");
}

#[test]
fn r35_a_cycle_is_printed_whole_and_not_published() {
    let site = Site::new("a: child b\nb: child c\nc: child a");
    let error = site.import("a").expect_err("a cycle");
    assert!(error.to_string().ends_with("import cycle: /s/a.toy -> /s/b.toy -> /s/c.toy -> /s/a.toy"), "{error}");
    assert_eq!(site.registry.snapshot().generation(), 0);
}

#[test]
fn r35_both_halves_of_a_cycle_at_once() {
    let site = Site::new("a: child b\nb: child a");
    let start = Barrier::new(2);
    std::thread::scope(|threads| {
        for name in ["a", "b"] {
            threads.spawn(|| {
                start.wait();
                assert!(site.import(name).expect_err("a cycle").to_string().contains("import cycle"));
            });
        }
    });
}

#[test]
fn r36_a_swallowed_import_is_an_edge() {
    let site = Site::new("h: try n; version 1");
    site.load("h");
    site.trace();
    site.expect("");
    site.write("n: version 1");
    site.expect("load n, load h, reloaded 2");
    site.expect("");
    assert_eq!(site.load("h").value().children["n"].value().version, "1");
}

#[test]
fn r37_a_module_without_file_and_importers_is_dropped() {
    let site = Site::new("h: child c; version 1\nc: version 1");
    site.registry.set_grace(Duration::ZERO);
    site.load("h");
    site.trace();
    site.remove("c");
    site.write("h: version 2");
    site.expect("removed c, load h, reloaded 2");
    site.expect("purge c, reloaded 3, dropped c");
    site.expect("");
}

#[test]
fn r38_the_scope_decides_and_force_overrides() {
    let mut site = Site::new("h: version 1");
    site.scope = Arc::new(Scope::new("off.conf:1").handler_root("/s").autoreload(false));
    site.load("h");
    site.trace();
    site.write("h: version 2");
    site.expect("");
    site.registry.check(&Hint::Everything, true);
    assert_eq!(site.trace(), "load h, reloaded 2");
}

#[test]
fn r39_one_import_that_says_on_is_enough_and_mixtures_are_told() {
    let mut site = Site::new("h: version 1");
    site.load("h");
    site.scope = Arc::new(Scope::new("off.conf:1").handler_root("/s").autoreload(false));
    site.load("h");
    site.pin().import(None, "~/h", &ImportOptions::default()).expect("loaded");
    site.trace();
    site.write("h: version 2");
    site.expect("mixed h test.conf:1 off.conf:1, load h, reloaded 2");
}

#[test]
fn r40_freezing_ends_reloading_for_good() {
    let site = Site::new("h: version 1\nn: version 1");
    site.load("h");
    site.registry.freeze();
    site.registry.freeze();
    assert_eq!(site.trace(), "load h, published 1, frozen");
    site.write("h: version 2");
    assert!(matches!(site.check(), Outcome::Frozen));
    assert_eq!(site.load("h").value().version, "1");
    site.load("n");
}

#[test]
fn r40_a_reload_in_progress_is_dropped() {
    let (arrived, at_wait) = mpsc::channel();
    let (go, gone) = mpsc::channel();
    let gone = std::sync::Mutex::new(gone);
    let wait = move |_: &str| {
        arrived.send(()).expect("the test listens");
        gone.lock().expect("one thread").recv().expect("the test goes on");
    };
    let site = Site::with("h: version 1", Toy { wait: Some(Box::new(wait)), ..Toy::default() });
    site.load("h");
    site.write("h: version 2; wait");
    std::thread::scope(|threads| {
        let reload = threads.spawn(|| site.check());
        at_wait.recv().expect("the reload arrives");
        site.registry.freeze();
        go.send(()).expect("the reload waits");
        assert!(matches!(reload.join().expect("no panic"), Outcome::Frozen));
    });
    assert_eq!(site.load("h").value().version, "1");
}

#[test]
fn r42_registries_share_nothing() {
    let one = Site::new("h: version 1; carry");
    let other = samovar_importer::Registry::new("other", Toy::default(), one.tree.clone());
    let load = |registry: &Arc<samovar_importer::Registry<Toy>>| {
        registry.pin(&one.scope).import(None, "~/h", &ImportOptions::default()).expect("loads")
    };
    assert!(!Arc::ptr_eq(&load(&one.registry).value().cell, &load(&other).value().cell));
    one.registry.freeze();
    one.write("h: version 2; carry");
    assert!(matches!(other.check(&Hint::Everything, false), Outcome::Published { generation: 2, .. }));
    assert_eq!((&*load(&one.registry).value().version, &*load(&other).value().version), ("1", "2"));
}

#[test]
fn r43_r44_state_is_carried_by_the_hook() {
    let site = Site::new("h: version 1; carry");
    let old = site.load("h");
    site.trace();
    site.write("h: version 2; carry");
    site.expect("carry h, load h, reloaded 2");
    assert!(Arc::ptr_eq(&old.value().cell, &site.load("h").value().cell));
}

#[test]
fn r45_a_failed_hook_means_fresh_state_and_a_purge_after_publication() {
    let site = Site::new("h: version 1; carry raise");
    let old = site.load("h");
    site.trace();
    site.write("h: version 2");
    site.expect("carry-failed h, load h, reloaded 2, purge h");
    assert!(!Arc::ptr_eq(&old.value().cell, &site.load("h").value().cell));
}

#[test]
fn r47_no_purge_without_publication() {
    let site = Site::new("h: version 1; carry raise");
    site.load("h");
    site.trace();
    site.write("h: raise worse");
    site.expect("carry-failed h, refused (worse)");
}

#[test]
fn r48_compile_errors_come_before_every_hook() {
    let site = Site::new("h: child c; carry\nc: carry; version 1");
    site.load("h");
    site.trace();
    site.write("c: version 2\nh: broken");
    site.expect("refused (h.toy is broken)");
}

#[test]
fn r12_a_registered_module_is_found_and_never_reloaded() {
    let site = Site::new("h: child host; version 1");
    assert_eq!(site.load("h").value().children["host"].value().version, "host");
    site.write("h: child host; version 2");
    site.check();
    assert_eq!(site.load("h").value().version, "2");
}

#[test]
fn r14_what_came_from_a_library_directory_is_never_reloaded() {
    let mut site = Site::new("h: version 1; child l");
    site.tree.write("/lib/l.toy", "version 1");
    site.scope = Arc::new(Scope::new("test.conf:1").handler_root("/s").library(["/lib"]));
    assert!(site.load("h").value().children["l"].is_library());
    site.tree.write("/lib/l.toy", "version 2");
    site.trace();
    site.expect("");
    site.write("h: version 2; child l");
    site.expect("load h, reloaded 2");
    assert_eq!(site.load("h").value().children["l"].value().version, "1");
}

#[test]
fn r16_a_handlers_bare_name_is_searched_in_its_directory_first() {
    let mut site = Site::new("h: version root\nsection/h: version section\nshared/s: version shared");
    site.scope = Arc::new(Scope::new("test.conf:1").handler_root("/s").path(["~/shared"]));
    let options = ImportOptions { path: vec!["/s/section".into()], ..ImportOptions::default() };
    let version = |name: &str| {
        let located = site.registry.locate_root(name, &site.scope, &options).expect("found");
        site.pin().load(&located).expect("loads").value().version.clone()
    };
    assert_eq!(version("h"), "section");
    assert_eq!(version("s"), "shared");
}

#[test]
fn r17_not_found_lists_places_and_the_closest_name() {
    let site = Site::new("h: child stroe\nstore: version 1");
    let Err(ImportError::Failed(error)) = site.import("h") else { panic!("must fail") };
    let text = error.render(false);
    assert!(text.contains("no file /s/stroe.toy") && text.contains("there is a module `store`"), "{text}");
}

#[test]
fn r52_what_is_to_be_logged_says_so_with_generation_and_reason() {
    let site = Site::new("h: version 1; carry\nquiet: version 1");
    let told = site.registry.subscribe();
    let loud = ImportOptions { log: Some(true), ..ImportOptions::default() };
    site.pin().import(None, "~/h", &loud).expect("loads");
    site.load("quiet");
    site.write("h: version 2; carry\nquiet: version 2");
    site.check();
    let words = told.try_iter().filter_map(|event| match event {
        Event::Loaded { path, reason, generation, log: true, .. } => {
            Some(format!("load {} {generation} {reason}", path.display()))
        }
        Event::Carried { path, generation, log: true, .. } => Some(format!("carry {} {generation}", path.display())),
        _ => None,
    });
    let expected = ["load /s/h.toy 1 first use", "carry /s/h.toy 1", "load /s/h.toy 3 it changed"];
    assert_eq!(words.collect::<Vec<_>>(), expected);
}

#[test]
fn r52_what_a_module_took_includes_compiling_it() {
    // Nothing is waited for: this is the least time that it takes.
    const COMPILING: Duration = Duration::from_millis(20);
    let slow = Toy { on_compile: Some(Box::new(|_| std::thread::sleep(COMPILING))), ..Toy::default() };
    let site = Site::with("h: version 1", slow);
    assert!(site.load("h").record().took >= COMPILING);
    site.write("h: version 2");
    site.check();
    assert!(site.load("h").record().took >= COMPILING);
}

#[test]
fn r55_every_subscriber_is_told_everything_in_order() {
    let site = Site::new("h: version 1");
    let other = site.registry.subscribe();
    site.load("h");
    site.write("h: broken");
    site.check();
    let told: Vec<_> = other.try_iter().collect();
    assert!(matches!(
        told.as_slice(),
        [Event::Loaded { .. }, Event::Published { generation: 1, .. }, Event::Refused { generation: 1, .. }]
    ));
    assert_eq!(site.trace(), "load h, published 1, refused (h.toy is broken)");
}

#[test]
fn r51_a_replaced_instance_is_gone_with_its_last_view() {
    let site = Site::new("h: version 1");
    let view = site.pin();
    site.load("h");
    let view = (view, site.pin());
    site.write("h: version 2");
    site.check();
    assert_eq!(site.registry.retained().len(), 1);
    drop(view);
    assert_eq!(site.registry.retained().len(), 0);
}

#[test]
fn r50_a_loading_module_knows_which_instances_are_on_their_way_out() {
    let site = Site::new("h: child a; child b; leaving a; leaving b\na: version 1\nb: version 1");
    site.load("h");
    let leaving = || site.load("h").value().leaving.iter().map(|(name, it)| format!("{name} {it}")).collect::<Vec<_>>();
    let request = site.pin();
    let (a, b) = (site.load("a"), site.load("b"));
    site.write("a: version 2");
    site.check();
    assert_eq!(leaving(), ["a true", "b false"]);
    // Before the loading module imports it, it is planned; and a request gets the instance of its generation.
    site.write("a: version 3\nh: leaving a; leaving b; child a; child b");
    site.check();
    assert_eq!(leaving(), ["a true", "b false"]);
    assert!(!request.is_leaving(a.id(), a.instance()) && !request.is_leaving(b.id(), b.instance()));
    let now = site.pin();
    assert!(now.is_leaving(a.id(), a.instance()) && !now.is_leaving(b.id(), b.instance()));
}
