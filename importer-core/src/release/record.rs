//! Releases as data: which texts belong together, and how they came to be published.

use std::{
    cmp::Ordering,
    fmt,
    path::Path,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use crate::text::ContentHash;

/// A numbered set of texts. It names the texts by their hashes; a [`History`](crate::History) keeps the texts.
///
/// ```
/// use std::{path::Path, time::{Duration, SystemTime}};
///
/// use samovar_importer::{ReleaseCause, ContentHash, Release};
///
/// let (cart, shop) = (Path::new("/site/cart.rhai"), Path::new("/site/shop.rhai"));
/// let [old, new] = [ContentHash::of(b"let tax = 19;"), ContentHash::of(b"let tax = 20;")];
/// let first = Release::new(1, SystemTime::now(), ReleaseCause::Load, [(cart.into(), old), (shop.into(), old)]);
/// let second = Release::new(2, SystemTime::now(), ReleaseCause::Files, [(cart.into(), new), (shop.into(), old)])
///     .with_changes_since(&first)
///     .with_message("Raise the tax")
///     .with_duration(Duration::from_millis(12));
///
/// assert_eq!(second.changes().changed, [cart.into()]);
/// assert_eq!(second.get(cart), Some(new));
/// assert_ne!(second.digest(), first.digest());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Release {
    pub(super) number: u64,
    pub(super) time: SystemTime,
    pub(super) cause: ReleaseCause,
    pub(super) outcome: ReleaseOutcome,
    pub(super) author: Option<Arc<str>>,
    pub(super) message: Option<Arc<str>>,
    pub(super) duration: Duration,
    pub(super) changes: ReleaseChanges,
    /// Sorted by the bytes of the paths, each path once.
    entries: Arc<[(Arc<Path>, ContentHash)]>,
    digest: Digest,
}

/// What caused a release.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReleaseCause {
    /// Modules were loaded for the first time, for example after a start.
    Load,
    /// Files changed.
    Files,
    /// A reload was requested.
    Command,
    /// A roll-back to this release was requested (L5).
    Rollback(u64),
    /// A cause written by a later version of Samovar.
    Other(Arc<str>),
}

/// The outcome of a release.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum ReleaseOutcome {
    /// It was published.
    #[default]
    Published,
    /// It was refused: the generation before it stays in use.
    Refused,
    /// It was published, and a roll-back has replaced it.
    RolledBack,
    /// It was tried on some requests, and withdrawn.
    Reverted,
}

/// How a release differs from the one before it.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct ReleaseChanges {
    /// Paths whose texts differ.
    pub changed: Vec<Arc<Path>>,
    /// Paths that the release before did not have.
    pub added: Vec<Arc<Path>>,
    /// Paths that only the release before had.
    pub removed: Vec<Arc<Path>>,
}

/// A hash over the paths and texts of a release: releases with equal digests have the same texts.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Digest(pub(super) ContentHash);

impl fmt::Display for Digest {
    /// Writes 64 hexadecimal digits.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl Release {
    /// Creates a release of these texts. If a path is given twice, the later text counts. The time is kept to the
    /// millisecond.
    ///
    /// Until [`with_changes_since`](Self::with_changes_since) is called, all texts count as added.
    #[must_use]
    pub fn new(
        number: u64,
        time: SystemTime,
        cause: ReleaseCause,
        entries: impl IntoIterator<Item = (Arc<Path>, ContentHash)>,
    ) -> Self {
        let entries = sorted(entries.into_iter().collect());
        let digest = digest(&entries);
        let changes = ReleaseChanges {
            added: entries.iter().map(|(path, _)| path.clone()).collect(),
            ..ReleaseChanges::default()
        };
        let since_1970 = time.duration_since(UNIX_EPOCH).unwrap_or_default();
        Self {
            number,
            time: UNIX_EPOCH + in_milliseconds(since_1970),
            cause,
            outcome: ReleaseOutcome::default(),
            author: None,
            message: None,
            duration: Duration::ZERO,
            changes,
            entries: entries.into(),
            digest,
        }
    }

    /// Sets the changes since the release before it.
    #[must_use]
    pub fn with_changes_since(mut self, before: &Self) -> Self {
        self.changes = ReleaseChanges::between(before, &self);
        self
    }

    /// Sets the author.
    #[must_use]
    pub fn with_author(mut self, author: impl Into<Arc<str>>) -> Self {
        self.author = Some(author.into());
        self
    }

