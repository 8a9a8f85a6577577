//! A generation gives one answer about each module (R62).

use std::{sync::Arc, time::Duration};

use samovar_importer::{Hint, Outcome, Scope};

use crate::toy::Site;

const FOREVER: Duration = Duration::from_secs(3600);

/// The answers of importers about a module: `a+ b-` where `a` has it and `b` works without it.
#[track_caller]
fn check(site: &Site, importers: &str, of: &str, expected: &str) {
    let pin = site.pin();
    let answer = |name: &str| {
        let module = pin.import(None, &format!("~/{name}"), &Default::default()).expect("loaded");
        format!("{name}{}", if module.value().children.contains_key(of) { "+" } else { "-" })
    };
    let answers: Vec<_> = importers.split(' ').map(answer).collect();
    assert_eq!(answers.join(" "), expected);
}

fn two(more: &str) -> Site {
    let site = Site::new(&format!("a: try opt\nb: try opt; version 1\nopt: version 1; carry\n{more}"));
    site.registry.set_grace(FOREVER);
    site.load("a");
    site.load("b");
    site.trace();
    site
}

#[test]
fn r62_when_one_importer_does_without_a_removed_module_all_do() {
    let site = two("");
    site.remove("opt");
    site.expect("removed opt");
    check(&site, "a b", "opt", "a+ b+");
    site.write("b: try opt; version 2");
    // The first load of `b` has shown that `a` belongs to it, and is undone.
    site.expect("load b, load a, load b, reloaded 3");
    check(&site, "a b", "opt", "a- b-");
    assert!(site.import("opt").is_err(), "nor can anybody else have it");
    site.expect("");
}

#[test]
fn r62_r34_where_an_importer_cannot_do_without_the_change_is_refused() {
    let site = two("c: child opt");
    site.load("c");
    site.trace();
    site.remove("opt");
    site.write("b: try opt; version 2");
    site.expect("removed opt, load b, load a, load b, refused (module `opt` not found)");
    check(&site, "a b c", "opt", "a+ b+ c+");
    assert_eq!(site.load("b").value().version, "1");
    site.write("c: version 2");
    assert!(matches!(site.check(), Outcome::Published { .. }));
    check(&site, "a b c", "opt", "a- b- c-");
    assert_eq!(site.load("b").value().version, "2");
}

#[test]
fn r62_a_module_that_comes_back_within_the_grace_has_its_state() {
    let site = two("");
    site.load("opt").value().cell.store(7, std::sync::atomic::Ordering::SeqCst);
    site.remove("opt");
    site.write("b: try opt; version 2");
    site.check();
    check(&site, "a b", "opt", "a- b-");
    site.trace();
    site.write("opt: version 2; carry");
    site.expect("carry opt, load opt, load a, load b, reloaded 4");
    check(&site, "a b", "opt", "a+ b+");
    assert_eq!(site.load("opt").value().cell.load(std::sync::atomic::Ordering::SeqCst), 7);
    assert_eq!(site.registry.retained_count(), 0);
}

#[test]
fn r62_r37_a_module_that_stays_away_is_purged_and_dropped() {
    let site = two("");
    site.remove("opt");
    site.write("b: try opt; version 2");
    site.check();
    site.trace();
    site.expect("");
    site.registry.set_grace(Duration::ZERO);
    site.expect("purge opt, dropped opt");
    site.expect("");
    assert_eq!(site.registry.retained_count(), 0);
    site.write("opt: version 2; carry");
    site.expect("load opt, load a, load b, reloaded 4");
}

#[test]
fn r45_r62_a_hook_that_raises_when_its_module_comes_back_means_a_purge() {
    let site = two("");
    site.write("opt: version 2; carry raise");
    site.check();
    site.remove("opt");
    site.write("b: try opt; version 2");
    site.check();
    site.trace();
    site.write("opt: version 3");
    site.expect("carry-failed opt, load opt, load a, load b, reloaded 5, purge opt");
    site.registry.set_grace(Duration::ZERO);
    site.expect("");
}

#[test]
fn r62_what_is_away_at_the_end_is_purged() {
    let site = two("");
    site.remove("opt");
    site.write("b: try opt; version 2");
    site.check();
    site.trace();
    site.registry.shut_down();
    assert_eq!(site.trace(), "purge b, purge a, purge opt");
}

