//! The thread that looks for changes: when signals have settled, and at every tick.
//!
//! File events make it fast; the tick makes it correct. Symbolic links, overlay file systems, hard links, remounts and
//! queue overflows all lose events. The tick compares every stamp and finds what they lost.

use std::{
    collections::BTreeSet,
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    path::PathBuf,
    sync::{Arc, mpsc},
    thread::JoinHandle,
    time::{Duration, Instant},
};

use crate::{
    generation::Loader,
    registry::Registry,
    report::Event,
    sync::STACK,
    watch::{
        Hint, NotifyWatcher, Signal, Sink, Watcher,
        settling::Settling,
        watching::{Health, Start, Tell, Watching},
    },
};

/// A registry of any language.
pub trait Reload: Send + Sync {
    /// Looks for changes, see [`Registry::check`]. Returns the cost of looking, without the cost of reloading.
    fn check(&self, hint: &Hint) -> Duration;
    /// Takes a signal on the watcher's own thread, long before it is time to look, so that a file that is being written
    /// is not loaded.
    fn heard(&self, signal: &Signal);
    /// Notes that files have appeared, disappeared or changed, perhaps files that no module has been made from yet.
    fn stir(&self);
    /// Sends an event to all subscribers.
    fn tell(&self, event: Event);
    /// Returns when a refused reload is to be tried again although no file has changed.
    fn retry_due(&self) -> Option<Instant>;
    /// Notes that a reloader looks for changes from now on; `events`: with file events.
    fn watched(&self, events: bool);
}

impl<L: Loader> Reload for Arc<Registry<L>> {
    fn check(&self, hint: &Hint) -> Duration {
        self.paced_check(hint)
    }

    fn heard(&self, signal: &Signal) {
        Registry::heard(self, signal);
    }

    fn stir(&self) {
        Registry::stir(self);
    }

    fn tell(&self, event: Event) {
        self.emit(event);
    }

    fn retry_due(&self) -> Option<Instant> {
        Registry::retry_due(self)
    }

    fn watched(&self, events: bool) {
        Registry::watched(self, events);
    }
}

/// Keeps registries up to date in the background. Dropping it stops its thread, after any reload in progress.
///
/// ```no_run
/// # fn keep_up_to_date<L: samovar_importer::Loader>(registry: std::sync::Arc<samovar_importer::Registry<L>>) -> std::io::Result<()> {
/// use samovar_importer::Reloader;
///
/// let reloader = Reloader::new(["/srv/site"]).registry(registry).spawn()?;
/// # drop(reloader);
/// # Ok(())
/// # }
/// ```
pub struct Reloader {
    messages: mpsc::Sender<Message>,
    thread: Option<JoinHandle<()>>,
}

/// The settings of a [`Reloader`] before it starts.
pub struct ReloaderBuilder {
    roots: Vec<PathBuf>,
    registries: Vec<Box<dyn Reload>>,
    interval: Duration,
    watcher: Option<Start>,
}

enum Message {
    Signal(Signal),
    /// The watcher with this number has ended.
    Ended(u64),
    Stop,
}

/// The share of one core that comparing every stamp may use, whatever the number of modules: one fiftieth (R60).
const SHARE: u32 = 50;
/// After this many intervals, a watch that the system refused is requested again.
const PAUSE: u32 = 60;

impl Reloader {
    /// Returns a builder for a reloader that watches `roots` and everything below them.
    #[allow(clippy::new_ret_no_self, reason = "the way to a reloader leads through its builder")]
    pub fn new(roots: impl IntoIterator<Item = impl Into<PathBuf>>) -> ReloaderBuilder {
        let roots = roots.into_iter().map(Into::into).collect::<BTreeSet<_>>().into_iter().collect();
        let builder =
            ReloaderBuilder { roots, registries: Vec::new(), interval: Duration::from_secs(1), watcher: None };
        builder.events(true)
    }
}

impl ReloaderBuilder {
    /// Adds a registry to keep up to date.
    #[must_use]
    pub fn registry<L: Loader>(mut self, registry: Arc<Registry<L>>) -> Self {
        self.registries.push(Box::new(registry));
        self
    }

    /// Sets the time between two ticks, each of which compares every stamp. The default is one second. With very many
    /// modules it becomes longer, so that looking costs at most one fiftieth of one core.
    #[must_use]
    pub fn interval(mut self, interval: Duration) -> Self {
        self.interval = interval;
        self
    }

    /// Sets whether file events are used. Without them, changes are found at the interval.
    #[must_use]
    pub fn events(mut self, events: bool) -> Self {
        let start: Start = Box::new(|sink| Ok(Box::new(NotifyWatcher::new(sink)?)));
        self.watcher = events.then_some(start);
        self
    }

