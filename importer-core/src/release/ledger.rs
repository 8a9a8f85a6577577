//! The ledger, as data: which releases and texts are kept, which of them wait to be written, and which are removed
//! beyond the bounds. No file is touched and no clock is read here.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    mem,
    sync::Arc,
};

use super::record::Release;
use crate::text::ContentHash;

/// How many releases, and how many bytes of texts, are kept.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Bounds {
    /// At most this many releases. The newest is kept in any case.
    pub releases: usize,
    /// At most this many bytes of texts, each text counted once. The newest release is kept in any case.
    pub bytes: u64,
}

impl Default for Bounds {
    /// Keeps the last 100 releases, with texts of at most 64 MiB.
    fn default() -> Self {
        Self { releases: 100, bytes: 64 << 20 }
    }
}

/// Where a text is kept.
pub(super) enum Content {
    Stored,
    /// In memory, until it is written.
    Waiting(Arc<str>),
    /// It is neither in memory nor stored, or the stored file is damaged.
    Missing,
}

struct Text {
    content: Content,
    bytes: u64,
    /// How many releases name it.
    releases: usize,
}

/// The next to be written: texts, and then a release that names them.
pub(super) struct Unwritten {
    /// `None`: the texts belong to releases that are written already.
    pub(super) release: Option<Arc<Release>>,
    pub(super) texts: Vec<(ContentHash, Arc<str>)>,
}

/// The files to remove from the disk, the manifests first.
#[derive(Default, PartialEq, Eq, Debug)]
pub(super) struct Excess {
    pub(super) releases: Vec<u64>,
    pub(super) texts: Vec<ContentHash>,
}

/// The releases that are kept, and the texts that they name.
#[derive(Default)]
pub(super) struct Ledger {
    releases: BTreeMap<u64, Arc<Release>>,
    /// Releases that are on the disk, though perhaps in an older form.
    written: BTreeSet<u64>,
    /// Releases that wait to be written.
    pending: BTreeSet<u64>,
    texts: HashMap<ContentHash, Text>,
    /// Texts that wait to be written.
    waiting: BTreeSet<ContentHash>,
    /// The total size of all texts, and of those that wait.
    bytes: u64,
    waiting_bytes: u64,
    /// The highest number of any release, including unreadable ones.
    highest: u64,
    /// All texts of the newest release, until it is written: the stored files may be gone by then.
    given: HashMap<ContentHash, Arc<str>>,
    /// Stored texts that no release names any more, with their sizes.
    garbage: HashMap<ContentHash, u64>,
}

impl Ledger {
    /// Creates a ledger of what was found on the disk. Stored texts that no release names are garbage.
    pub(super) fn new(
        releases: impl IntoIterator<Item = Arc<Release>>,
        stored: &HashMap<ContentHash, u64>,
        highest: u64,
    ) -> Self {
        let mut ledger = Self { highest, ..Self::default() };
        for release in releases {
            ledger.written.insert(release.number());
            ledger.insert(release);
        }
        for (hash, bytes) in stored {
            ledger.is_stored(*hash, *bytes);
        }
        ledger
    }

    /// Returns all kept releases, by number.
    pub(super) fn releases(&self) -> impl DoubleEndedIterator<Item = &Arc<Release>> {
        self.releases.values()
    }

    pub(super) fn release(&self, number: u64) -> Option<&Arc<Release>> {
        self.releases.get(&number)
    }

    /// Notes a number whose release is not kept.
    pub(super) fn pass(&mut self, number: u64) {
        self.highest = self.highest.max(number);
    }

    /// Returns the number of the next release.
    pub(super) fn next_number(&self) -> u64 {
        self.highest.saturating_add(1)
    }

    /// Returns where a text is kept, and its size in bytes.
    pub(super) fn text(&self, hash: ContentHash) -> Option<(&Content, u64)> {
        self.texts.get(&hash).map(|text| (&text.content, text.bytes))
    }

    /// Returns the releases that name a text.
    pub(super) fn releases_with(&self, hash: ContentHash) -> Vec<u64> {
        let names = |release: &Release| release.entries().iter().any(|(_, text)| *text == hash);
        self.releases().filter(|release| names(release)).map(|release| release.number()).collect()
    }

    /// Adds a release that is to be written, with all its texts, in place of the one with the same number.
    pub(super) fn record(&mut self, release: Arc<Release>, texts: HashMap<ContentHash, Arc<str>>) {
        self.given = texts;
        self.pending.insert(release.number());
        self.insert(release);
    }

