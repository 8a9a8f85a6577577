//! The thread that writes what is recorded, so that serving never waits for the disk.
//!
//! A write that the disk refuses is reported once, and tried again: when another release is recorded, and after a wait that
//! grows from a second to a minute.

use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use parking_lot::{Condvar, Mutex};

use super::{
    directory::{Contents, DiskError, Fault, Part, StateDirectory, Unopened},
    ledger::{Bounds, Content, Excess, Ledger},
};
use crate::text::Diagnostic;

const FIRST_RETRY: Duration = Duration::from_secs(1);
const LAST_RETRY: Duration = Duration::from_secs(60);
/// How many damaged files are reported one by one.
const REPORTED: usize = 10;

/// What the thread and those who ask have in common.
pub(super) struct Shared {
    pub(super) path: PathBuf,
    pub(super) state: Mutex<HistoryState>,
    /// There may be something to do for the thread.
    pub(super) wake: Condvar,
    /// The thread has done something, or has ended.
    pub(super) settled: Condvar,
}

pub(super) type Reporter = Arc<dyn Fn(&Diagnostic) + Send + Sync>;

#[derive(Default)]
pub(super) struct HistoryState {
    pub(super) ledger: Ledger,
    pub(super) bounds: Bounds,
    /// Nothing is kept, and nothing is tried any more.
    pub(super) is_off: bool,
    /// Is there something to be written or removed?
    pub(super) is_dirty: bool,
    /// Is the thread at it?
    pub(super) is_busy: bool,
    /// How often the disk has refused, and how often since something new was asked of it; and when to ask it again.
    pub(super) refusals: u64,
    pub(super) retries: u32,
    pub(super) retry: Option<Instant>,
    /// The thread is to end.
    pub(super) is_closing: bool,
    pub(super) has_ended: bool,
    problems: BTreeMap<Topic, Diagnostic>,
    unreported: Vec<Diagnostic>,
    pub(super) reporter: Option<Reporter>,
    lost: u64,
    /// Releases whose manifests cannot be used. They go when all others of their age have gone.
    unusable: Vec<u64>,
}

/// What a problem is about. Of each, there is one at a time.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Topic {
    Off,
    Writing,
    Lost,
    File(Part),
    MoreFiles,
}

impl HistoryState {
    pub(super) fn new(bounds: Bounds) -> Self {
        Self { bounds, ..Self::default() }
    }

    /// Everything that is wrong at the moment.
    pub(super) fn problems(&self) -> Vec<Diagnostic> {
        self.problems.values().cloned().collect()
    }

    /// Notes a problem. It is reported once, however long it lasts.
    fn report(&mut self, topic: Topic, diagnostic: Diagnostic) {
        if self.problems.insert(topic, diagnostic.clone()).is_none() {
            self.unreported.push(diagnostic);
        }
    }

    /// Ends everything, but for the numbers.
    pub(super) fn turn_off(&mut self, diagnostic: Diagnostic) {
        self.is_off = true;
        self.ledger = Ledger::new([], &[].into(), self.ledger.next_number().saturating_sub(1));
        self.problems.clear();
        self.report(Topic::Off, diagnostic);
    }

    pub(super) fn lose(&mut self, releases: u64) {
        if releases > 0 {
            self.lost += releases;
            let lost = self.lost;
            let are = if lost == 1 { "release is" } else { "releases are" };
            let message = format!("{lost} {are} missing from the history: too much waited to be written");
            let diagnostic = Diagnostic::error(message);
            self.report(Topic::Lost, diagnostic.help("see why the state directory cannot be written, or is slow"));
        }
    }

    pub(super) fn fail(&mut self, failure: &DiskError) {
        let what = match self.ledger.pending_releases() {
            0 => "the history cannot be kept".to_owned(),
            1 => "the newest release is not in the history yet".to_owned(),
            several => format!("the last {several} releases are not in the history yet"),
        };
        let diagnostic = Diagnostic::error(format!("{what}: {failure}"))
            .help("make room, or let this user write there: it is tried again by itself");
        self.report(Topic::Writing, diagnostic);
        let wait = FIRST_RETRY.saturating_mul(1 << self.retries.min(6)).min(LAST_RETRY);
        self.refusals += 1;
        self.retries = self.retries.saturating_add(1);
        self.retry = Some(Instant::now() + wait);
        self.is_dirty = true;
    }

