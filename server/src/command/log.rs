//! Where the program's log goes, and how much of it: `ErrorLog` and `LogLevel`, which may change while it runs.

use std::{
    fs::{File, OpenOptions},
    io::{self, IsTerminal, Write},
    path::Path,
    sync::{Arc, OnceLock},
};

use parking_lot::RwLock;
use samovar::Site;
use tracing::{Metadata, Subscriber, level_filters::LevelFilter, subscriber::Interest};
use tracing_subscriber::{
    Layer,
    fmt::MakeWriter,
    layer::{Context, SubscriberExt},
    util::SubscriberInitExt,
};

/// Standard error, until the configuration names a file.
#[derive(Clone, Default)]
struct Destination(Arc<RwLock<Option<Arc<File>>>>);

enum Writer {
    Standard(io::Stderr),
    File(Arc<File>),
}

impl<'a> MakeWriter<'a> for Destination {
    type Writer = Writer;

    fn make_writer(&'a self) -> Writer {
        self.0.read().clone().map_or_else(|| Writer::Standard(io::stderr()), Writer::File)
    }
}

impl Write for Writer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Standard(stderr) => stderr.write(bytes),
            Self::File(file) => (&**file).write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Standard(stderr) => stderr.flush(),
            Self::File(file) => (&**file).flush(),
        }
    }
}

/// Lets through what the site's level, or that of the request that is told of, allows.
#[derive(Clone, Default)]
struct Levels(Arc<RwLock<Option<LevelFilter>>>);

impl<S: Subscriber> Layer<S> for Levels {
    /// What is let through depends on who asks; so nothing is decided once and for all.
    fn register_callsite(&self, _: &'static Metadata<'static>) -> Interest {
        Interest::sometimes()
    }

    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, S>) -> bool {
        let level = samovar::level_of_request().or(*self.0.read()).unwrap_or(LevelFilter::INFO);
        *metadata.level() <= level
    }
}

static LEVELS: OnceLock<Levels> = OnceLock::new();
static DESTINATION: OnceLock<Destination> = OnceLock::new();

/// Starts to log, to standard error.
pub(crate) fn start() {
    let destination = DESTINATION.get_or_init(Destination::default).clone();
    let levels = LEVELS.get_or_init(Levels::default).clone();
    let colour = io::stderr().is_terminal();
    let lines = tracing_subscriber::fmt::layer().with_writer(destination).with_ansi(colour).with_target(false);
    tracing_subscriber::registry().with(levels).with(lines).init();
}

/// Logs as the site's configuration says from now on.
pub(crate) fn follow(site: &Site) {
    if let Some(levels) = LEVELS.get() {
        *levels.0.write() = Some(site.log_level());
    }
    let Some(destination) = DESTINATION.get() else { return };
    let file = site.error_log().and_then(|path| match open(&path) {
        Ok(file) => Some(Arc::new(file)),
        Err(error) => {
            tracing::error!("cannot write to {}: {error}; the log stays where it is", path.display());
            destination.0.read().clone()
        }
    });
    *destination.0.write() = file;
}

fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().create(true).append(true).open(path)
}