#[test]
fn r62_a_first_load_finds_the_instance_that_the_others_have() {
    let site = two("");
    site.remove("opt");
    site.write("c: try opt");
    site.load("c");
    check(&site, "a b c", "opt", "a+ b+ c+");
    assert_eq!(site.load("c").value().children["opt"].instance(), site.load("a").value().children["opt"].instance());
}

#[test]
fn r62_what_swallowed_a_failure_is_reloaded_with_the_first_load_of_the_module() {
    for missing in ["", "opt: broken"] {
        let site = Site::new(&format!("a: try opt\nb: try opt\nc: child opt\n{missing}"));
        site.load("a");
        site.load("b");
        check(&site, "a b", "opt", "a- b-");
        site.trace();
        site.write("opt: version 1");
        // No check has run since. The first load checks, and joins the generation that this publishes.
        site.load("c");
        check(&site, "a b c", "opt", "a+ b+ c+");
        assert_eq!(site.trace(), "load opt, load c, load opt, load a, load b, reloaded 3, load c, published 4");
    }
}

#[test]
fn r62_what_failed_for_another_reason_is_tried_again_when_it_can_be_loaded() {
    // `opt` needs `part`, which is not there; its own text never changes.
    let site = Site::new("a: try opt\nopt: child part");
    site.load("a");
    site.trace();
    site.write("part: version 1");
    site.expect("load part, load opt, load a, reloaded 2");
    check(&site, "a", "opt", "a+");
}

#[test]
fn r62_where_reloading_is_off_importers_follow_all_the_same() {
    let mut site = Site::new("a: try opt\nb: try opt; version 1\nopt: version 1");
    let on =
        std::mem::replace(&mut site.scope, Arc::new(Scope::new("off.conf:1").handler_root("/s").autoreload(false)));
    site.load("a");
    site.scope = on;
    site.load("b");
    site.remove("opt");
    site.write("b: try opt; version 2");
    site.check();
    check(&site, "a b", "opt", "a- b-");
    site.write("opt: version 2");
    site.check();
    check(&site, "a b", "opt", "a+ b+");
}

#[test]
fn r62_a_cycle_says_nothing_about_the_module() {
    let site = Site::new("a: child b; version 1\nb: try a");
    site.load("a");
    site.trace();
    site.expect("");
    site.write("a: child b; version 2");
    site.expect("load a, reloaded 2");
    site.expect("");
    // Once `a` works without `b`, there is no cycle any more.
    site.write("a: version 3");
    site.expect("load a, load a, load b, reloaded 3");
    check(&site, "b", "a", "b+");
    site.expect("");
}

#[test]
fn r62_a_removed_module_that_nobody_contradicts_stays() {
    let site = two("");
    site.remove("opt");
    site.write("b: version 2");
    site.expect("removed opt, load b, reloaded 3");
    check(&site, "a", "opt", "a+");
}

#[test]
fn r40_r62_frozen_is_frozen() {
    let site = Site::new("a: try opt\nc: child opt");
    site.load("a");
    site.registry.freeze();
    site.write("opt: version 1");
    site.load("c");
    check(&site, "a c", "opt", "a- c+");
}

#[test]
fn r32_what_stands_for_a_loaded_module_and_cannot_be_one_is_refused_by_whoever_looks_first() {
    let directory = tempfile::tempdir().expect("a directory");
    let write = |name: &str, text: &str| std::fs::write(directory.path().join(name), text).expect("written");
    let tree = samovar_importer::DiskTree::new([directory.path()]);
    let registry = samovar_importer::Registry::new("disk", crate::toy::Toy::default(), tree);
    let scope = Arc::new(Scope::new("disk.conf:1").handler_root(directory.path()));
    let import = |name: &str| registry.pin(&scope).import(None, name, &Default::default()).expect("loaded");
    write("b.toy", "try opt\nversion 1");
    write("opt.toy", "version 1");
    import("~/b");
    std::fs::remove_file(directory.path().join("opt.toy")).expect("removed");
    std::fs::create_dir(directory.path().join("opt.toy")).expect("made");
    write("b.toy", "try opt\nversion 2");
    let outcome = registry.check(&Hint::Paths(vec![directory.path().join("b.toy")]), false);
    let Outcome::Refused(wrong) = outcome else { panic!("{outcome:?}") };
    assert!(wrong[0].message.ends_with("opt.toy` is a directory, not a regular file"), "{}", wrong[0]);
    assert_eq!(import("~/b").value().version, "1");
}
