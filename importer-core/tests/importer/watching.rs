//! Changes are found on every file system: real files, real events, and the tick for changes without events.

use std::{
    fs,
    io::Write,
    os::unix::fs::symlink,
    path::Path,
    process::Command,
    sync::{Arc, mpsc},
    time::{Duration, Instant},
};

use crate::toy::Toy;
use samovar_importer::{DiskTree, Event, Hint, ImportOptions, Module, Registry, Reloader, Scope};
use tempfile::TempDir;

/// A site on disk that is kept up to date in the background.
struct Live {
    directory: TempDir,
    registry: Arc<Registry<Toy>>,
    scope: Arc<Scope>,
    events: mpsc::Receiver<Event>,
    _reloader: Reloader,
}

/// A tick so slow that a change can only be found by events.
const NEVER: Duration = Duration::from_secs(3600);
const SOON: Duration = Duration::from_millis(20);

impl Live {
    /// Writes `files`, loads `handler`, then begins to watch.
    fn new(interval: Duration, events: bool, handler: &str, files: &[(&str, &str)]) -> Self {
        Self::prepared(interval, events, handler, |directory| {
            for (name, text) in files {
                write(&directory.join(name), text);
            }
        })
    }

    fn prepared(interval: Duration, events: bool, handler: &str, prepare: impl Fn(&Path)) -> Self {
        Self::speaking(Toy::default(), interval, events, handler, prepare)
    }

    fn speaking(toy: Toy, interval: Duration, events: bool, handler: &str, prepare: impl Fn(&Path)) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let site = directory.path().join("site");
        fs::create_dir(&site).expect("a site");
        prepare(&site);
        let registry = Registry::new("live", toy, DiskTree::new([&site]));
        let scope = Arc::new(Scope::new("live.conf:1").handler_root(&site));
        let received = registry.subscribe();
        let reloader = Reloader::new([&site]).registry(registry.clone()).interval(interval).events(events);
        let _reloader = reloader.spawn().expect("a thread");
        let live = Self { directory, registry, scope, events: received, _reloader };
        live.load(handler);
        live
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.directory.path().join("site").join(name)
    }

    #[track_caller]
    fn load(&self, name: &str) -> Arc<Module<Toy>> {
        let view = self.registry.pin(&self.scope);
        view.import(None, &format!("~/{name}"), &ImportOptions::default())
            .unwrap_or_else(|error| panic!("{}", error.diagnostic().render(false)))
    }

    /// Waits for the next event for which `is` returns true.
    #[track_caller]
    fn wait(&self, what: &str, is: impl Fn(&Event) -> bool) -> Event {
        let deadline = Instant::now() + Duration::from_secs(30);
        loop {
            match self.events.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(event) if is(&event) => return event,
                Ok(_) => {}
                Err(error) => panic!("no {what}: {error}"),
            }
        }
    }

    /// Waits for a reload, and returns the version that it brings.
    #[track_caller]
    fn expect(&self, name: &str, version: &str) {
        while self.load(name).value().version != version {
            self.wait("reload", |event| matches!(event, Event::Published { reload: true, .. }));
        }
    }
}

fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
    fs::write(path, text).expect("a file");
}

fn run(command: &str, directory: &Path) {
    let status = Command::new("sh").args(["-ec", command]).current_dir(directory).status().expect("a shell");
    assert!(status.success(), "{command}");
}

#[test]
fn rename_save() {
    let site = Live::new(NEVER, true, "h", &[("h.toy", "version 1")]);
    run("echo version 2 > .h.toy.new; mv .h.toy.new h.toy", &site.path(""));
    site.expect("h", "2");
}

#[test]
fn truncate_and_write() {
    let site = Live::new(NEVER, true, "h", &[("h.toy", "version 1")]);
    run("echo version 2 > h.toy", &site.path(""));
    site.expect("h", "2");
}

#[test]
fn a_half_written_file_waits_for_its_end() {
    let site = Live::new(SOON, true, "h", &[("h.toy", "version 1"), ("other.toy", "version 1")]);
    site.load("other");
    let mut file = fs::File::create(site.path("h.toy")).expect("truncated");
    file.write_all(b"version half\n").expect("written");
    file.sync_all().expect("on disk");
    // Another change is found meanwhile, even at the tick; the half-written file is not.
    write(&site.path("other.toy"), "version 2");
    site.expect("other", "2");
    assert_eq!(site.load("h").value().version, "1");
    file.write_all(b"version 2").expect("written");
    drop(file);
    site.expect("h", "2");
}

