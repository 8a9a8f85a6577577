//! When to look: file events, settled into hints.
//!
//! Pure: signals and instants go in, hints come out; the clock is read by the caller. A file that is complete after a
//! quiet time is looked at at once, so that a save is served within a millisecond; what follows closely waits until it is
//! quiet again, so that a checkout of ten thousand files is not ten thousand reloads.

use std::{
    collections::{BTreeSet, HashMap},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use crate::reload::Hint;

/// What a watcher has noticed. Hints, not truth: whoever looks compares content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Signal {
    /// The file is being written, and not done yet.
    Writing(PathBuf),
    /// Something is complete under this name: closed after writing, renamed into place, linked, removed.
    Complete(PathBuf),
    /// A directory or a link has come into place: files may read otherwise under names that no event tells.
    Moved(PathBuf),
    /// Events were lost: look everywhere.
    Lost,
    /// A directory that has come cannot be watched, for this reason: what happens in it is found at the tick.
    Unwatched(String),
}

/// So long nothing must happen before it is called quiet.
const QUIET: Duration = Duration::from_millis(20);
/// So long a change waits at most for quiet.
const PATIENCE: Duration = Duration::from_secs(2);

/// Collects signals until it is time to look.
#[derive(Debug, Default)]
pub(crate) struct Settling {
    complete: BTreeSet<PathBuf>,
    everywhere: bool,
    /// When the oldest signal came that was not yet looked at.
    oldest: Option<Instant>,
    latest: Option<Instant>,
    due: Option<Instant>,
}

impl Settling {
    pub(crate) fn signal(&mut self, signal: Signal, now: Instant) {
        match signal {
            Signal::Complete(path) if !is_noise(&path) => {
                self.complete.insert(path);
                self.schedule(now);
            }
            Signal::Moved(path) if !is_noise(&path) => {
                self.everywhere = true;
                self.schedule(now);
            }
            Signal::Lost => {
                self.everywhere = true;
                self.schedule(now);
            }
            Signal::Writing(_) | Signal::Complete(_) | Signal::Moved(_) | Signal::Unwatched(_) => {}
        }
    }

    fn schedule(&mut self, now: Instant) {
        let quiet = self.latest.is_none_or(|latest| now.duration_since(latest) >= QUIET);
        self.latest = Some(now);
        let oldest = *self.oldest.get_or_insert(now);
        self.due = match self.due {
            None if quiet => Some(now),
            // At once has been decided already.
            Some(due) if due <= oldest => Some(due),
            _ => Some((now + QUIET).min(oldest + PATIENCE)),
        };
    }

    /// When to call [`take`](Self::take).
    pub(crate) fn due(&self) -> Option<Instant> {
        self.due
    }

    /// What to look at now, if it is time.
    pub(crate) fn take(&mut self, now: Instant) -> Option<Hint> {
        if self.due? > now {
            return None;
        }
        self.due = None;
        self.oldest = None;
        let complete = std::mem::take(&mut self.complete);
        if std::mem::take(&mut self.everywhere) {
            return Some(Hint::Everything);
        }
        (!complete.is_empty()).then(|| Hint::Paths(complete.into_iter().collect()))
    }
}

/// Files that somebody is writing, as far as the watcher tells (R59).
#[derive(Debug, Default)]
pub(crate) struct Unfinished(HashMap<PathBuf, Instant>);

/// So long after its last sign a writer is believed to be at it. Not every way to make a file ends with an event.
const BELIEVED: Duration = Duration::from_mins(1);

