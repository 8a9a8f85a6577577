//! The thread that writes recorded releases, so that serving never waits for the disk.
//!
//! A failed write is reported once, and tried again: when another release is recorded, and after a wait that grows from
//! a second to a minute.

use std::{
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use parking_lot::{Condvar, Mutex, MutexGuard};

use super::{
    bell::Bell,
    directory::{DiskError, StateDirectory},
    ledger::{Excess, Ledger},
    publication::{Inbox, Publication},
    state::{HistoryState, Reporter, reason},
};
use crate::text::Diagnostic;

/// First loads that join a release are gathered for at least this time, and for `SHARE` times as long as recording them
/// takes: a site that loads ten thousand modules one by one does not record them ten thousand times.
const GATHERED: Duration = Duration::from_millis(50);
const SHARE: u32 = 10;

/// The data shared by the thread and the history.
pub(super) struct Shared {
    pub(super) path: PathBuf,
    pub(super) state: Mutex<HistoryState>,
    /// Locked for moments only, since first loads lock it.
    pub(super) inbox: Mutex<Inbox>,
    /// Rung when there may be something to do for the thread.
    pub(super) bell: Bell,
    /// Notified when the thread has done something, or has ended.
    pub(super) settled: Condvar,
}

impl Shared {
    /// Returns the state, with everything that has been published so far.
    pub(super) fn up_to_date(&self) -> MutexGuard<'_, HistoryState> {
        let mut state = self.state.lock();
        let mut inbox = self.inbox.lock();
        if !inbox.is_empty() {
            let (publications, lost) = inbox.take();
            drop(inbox);
            state.fold(publications, lost);
            self.bell.ring();
        }
        state
    }

    /// Takes a publication, and returns immediately.
    pub(super) fn publish(&self, publication: Publication) {
        self.inbox.lock().push(publication);
        self.bell.ring();
    }
}

/// The thread, with the data that only it uses.
pub(super) struct Keeper {
    pub(super) shared: Arc<Shared>,
    pub(super) directory: Option<StateDirectory>,
    /// Files that are to be removed, once the disk allows it.
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
        // The lock is released first: when the `drop` of the history returns, another process can use the directory.
        self.directory = None;
        self.shared.state.lock().has_ended = true;
        self.shared.settled.notify_all();
    }

    fn next(&self) -> Next {
        loop {
            let mut state = self.shared.state.lock();
            if let Some(reporter) = state.reporter.clone().filter(|_| state.has_unreported()) {
                return Next::Report(state.take_unreported(), reporter);
            }
            let now = Instant::now();
            let gathered = self.gathered(&state, now);
            if gathered.is_some_and(|gathered| state.is_closing || now >= gathered) {
                drop(state);
                state = self.shared.up_to_date();
            }
            let is_due = state.is_closing || state.retry.is_none_or(|retry| now >= retry);
            if state.is_dirty && is_due && !state.is_off {
                state.is_dirty = false;
                state.is_busy = true;
                return Next::Write;
            }
            if state.is_closing {
                return Next::End;
            }
            let retry = state.retry.filter(|_| state.is_dirty && !state.is_off);
            let until = retry.into_iter().chain(self.gathered(&state, now)).min();
            drop(state);
            self.shared.bell.wait(until);
        }
    }

    /// Returns when waiting publications are to be recorded, if there are any.
    fn gathered(&self, state: &HistoryState, now: Instant) -> Option<Instant> {
        let inbox = self.shared.inbox.lock();
        match (inbox.is_empty(), inbox.has_news()) {
            (true, _) => None,
            (false, true) => Some(now),
            (false, false) => Some(state.gather_until.unwrap_or(now)),
        }
    }

    fn work(&mut self) {
        let started = Instant::now();
        let worked = self.write();
        let mut state = self.shared.state.lock();
        state.gather_until = Some(Instant::now() + (started.elapsed() * SHARE).max(GATHERED));
        match worked {
            Ok(()) => state.heal(),
            Err(failure) => {
                state.fail(&failure);
                // When the history closes, it is tried once more only.
                state.is_dirty = !state.is_closing;
            }
        }
        state.is_busy = false;
        self.shared.settled.notify_all();
    }

    /// Writes the oldest waiting release, and removes what exceeds the bounds.
    fn write(&mut self) -> Result<(), DiskError> {
        // A directory that was replaced is closed, and its lock released, before it is opened again.
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
        state.is_dirty |= state.ledger.has_unwritten();
        written
    }

    fn write_to(&mut self, directory: &StateDirectory) -> Result<(), DiskError> {
        let state = || self.shared.state.lock();
        let Some(pending) = state().ledger.unwritten() else { return Ok(()) };
        for (hash, text) in &pending.texts {
            directory.write_text(*hash, text.as_bytes())?;
            state().ledger.is_stored(*hash, text.len() as u64);
        }
        let Some(release) = pending.release else { return directory.flush_texts() };
        directory.write_release(&release)?;
        if !state().ledger.is_written(&release) {
            self.dropped.releases.push(release.number());
        }
        Ok(())
    }

    fn tidy(&mut self, directory: &StateDirectory) -> Result<(), DiskError> {
        {
            let mut state = self.shared.state.lock();
            let Excess { releases, texts } = state.prune();
            self.dropped.releases.extend(releases);
            self.dropped.texts.extend(texts);
            // A file that could not be removed before may have been recorded again since.
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
                "no history is kept in `{}`: it contains releases that this process does not know",
                path.display()
            );
            state.turn_off(Diagnostic::error(message).help("restart to continue with their numbers"));
            return Ok(None);
        }
        state.find(&contents);
        Ok(Some(directory))
    }
}