    /// Uses another watcher, which `start` makes. `start` is called again when the watcher has ended, that is, when it
    /// has dropped its sink.
    #[must_use]
    pub fn watcher<W: Watcher + 'static>(mut self, start: impl Fn(Sink) -> Result<W, String> + Send + 'static) -> Self {
        self.watcher = Some(Box::new(move |sink| Ok(Box::new(start(sink)?))));
        self
    }

    /// Starts the thread. The directories are watched when this returns: later changes are noticed.
    ///
    /// # Errors
    /// The system cannot start another thread.
    pub fn spawn(self) -> io::Result<Reloader> {
        let (messages, inbox) = mpsc::channel();
        for registry in &self.registries {
            registry.watched(self.watcher.is_some());
        }
        let registries: Arc<[Box<dyn Reload>]> = self.registries.into();
        let (told, hearing) = (messages.clone(), registries.clone());
        let tell: Tell = Arc::new(move |number, signal| {
            if let Some(signal) = &signal {
                hearing.iter().for_each(|registry| registry.heard(signal));
            }
            let _ = told.send(signal.map_or(Message::Ended(number), Message::Signal));
        });
        let (roots, pause) = (self.roots, self.interval * PAUSE);
        let mut work = Work {
            registries,
            interval: self.interval,
            watching: self.watcher.map(|start| Watching::new(roots, start, tell, pause)),
            settling: Settling::default(),
            next_tick: Instant::now() + self.interval,
            failing: false,
        };
        work.start_watching();
        let thread = std::thread::Builder::new().name("samovar-reload".into()).stack_size(STACK);
        let thread = thread.spawn(move || work.run(&inbox))?;
        Ok(Reloader { messages, thread: Some(thread) })
    }
}

impl Drop for Reloader {
    fn drop(&mut self) {
        let _ = self.messages.send(Message::Stop);
        if let Some(thread) = self.thread.take()
            && thread.thread().id() != std::thread::current().id()
        {
            let _ = thread.join();
        }
    }
}

struct Work {
    registries: Arc<[Box<dyn Reload>]>,
    interval: Duration,
    watching: Option<Watching>,
    settling: Settling,
    next_tick: Instant,
    /// Whether a check has panicked and none has succeeded since.
    failing: bool,
}

impl Work {
    fn tell(&self, event: &Event) {
        for registry in self.registries.iter() {
            registry.tell(event.clone());
        }
    }

    fn tell_health(&self, health: Option<Health>) {
        match health {
            Some(Health::Degraded(reason)) => self.tell(&Event::WatchDegraded { reason }),
            Some(Health::Restored) => self.tell(&Event::WatchRestored),
            None => {}
        }
    }

    fn start_watching(&mut self) {
        let health = self.watching.as_mut().and_then(Watching::start);
        self.tell_health(health);
    }

    fn run(mut self, inbox: &mpsc::Receiver<Message>) {
        // A host's loader may panic. This thread must survive that, or nothing would ever be reloaded again.
        while let Ok(Next::Look) | Err(_) = self.guarded(inbox) {}
    }

    fn guarded(&mut self, inbox: &mpsc::Receiver<Message>) -> std::thread::Result<Next> {
        let result = catch_unwind(AssertUnwindSafe(|| self.look(inbox)));
        if result.is_err() {
            self.next_tick = Instant::now() + self.interval;
            if !std::mem::replace(&mut self.failing, true) {
                self.tell(&Event::WatchDegraded {
                    reason: "checking the files for changes panicked; the check will be tried again".into(),
                });
            }
        }
        result
    }

    fn look(&mut self, inbox: &mpsc::Receiver<Message>) -> Next {
        let retry = self.registries.iter().filter_map(|registry| registry.retry_due()).min();
        let due = [self.settling.due(), retry].into_iter().flatten().fold(self.next_tick, Instant::min);
        let mut received = inbox.recv_timeout(due.saturating_duration_since(Instant::now()));
        // All signals received by now belong to the same look: files are saved together.
        loop {
            match received {
                Ok(Message::Signal(signal)) => self.signal(signal),
                Ok(Message::Ended(number)) => {
                    let health = self.watching.as_mut().and_then(|watching| watching.ended(number));
                    self.tell_health(health);
                }
                Ok(Message::Stop) | Err(mpsc::RecvTimeoutError::Disconnected) => return Next::Stop,
                Err(mpsc::RecvTimeoutError::Timeout) => break,
            }
            received = inbox.try_recv().map_err(|_| mpsc::RecvTimeoutError::Timeout);
        }
        if let Some(hint) = self.settling.take(Instant::now()) {
            self.registries.iter().for_each(|registry| registry.stir());
            self.check(&hint);
        }
        if retry.is_some_and(|retry| Instant::now() >= retry) {
            self.check(&Hint::Everything);
        }
        if Instant::now() >= self.next_tick {
            self.tick();
        }
        Next::Look
    }

    fn signal(&mut self, signal: Signal) {
        let health = match (&signal, &mut self.watching) {
            (Signal::Moved(path), Some(watching)) if path.is_symlink() => watching.follow_links(),
            (Signal::Unwatched(reason), Some(watching)) => watching.cannot(reason.clone()),
            _ => None,
        };
        self.tell_health(health);
        self.settling.signal(signal, Instant::now());
    }

    fn tick(&mut self) {
        let started = Instant::now();
        let health = self.watching.as_mut().and_then(Watching::refresh);
        self.tell_health(health);
        let cost = self.check(&Hint::Everything);
        self.next_tick = started + self.interval.max(cost * SHARE);
        if std::mem::take(&mut self.failing) {
            let health = self.watching.as_ref().map(Watching::health);
            self.registries.iter().for_each(|registry| registry.watched(health.is_some()));
            self.tell_health(health);
        }
    }

    fn check(&self, hint: &Hint) -> Duration {
        self.registries.iter().map(|registry| registry.check(hint)).sum()
    }
}

/// What the thread does after a look.
enum Next {
    Look,
    Stop,
}