impl Unfinished {
    pub(crate) fn signal(&mut self, signal: &Signal, now: Instant) {
        match signal {
            Signal::Writing(path) if !is_noise(path) => {
                self.0.insert(path.clone(), now);
            }
            // What lay below a directory that is gone is gone with it.
            Signal::Complete(path) => self.0.retain(|unfinished, _| !unfinished.starts_with(path)),
            // Something else has this name now.
            Signal::Moved(path) => drop(self.0.remove(path)),
            // Whoever was writing may have closed meanwhile without our hearing of it.
            Signal::Lost => self.0.clear(),
            Signal::Writing(_) | Signal::Unwatched(_) => {}
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn has(&self, path: &Path, now: Instant) -> bool {
        self.0.get(path).is_some_and(|last| now.saturating_duration_since(*last) < BELIEVED)
    }
}

/// What editors and version control leave beside the files they change. `..data` is what a ConfigMap switches.
fn is_noise(path: &Path) -> bool {
    let hidden = |name: &str| name.starts_with('.') && !name.starts_with("..");
    let names = path.iter().filter_map(|name| name.to_str());
    let file = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    // 4913 is the file with which vim finds out whether it may write into a directory.
    names.clone().any(|name| name == ".git" || name == ".hg" || name == ".svn")
        || hidden(file)
        || file.ends_with('~')
        || file.ends_with(".swp")
        || file.ends_with(".swx")
        || file == "4913"
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `script`: `MS signal path` a step; `MS ?` looks. Returns what each look gave.
    #[track_caller]
    fn check(script: &str, expected: &str) {
        let start = Instant::now();
        let mut settling = Settling::default();
        let mut looks = Vec::new();
        for step in script.split(", ") {
            let words: Vec<_> = step.split(' ').collect();
            let now = start + Duration::from_millis(words[0].parse().expect("milliseconds"));
            let path = || PathBuf::from(words[2]);
            match words[1] {
                "done" => settling.signal(Signal::Complete(path()), now),
                "lost" => settling.signal(Signal::Lost, now),
                _ => looks.push(match settling.take(now) {
                    None => "-".into(),
                    Some(Hint::Everything) => "all".into(),
                    Some(Hint::Paths(paths)) => {
                        paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join("+")
                    }
                }),
            }
        }
        assert_eq!(looks.join(" "), expected);
    }

    #[test]
    fn the_first_save_after_a_quiet_time_is_taken_at_once() {
        check("0 done a, 0 ?, 100 done a, 100 ?", "a a");
    }

    #[test]
    fn what_follows_waits_for_quiet() {
        check("0 done a, 0 ?, 5 done b, 10 done c, 20 ?, 30 ?", "a - b+c");
    }

    #[test]
    fn nothing_waits_longer_than_two_seconds() {
        let busy: Vec<_> = (1..=300).map(|i| format!("{} done b, {} ?", i * 10, i * 10)).collect();
        let script = format!("0 done a, 0 ?, {}", busy.join(", "));
        let mut looks = vec!["a".to_owned()];
        looks.extend((1..=300).map(|i| if i == 201 { "b".into() } else { "-".to_owned() }));
        check(&script, &looks.join(" "));
    }

    /// `script`: `SECOND signal path` a step; `SECOND ? path` asks. Returns what each question gave.
    #[track_caller]
    fn check_unfinished(script: &str, expected: &str) {
        let start = Instant::now();
        let mut unfinished = Unfinished::default();
        let mut answers = Vec::new();
        for step in script.split(", ") {
            let words: Vec<_> = step.split(' ').collect();
            let now = start + Duration::from_secs(words[0].parse().expect("seconds"));
            let path = || PathBuf::from(words[2]);
            match words[1] {
                "done" => unfinished.signal(&Signal::Complete(path()), now),
                "write" => unfinished.signal(&Signal::Writing(path()), now),
                "moved" => unfinished.signal(&Signal::Moved(path()), now),
                "lost" => unfinished.signal(&Signal::Lost, now),
                _ => answers.push(if unfinished.has(&path(), now) { "written" } else { "-" }),
            }
        }
        assert_eq!(answers.join(" "), expected);
    }

    #[test]
    fn r59_a_file_is_being_written_until_it_is_closed() {
        check_unfinished(
            "0 ? /a, 0 write /a, 30 ? /a, 30 ? /b, 30 moved /d, 30 ? /a, 31 done /a, 31 ? /a",
            "- written - written -",
        );
        check_unfinished("0 write /d/a, 0 write /da, 1 done /d, 1 ? /d/a, 1 ? /da", "- written");
        check_unfinished("0 write /a, 0 write /a/b, 1 moved /a, 1 ? /a, 1 ? /a/b", "- written");
        check_unfinished("0 write /a, 1 lost, 1 ? /a", "-");
        check_unfinished("0 write /.a.swp, 0 ? /.a.swp", "-");
    }

    #[test]
    fn r59_a_writer_of_whom_nothing_is_heard_is_believed_for_a_minute() {
        check_unfinished("0 write /a, 59 ? /a, 60 ? /a", "written -");
        check_unfinished("0 write /a, 50 write /a, 109 ? /a, 110 ? /a", "written -");
    }

    #[test]
    fn lost_events_mean_everything() {
        check("0 done a, 0 lost, 0 ?", "all");
    }

    #[test]
    fn editors_and_version_control_are_ignored() {
        check("0 done /s/.git/index, 0 done /s/.h.rhai.swp, 0 done /s/h.rhai~, 0 done /s/4913, 50 ?", "-");
        for noise in ["/s/.hg/x", "/s/.git/x", "/s/.svn/x", "/s/.h", "/s/h~", "/s/h.swp", "/s/h.swx", "/s/4913"] {
            assert!(is_noise(Path::new(noise)), "{noise}");
        }
        for file in ["/s/h.rhai", "/s/git/x", "/s/h.swp.rhai", "/s/4913.rhai", "/.s/h.rhai", "/s/~h", "/s/..data"] {
            assert!(!is_noise(Path::new(file)), "{file}");
        }
        check("0 done /s/..data, 0 ?", "/s/..data");
    }
}
