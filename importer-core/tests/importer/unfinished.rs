//! A file that is still being written is never loaded, whatever caused the look (R59): real files, with a real writer.

use std::{
    fs::{self, File},
    io::Write,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, OnceLock},
    time::Duration,
};

use samovar_importer::{
    DiskTree, Hint, ImportError, ImportOptions, MemoryTree, Module, Outcome, Registry, Reloader, Scope, Signal, Sink,
    SourceTree, Watcher,
};
use tempfile::TempDir;

use crate::toy::Toy;

/// A site on disk that is checked on request only.
struct Site {
    directory: TempDir,
    registry: Arc<Registry<Toy>>,
    scope: Arc<Scope>,
}

impl Site {
    fn new(toy: Toy, files: &[(&str, &str)]) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let registry = Registry::new("unfinished", toy, DiskTree::new([directory.path()]));
        let scope = Arc::new(Scope::new("unfinished.conf:1").handler_root(directory.path()));
        let site = Self { directory, registry, scope };
        files.iter().for_each(|(name, text)| site.save(name, text));
        site
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(format!("{name}.toy"))
    }

    fn save(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).expect("written");
    }

    /// Opens a file, empties it, and writes `half`.
    fn begin(&self, name: &str, half: &str) -> File {
        let mut file = File::create(self.path(name)).expect("opened");
        file.write_all(half.as_bytes()).expect("written");
        file
    }

    fn import(&self, name: &str) -> Result<Arc<Module<Toy>>, ImportError> {
        self.registry.pin(&self.scope).import(None, &format!("~/{name}"), &ImportOptions::default())
    }

    /// The version of a module that is loaded.
    #[track_caller]
    fn version(&self, name: &str) -> String {
        self.import(name).unwrap_or_else(|error| panic!("{name}: {error}")).value().version.clone()
    }

    fn check(&self) -> Outcome {
        self.registry.check(&Hint::Everything, false)
    }

    fn at(&self, name: &str) -> Outcome {
        self.registry.check(&Hint::Paths(vec![self.path(name)]), false)
    }
}

fn finish(mut file: File, rest: &str) {
    file.write_all(rest.as_bytes()).expect("written");
}

#[test]
fn r59_a_retry_of_a_refusal_leaves_a_file_alone_that_is_being_written() {
    let site = Site::new(Toy::default(), &[("h", "version 1"), ("other", "version 1")]);
    assert_eq!((site.version("h"), site.version("other")), ("1".into(), "1".into()));
    site.save("h", "broken");
    assert!(matches!(site.check(), Outcome::Refused(_)));
    let writer = site.begin("h", "version half");
    // The hint names the other module, and the refused one is looked at as well.
    site.save("other", "version 2");
    assert!(matches!(site.at("other"), Outcome::Published { .. }));
    assert_eq!((site.version("h"), site.version("other")), ("1".into(), "2".into()));
    // Its errors are not reported again, and it still counts as refused.
    assert!(matches!(site.check(), Outcome::Refused(_)));
    assert!(matches!(site.registry.check(&Hint::Everything, true), Outcome::Refused(_)));
    assert_eq!(site.registry.status().counts.refused, 1);
    finish(writer, "\nversion 3");
    assert!(matches!(site.at("h"), Outcome::Published { .. }));
    assert_eq!(site.version("h"), "3");
    assert!(site.registry.status().refusals.is_empty());
}

#[test]
fn r59_a_refusal_and_a_change_that_touches_it_leave_the_file_alone_too() {
    let files = [("top", "version 1\nchild a\nchild b"), ("a", "version 1"), ("b", "version 1")];
    let site = Site::new(Toy::default(), &files);
    site.version("top");
    site.save("a", "broken");
    assert!(matches!(site.check(), Outcome::Refused(_)));
    let writer = site.begin("a", "version half");
    site.save("b", "version 2");
    assert!(matches!(site.at("b"), Outcome::Published { .. }));
    assert_eq!((site.version("a"), site.version("b")), ("1".into(), "2".into()));
    finish(writer, "\nversion 2");
    assert!(matches!(site.check(), Outcome::Published { .. }));
    assert_eq!(site.version("a"), "2");
}

