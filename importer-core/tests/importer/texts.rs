//! A generation owns its texts (L1, L2).

use std::sync::{Arc, OnceLock, Weak, atomic::Ordering::SeqCst};

use samovar_importer::{DryRun, Event, Hint, ImportError, ImportOptions, MemoryTree, Outcome, Registry, Scope, State};

use crate::toy::{Site, Toy};

/// Writes files from lines of `name: word rest; word rest`.
fn tree(files: &str) -> MemoryTree {
    let tree = MemoryTree::default();
    for line in files.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (name, text) = line.split_once(':').expect("name: text");
        tree.write(format!("/s/{name}.toy"), text.trim().replace("; ", "\n"));
    }
    tree
}

fn import(view: &samovar_importer::View<Toy>, name: &str) -> Result<String, ImportError> {
    let found = view.import(None, &format!("~/{name}"), &ImportOptions::default());
    found.map(|module| module.value().version.clone())
}

#[track_caller]
fn check(view: &samovar_importer::View<Toy>, name: &str, expected: &str) {
    let found = import(view, name).unwrap_or_else(|error| error.diagnostic().to_string());
    assert_eq!(found, expected, "{name}");
}

fn registry(files: &str) -> (Arc<Registry<Toy>>, Arc<Scope>) {
    let registry = Registry::new("test", Toy::default(), tree(files));
    (registry, Arc::new(Scope::new("test.conf:1").handler_root("/s")))
}

#[test]
fn l1_a_refused_release_is_nowhere_to_be_seen() {
    let (registry, scope) = registry("h: version 1\nlate: version 1");
    check(&registry.pin(&scope), "h", "1");
    let refused = registry.switch_to(tree("h: broken\nlate: version 2"));
    assert!(matches!(refused, Outcome::Refused(_)), "{refused:?}");
    check(&registry.pin(&scope), "late", "1");
    check(&registry.pin(&scope), "h", "1");
    assert_eq!((registry.snapshot().generation(), registry.snapshot().release()), (2, 1));
    // The next one is not prevented.
    assert!(matches!(registry.switch_to(tree("h: version 3\nlate: version 3")), Outcome::Published { .. }));
    check(&registry.pin(&scope), "late", "3");
    assert_eq!((registry.snapshot().generation(), registry.snapshot().release()), (3, 2));
}

#[test]
fn l1_whoever_pinned_a_release_before_loads_from_it() {
    let (registry, scope) = registry("h: version 1\nlate: version 1; child part\npart: version 1");
    check(&registry.pin(&scope), "h", "1");
    let (before, also_before) = (registry.pin(&scope), registry.pin(&scope));
    assert!(matches!(
        registry.switch_to(tree("h: version 2\nlate: version 2; child part\npart: version 2")),
        Outcome::Published { .. }
    ));
    check(&before, "late", "1");
    let late =
        |view: &samovar_importer::View<Toy>| view.import(None, "~/late", &ImportOptions::default()).expect("loaded");
    assert_eq!(late(&before).value().children["part"].value().version, "1");
    // All views of that generation see one instance; no other view sees it.
    assert_eq!(late(&before).instance(), late(&also_before).instance());
    check(&registry.pin(&scope), "late", "2");
    assert!(registry.snapshot().iter().all(|module| module.value().version == "2"));
    check(&before, "late", "1");
    check(&before, "h", "1");
}