#[test]
fn r59_a_file_that_is_left_open_is_told_of_once_for_each_writer() {
    let site = Live::new(SOON, true, "h", &[("h.toy", "version 1")]);
    let is_told = |event: &Event| matches!(event, Event::LeftOpen { .. });
    for version in ["2", "3"] {
        let mut file = fs::File::create(site.path("h.toy")).expect("opened");
        let opened = Instant::now();
        site.wait("word of the writer", is_told);
        assert!(opened.elapsed() > Duration::from_secs(1), "every save is open for a moment");
        site.registry.check(&Hint::Everything, false);
        write!(file, "version {version}").expect("written");
        drop(file);
        let reloaded = |event: &Event| is_told(event) || matches!(event, Event::Published { reload: true, .. });
        assert!(!is_told(&site.wait("reload", reloaded)));
        site.expect("h", version);
    }
}

#[test]
fn a_restored_backup_is_older_and_found() {
    let site = Live::new(NEVER, true, "h", &[("h.toy", "version 2"), ("backup", "version 1")]);
    run("touch -d 2001-01-01 backup; cp -p backup h.toy", &site.path(""));
    site.expect("h", "1");
}

#[test]
fn equal_size_and_time_are_found_at_the_tick() {
    let site = Live::new(SOON, false, "h", &[("h.toy", "version 1")]);
    run("touch -r h.toy stamp; printf 'version 2' > h.toy; touch -r stamp h.toy", &site.path(""));
    site.expect("h", "2");
}

#[test]
fn a_strict_request_sees_every_save_that_returned_before() {
    // Nothing looks: neither events nor ticks.
    let site = Live::new(NEVER, false, "h", &[("h.toy", "version 0\nchild c"), ("c.toy", "version 0")]);
    let strict = Arc::new(Scope::new("strict.conf:1").handler_root(site.path("")).strict(true));
    let handler = site.registry.locate("~/h", None, &strict, &ImportOptions::default()).expect("found");
    for version in 1..100 {
        write(&site.path("c.toy"), &format!("version {version}"));
        let module = site.registry.pin_for(&strict, &handler).load(&handler).expect("loaded");
        assert_eq!(module.value().children["c"].value().version, version.to_string());
    }
    assert_eq!(site.load("h").value().children["c"].value().version, "99");
}

#[test]
fn r36_a_strict_request_sees_what_its_module_waited_for_however_young_that_is() {
    let site = Live::new(NEVER, false, "h", &[("h.toy", "version 0")]);
    let strict = Arc::new(Scope::new("strict.conf:1").handler_root(site.path("")).strict(true));
    for round in 0..20 {
        let (name, child) = (format!("h{round}"), format!("c{round}"));
        write(&site.path(&format!("{name}.toy")), &format!("version 1\ntry {child}"));
        let handler = site.registry.locate(&format!("~/{name}"), None, &strict, &ImportOptions::default());
        let handler = handler.expect("found");
        let load = || site.registry.pin_for(&strict, &handler).load(&handler).expect("loaded");
        assert!(load().value().children.is_empty());
        write(&site.path(&format!("{child}.toy")), "version 1");
        assert!(load().value().children.contains_key(&child));
    }
}

#[test]
fn without_events_the_tick_finds_it() {
    let site = Live::new(SOON, false, "h", &[("h.toy", "version 1")]);
    write(&site.path("h.toy"), "version 2");
    site.expect("h", "2");
}

fn releases(directory: &Path) {
    for (release, version) in [("1", "version 1"), ("2", "version 2")] {
        write(&directory.join("releases").join(release).join("h.toy"), &format!("{version}\nchild c"));
        write(&directory.join("releases").join(release).join("c.toy"), version);
    }
    symlink("releases/1", directory.join("current")).expect("a link");
}

#[test]
fn r19_a_release_switch_is_one_generation() {
    let site = Live::prepared(NEVER, true, "current/h", releases);
    let before = site.registry.snapshot().generation();
    run("ln -s releases/2 next; mv -T next current", &site.path(""));
    site.expect("current/h", "2");
    assert_eq!(site.load("current/h").value().children["c"].value().version, "2");
    assert_eq!(site.registry.snapshot().generation(), before + 1);
}