    /// Sets the author's message.
    #[must_use]
    pub fn with_message(mut self, message: impl Into<Arc<str>>) -> Self {
        self.message = Some(message.into());
        self
    }

    /// Sets the time from the first look at the change to the outcome. Kept to the millisecond.
    #[must_use]
    pub fn with_duration(mut self, duration: Duration) -> Self {
        self.duration = in_milliseconds(duration);
        self
    }

    /// Sets the outcome.
    #[must_use]
    pub fn with_outcome(mut self, outcome: ReleaseOutcome) -> Self {
        self.outcome = outcome;
        self
    }

    /// Returns the number. Numbers increase, also across restarts.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.number
    }

    /// Returns when it was made.
    #[must_use]
    pub fn time(&self) -> SystemTime {
        self.time
    }

    /// Returns what caused it.
    #[must_use]
    pub fn cause(&self) -> &ReleaseCause {
        &self.cause
    }

    /// Returns the outcome.
    #[must_use]
    pub fn outcome(&self) -> ReleaseOutcome {
        self.outcome
    }

    /// Returns the author, if known.
    #[must_use]
    pub fn author(&self) -> Option<&str> {
        self.author.as_deref()
    }

    /// Returns the author's message, if any.
    #[must_use]
    pub fn message(&self) -> Option<&str> {
        self.message.as_deref()
    }

    /// Returns the time from the first look at the change to the outcome.
    #[must_use]
    pub fn duration(&self) -> Duration {
        self.duration
    }

    /// Returns the changes since the release before it.
    #[must_use]
    pub fn changes(&self) -> &ReleaseChanges {
        &self.changes
    }

    /// Returns the hash over all paths and texts.
    #[must_use]
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// Returns the paths and the hashes of their texts, sorted by the bytes of the paths.
    #[must_use]
    pub fn entries(&self) -> &[(Arc<Path>, ContentHash)] {
        &self.entries
    }

    /// Returns the hash of the text at `path`; `None` if the release does not have it.
    #[must_use]
    pub fn get(&self, path: &Path) -> Option<ContentHash> {
        let at = self.entries.binary_search_by(|(known, _)| order(known, path)).ok()?;
        self.entries.get(at).map(|(_, hash)| *hash)
    }
}

impl ReleaseChanges {
    /// Returns the changes from `before` to `after`.
    #[must_use]
    pub fn between(before: &Release, after: &Release) -> Self {
        let mut changes = Self::default();
        for (path, hash) in after.entries() {
            match before.get(path) {
                None => changes.added.push(path.clone()),
                Some(known) if known != *hash => changes.changed.push(path.clone()),
                Some(_) => {}
            }
        }
        let removed = before.entries().iter().filter(|(path, _)| after.get(path).is_none());
        changes.removed = removed.map(|(path, _)| path.clone()).collect();
        changes
    }

    /// Returns whether both releases have the same texts.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.changed.is_empty() && self.added.is_empty() && self.removed.is_empty()
    }
}

fn in_milliseconds(duration: Duration) -> Duration {
    Duration::from_millis(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX))
}

/// Compares paths by their bytes, which gives the same order on every system.
fn order(a: &Path, b: &Path) -> Ordering {
    a.as_os_str().as_encoded_bytes().cmp(b.as_os_str().as_encoded_bytes())
}

fn sorted(mut entries: Vec<(Arc<Path>, ContentHash)>) -> Vec<(Arc<Path>, ContentHash)> {
    // The sort is stable: of equal paths, the later one comes last and is kept.
    entries.sort_by(|(a, _), (b, _)| order(a, b));
    let mut kept: Vec<(Arc<Path>, ContentHash)> = Vec::with_capacity(entries.len());
    for entry in entries {
        match kept.last_mut() {
            Some(last) if order(&last.0, &entry.0).is_eq() => *last = entry,
            _ => kept.push(entry),
        }
    }
    kept
}

/// Hashes each path after its length, so that different entries never give the same bytes.
fn digest(entries: &[(Arc<Path>, ContentHash)]) -> Digest {
    let mut hasher = blake3::Hasher::new();
    for (path, hash) in entries {
        let path = path.as_os_str().as_encoded_bytes();
        hasher.update(&(path.len() as u64).to_le_bytes()).update(path).update(&hash.to_bytes());
    }
    Digest(ContentHash::from_bytes(*hasher.finalize().as_bytes()))
}