    /// Takes a loaded text, in case it is missing.
    pub(super) fn offer(&mut self, hash: ContentHash, text: &Arc<str>) {
        if let Some((Content::Missing, _)) = self.text(hash)
            && let Some(text) = as_in_file(hash, text)
        {
            let bytes = text.len() as u64;
            self.put(hash, Content::Waiting(text), bytes);
        }
    }

    /// Drops the oldest waiting releases, but never the newest, until the waiting ones are within the bounds. Returns
    /// how many were lost.
    pub(super) fn shed(&mut self, bounds: Bounds) -> u64 {
        let mut lost = 0;
        let is_too_much = |ledger: &Self| ledger.waiting_bytes > bounds.bytes || ledger.pending.len() > bounds.releases;
        while is_too_much(self) {
            // A release that is on the disk already only waits to be rewritten.
            let mut unwritten =
                self.pending.iter().copied().rev().skip(1).filter(|number| !self.written.contains(number));
            let Some(oldest) = unwritten.next_back() else { break };
            self.pending.remove(&oldest);
            self.remove(oldest);
            lost += 1;
        }
        lost
    }

    /// Returns whether anything waits to be written.
    pub(super) fn has_unwritten(&self) -> bool {
        !self.pending.is_empty() || !self.waiting.is_empty()
    }

    /// Returns the oldest release that waits to be written, with those of its texts that are not stored yet.
    pub(super) fn unwritten(&self) -> Option<Unwritten> {
        let release = self.pending.first().and_then(|number| self.release(*number)).cloned();
        let waiting = |hash| match &self.texts.get(&hash)?.content {
            Content::Waiting(text) => Some((hash, text.clone())),
            Content::Stored | Content::Missing => None,
        };
        let hashes: BTreeSet<_> = match &release {
            Some(release) => release.entries().iter().map(|(_, hash)| *hash).collect(),
            None => self.waiting.clone(),
        };
        let texts = hashes.into_iter().filter_map(waiting).collect();
        self.has_unwritten().then_some(Unwritten { release, texts })
    }

    /// Returns how many releases wait to be written.
    pub(super) fn pending_releases(&self) -> usize {
        self.pending.len()
    }

    /// Notes that a text is on the disk.
    pub(super) fn is_stored(&mut self, hash: ContentHash, bytes: u64) {
        match self.texts.contains_key(&hash) {
            true => self.put(hash, Content::Stored, bytes),
            // Its release was dropped meanwhile.
            false => drop(self.garbage.insert(hash, bytes)),
        }
    }

    /// Notes that a text is not on the disk, or is damaged.
    pub(super) fn is_missing(&mut self, hash: ContentHash) {
        if let Some((Content::Stored, _)) = self.text(hash) {
            self.put(hash, Content::Missing, 0);
        }
    }

    /// Notes that a release is on the disk. Returns `false` if it was dropped meanwhile and has to be removed.
    pub(super) fn is_written(&mut self, release: &Arc<Release>) -> bool {
        let known = self.releases.get(&release.number());
        match known {
            // A release that has replaced it still waits.
            Some(known) if Arc::ptr_eq(known, release) => {
                self.pending.remove(&release.number());
                if self.pending.is_empty() {
                    self.given = HashMap::new();
                }
                self.written.insert(release.number())
            }
            Some(_) => self.written.insert(release.number()),
            None => return false,
        };
        true
    }

    /// Drops the oldest releases until the rest is within the bounds. Returns the files to remove from the disk.
    pub(super) fn prune(&mut self, bounds: Bounds) -> Excess {
        let mut releases = Vec::new();
        let is_too_much = |ledger: &Self| ledger.releases.len() > bounds.releases || ledger.bytes > bounds.bytes;
        while self.releases.len() > 1 && is_too_much(self) {
            let Some((&oldest, _)) = self.releases.first_key_value() else { break };
            if self.pending.contains(&oldest) {
                // It is not on the disk yet. This is done again when it is, or when it is dropped.
                break;
            }
            self.remove(oldest);
            releases.push(oldest);
        }
        // A text that was named again meanwhile is written again, or has been.
        let garbage = mem::take(&mut self.garbage).into_keys();
        Excess { releases, texts: garbage.filter(|hash| !self.texts.contains_key(hash)).collect() }
    }