#[test]
fn l1_what_a_release_does_not_have_is_dropped_and_its_importers_follow() {
    let (registry, scope) = registry("h: version 1; try a\na: version 1\nalone: version 1");
    check(&registry.pin(&scope), "h", "1");
    check(&registry.pin(&scope), "alone", "1");
    let before = registry.pin(&scope);
    let switched = registry.switch_to(tree("h: version 1; try a"));
    assert!(matches!(switched, Outcome::Published { .. }), "{switched:?}");
    let names = |registry: &Registry<Toy>| {
        let mut names: Vec<_> = registry.paths().keys().map(|path| path.display().to_string()).collect();
        names.sort();
        names
    };
    assert_eq!(names(&registry), ["/s/h.toy"]);
    assert!(
        registry
            .pin(&scope)
            .import(None, "~/h", &ImportOptions::default())
            .expect("loaded")
            .value()
            .children
            .is_empty()
    );
    assert!(import(&registry.pin(&scope), "alone").is_err());
    check(&before, "alone", "1");
    // An importer that cannot work without it is a reason to refuse.
    assert!(matches!(registry.switch_to(tree("h: version 2; child gone")), Outcome::Refused(_)));
    check(&registry.pin(&scope), "h", "1");
    // The same texts in another place are a release as well, and nothing is reloaded.
    let same = registry.switch_to(tree("h: version 1; try a"));
    assert!(matches!(&same, Outcome::Published { modules, .. } if modules.is_empty()), "{same:?}");
    // From now on changes are looked for in that place.
    let last = tree("h: version 4");
    assert!(matches!(registry.switch_to(last.clone()), Outcome::Published { .. }));
    last.write("/s/h.toy", "version 5");
    assert!(matches!(registry.check(&Hint::Everything, false), Outcome::Published { .. }));
    check(&registry.pin(&scope), "h", "5");
    // Files of a refused change in that place are withheld as those of the first.
    last.write("/s/late.toy", "version 1");
    last.write("/s/other.toy", "version 1");
    check(&registry.pin(&scope), "other", "1");
    registry.check(&Hint::Everything, false);
    last.write("/s/h.toy", "broken");
    last.write("/s/late.toy", "version 2");
    assert!(matches!(registry.check(&Hint::Everything, false), Outcome::Refused(_)));
    assert!(matches!(import(&registry.pin(&scope), "late"), Err(ImportError::Withheld { .. })));
    registry.freeze();
    assert!(matches!(registry.switch_to(tree("h: version 6")), Outcome::Frozen));
}

#[test]
fn l2_what_was_saved_together_with_a_refused_change_waits_for_it() {
    let site = Site::new("h: version 1\nlate: version 1\nother: version 1");
    site.load("h");
    site.write("h: broken\nlate: version 2");
    site.trace();
    site.expect("refused (h.toy is broken)");
    // Twice, since a load that failed a moment ago is answered from memory.
    assert!(site.import("late").is_err());
    assert_eq!(site.trace(), "", "it has been told");
    let refused = site.import("late").expect_err("part of the change");
    assert!(matches!(&refused, ImportError::Withheld { .. }), "{refused:?}");
    let told = refused.diagnostic();
    assert!(told.message.contains("is broken") && told.notes[0].message.contains("late.toy"), "{told:?}");
    let state = || {
        let modules = site.registry.status().modules;
        modules.into_iter().find(|module| module.path.ends_with("late.toy")).map(|module| module.state)
    };
    assert!(matches!(state(), Some(State::Waiting(_))), "{:?}", state());
    // Files from before the change are loaded, and so are later ones.
    assert_eq!(site.load("other").value().version, "1");
    site.write("new: version 1");
    assert_eq!(site.load("new").value().version, "1");
    assert_eq!(site.load("h").value().version, "1");
    // Mended.
    site.write("h: version 2");
    site.check();
    assert_eq!(state(), None, "nothing is wrong with it any more");
    assert_eq!(site.load("late").value().version, "2");
}

#[test]
fn l2_what_is_withheld_is_withheld_from_whoever_imports_it() {
    let site = Site::new("h: version 1\nlate: version 1\nq: version 1; child late\nt: version 1; try late");
    site.load("h");
    site.write("h: broken\nlate: version 2");
    site.check();
    assert!(site.import("q").is_err());
    assert!(site.load("t").value().children.is_empty());
    let generation = site.registry.snapshot().generation();
    site.check();
    site.check();
    assert_eq!(site.registry.snapshot().generation(), generation, "tried again for nothing");
    // Another broken change is another window; the first one still counts.
    site.write("h: broken; version 3");
    site.check();
    assert!(site.import("late").is_err());
    // The change is undone: the file of it that was not loaded yet is loaded as it is.
    site.write("h: version 1");
    site.check();
    site.check();
    assert_eq!(site.load("q").value().version, "1");
    assert_eq!(site.load("t").value().children["late"].value().version, "2");
}