#[test]
fn r59_a_hook_that_is_due_again_waits_for_the_writer() {
    let site = Site::new(Toy::default(), &[("h", "version 1\ncarry wait")]);
    site.registry.retry_hooks_after([Duration::ZERO; 3]);
    site.version("h");
    site.save("h", "version 2");
    assert!(matches!(site.check(), Outcome::Refused(_)));
    assert!(site.registry.retry_due().is_some());
    let writer = site.begin("h", "version half");
    assert!(matches!(site.check(), Outcome::Refused(_)));
    assert!(site.registry.retry_due().is_none(), "or it would be tried all the time");
    finish(writer, "\nversion 3");
    assert!(matches!(site.check(), Outcome::Refused(_)), "the hook waits again");
    for _ in 0..3 {
        site.check();
    }
    assert_eq!(site.version("h"), "3");
}

#[test]
fn r59_a_refused_file_that_is_saved_by_removing_it_is_not_told_anew() {
    let site = Site::new(Toy::default(), &[("h", "version 1"), ("other", "version 1")]);
    assert_eq!((site.version("h"), site.version("other")), ("1".into(), "1".into()));
    site.save("h", "broken");
    assert!(matches!(site.check(), Outcome::Refused(_)));
    for step in [|path: &Path| fs::remove_file(path), |path: &Path| fs::write(path, "")] {
        step(&site.path("h")).expect("done");
        let now = format!("version {}", site.registry.status().generation);
        site.save("other", &now);
        assert!(matches!(site.at("other"), Outcome::Published { .. }));
        assert_eq!(site.registry.status().counts.refused, 1);
        assert_eq!(site.registry.status().refusals.len(), 1, "it stands");
    }
    site.save("h", "version 2");
    assert!(matches!(site.check(), Outcome::Published { .. }));
}

#[test]
fn r34_a_refused_change_whose_file_is_gone_is_forgotten() {
    let site =
        Site::new(Toy::default(), &[("top", "child h\nchild other"), ("h", "version 1"), ("other", "version 1")]);
    site.registry.set_grace(Duration::ZERO);
    site.version("top");
    site.save("h", "broken");
    assert!(matches!(site.check(), Outcome::Refused(_)));
    fs::remove_file(site.path("h")).expect("removed");
    assert!(matches!(site.check(), Outcome::UpToDate));
    assert!(site.registry.status().refusals.is_empty());
    assert_eq!(site.registry.snapshot().generation(), 1, "the instance stays");
}

#[test]
fn r59_no_look_takes_a_file_that_is_being_written() {
    let site = Site::new(Toy::default(), &[("h", "version 1")]);
    site.version("h");
    let writer = site.begin("h", "version half");
    assert!(matches!(site.check(), Outcome::UpToDate));
    assert!(matches!(site.at("h"), Outcome::UpToDate));
    assert!(matches!(site.registry.check(&Hint::Everything, true), Outcome::UpToDate));
    let strict = Arc::new(Scope::new("strict.conf:1").handler_root(site.directory.path()).strict(true));
    let handler = site.registry.locate("~/h", None, &strict, &ImportOptions::default()).expect("found");
    assert_eq!(site.registry.pin_for(&strict, &handler).load(&handler).expect("loaded").value().version, "1");
    finish(writer, "\nversion 2");
    assert_eq!(site.registry.pin_for(&strict, &handler).load(&handler).expect("loaded").value().version, "2");
}

#[test]
fn r59_a_first_load_waits_for_the_writer() {
    let site = Site::new(Toy::default(), &[]);
    let writer = site.begin("new", "version half");
    let error = site.import("new").map(|_| ()).expect_err("not loaded");
    assert!(error.to_string().ends_with("new.toy` is still being written"), "{error}");
    assert!(error.diagnostic().temporary);
    finish(writer, "\nversion 1");
    // It has changed, so the second that must otherwise pass is not waited for.
    assert_eq!(site.version("new"), "1");
}

