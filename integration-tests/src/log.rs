//! What the program says on standard error, line by line, for others to wait for.

use std::{
    io::{BufRead, BufReader, Read},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use crate::PATIENCE;

/// The lines so far. Clones share them.
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<(Mutex<Lines>, Condvar)>);

#[derive(Default)]
struct Lines {
    all: Vec<String>,
    /// Lines before this one were waited for already.
    seen: usize,
    ended: bool,
}

impl Log {
    /// Reads lines on a thread of its own until there are no more, so that the program never waits for a reader.
    pub(crate) fn follow(source: impl Read + Send + 'static) -> Self {
        let log = Self::default();
        let follower = log.clone();
        std::thread::spawn(move || {
            for line in BufReader::new(source).split(b'\n').map_while(Result::ok) {
                follower.lines().all.push(String::from_utf8_lossy(&line).into_owned());
                follower.0.1.notify_all();
            }
            follower.lines().ended = true;
            follower.0.1.notify_all();
        });
        log
    }

    /// The next line that `fits`, after the one that was waited for last; `what` it is, for people.
    #[track_caller]
    pub(crate) fn wait_for(&self, what: &str, fits: impl Fn(&str) -> bool) -> String {
        let deadline = Instant::now() + PATIENCE;
        let mut lines = self.lines();
        loop {
            let found = (lines.seen..lines.all.len()).find(|&at| fits(&lines.all[at]));
            if let Some(at) = found {
                lines.seen = at + 1;
                return lines.all[at].clone();
            }
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(!left.is_zero() && !lines.ended, "no line came: {what}; the log:\n{}", lines.all.join("\n"));
            lines = self.0.1.wait_timeout(lines, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Everything, once the program has closed its end.
    pub(crate) fn to_the_end(&self) -> String {
        let mut lines = self.lines();
        while !lines.ended {
            lines = self.0.1.wait(lines).unwrap_or_else(PoisonError::into_inner);
        }
        lines.all.join("\n")
    }

    pub(crate) fn text(&self) -> String {
        self.lines().all.join("\n")
    }

    /// A test that failed while it held the lines must not hide the reason behind a second panic.
    fn lines(&self) -> MutexGuard<'_, Lines> {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