#[test]
fn l2_a_change_that_is_tried_again_sees_its_own_new_modules() {
    let site = Site::new("h: version 1");
    site.load("h");
    site.write("h: version 2; child new\nnew: broken");
    site.check();
    assert!(site.import("new").is_err());
    site.write("new: version 1");
    site.check();
    assert_eq!(site.load("h").value().children["new"].value().version, "1");
}

#[test]
fn l2_frozen_means_every_module() {
    let site = Site::new("h: version 1\nlate: version 1; child part\npart: version 1\nbad: broken");
    site.load("h");
    site.registry.freeze();
    site.write("h: version 2\nlate: version 2; child part\npart: version 2\nbad: version 2");
    assert_eq!(site.load("late").value().version, "1");
    assert_eq!(site.load("late").value().children["part"].value().version, "1");
    assert!(site.import("bad").is_err());
    // A new file is loaded as it is, with a warning.
    site.write("new: version 1");
    site.trace();
    let events = site.registry.subscribe();
    assert_eq!(site.load("new").value().version, "1");
    let warned: Vec<_> = events
        .try_iter()
        .filter_map(|event| match event {
            Event::Warned { diagnostics, .. } => Some(diagnostics[0].to_string()),
            _ => None,
        })
        .collect();
    assert_eq!(warned, ["`/s/new.toy` was not known when reloading ended: it is loaded as it is now"]);
    // Status compares with the files as they are now.
    let differs = |name: &str| {
        let on_disk = site.registry.compare_with_disk();
        let found = on_disk.iter().find(|(path, _)| path.ends_with(name)).map(|(_, disk)| format!("{disk:?}"));
        found.expect("loaded")
    };
    assert_eq!([differs("h.toy"), differs("late.toy"), differs("new.toy")], ["Differs", "Differs", "Same"]);
    // A file that is gone now existed when reloading ended.
    let site = Site::new("h: version 1\nlate: version 1");
    site.registry.freeze();
    site.remove("late");
    assert_eq!(site.load("late").value().version, "1");
}

#[test]
fn l2_freezing_does_not_bring_a_refused_change_to_light() {
    let site = Site::new("h: version 1\nlate: version 1");
    site.load("h");
    site.write("h: broken\nlate: version 2");
    site.check();
    site.registry.freeze();
    site.write("h: version 3\nlate: version 3");
    assert!(matches!(site.import("late"), Err(ImportError::Withheld { .. })));
    assert_eq!(site.load("h").value().version, "1");
}

#[test]
fn a_dry_run_says_what_a_reload_would_do_and_does_nothing() {
    let site = Site::new("h: version 1; child a; carry\na: version 1\nalone: version 1\ngone: version 1");
    for name in ["h", "alone", "gone"] {
        site.load(name);
    }
    let (loads, generation) = (site.registry.loader().loads.load(SeqCst), site.registry.snapshot().generation());
    let dry = || {
        let DryRun { modules, missing, diagnostics } = site.registry.dry_run();
        let name = |path: &std::path::Path| path.file_stem().expect("a name").to_string_lossy().into_owned();
        let modules: Vec<_> = modules.iter().map(|(path, why)| format!("{}: {why}", name(path))).collect();
        let missing: Vec<_> = missing.iter().map(|path| name(path)).collect();
        let wrong: Vec<_> = diagnostics.iter().map(ToString::to_string).collect();
        [modules.join(", "), missing.join(", "), wrong.join(", ")].join(" | ")
    };
    assert_eq!(dry(), " |  | ");
    site.write("a: version 2");
    site.remove("gone");
    site.trace();
    assert_eq!(dry(), "a: it changed, h: /s/a.toy changed | gone | ");
    site.write("a: broken\nalone: broken");
    assert_eq!(
        dry(),
        "a: it changed, h: /s/a.toy changed, alone: it changed | gone | /s/a.toy is broken, /s/alone.toy is broken"
    );
    assert_eq!(site.trace(), "");
    assert_eq!((site.registry.loader().loads.load(SeqCst), site.registry.snapshot().generation()), (loads, generation));
    site.expect("removed gone, refused (a.toy is broken, alone.toy is broken)");
}