#[test]
fn r19_after_a_switch_the_new_directory_is_watched() {
    let site = Live::prepared(NEVER, true, "current/h", releases);
    run("ln -s releases/2 next; mv -T next current", &site.path(""));
    site.expect("current/h", "2");
    write(&site.path("current/h.toy"), "version 3\nchild c");
    site.expect("current/h", "3");
}

#[test]
fn r19_two_names_of_one_file_are_one_instance_until_they_part() {
    let site = Live::prepared(NEVER, true, "h", |directory| {
        write(&directory.join("h.toy"), "child a\nchild b");
        write(&directory.join("a.toy"), "version 1");
        symlink("a.toy", directory.join("b.toy")).expect("a link");
    });
    let children = || {
        let handler = site.load("h");
        let of = |name: &str| handler.value().children[name].clone();
        (of("a"), of("b"))
    };
    let (a, b) = children();
    assert_eq!(a.instance(), b.instance());
    assert_eq!(site.load("b").instance(), a.instance());
    write(&site.path("a.toy"), "version 2");
    site.expect("a", "2");
    let (a, b) = children();
    assert_eq!((a.instance(), &*b.value().version), (b.instance(), "2"));
    assert_eq!(site.load("b").instance(), a.instance());
    run("echo version 3 > other; mv other b.toy", &site.path(""));
    site.expect("b", "3");
    let (a, b) = children();
    assert_eq!((&*a.value().version, &*b.value().version), ("2", "3"));
}

/// The link itself is outside the watched directories, so the change is found at the tick; and the time of a slow
/// reload does not count as looking.
#[test]
fn r60_a_switched_link_is_found_at_the_next_tick_whatever_was_reloaded_before() {
    const LONG: Duration = Duration::from_millis(800);
    let toy = Toy { wait: Some(Box::new(|_| std::thread::sleep(LONG))), ..Toy::default() };
    let site = Live::speaking(toy, SOON, false, "current/h", releases);
    write(&site.path("current/slow.toy"), "version 1");
    site.load("current/slow");
    write(&site.path("current/slow.toy"), "version 2\nwait");
    site.expect("current/slow", "2");
    let switched = Instant::now();
    run("ln -s releases/2 next; mv -T next current", &site.path(""));
    site.expect("current/h", "2");
    // A fiftieth of the time would have been spent on the reload only after forty seconds.
    assert!(switched.elapsed() < LONG * 20, "{:?}", switched.elapsed());
}

/// Two names of one file, an importer for each, and a module that has nothing to do with them.
fn aliased() -> Live {
    let site = Live::prepared(NEVER, false, "a", |directory| {
        write(&directory.join("a.toy"), "version 1");
        symlink("a.toy", directory.join("b.toy")).expect("a link");
        write(&directory.join("by_a.toy"), "child a");
        write(&directory.join("by_b.toy"), "child b");
        write(&directory.join("neither.toy"), "version 1");
    });
    for name in ["by_a", "by_b", "neither"] {
        site.load(name);
    }
    assert_eq!(site.load("by_b").value().children["b"].instance(), site.load("a").instance());
    site
}

#[test]
fn r19_when_names_part_those_who_import_by_the_name_that_leads_elsewhere_are_reloaded() {
    let site = aliased();
    let before = ["by_a", "by_b", "neither"].map(|name| site.load(name).instance());
    run("rm b.toy; echo version 2 > b.toy", &site.path(""));
    site.registry.check(&Hint::Everything, false);
    let after = ["by_a", "by_b", "neither"].map(|name| site.load(name).instance());
    assert_eq!([0, 1, 2].map(|at| before[at] == after[at]), [true, false, true]);
    assert_eq!(site.load("by_b").value().children["b"].value().version, "2");
}

