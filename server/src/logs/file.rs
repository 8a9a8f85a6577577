//! A log file with a thread of its own: a full disk, or a pipe without a reader, blocks no request.

use std::{
    fs::{File, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc::{Receiver, SyncSender, sync_channel},
    },
};

/// The most lines that wait to be written. More are lost, and counted.
const WAITING: usize = 8192;

/// A log file. Cheap to clone; closed with the last clone, when all lines are written.
#[derive(Clone)]
pub(crate) struct LogFile {
    lines: SyncSender<String>,
    lost: Arc<AtomicU64>,
}

impl LogFile {
    /// Opens a file to append to, and creates it if it is missing.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().create(true).append(true).open(path)?;
        let (lines, inbox) = sync_channel(WAITING);
        let lost = Arc::<AtomicU64>::default();
        let writer = Writer { path: path.to_path_buf(), file, lost: lost.clone(), failing: false };
        std::thread::Builder::new().name("samovar-log".into()).spawn(move || writer.run(&inbox))?;
        Ok(Self { lines, lost })
    }

    /// Identifies the file while it is open.
    pub(crate) fn id(&self) -> usize {
        Arc::as_ptr(&self.lost).addr()
    }

    /// Appends a line, or several. Never waits.
    pub(crate) fn write(&self, line: String) {
        if self.lines.try_send(line).is_err() {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }
}

struct Writer {
    path: PathBuf,
    file: File,
    lost: Arc<AtomicU64>,
    failing: bool,
}

impl Writer {
    fn run(mut self, inbox: &Receiver<String>) {
        while let Ok(mut text) = inbox.recv() {
            text.push('\n');
            // Writes all waiting lines at once.
            for line in inbox.try_iter().take(256) {
                text.push_str(&line);
                text.push('\n');
            }
            self.write(&text);
        }
    }

    fn write(&mut self, text: &str) {
        match self.file.write_all(text.as_bytes()) {
            Ok(()) => {
                self.failing = false;
                let lost = self.lost.swap(0, Ordering::Relaxed);
                if lost > 0 {
                    tracing::warn!("{}: {lost} lines were lost", self.path.display());
                }
            }
            Err(error) => {
                self.lost.fetch_add(text.lines().count() as u64, Ordering::Relaxed);
                // Logged once, not for each line.
                if !std::mem::replace(&mut self.failing, true) {
                    tracing::error!("{}: cannot be written to: {error}", self.path.display());
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_added_in_order() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("log");
        std::fs::write(&path, "before\n").expect("written");
        let log = LogFile::open(&path).expect("opened");
        for number in 0..1000 {
            log.write(number.to_string());
        }
        drop(log);
        let expected: String = std::iter::once("before\n".into()).chain((0..1000).map(|n| format!("{n}\n"))).collect();
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(30);
        while std::fs::read_to_string(&path).expect("read") != expected {
            assert!(std::time::Instant::now() < deadline, "the lines never came");
            std::thread::yield_now();
        }
    }

    #[test]
    fn a_log_that_cannot_be_written_loses_lines_and_stops_nobody() {
        let log = LogFile::open(Path::new("/dev/full")).expect("opened");
        for _ in 0..3 * WAITING {
            log.write("line".to_owned());
        }
    }
}