    /// Compares the ledger with what was found on the disk now. Removes releases that are gone from the disk, unless
    /// they wait to be written. Returns `false`, and changes nothing, if the disk has releases that are not known:
    /// another process has written to it.
    pub(super) fn compare(&mut self, found: &Self) -> bool {
        if !found.written.is_subset(&self.written) {
            return false;
        }
        let is_gone = |number: &u64| found.release(*number).is_none() && !self.pending.contains(number);
        let gone: Vec<_> = self.releases.keys().copied().filter(is_gone).collect();
        gone.into_iter().for_each(|number| self.remove(number));
        self.written.clone_from(&found.written);
        let named = found.texts.iter().filter(|(_, text)| matches!(text.content, Content::Stored));
        let mut stored = found.garbage.clone();
        stored.extend(named.map(|(hash, text)| (*hash, text.bytes)));
        self.garbage.clear();
        let gone: Vec<_> = self.texts.keys().copied().filter(|hash| !stored.contains_key(hash)).collect();
        for hash in gone {
            self.is_missing(hash);
            self.supply(hash);
        }
        stored.into_iter().for_each(|(hash, bytes)| self.is_stored(hash, bytes));
        self.highest = self.highest.max(found.highest);
        true
    }

    fn insert(&mut self, release: Arc<Release>) {
        let number = release.number();
        for (_, hash) in release.entries() {
            let known = self.texts.entry(*hash).or_insert(Text { content: Content::Missing, bytes: 0, releases: 0 });
            known.releases += 1;
            self.supply(*hash);
        }
        self.highest = self.highest.max(number);
        // Only now, so that texts that both releases name stay.
        if let Some(before) = self.releases.insert(number, release) {
            self.let_go(&before);
        }
    }

    /// Restores a missing text, if its file still exists or its text is in memory.
    fn supply(&mut self, hash: ContentHash) {
        if !matches!(self.text(hash), Some((Content::Missing, _))) {
            return;
        }
        if let Some(bytes) = self.garbage.remove(&hash) {
            self.put(hash, Content::Stored, bytes);
        } else if let Some(text) = self.given.get(&hash).and_then(|text| as_in_file(hash, text)) {
            let bytes = text.len() as u64;
            self.put(hash, Content::Waiting(text), bytes);
        }
    }

    fn remove(&mut self, number: u64) {
        self.written.remove(&number);
        if let Some(release) = self.releases.remove(&number) {
            self.let_go(&release);
        }
    }

    fn let_go(&mut self, release: &Release) {
        for (_, hash) in release.entries() {
            let Some(text) = self.texts.get_mut(hash) else { continue };
            text.releases -= 1;
            if text.releases == 0 {
                if let Content::Stored = text.content {
                    self.garbage.insert(*hash, text.bytes);
                }
                self.put(*hash, Content::Missing, 0);
                self.texts.remove(hash);
            }
        }
    }

    /// Changes where a text is kept, and updates the sums.
    fn put(&mut self, hash: ContentHash, content: Content, bytes: u64) {
        let Some(text) = self.texts.get_mut(&hash) else { return };
        let waits = |text: &Text| if let Content::Waiting(_) = text.content { text.bytes } else { 0 };
        let (bytes_before, waiting_before) = (text.bytes, waits(text));
        (text.content, text.bytes) = (content, bytes);
        match text.content {
            Content::Waiting(_) => self.waiting.insert(hash),
            Content::Stored | Content::Missing => self.waiting.remove(&hash),
        };
        self.bytes = self.bytes - bytes_before + bytes;
        self.waiting_bytes = self.waiting_bytes - waiting_before + waits(text);
    }
}

const MARK: char = '\u{feff}';

/// Returns the text as in its file, which may begin with a byte order mark that loaded texts do not have. Returns
/// `None` if it is not the text of this hash.
fn as_in_file(hash: ContentHash, text: &Arc<str>) -> Option<Arc<str>> {
    if ContentHash::of(text.as_bytes()) == hash {
        return Some(text.clone());
    }
    let marked = format!("{MARK}{text}");
    (ContentHash::of(marked.as_bytes()) == hash).then(|| marked.into())
}

/// Returns a text without its byte order mark.
pub(super) fn without_mark(text: &Arc<str>) -> Arc<str> {
    text.strip_prefix(MARK).map_or_else(|| text.clone(), Into::into)
}
