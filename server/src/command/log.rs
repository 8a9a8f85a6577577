//! Where the program's log goes, and how much of it: `ErrorLog` and `LogLevel`, which may change while it runs.

use std::{
    fs::{File, OpenOptions},
    io::{self, IsTerminal, Write},
    path::Path,
    sync::{Arc, OnceLock},
};

use parking_lot::RwLock;
use samovar::Site;
use tracing_subscriber::{
    Registry, filter::LevelFilter, fmt::MakeWriter, layer::SubscriberExt, reload, util::SubscriberInitExt,
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

static LEVEL: OnceLock<reload::Handle<LevelFilter, Registry>> = OnceLock::new();
static DESTINATION: OnceLock<Destination> = OnceLock::new();

/// Starts to log, to standard error.
pub(crate) fn start() {
    let destination = DESTINATION.get_or_init(Destination::default).clone();
    let (level, handle) = reload::Layer::new(LevelFilter::INFO);
    let _ = LEVEL.set(handle);
    let colour = io::stderr().is_terminal();
    let lines = tracing_subscriber::fmt::layer().with_writer(destination).with_ansi(colour).with_target(false);
    tracing_subscriber::registry().with(level).with(lines).init();
}

/// Logs as the site's configuration says from now on.
pub(crate) fn follow(site: &Site) {
    if let (Some(handle), Ok(level)) = (LEVEL.get(), site.log_level().parse::<LevelFilter>()) {
        let _ = handle.reload(level);
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