#[test]
fn r59_a_new_child_is_waited_for() {
    let site = Site::new(Toy::default(), &[("h", "version 1")]);
    site.version("h");
    let writer = site.begin("child", "version half");
    site.save("h", "version 2\nchild child");
    assert!(matches!(site.check(), Outcome::Refused(_)));
    assert_eq!(site.version("h"), "1");
    finish(writer, "\nversion 1");
    assert!(matches!(site.at("child"), Outcome::Published { .. }));
    assert_eq!((site.version("h"), site.version("child")), ("2".into(), "1".into()));
}

#[test]
fn r59_a_writer_that_begins_during_a_reload_changes_nothing_of_it() {
    let file = Arc::<OnceLock<PathBuf>>::default();
    let writer = Arc::<Mutex<Option<File>>>::default();
    let (to_write, at_it) = (file.clone(), writer.clone());
    let on_compile = move |text: &str| {
        if text.contains("version 2") {
            let mut half = File::create(to_write.get().expect("named")).expect("opened");
            half.write_all(b"version half").expect("written");
            *at_it.lock().expect("no panic") = Some(half);
        }
    };
    let toy = Toy { on_compile: Some(Box::new(on_compile)), ..Toy::default() };
    let site = Site::new(toy, &[("h", "version 1\nchild c"), ("c", "version 1")]);
    file.set(site.path("h")).expect("once");
    site.version("h");
    site.save("c", "version 2");
    assert!(matches!(site.check(), Outcome::Published { .. }));
    assert_eq!((site.version("h"), site.version("c")), ("1".into(), "2".into()));
    finish(writer.lock().expect("no panic").take().expect("opened"), "\nversion 3");
    assert!(matches!(site.check(), Outcome::Published { .. }));
    assert_eq!(site.version("h"), "3");
}

/// A watcher whose signals come from the test.
#[derive(Clone, Default)]
struct Told(Arc<Mutex<Option<Sink>>>);

impl Watcher for Told {
    fn watch(&mut self, _: &Path) -> Result<(), String> {
        Ok(())
    }
}

impl Told {
    fn tell(&self, signal: Signal) {
        self.0.lock().expect("no panic").as_ref().expect("started")(signal);
    }
}

/// Where the system does not say who has a file open, the signals of watchers count, and count immediately.
#[test]
fn r59_what_a_watcher_tells_of_writers_holds_for_every_look() {
    let tree = MemoryTree::default();
    tree.write("/s/h.toy", "version 1");
    assert!(!tree.read("/s/h.toy".as_ref()).expect("there").complete, "nobody knows");
    let registry = Registry::new("told", Toy::default(), tree.clone());
    let scope = Arc::new(Scope::new("told.conf:1").handler_root("/s"));
    let watcher = Told::default();
    let started = watcher.clone();
    let reloader = Reloader::new(["/s"]).registry(registry.clone()).interval(Duration::from_secs(3600));
    let reloader = reloader.watcher(move |sink| {
        *started.0.lock().expect("no panic") = Some(sink);
        Ok(started.clone())
    });
    let _reloader = reloader.spawn().expect("a thread");
    let import = |name: &str| registry.pin(&scope).import(None, name, &ImportOptions::default());
    let version = |name: &str| import(name).map(|module| module.value().version.clone());
    assert_eq!(version("~/h").expect("loaded"), "1");

    watcher.tell(Signal::Writing("/s/h.toy".into()));
    watcher.tell(Signal::Writing("/s/new.toy".into()));
    tree.write("/s/h.toy", "version half");
    tree.write("/s/new.toy", "version half");
    assert!(matches!(registry.check(&Hint::Everything, true), Outcome::UpToDate));
    assert!(version("~/new").expect_err("not loaded").to_string().contains("being written"));
    tree.write("/s/h.toy", "version 2");
    tree.write("/s/new.toy", "version 2");
    let events = registry.subscribe();
    watcher.tell(Signal::Complete("/s/h.toy".into()));
    watcher.tell(Signal::Complete("/s/new.toy".into()));
    assert_eq!(version("~/new").expect("loaded"), "2");
    while version("~/h").expect("loaded") != "2" {
        events.recv_timeout(Duration::from_secs(30)).expect("a reload");
    }
}
