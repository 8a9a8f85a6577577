//! When to look: file events are collected until they have settled into a hint.
//!
//! Pure: signals and instants go in, hints come out; the caller reads the clock. The first complete file after a quiet
//! time is looked at immediately, so a save is served within a millisecond. Files that follow closely wait until it is
//! quiet again, so a checkout of ten thousand files does not cause ten thousand reloads.

use std::{
    collections::BTreeSet,
    path::PathBuf,
    time::{Duration, Instant},
};

use super::{
    hint::Hint,
    signal::{Signal, is_noise},
};

/// How long nothing must happen before it counts as quiet.
const QUIET: Duration = Duration::from_millis(20);
/// How long a change waits for quiet, at most.
pub(super) const PATIENCE: Duration = Duration::from_secs(2);

/// Collects signals until it is time to look.
#[derive(Debug, Default)]
pub(crate) struct Settling {
    complete: BTreeSet<PathBuf>,
    everywhere: bool,
    /// When the oldest signal that has not been looked at arrived.
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
            // An immediate look has been decided already.
            Some(due) if due <= oldest => Some(due),
            _ => Some((now + QUIET).min(oldest + PATIENCE)),
        };
    }

    /// Returns when to call [`take`](Self::take).
    pub(crate) fn due(&self) -> Option<Instant> {
        self.due
    }

    /// Returns what to look at now, if it is time.
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

#[cfg(test)]
mod tests {
    use super::*;

    /// `script` has steps: `MS signal path` sends a signal, `MS ?` looks. `expected` is the result of each look.
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
