//! The state of a history: the ledger, what is to be done, and the problems.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use super::{
    directory::{Contents, DiskError, Fault, Part, Unopened},
    ledger::{Bounds, Content, Excess, Ledger},
    publication::Publication,
    record::Release,
    tip::Tip,
};
use crate::text::{ContentHash, Diagnostic};

const FIRST_RETRY: Duration = Duration::from_secs(1);
const LAST_RETRY: Duration = Duration::from_secs(60);
/// How many damaged files are reported one by one.
const REPORTED: usize = 10;

pub(super) type Reporter = Arc<dyn Fn(&Diagnostic) + Send + Sync>;

#[derive(Default)]
pub(super) struct HistoryState {
    pub(super) ledger: Ledger,
    pub(super) bounds: Bounds,
    /// The history is off: nothing is kept, and nothing is tried again.
    pub(super) is_off: bool,
    /// The release that is served, as it will be recorded.
    pub(super) tip: Tip,
    /// When waiting first loads are to be recorded.
    pub(super) gather_until: Option<Instant>,
    /// Whether something is to be written or removed.
    pub(super) is_dirty: bool,
    /// Whether the thread is writing.
    pub(super) is_busy: bool,
    /// How often the disk has refused; how often since something new was to be written; and when to try again.
    pub(super) refusals: u64,
    pub(super) retries: u32,
    pub(super) retry: Option<Instant>,
    /// Whether the thread is to end.
    pub(super) is_closing: bool,
    pub(super) has_ended: bool,
    problems: BTreeMap<Topic, Diagnostic>,
    unreported: Vec<Diagnostic>,
    pub(super) reporter: Option<Reporter>,
    lost: u64,
    /// Releases whose manifests cannot be used. They are removed when all others of their age have been.
    unusable: Vec<u64>,
}

/// The topic of a problem. Each topic has at most one problem at a time.
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

    /// Applies publications, and notes how many of their releases were lost.
    pub(super) fn fold(&mut self, publications: VecDeque<Publication>, lost: u64) {
        for publication in publications {
            match self.is_off {
                true => self.ledger.pass(publication.release),
                false => self.tip.apply(publication, &mut self.ledger),
            }
        }
        self.lose(lost);
        self.expect_writing();
    }

    /// Records a complete release.
    pub(super) fn record(&mut self, release: Arc<Release>, texts: HashMap<ContentHash, Arc<str>>) {
        if self.is_off {
            self.ledger.pass(release.number());
            return;
        }
        self.ledger.record(release, texts);
        self.tip = Tip::resume(&self.ledger);
        self.expect_writing();
    }

    /// Notes that there is something new to write: failed writes are tried again immediately.
    fn expect_writing(&mut self) {
        if self.is_off {
            return;
        }
        let lost = self.ledger.shed(self.bounds);
        self.lose(lost);
        self.is_dirty = true;
        self.retries = 0;
        self.retry = None;
    }

    pub(super) fn has_unreported(&self) -> bool {
        !self.unreported.is_empty()
    }

    pub(super) fn take_unreported(&mut self) -> Vec<Diagnostic> {
        std::mem::take(&mut self.unreported)
    }

    /// Returns all present problems.
    pub(super) fn problems(&self) -> Vec<Diagnostic> {
        self.problems.values().cloned().collect()
    }

    /// Notes a problem. It is reported once, however long it lasts.
    fn report(&mut self, topic: Topic, diagnostic: Diagnostic) {
        if self.problems.insert(topic, diagnostic.clone()).is_none() {
            self.unreported.push(diagnostic);
        }
    }

    /// Turns the history off. Only the numbers continue.
    pub(super) fn turn_off(&mut self, diagnostic: Diagnostic) {
        self.is_off = true;
        self.ledger = Ledger::new([], &[].into(), self.ledger.next_number().saturating_sub(1));
        self.problems.clear();
        self.report(Topic::Off, diagnostic);
    }

    fn lose(&mut self, releases: u64) {
        if releases > 0 {
            self.lost += releases;
            let lost = self.lost;
            let are = if lost == 1 { "release is" } else { "releases are" };
            let message = format!("{lost} {are} missing from the history: writing did not keep up");
            let diagnostic = Diagnostic::error(message);
            self.report(Topic::Lost, diagnostic.help("check why the state directory is slow or cannot be written"));
        }
    }

    pub(super) fn fail(&mut self, failure: &DiskError) {
        let what = match self.ledger.pending_releases() {
            0 => "the history cannot be kept".to_owned(),
            1 => "the newest release is not in the history yet".to_owned(),
            several => format!("the last {several} releases are not in the history yet"),
        };
        let diagnostic = Diagnostic::error(format!("{what}: {failure}"))
            .help("free space, or give this user write permission; writing is tried again automatically");
        self.report(Topic::Writing, diagnostic);
        let wait = FIRST_RETRY.saturating_mul(1 << self.retries.min(6)).min(LAST_RETRY);
        self.refusals += 1;
        self.retries = self.retries.saturating_add(1);
        self.retry = Some(Instant::now() + wait);
        self.is_dirty = true;
    }

    /// Notes that a stored text is damaged.
    pub(super) fn spoil(&mut self, fault: &Fault) {
        let Part::Text(hash) = fault.of else { return };
        self.ledger.is_missing(hash);
        self.find_fault(fault);
    }

    /// Notes the contents of the directory when it is opened.
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

    /// Removes problems that are solved.
    pub(super) fn heal(&mut self) {
        let ledger = &self.ledger;
        self.problems.retain(|topic, _| match topic {
            Topic::Writing => false,
            Topic::File(Part::Text(hash)) => matches!(ledger.text(*hash), Some((Content::Missing, _))),
            Topic::File(Part::Manifest(_)) | Topic::Off | Topic::Lost | Topic::MoreFiles => true,
        });
        self.retries = 0;
        self.retry = None;
    }

    /// Drops what exceeds the bounds. Returns the files to remove, with the unusable manifests that are as old.
    pub(super) fn prune(&mut self) -> Excess {
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

/// Returns why the directory is not used: a diagnostic, or an error of the disk that may be temporary.
pub(super) fn reason(directory: &Path, unopened: Unopened) -> Result<Diagnostic, DiskError> {
    let message = |why: String| Diagnostic::error(format!("no history is kept in `{}`: {why}", directory.display()));
    match unopened {
        Unopened::Refused(failure) => Err(failure),
        Unopened::Locked(holder) => Ok(message(format!("{holder} uses it"))
            .help("give each server a state directory of its own, or stop the other server and restart this one")),
        Unopened::Newer(path) => Ok(message(format!("a later version of Samovar wrote `{}`", path.display()))
            .help("use that version, or another directory")),
    }
}
