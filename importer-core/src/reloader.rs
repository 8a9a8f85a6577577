//! The thread that looks for changes: when signals have settled, and once in a while without any.
//!
//! Events make it fast; the tick makes it right. Symbolic links, overlay file systems, hard links, remounts and queue
//! overflows all lose events, and a look at every stamp finds what they lost.

use std::{
    collections::BTreeSet,
    io,
    path::{Path, PathBuf},
    sync::{Arc, mpsc},
    thread::JoinHandle,
    time::{Duration, Instant},
};

use crate::{
    change::{Settling, Signal},
    event::Event,
    loader::Loader,
    registry::Registry,
    reload::{Hint, Outcome},
    watch::{NotifyWatcher, Watcher},
};

/// A registry of whatever language.
pub trait Reload: Send + Sync {
    /// See [`Registry::check`]; leaves files alone that somebody is still writing.
    fn check(&self, hint: &Hint, unfinished: &BTreeSet<PathBuf>) -> Outcome;
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
    fn check(&self, hint: &Hint, unfinished: &BTreeSet<PathBuf>) -> Outcome {
        self.check_but(hint, false, unfinished)
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
        self.tally.watched(events);
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
pub struct Builder {
    roots: Vec<PathBuf>,
    registries: Vec<Box<dyn Reload>>,
    interval: Duration,
    events: bool,
}

enum Message {
    Signal(Signal),
    Stop,
}

/// A look at every stamp may take this part of the time, whatever the number of modules: one in fifty.
const SHARE: u32 = 50;

impl Reloader {
    /// Watches directories with everything below them.
    #[allow(clippy::new_ret_no_self, reason = "the way to a reloader leads through its builder")]
    pub fn new(roots: impl IntoIterator<Item = impl Into<PathBuf>>) -> Builder {
        let roots = roots.into_iter().map(Into::into).collect::<BTreeSet<_>>().into_iter().collect();
        Builder { roots, registries: Vec::new(), interval: Duration::from_secs(1), events: true }
    }
}

impl Builder {
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
        self.events = events;
        self
    }

    /// Starts the thread. When this returns, the directories are watched: a later change is noticed.
    ///
    /// # Errors
    /// The system gives no further thread.
    pub fn spawn(self) -> io::Result<Reloader> {
        let (messages, inbox) = mpsc::channel();
        let mut work = Work {
            watcher: None,
            watched: Vec::new(),
            settling: Settling::default(),
            next_tick: Instant::now() + self.interval,
            plan: self,
        };
        for registry in &work.plan.registries {
            registry.watched(work.plan.events);
        }
        if work.plan.events {
            work.start_watching(&messages);
        }
        let thread = std::thread::Builder::new().name("samovar-reload".into()).stack_size(STACK);
        let thread = thread.spawn(move || work.run(&inbox))?;
        Ok(Reloader { messages, thread: Some(thread) })
    }
}

/// Scripts run on this thread. Only what is touched of it costs memory.
const STACK: usize = 64 << 20;

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
    plan: Builder,
    watcher: Option<Box<dyn Watcher>>,
    /// What each root was when it was last watched.
    watched: Vec<Option<PathBuf>>,
    settling: Settling,
    next_tick: Instant,
}

impl Work {
    fn start_watching(&mut self, messages: &mpsc::Sender<Message>) {
        let messages = messages.clone();
        let sink = Box::new(move |signal| drop(messages.send(Message::Signal(signal))));
        match NotifyWatcher::new(sink) {
            Ok(watcher) => {
                self.watcher = Some(Box::new(watcher));
                self.watch_roots(true);
            }
            Err(reason) => self.tell(&Event::WatchDegraded { reason }),
        }
    }

    fn tell(&self, event: &Event) {
        for registry in &self.plan.registries {
            registry.tell(event.clone());
        }
    }

    /// Watches each root that is another directory than the last time: made again, or its link switched.
    fn watch_roots(&mut self, all: bool) -> bool {
        let Some(watcher) = &mut self.watcher else { return false };
        let mut problems = BTreeSet::new();
        let mut any = false;
        self.watched.resize(self.plan.roots.len(), None);
        for (root, watched) in self.plan.roots.iter().zip(&mut self.watched) {
            let now = identity(root);
            if now.is_some() && (all || *watched != now) {
                problems.extend(watcher.watch(root).err());
                any = true;
            }
            *watched = now;
        }
        for reason in problems {
            self.tell(&Event::WatchDegraded { reason });
        }
        any
    }

    fn run(mut self, inbox: &mpsc::Receiver<Message>) {
        loop {
            let retry = self.plan.registries.iter().filter_map(|registry| registry.retry_due()).min();
            let due = [self.settling.due(), retry].into_iter().flatten().fold(self.next_tick, Instant::min);
            let mut received = inbox.recv_timeout(due.saturating_duration_since(Instant::now()));
            // All that has been told by now belongs to what is looked at now: files are saved together.
            while let Ok(Message::Signal(signal)) = received {
                self.signal(signal);
                received = inbox.try_recv().map_err(|_| mpsc::RecvTimeoutError::Timeout);
            }
            if matches!(received, Ok(Message::Stop) | Err(mpsc::RecvTimeoutError::Disconnected)) {
                return;
            }
            if let Some(hint) = self.settling.take(Instant::now()) {
                self.plan.registries.iter().for_each(|registry| registry.stir());
                self.check(&hint);
            }
            if retry.is_some_and(|retry| Instant::now() >= retry) {
                self.check(&Hint::Everything);
            }
            if Instant::now() >= self.next_tick {
                self.tick();
            }
        }
    }

    fn signal(&mut self, signal: Signal) {
        // What lies behind a link that was switched is not watched yet.
        if let Signal::Moved(path) = &signal
            && path.is_symlink()
        {
            self.watch_roots(true);
        }
        self.settling.signal(signal, Instant::now());
    }

    fn tick(&mut self) {
        let started = Instant::now();
        self.watch_roots(false);
        self.check(&Hint::Everything);
        self.next_tick = started + self.plan.interval.max(started.elapsed() * SHARE);
    }

    fn check(&self, hint: &Hint) {
        for registry in &self.plan.registries {
            registry.check(hint, self.settling.unfinished());
        }
    }
}

/// What a root is now: where it leads, and which inode that is.
fn identity(root: &Path) -> Option<PathBuf> {
    let real = root.canonicalize().ok()?;
    #[cfg(unix)]
    {
        let inode = std::os::unix::fs::MetadataExt::ino(&real.metadata().ok()?);
        Some(real.join(inode.to_string()))
    }
    #[cfg(not(unix))]
    Some(real)
}