#[test]
fn r19_a_strict_request_looks_for_names_that_part_only_among_what_it_uses() {
    let site = aliased();
    let strict = Arc::new(Scope::new("strict.conf:1").handler_root(site.path("")).strict(true));
    let ask = |name: &str| {
        let handler = site.registry.locate(&format!("~/{name}"), None, &strict, &ImportOptions::default());
        let handler = handler.expect("found");
        site.registry.pin_for(&strict, &handler).generation()
    };
    // A stamp is trusted once it is older than a step of the file system's clock, and a strict request reads what is not.
    std::thread::sleep(Duration::from_millis(50));
    site.registry.check(&Hint::Everything, false);
    let before = site.registry.snapshot().generation();
    run("rm b.toy; echo version 2 > b.toy", &site.path(""));
    assert_eq!(ask("neither"), before);
    assert_eq!(ask("by_b"), before + 1);
}

#[test]
fn a_config_map_switch() {
    let site = Live::prepared(NEVER, true, "h", |directory| {
        write(&directory.join("..1/h.toy"), "version 1");
        write(&directory.join("..2/h.toy"), "version 2");
        symlink("..1", directory.join("..data")).expect("a link");
        symlink("..data/h.toy", directory.join("h.toy")).expect("a link");
    });
    run("ln -s ..2 ..data_tmp; mv -T ..data_tmp ..data", &site.path(""));
    // The link `h.toy` itself did not change, so no event names it: the signal for `..data` must reach it all the same.
    site.expect("h", "2");
}

#[test]
fn a_directory_moved_away_and_back() {
    let site = Live::new(NEVER, true, "d/h", &[("d/h.toy", "version 1")]);
    let handler = site.registry.locate("~/d/h", None, &site.scope, &ImportOptions::default()).expect("found");
    let version = || site.registry.pin(&site.scope).load(&handler).expect("loaded").value().version.clone();
    run("mv d elsewhere", &site.path(""));
    site.registry.check(&Hint::Everything, false);
    site.wait("removal", |event| matches!(event, Event::Removed { .. }));
    assert_eq!(version(), "1");
    run("echo version 2 > elsewhere/h.toy; mv elsewhere d", &site.path(""));
    site.expect("d/h", "2");
    assert_eq!(version(), "2");
}

#[test]
fn a_root_deleted_and_made_again_is_watched_again() {
    let site = Live::new(SOON, true, "h", &[("h.toy", "version 1")]);
    run("rm -r site", site.directory.path());
    site.wait("removal", |event| matches!(event, Event::Removed { .. }));
    write(&site.path("h.toy"), "version 2");
    site.expect("h", "2");
    write(&site.path("h.toy"), "version 3");
    site.expect("h", "3");
}

#[test]
fn an_editor_that_saves_through_a_backup() {
    let site = Live::new(NEVER, true, "h", &[("h.toy", "version 1")]);
    run(
        "touch .h.toy.swp 4913; rm 4913; mv h.toy h.toy~; echo version 2 > h.toy; rm h.toy~ .h.toy.swp",
        &site.path(""),
    );
    site.expect("h", "2");
}

#[test]
fn r1_what_is_no_text_is_refused_with_the_reason() {
    let site = Live::new(NEVER, false, "h", &[("h.toy", "version 1")]);
    run(
        "mkfifo fifo.toy; mkdir dir.toy; printf 'a\\0b' > nul.toy; printf 'a\\377' > latin.toy; : > empty.toy",
        &site.path(""),
    );
    run(
        "head -c 5000000 /dev/zero > large.toy; ln -s /etc/hostname outside.toy; ln -s loop.toy loop.toy",
        &site.path(""),
    );
    let error = |name: &str| {
        let view = site.registry.pin(&site.scope);
        let error = view.import(None, &format!("~/{name}"), &ImportOptions::default()).expect_err(name);
        error.to_string().replace(&*site.path("").to_string_lossy(), "")
    };
    assert_eq!(error("fifo"), "`fifo.toy` is a FIFO, not a regular file");
    assert_eq!(error("dir"), "`dir.toy` is a directory, not a regular file");
    assert_eq!(error("nul"), "`nul.toy` is not UTF-8 text: byte 0x00 at offset 1");
    assert_eq!(error("latin"), "`latin.toy` is not UTF-8 text: byte 0xff at offset 1");
    assert_eq!(error("empty"), "`empty.toy` is empty");
    assert_eq!(error("large"), "`large.toy` has 5000000 bytes; a module may have at most 4194304");
    assert_eq!(error("outside"), "`outside.toy` lies outside of the declared roots (it is `/etc/hostname`)");
    assert!(error("loop").starts_with("`loop.toy` cannot be read"), "{}", error("loop"));
}
