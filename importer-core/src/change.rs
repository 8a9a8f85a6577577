//! When to look: file events, settled into hints.
//!
//! Pure: signals and instants go in, hints come out; the clock is read by the caller. A file that is complete after a
//! quiet time is looked at at once, so that a save is served within a millisecond; what follows closely waits until it is
//! quiet again, so that a checkout of ten thousand files is not ten thousand reloads.

use std::{
    collections::BTreeSet,
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
    writing: BTreeSet<PathBuf>,
    /// When the oldest signal came that was not yet looked at.
    oldest: Option<Instant>,
    latest: Option<Instant>,
    due: Option<Instant>,
}

impl Settling {
    pub(crate) fn signal(&mut self, signal: Signal, now: Instant) {
        match signal {
            Signal::Writing(path) if !is_noise(&path) => {
                self.writing.insert(path);
            }
            Signal::Complete(path) if !is_noise(&path) => {
                self.writing.remove(&path);
                self.complete.insert(path);
                self.schedule(now);
            }
            Signal::Moved(path) if !is_noise(&path) => {
                self.everywhere = true;
                self.schedule(now);
            }
            Signal::Lost => {
                // Whoever was writing may have closed meanwhile without our hearing of it.
                self.writing.clear();
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
        let paths: Vec<_> = complete.into_iter().filter(|path| !self.writing.contains(path)).collect();
        (!paths.is_empty()).then_some(Hint::Paths(paths))
    }

    /// Files that somebody is still writing: a look at them would find half of what they are to be.
    pub(crate) fn unfinished(&self) -> &BTreeSet<PathBuf> {
        &self.writing
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
                "write" => settling.signal(Signal::Writing(path()), now),
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

    #[test]
    fn a_file_that_is_being_written_is_left_alone() {
        check("0 write a, 500 ?, 900 write a, 901 done a, 901 ?", "- a");
        check("0 done a, 0 write a, 30 ?, 40 done a, 60 ?", "- a");
    }

    #[test]
    fn lost_events_mean_everything() {
        check("0 done a, 0 lost, 0 ?", "all");
    }

    #[test]
    fn editors_and_version_control_are_ignored() {
        check("0 done /s/.git/index, 0 done /s/.h.rhai.swp, 0 done /s/h.rhai~, 0 done /s/4913, 50 ?", "-");
        check("0 done /s/..data, 0 ?", "/s/..data");
    }
}