#[test]
fn l2_a_first_load_that_is_under_way_while_reloading_ends_leaves_it_ended() {
    let registry: Arc<OnceLock<Weak<Registry<Toy>>>> = Arc::default();
    let of = registry.clone();
    let freeze = move |_: &str| of.get().and_then(Weak::upgrade).expect("a registry").freeze();
    let site = Site::with(
        "slow: wait freeze; version 1\nlate: version 1",
        Toy { wait: Some(Box::new(freeze)), ..Toy::default() },
    );
    registry.set(Arc::downgrade(&site.registry)).expect("once");
    assert_eq!(site.load("slow").value().version, "1");
    site.write("late: version 2");
    assert_eq!(site.load("late").value().version, "1");
}

#[test]
fn l2_what_was_published_since_is_no_part_of_a_later_refused_change() {
    let site = Site::new("h: version 1\nlate: version 1");
    site.load("h");
    site.write("late: version 2\nh: version 2");
    site.check();
    site.write("h: broken");
    site.check();
    assert_eq!(site.load("late").value().version, "2");
}

#[test]
fn l2_what_may_not_be_reloaded_holds_nothing_back_until_a_reload_is_asked_for() {
    let mut site = Site::new("h: version 1\noff: version 1\nlate: version 1\nlater: version 1");
    site.load("h");
    let on =
        std::mem::replace(&mut site.scope, Arc::new(Scope::new("off.conf:1").handler_root("/s").autoreload(false)));
    site.load("off");
    site.scope = on;
    site.write("off: broken\nlater: version 2");
    site.check();
    site.write("late: version 2");
    site.check();
    site.check();
    site.write("h: broken");
    site.check();
    assert_eq!(site.load("late").value().version, "2", "saved before the look before");
    site.write("h: version 1");
    site.check();
    // Asked for, what was held back is part of the change, with all that was saved since.
    assert!(matches!(site.registry.check(&Hint::Everything, true), Outcome::Refused(_)));
    assert!(matches!(site.import("later"), Err(ImportError::Withheld { .. })));
}

#[test]
fn l2_what_is_saved_beside_another_refused_change_belongs_to_its_own() {
    let site = Site::new("h: version 1\nx: version 1\nlate: version 1");
    site.load("h");
    site.load("x");
    site.write("x: broken");
    site.check();
    site.write("late: version 2");
    site.registry.check(&Hint::Paths(vec!["/s/late.toy".into()]), false);
    site.write("h: broken");
    site.registry.check(&Hint::Paths(vec!["/s/h.toy".into()]), false);
    assert!(matches!(site.import("late"), Err(ImportError::Withheld { .. })));
}

#[test]
fn l1_what_was_refused_stays_unseen_by_views_of_the_texts_before() {
    let before = tree("h: version 1\nlate: version 1");
    let registry = Registry::new("test", Toy::default(), before.clone());
    let scope = Arc::new(Scope::new("test.conf:1").handler_root("/s"));
    check(&registry.pin(&scope), "h", "1");
    before.write("/s/h.toy", "broken");
    before.write("/s/late.toy", "version 2");
    registry.check(&Hint::Everything, false);
    let view = registry.pin(&scope);
    // What is new in other texts is no part of it, whatever their moments are.
    let next = tree("a: version 1\nb: version 1\nc: version 1\nnew: version 3\nh: version 3; child new");
    assert!(matches!(registry.switch_to(next), Outcome::Published { .. }));
    assert!(matches!(import(&view, "late"), Err(ImportError::Withheld { .. })));
    check(&registry.pin(&scope), "h", "3");
}

#[cfg(unix)]
mod on_disk {
    use std::{fs, os::unix::fs::symlink, path::Path};

    use samovar_importer::{DiskTree, View};

    use super::*;

    fn site(files: &[(&str, &str)]) -> (tempfile::TempDir, Arc<Registry<Toy>>, Arc<Scope>) {
        let site = tempfile::tempdir().expect("a directory");
        for (name, text) in files {
            let path = site.path().join(name).with_extension("toy");
            fs::create_dir_all(path.parent().expect("a parent")).expect("made");
            fs::write(path, text).expect("written");
        }
        let registry = Registry::new("test", Toy::default(), DiskTree::new([site.path()]));
        let scope = Arc::new(Scope::new("test.conf:1").handler_root(site.path()));
        (site, registry, scope)
    }