    /// A stored text that was read is not what it was.
    pub(super) fn spoil(&mut self, fault: &Fault) {
        let Part::Text(hash) = fault.of else { return };
        self.ledger.is_missing(hash);
        self.find_fault(fault);
    }

    /// Takes up what was found on the disk when it was opened.
    pub(super) fn find(&mut self, contents: &Contents) {
        self.problems.retain(|topic, _| !matches!(topic, Topic::File(_) | Topic::MoreFiles));
        self.unusable.clear();
        for fault in &contents.faults {
            if let Part::Manifest(number) = fault.of {
                self.unusable.push(number);
            }
        }
        let first = contents.faults.iter().take(REPORTED);
        first.for_each(|fault| self.find_fault(fault));
        let more = contents.faults.len().saturating_sub(REPORTED);
        if more > 0 {
            let diagnostic = Diagnostic::error(format!("{more} more files of the history cannot be used"));
            self.report(
                Topic::MoreFiles,
                diagnostic.help("restore the state directory from a backup, or begin a new one"),
            );
        }
        self.is_dirty = true;
    }

    fn find_fault(&mut self, fault: &Fault) {
        let path = fault.path.display();
        let state = match &fault.error {
            None => "is damaged".to_owned(),
            Some(error) if error.kind() == std::io::ErrorKind::NotFound => "is missing".to_owned(),
            Some(error) => format!("cannot be read: {error}"),
        };
        let diagnostic = match fault.of {
            Part::Manifest(number) => {
                Diagnostic::error(format!("release {number} is missing from the history: `{path}` {state}"))
                    .help("restore the file from a backup and start again, or remove it")
            }
            Part::Text(hash) => {
                let releases = self.ledger.releases_with(hash);
                let names = match releases.as_slice() {
                    [] => "no release names it any more".to_owned(),
                    [one] => format!("release {one} names it"),
                    [first, .., last] => format!("{} releases from {first} to {last} name it", releases.len()),
                };
                Diagnostic::error(format!("a text of the history is lost: `{path}` {state}; {names}")).help(
                    "restore the file from a backup; it is written again when a module with this text is published",
                )
            }
        };
        self.report(Topic::File(fault.of), diagnostic);
    }

    /// Lets go of problems that are none any more.
    fn heal(&mut self) {
        let ledger = &self.ledger;
        self.problems.retain(|topic, _| match topic {
            Topic::Writing => false,
            Topic::File(Part::Text(hash)) => matches!(ledger.text(*hash), Some((Content::Missing, _))),
            Topic::File(Part::Manifest(_)) | Topic::Off | Topic::Lost | Topic::MoreFiles => true,
        });
        self.retries = 0;
        self.retry = None;
    }

    /// What is too much, and the unusable manifests that are as old.
    fn prune(&mut self) -> Excess {
        let mut dropped = self.ledger.prune(self.bounds);
        let oldest = self.ledger.releases().next().map_or(0, |release| release.number());
        if !dropped.releases.is_empty() {
            let old = self.unusable.extract_if(.., |number| *number < oldest);
            dropped.releases.extend(old);
            self.problems.retain(|topic, _| !matches!(topic, Topic::File(Part::Manifest(old)) if *old < oldest));
        }
        dropped
    }
}

/// Why a directory is not used by this process.
pub(super) fn reason(directory: &std::path::Path, unopened: Unopened) -> Result<Diagnostic, DiskError> {
    let message = |why: String| Diagnostic::error(format!("no history is kept in `{}`: {why}", directory.display()));
    match unopened {
        Unopened::Refused(failure) => Err(failure),
        Unopened::Locked(holder) => Ok(message(format!("{holder} uses it"))
            .help("give each server a state directory of its own; or stop the other one, and start this one again")),
        Unopened::Newer(path) => Ok(message(format!("a later version of Samovar wrote `{}`", path.display()))
            .help("use that version, or another directory")),
    }
}

/// The thread, with what only it touches.
pub(super) struct Keeper {
    pub(super) shared: Arc<Shared>,
    pub(super) directory: Option<StateDirectory>,
    /// What is to be removed, as far as the disk lets us.
    dropped: Excess,
}

enum Next {
    Report(Vec<Diagnostic>, Reporter),
    Write,
    End,
}

impl Keeper {
    pub(super) fn new(shared: Arc<Shared>, directory: Option<StateDirectory>) -> Self {
        Self { shared, directory, dropped: Excess::default() }
    }

