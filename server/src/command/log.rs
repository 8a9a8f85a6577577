//! The log of the program: `ErrorLog` and `LogLevel`, which may change while it runs.
//!
//! A thread of its own writes the lines: a full disk, or a pipe without a reader, blocks no request. Lines that cannot
//! be written are lost, and counted.

use std::{
    fs::{File, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU64, AtomicUsize, Ordering},
        mpsc::{Receiver, Sender, SyncSender, channel, sync_channel},
    },
    time::Duration,
};

use parking_lot::RwLock;
use samovar::Site;
use tracing::{Event, Metadata, Subscriber, level_filters::LevelFilter, subscriber::Interest};
use tracing_subscriber::{
    Layer,
    fmt::{
        FmtContext, FormatEvent, MakeWriter,
        format::{DefaultFields, Format, Full, Writer},
    },
    layer::{Context, SubscriberExt},
    registry::LookupSpan,
    util::SubscriberInitExt,
};

use super::colour;

/// The most bytes that wait to be written. Further lines are lost.
const WAITING: usize = 32 << 20;
/// How long the program waits at its end for lines to be written.
const AT_END: Duration = Duration::from_secs(1);

enum Message {
    Lines(Vec<u8>),
    /// Report when all earlier lines are written.
    Flush(SyncSender<()>),
}

/// State that is shared with the writing thread.
#[derive(Default)]
struct Shared {
    /// Standard error, until the configuration names a file.
    file: RwLock<Option<(PathBuf, Arc<File>)>>,
    waiting: AtomicUsize,
    lost: AtomicU64,
}

/// Takes lines, and never waits for them to be written.
#[derive(Clone)]
struct Destination {
    messages: Sender<Message>,
    shared: Arc<Shared>,
}

impl Destination {
    fn start() -> io::Result<Self> {
        let (messages, inbox) = channel();
        let shared = Arc::<Shared>::default();
        let thread = Thread { shared: shared.clone(), failing: false };
        std::thread::Builder::new().name("samovar-log".into()).spawn(move || thread.run(&inbox))?;
        Ok(Self { messages, shared })
    }
}

impl<'a> MakeWriter<'a> for Destination {
    type Writer = &'a Self;

    fn make_writer(&'a self) -> &'a Self {
        self
    }
}

impl Write for &Destination {
    /// The text of one event is written at once.
    fn write(&mut self, lines: &[u8]) -> io::Result<usize> {
        let waiting = self.shared.waiting.fetch_add(lines.len(), Ordering::Relaxed);
        let is_taken = waiting + lines.len() <= WAITING && self.messages.send(Message::Lines(lines.to_vec())).is_ok();
        if !is_taken {
            self.shared.waiting.fetch_sub(lines.len(), Ordering::Relaxed);
            self.shared.lost.fetch_add(1, Ordering::Relaxed);
        }
        Ok(lines.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

struct Thread {
    shared: Arc<Shared>,
    failing: bool,
}

impl Thread {
    fn run(mut self, inbox: &Receiver<Message>) {
        while let Ok(message) = inbox.recv() {
            match message {
                Message::Lines(lines) => {
                    self.write(&lines);
                    self.shared.waiting.fetch_sub(lines.len(), Ordering::Relaxed);
                }
                // The receiver may have given up.
                Message::Flush(done) => drop(done.try_send(())),
            }
        }
    }

    fn write(&mut self, lines: &[u8]) {
        let file = self.shared.file.read().clone();
        let written = match &file {
            Some((_, file)) => (&**file).write_all(lines),
            None => io::stderr().write_all(lines),
        };
        match (written, file) {
            (Ok(()), _) => {
                self.failing = false;
                let lost = self.shared.lost.swap(0, Ordering::Relaxed);
                if lost > 0 {
                    tracing::warn!("{lost} messages of the log were lost");
                }
            }
            (Err(error), file) => {
                self.shared.lost.fetch_add(1, Ordering::Relaxed);
                // Reported once, not for each line, and where it can be read.
                if let (false, Some((path, _))) = (std::mem::replace(&mut self.failing, true), file) {
                    let _ = writeln!(io::stderr(), "error: {}: cannot be written to: {error}", path.display());
                }
            }
        }
    }
}

/// How a line looks: coloured on a terminal, never in a file.
struct Style {
    shared: Arc<Shared>,
    terminal: Format<Full>,
    file: Format<Full>,
}

impl Style {
    fn new(shared: Arc<Shared>) -> Self {
        let format = || Format::default().with_target(false);
        Self { shared, terminal: format().with_ansi(colour::of_errors()), file: format().with_ansi(false) }
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> FormatEvent<S, DefaultFields> for Style {
    fn format_event(
        &self,
        context: &FmtContext<'_, S, DefaultFields>,
        writer: Writer<'_>,
        event: &Event<'_>,
    ) -> std::fmt::Result {
        let is_file = self.shared.file.read().is_some();
        let format = if is_file { &self.file } else { &self.terminal };
        format.format_event(context, writer, event)
    }
}

/// Passes events that the level of the site, or that of the request, allows.
#[derive(Clone, Default)]
struct Levels(Arc<RwLock<Option<LevelFilter>>>);

impl<S: Subscriber> Layer<S> for Levels {
    /// The level depends on the thread, so the decision is not cached.
    fn register_callsite(&self, _: &'static Metadata<'static>) -> Interest {
        Interest::sometimes()
    }

    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, S>) -> bool {
        let level = samovar::program::level_of_request().or(*self.0.read()).unwrap_or(LevelFilter::INFO);
        *metadata.level() <= level
    }
}

static LEVELS: OnceLock<Levels> = OnceLock::new();
static DESTINATION: OnceLock<Destination> = OnceLock::new();

/// Starts to log, to standard error.
pub(crate) fn start() -> io::Result<()> {
    let destination = Destination::start()?;
    let _ = DESTINATION.set(destination.clone());
    let levels = LEVELS.get_or_init(Levels::default).clone();
    let style = Style::new(destination.shared.clone());
    let lines = tracing_subscriber::fmt::layer().event_format(style).with_writer(destination);
    tracing_subscriber::registry().with(levels).with(lines).init();
    Ok(())
}

/// Applies the settings of the configuration to the log.
pub(crate) fn follow(site: &Site) {
    if let Some(levels) = LEVELS.get() {
        *levels.0.write() = Some(site.log_level());
    }
    let Some(destination) = DESTINATION.get() else { return };
    let file = site.error_log().and_then(|path| match open(&path) {
        Ok(file) => Some((path, Arc::new(file))),
        Err(error) => {
            tracing::error!("cannot write to {}: {error}; the log stays where it is", path.display());
            destination.shared.file.read().clone()
        }
    });
    *destination.shared.file.write() = file;
}

/// Waits until all lines are written, as far as their reader takes them.
pub(crate) fn flush() {
    let Some(destination) = DESTINATION.get() else { return };
    let (done, told) = sync_channel(1);
    if destination.messages.send(Message::Flush(done)).is_ok() {
        let _ = told.recv_timeout(AT_END);
    }
}

fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().create(true).append(true).open(path)
}
