//! Watchers that cannot watch, lose events, or end: no change is missed, and the problem is reported.

use std::{
    fs,
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    time::{Duration, Instant},
};

use crate::toy::Toy;
use samovar_importer::{DiskTree, Event, ImportOptions, Registry, Reloader, Scope, Signal, Sink, Watch, Watcher};
use tempfile::TempDir;

/// The behaviour of the simulated system.
#[derive(Clone, Default)]
struct System(Arc<Shared>);

#[derive(Default)]
struct Shared {
    /// How many more watchers it refuses to make.
    refuses: AtomicUsize,
    /// How many more roots it refuses to watch.
    limits: AtomicUsize,
    made: AtomicUsize,
    sink: Mutex<Option<Sink>>,
}

struct Fake(System);

impl System {
    fn make(&self, sink: Sink) -> Result<Fake, String> {
        self.0.made.fetch_add(1, Ordering::SeqCst);
        if take(&self.0.refuses) {
            return Err("no instance".into());
        }
        *self.0.sink.lock().expect("not poisoned") = Some(sink);
        Ok(Fake(self.clone()))
    }

    fn tell(&self, signal: Signal) {
        self.0.sink.lock().expect("not poisoned").as_ref().expect("a watcher")(signal);
    }

    /// Ends the watcher, as when its thread panics.
    fn end(&self) {
        self.0.sink.lock().expect("not poisoned").take();
    }
}

/// Subtracts one, if any is left.
fn take(count: &AtomicUsize) -> bool {
    count.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok()
}

impl Watcher for Fake {
    fn watch(&mut self, _: &Path) -> Result<(), String> {
        match take(&self.0.0.limits) {
            true => Err("limit reached".into()),
            false => Ok(()),
        }
    }
}

const SOON: Duration = Duration::from_millis(20);
const NEVER: Duration = Duration::from_secs(3600);

struct Site {
    directory: TempDir,
    registry: Arc<Registry<Toy>>,
    scope: Arc<Scope>,
    events: mpsc::Receiver<Event>,
    _reloader: Reloader,
}

impl Site {
    /// A module `h` of version 1, watched through the simulated system.
    fn new(system: &System, interval: Duration) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        fs::write(directory.path().join("h.toy"), "version 1").expect("written");
        let panics: Box<dyn Fn(&str) + Send + Sync> = Box::new(|text| assert!(text != "panic", "as the text says"));
        let toy = Toy { on_compile: Some(panics), ..Toy::default() };
        let registry = Registry::new("trouble", toy, DiskTree::new([directory.path()]));
        let scope = Arc::new(Scope::new("trouble.conf:1").handler_root(directory.path()));
        let events = registry.subscribe();
        let system = system.clone();
        let reloader = Reloader::new([directory.path()]).registry(registry.clone()).interval(interval);
        let _reloader = reloader.watcher(move |sink| system.make(sink)).spawn().expect("a thread");
        let site = Self { directory, registry, scope, events, _reloader };
        assert_eq!(site.version(), "1");
        site
    }

    /// Writes atomically: no look finds half of it.
    fn write(&self, text: impl AsRef<[u8]>) {
        let [temporary, path] = ["h.new", "h.toy"].map(|name| self.directory.path().join(name));
        fs::write(&temporary, text).expect("written");
        fs::rename(temporary, path).expect("renamed");
    }

    fn version(&self) -> String {
        let view = self.registry.pin(&self.scope);
        view.import(None, "~/h", &ImportOptions::default()).expect("loaded").value().version.clone()
    }

    #[track_caller]
    fn wait(&self, what: &str, is: impl Fn(&Event) -> bool) {
        let deadline = Instant::now() + Duration::from_secs(30);
        loop {
            match self.events.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(event) if is(&event) => return,
                Ok(_) => {}
                Err(error) => panic!("no {what}: {error}"),
            }
        }
    }

    /// Waits for the event that watching is degraded for this reason.
    #[track_caller]
    fn wait_degraded(&self, why: &str) {
        self.wait(why, |event| matches!(event, Event::WatchDegraded { reason } if reason.contains(why)));
    }

    /// Waits for the event that watching is restored, and checks the status.
    #[track_caller]
    fn wait_restored(&self) {
        self.wait("restored", |event| matches!(event, Event::WatchRestored));
        assert_eq!(self.registry.status().watch, Watch::Events);
    }

    /// Checks that a save without an event is found.
    #[track_caller]
    fn expect_found(&self, version: &str) {
        self.write(format!("version {version}"));
        self.wait("reload", |event| matches!(event, Event::Published { reload: true, .. }));
        assert_eq!(self.version(), version);
    }
}

#[test]
fn without_an_instance_changes_are_found_by_looking_until_there_is_one() {
    let system = System::default();
    system.0.refuses.store(2, Ordering::SeqCst);
    let site = Site::new(&system, SOON);
    site.wait_degraded("no instance");
    site.expect_found("2");
    site.wait_restored();
    assert_eq!(system.0.made.load(Ordering::SeqCst), 3);
}

#[test]
fn beyond_the_limit_changes_are_found_by_looking_until_it_is_raised() {
    let system = System::default();
    system.0.limits.store(2, Ordering::SeqCst);
    let site = Site::new(&system, SOON);
    site.wait_degraded("limit reached");
    site.expect_found("2");
    site.wait_restored();
}

#[test]
fn a_directory_that_comes_and_cannot_be_watched_is_told() {
    let system = System::default();
    let site = Site::new(&system, SOON);
    system.tell(Signal::Unwatched("limit reached".into()));
    system.tell(Signal::Unwatched("limit reached".into()));
    site.wait_degraded("limit reached");
    assert!(matches!(site.registry.status().watch, Watch::Polling { reason } if reason == "limit reached"));
    site.expect_found("2");
    site.wait_restored();
}

#[test]
fn a_watcher_that_ends_is_started_again() {
    let system = System::default();
    let site = Site::new(&system, SOON);
    system.end();
    site.wait_degraded("it is being restarted");
    site.expect_found("2");
    site.wait_restored();
    assert_eq!(system.0.made.load(Ordering::SeqCst), 2);
    system.tell(Signal::Lost);
    site.expect_found("3");
}

#[test]
fn lost_events_mean_one_look_at_everything() {
    let system = System::default();
    let site = Site::new(&system, NEVER);
    site.write("version 2");
    for _ in 0..1_000 {
        system.tell(Signal::Lost);
    }
    site.wait("reload", |event| matches!(event, Event::Published { reload: true, .. }));
    assert_eq!(site.version(), "2");
}

#[test]
fn a_look_that_panics_is_not_the_last_one() {
    let system = System::default();
    let site = Site::new(&system, SOON);
    site.write("panic");
    site.wait_degraded("panicked");
    assert_eq!(site.version(), "1");
    site.expect_found("2");
    site.wait_restored();
}