    fn instance(view: &View<Toy>, name: &str) -> samovar_importer::InstanceId {
        view.import(None, &format!("~/{name}"), &ImportOptions::default()).expect("loaded").instance()
    }

    #[test]
    fn l2_a_file_that_has_the_place_of_a_frozen_one_is_another_module() {
        let (site, registry, scope) = site(&[("late", "version late")]);
        registry.freeze();
        // The same file under another name, with another text.
        fs::rename(site.path().join("late.toy"), site.path().join("new.toy")).expect("renamed");
        fs::write(site.path().join("new.toy"), "version new").expect("written");
        check(&registry.pin(&scope), "new", "new");
        check(&registry.pin(&scope), "late", "late");
    }

    #[test]
    fn l2_frozen_are_all_names_of_a_directory() {
        let (site, registry, scope) = site(&[("releases/1/l", "version 1"), ("releases/2/l", "version 2")]);
        let link = |name: &str, to: &str| {
            let path = site.path().join(name);
            let _ = fs::remove_file(&path);
            symlink(Path::new("releases").join(to), path).expect("linked");
        };
        let names = ["a", "f", "z"];
        names.iter().for_each(|name| link(name, "1"));
        registry.freeze();
        names.iter().for_each(|name| link(name, "2"));
        for name in names {
            check(&registry.pin(&scope), &format!("{name}/l"), "1");
        }
    }

    #[test]
    fn r19_files_that_change_places_keep_their_names() {
        let (site, registry, scope) = site(&[("a", "version a"), ("b", "version b")]);
        let at = |name: &str| site.path().join(name).with_extension("toy");
        for name in ["a", "b"] {
            check(&registry.pin(&scope), name, name);
        }
        for (from, to) in [("a", "t"), ("b", "a"), ("t", "b")] {
            fs::rename(at(from), at(to)).expect("renamed");
        }
        assert!(matches!(registry.check(&Hint::Everything, false), Outcome::Published { .. }));
        for (name, of) in [("la", "a"), ("lb", "b")] {
            symlink(at(of), at(name)).expect("linked");
        }
        let view = registry.pin(&scope);
        for (name, of) in [("la", "a"), ("lb", "b")] {
            assert_eq!(instance(&view, name), instance(&view, of), "{name}");
        }
    }
}

/// Nobody watches here, so that nothing is looked at in between.
#[cfg(unix)]
#[test]
fn a_file_that_gets_another_mode_or_name_counts_as_saved() {
    use std::{
        fs::{self, Permissions},
        os::unix::fs::PermissionsExt,
        path::Path,
        time::Duration,
    };

    use samovar_importer::DiskTree;

    type Touch = fn(&Path) -> std::io::Result<()>;

    let untouched = |_: &Path| Ok(());
    let chmod = |file: &Path| fs::set_permissions(file, Permissions::from_mode(0o600));
    let link = |file: &Path| fs::hard_link(file, file.with_extension("bak"));
    for (touch, is_withheld) in [(untouched as Touch, false), (chmod, true), (link, true)] {
        let site = tempfile::tempdir().expect("a directory");
        let write = |name: &str, text: &str| fs::write(site.path().join(name), text).expect("written");
        write("h.toy", "version 1");
        write("late.toy", "version 1");
        let registry = Registry::new("test", Toy::default(), DiskTree::new([site.path()]));
        let scope = Arc::new(Scope::new("texts.conf:1").handler_root(site.path()));
        check(&registry.pin(&scope), "h", "1");
        // The clock of the files goes on in steps of some milliseconds.
        let pause = || std::thread::sleep(Duration::from_millis(50));
        pause();
        // What one quiet look has found counts from the next one on.
        registry.check(&Hint::Everything, false);
        registry.check(&Hint::Everything, false);
        pause();
        write("h.toy", "broken");
        touch(&site.path().join("late.toy")).expect("done");
        assert!(matches!(registry.check(&Hint::Everything, false), Outcome::Refused(_)));
        let late = import(&registry.pin(&scope), "late");
        assert_eq!(matches!(late, Err(ImportError::Withheld { .. })), is_withheld, "{late:?}");
    }
}
