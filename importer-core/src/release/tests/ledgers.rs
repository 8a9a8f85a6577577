//! Random sequences of recording, writing, losing and dropping: the ledger and the disk agree.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
    time::UNIX_EPOCH,
};

use proptest::prelude::*;

use super::{Bounds, hash};
use crate::{
    release::{
        Release, ReleaseCause,
        ledger::{Content, Excess, Ledger},
    },
    text::ContentHash,
};

#[derive(Clone, Debug)]
enum Step {
    /// Records a release with these texts, under the next number or an earlier one.
    Record(Vec<u8>, Option<u8>),
    /// Writes the oldest waiting release, or only this many of its texts.
    Write(Option<u8>),
    Prune,
    Shed,
    Bounds(usize, u64),
    /// Removes the file of a text, which is noticed.
    Lose(u8),
    /// Loads a module with this text.
    Offer(u8),
    /// Opens the directory again.
    Reopen,
    /// Removes the directory, and opens it again.
    Remove,
}

fn step() -> impl Strategy<Value = Step> {
    let texts = proptest::collection::vec(0u8..6, 0..4);
    prop_oneof![
        5 => (texts, proptest::option::weighted(0.2, 0u8..8)).prop_map(|(texts, number)| Step::Record(texts, number)),
        4 => proptest::option::weighted(0.2, 0u8..3).prop_map(Step::Write),
        3 => Just(Step::Prune),
        1 => Just(Step::Shed),
        1 => (0usize..4, 0u64..40).prop_map(|(releases, bytes)| Step::Bounds(releases, bytes)),
        1 => (0u8..6).prop_map(Step::Lose),
        1 => (0u8..6).prop_map(Step::Offer),
        1 => Just(Step::Reopen),
        1 => Just(Step::Remove),
    ]
}

/// A simulated disk.
#[derive(Default)]
struct Files {
    manifests: BTreeMap<u64, Arc<Release>>,
    texts: HashMap<ContentHash, u64>,
}

impl Files {
    fn remove(&mut self, excess: &Excess) {
        self.manifests.retain(|number, _| !excess.releases.contains(number));
        self.texts.retain(|hash, _| !excess.texts.contains(hash));
    }

    fn open(&self) -> Ledger {
        let highest = self.manifests.keys().max().copied().unwrap_or(0);
        Ledger::new(self.manifests.values().cloned(), &self.texts, highest)
    }
}

fn text_of(number: u8) -> String {
    char::from(b'a' + number).to_string().repeat(4 + usize::from(number))
}

fn run(steps: Vec<Step>) {
    let (mut ledger, mut files) = (Ledger::default(), Files::default());
    let mut bounds = Bounds { releases: 3, bytes: 30 };
    let mut lost = BTreeSet::new();
    for step in steps {
        match step {
            Step::Record(texts, again) => {
                let newest = ledger.next_number() - 1;
                let number = again.map(u64::from).filter(|number| (1..=newest).contains(number));
                let number = number.unwrap_or(newest + 1);
                let path = |at: usize| std::path::Path::new(&format!("/{at}")).into();
                let entries = texts.iter().enumerate().map(|(at, text)| (path(at), hash(&text_of(*text))));
                let release = Release::new(number, UNIX_EPOCH, ReleaseCause::Files, entries);
                let given: HashMap<_, Arc<str>> =
                    texts.iter().map(|text| (hash(&text_of(*text)), text_of(*text).into())).collect();
                lost.retain(|hash| !given.contains_key(hash));
                ledger.record(Arc::new(release), given);
            }
            Step::Write(most) => {
                let Some(unwritten) = ledger.unwritten() else { continue };
                let most = most.map_or(usize::MAX, usize::from);
                for (hash, text) in unwritten.texts.iter().take(most) {
                    assert_eq!(super::hash(text), *hash);
                    files.texts.insert(*hash, text.len() as u64);
                    ledger.is_stored(*hash, text.len() as u64);
                }
                if let Some(release) = unwritten.release.filter(|_| unwritten.texts.len() <= most) {
                    files.manifests.insert(release.number(), release.clone());
                    if !ledger.is_written(&release) {
                        files.manifests.remove(&release.number());
                    }
                }
            }
            Step::Prune => files.remove(&ledger.prune(bounds)),
            Step::Shed => {
                let (waiting, newest) = (ledger.pending_releases(), ledger.releases().next_back().cloned());
                let shed = ledger.shed(bounds);
                assert_eq!(ledger.pending_releases() as u64, waiting as u64 - shed);
                if ledger.pending_releases() > 0 {
                    assert_eq!(ledger.releases().next_back().cloned(), newest);
                }
            }
            Step::Bounds(releases, bytes) => bounds = Bounds { releases, bytes },
            Step::Lose(text) => {
                let hash = hash(&text_of(text));
                // An unnamed text is not looked for.
                if matches!(ledger.text(hash), Some((Content::Stored, _))) {
                    files.texts.remove(&hash);
                    ledger.is_missing(hash);
                    lost.insert(hash);
                }
            }
            Step::Offer(text) => {
                let (text, hash) = (text_of(text), hash(&text_of(text)));
                ledger.offer(hash, &text.into());
                lost.remove(&hash);
            }
            Step::Reopen => assert!(ledger.compare(&files.open()), "nobody else has written"),
            Step::Remove => {
                lost.extend(files.texts.keys().copied());
                files = Files::default();
                assert!(ledger.compare(&files.open()), "nobody else has written");
            }
        }
        agree(&ledger, &files, &lost);
    }
    // In the end everything is written, and only kept files are left.
    while let Some(unwritten) = ledger.unwritten() {
        for (hash, text) in &unwritten.texts {
            files.texts.insert(*hash, text.len() as u64);
            ledger.is_stored(*hash, text.len() as u64);
        }
        if let Some(release) = unwritten.release {
            assert!(ledger.is_written(&release));
            files.manifests.insert(release.number(), release);
        }
    }
    files.remove(&ledger.prune(bounds));
    agree(&ledger, &files, &lost);
    let kept: Vec<_> = ledger.releases().cloned().collect();
    assert!(kept.len() <= bounds.releases.max(1));
    assert_eq!(files.manifests.into_values().collect::<Vec<_>>(), kept);
    let named: BTreeSet<_> = kept.iter().flat_map(|release| release.entries()).map(|(_, hash)| *hash).collect();
    let stored: BTreeSet<_> = files.texts.keys().copied().collect();
    assert!(stored.is_subset(&named), "nothing is left that nobody names");
    assert!(named.difference(&stored).all(|hash| lost.contains(hash)), "nothing is missing that was not lost");
    if kept.len() > 1 {
        assert!(files.texts.values().sum::<u64>() <= bounds.bytes);
    }
}

/// Checks that texts that the ledger calls stored are on the disk, and that missing ones were lost.
#[track_caller]
fn agree(ledger: &Ledger, files: &Files, lost: &BTreeSet<ContentHash>) {
    for (_, hash) in ledger.releases().flat_map(|release| release.entries()) {
        match ledger.text(*hash).expect("it is named") {
            (Content::Stored, bytes) => assert_eq!(files.texts.get(hash), Some(&bytes)),
            (Content::Waiting(text), bytes) => assert_eq!((super::hash(text), text.len() as u64), (*hash, bytes)),
            (Content::Missing, bytes) => assert!(lost.contains(hash) && bytes == 0),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]
    #[test]
    fn l3_the_ledger_agrees_with_the_disk(steps in proptest::collection::vec(step(), 0..40)) {
        run(steps);
    }
}