    pub(super) fn run(mut self) {
        loop {
            match self.next() {
                Next::Report(diagnostics, report) => diagnostics.iter().for_each(|diagnostic| report(diagnostic)),
                Next::Write => self.work(),
                Next::End => break,
            }
        }
        // The lock goes first: `drop` of the history returns when another process can have the directory.
        self.directory = None;
        self.shared.state.lock().has_ended = true;
        self.shared.settled.notify_all();
    }

    fn next(&self) -> Next {
        let mut state = self.shared.state.lock();
        loop {
            if let Some(reporter) = state.reporter.clone().filter(|_| !state.unreported.is_empty()) {
                return Next::Report(std::mem::take(&mut state.unreported), reporter);
            }
            let is_due = state.is_closing || state.retry.is_none_or(|retry| Instant::now() >= retry);
            if state.is_dirty && is_due && !state.is_off {
                state.is_dirty = false;
                state.is_busy = true;
                return Next::Write;
            }
            if state.is_closing {
                return Next::End;
            }
            match state.retry.filter(|_| state.is_dirty && !state.is_off) {
                Some(retry) => drop(self.shared.wake.wait_until(&mut state, retry)),
                None => self.shared.wake.wait(&mut state),
            }
        }
    }

    fn work(&mut self) {
        let worked = self.write();
        let mut state = self.shared.state.lock();
        match worked {
            Ok(()) => state.heal(),
            Err(failure) => {
                state.fail(&failure);
                // Once more at the end, and no more.
                state.is_dirty = !state.is_closing;
            }
        }
        state.is_busy = false;
        self.shared.settled.notify_all();
    }

    /// Writes the oldest release that waits, and removes what is too much.
    fn write(&mut self) -> Result<(), DiskError> {
        // One that is not what it was is let go of with its lock before it is opened anew.
        let directory = match self.directory.take().filter(StateDirectory::is_there) {
            Some(directory) => directory,
            None => match self.open()? {
                Some(directory) => directory,
                None => return Ok(()),
            },
        };
        let written = self.write_to(&directory).and_then(|()| self.tidy(&directory));
        self.directory = Some(directory);
        let mut state = self.shared.state.lock();
        state.is_dirty |= state.ledger.pending_releases() > 0;
        written
    }

    fn write_to(&mut self, directory: &StateDirectory) -> Result<(), DiskError> {
        let state = || self.shared.state.lock();
        let Some(pending) = state().ledger.pending() else { return Ok(()) };
        for (hash, text) in &pending.texts {
            directory.write_text(*hash, text.as_bytes())?;
            state().ledger.is_stored(*hash, text.len() as u64);
        }
        directory.write_release(&pending.release)?;
        if !state().ledger.is_written(&pending.release) {
            self.dropped.releases.push(pending.release.number());
        }
        Ok(())
    }

    fn tidy(&mut self, directory: &StateDirectory) -> Result<(), DiskError> {
        {
            let mut state = self.shared.state.lock();
            let Excess { releases, texts } = state.prune();
            self.dropped.releases.extend(releases);
            self.dropped.texts.extend(texts);
            // What could not be removed before may have been recorded again since.
            self.dropped.releases.retain(|number| state.ledger.release(*number).is_none());
            self.dropped.texts.retain(|hash| state.ledger.text(*hash).is_none());
        }
        directory.remove(&self.dropped.releases, &self.dropped.texts)?;
        self.dropped = Excess::default();
        Ok(())
    }

    fn open(&self) -> Result<Option<StateDirectory>, DiskError> {
        let path = &self.shared.path;
        let opened = StateDirectory::open(path).map_err(|unopened| reason(path, unopened));
        let mut state = self.shared.state.lock();
        let (directory, contents) = match opened {
            Ok(opened) => opened,
            Err(Err(failure)) => return Err(failure),
            Err(Ok(diagnostic)) => {
                state.turn_off(diagnostic);
                return Ok(None);
            }
        };
        let found = Ledger::new(contents.releases.iter().cloned(), &contents.texts, contents.highest);
        if !state.ledger.compare(&found) {
            let message = format!(
                "no history is kept in `{}`: releases came there that this process does not know",
                path.display()
            );
            state.turn_off(Diagnostic::error(message).help("start again, to go on with their numbers"));
            return Ok(None);
        }
        state.find(&contents);
        Ok(Some(directory))
    }
}
