//! The thread that looks for changes: when signals have settled, and once in a while without any.
//!
//! Events make it fast; the tick makes it right. Symbolic links, overlay file systems, hard links, remounts and queue
//! overflows all lose events, and a look at every stamp finds what they lost.

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

/// A registry of whatever language.
pub trait Reload: Send + Sync {
    /// See [`Registry::check`]. Returns what looking has cost; what is reloaded then costs what it may.
    fn check(&self, hint: &Hint) -> Duration;
    /// Takes what a watcher tells, on its own thread, long before it is time to look: a file that is being written is
    /// loaded by nobody.
    fn heard(&self, signal: &Signal);
    /// Files have come, gone or changed, perhaps ones that no module was made from yet.
    fn stir(&self);
    /// Tells an event to whoever has subscribed.
    fn tell(&self, event: Event);
    /// When a refused reload is to be tried again, though no file changed.
    fn retry_due(&self) -> Option<Instant>;
    /// A reloader looks for changes from now on, with file events or without.
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

/// Keeps registries up to date in the background. Dropping it ends its thread, after a reload that is under way.
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

/// What a [`Reloader`] is to do, before it does.
pub struct ReloaderBuilder {
    roots: Vec<PathBuf>,
    registries: Vec<Box<dyn Reload>>,
    interval: Duration,
    watcher: Option<Start>,
}

enum Message {
    Signal(Signal),
    /// The watcher of that number tells nothing any more.
    Ended(u64),
    Stop,
}

/// Looking at every stamp may take this part of one core, whatever the number of modules: one in fifty (R60).
const SHARE: u32 = 50;
/// After so many intervals what the system refused is asked for again.
const PAUSE: u32 = 60;

impl Reloader {
    /// Watches directories with everything below them.
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

    /// Time between two looks at every stamp. The default is one second; with very many modules it takes longer, so that
    /// looking costs no more than one fiftieth of one core.
    #[must_use]
    pub fn interval(mut self, interval: Duration) -> Self {
        self.interval = interval;
        self
    }

    /// Use file events? Without them, changes are found at the interval.
    #[must_use]
    pub fn events(mut self, events: bool) -> Self {
        let start: Start = Box::new(|sink| Ok(Box::new(NotifyWatcher::new(sink)?)));
        self.watcher = events.then_some(start);
        self
    }

    /// Hear of changes from another watcher, which `start` makes. It is called again when the watcher has ended: when it
    /// has dropped its sink.
    #[must_use]
    pub fn watcher<W: Watcher + 'static>(mut self, start: impl Fn(Sink) -> Result<W, String> + Send + 'static) -> Self {
        self.watcher = Some(Box::new(move |sink| Ok(Box::new(start(sink)?))));
        self
    }

    /// Starts the thread. When this returns, the directories are watched: a later change is noticed.
    ///
    /// # Errors
    /// The system gives no further thread.
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
    /// A look has failed that nothing should be able to make fail, and none has succeeded since.
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
        // A host's loader may panic. Whoever looks for changes must not end with it, or nothing would ever be reloaded.
        while let Ok(Next::Look) | Err(_) = self.guarded(inbox) {}
    }

    fn guarded(&mut self, inbox: &mpsc::Receiver<Message>) -> std::thread::Result<Next> {
        let result = catch_unwind(AssertUnwindSafe(|| self.look(inbox)));
        if result.is_err() {
            self.next_tick = Instant::now() + self.interval;
            if !std::mem::replace(&mut self.failing, true) {
                self.tell(&Event::WatchDegraded { reason: "a look at the files panicked; it is tried again".into() });
            }
        }
        result
    }

    fn look(&mut self, inbox: &mpsc::Receiver<Message>) -> Next {
        let retry = self.registries.iter().filter_map(|registry| registry.retry_due()).min();
        let due = [self.settling.due(), retry].into_iter().flatten().fold(self.next_tick, Instant::min);
        let mut received = inbox.recv_timeout(due.saturating_duration_since(Instant::now()));
        // All that has been told by now belongs to what is looked at now: files are saved together.
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

/// What the thread does when it has looked.
enum Next {
    Look,
    Stop,
}
