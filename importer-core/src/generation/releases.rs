//! The release that a generation belongs to, and the history in which releases are kept (L3).
//!
//! Every reload is a release of its own, and first loads join the one that is served. After a restart they join the
//! newest release of the history, as long as each text is the one that the release names.

use std::{
    path::Path,
    sync::{Arc, OnceLock},
    time::{Instant, SystemTime},
};

use super::load::Load;
use crate::{
    module::{Language, Module},
    release::{Edit, History, Publication, Release, ReleaseCause},
    text::ContentHash,
};

/// The numbers of releases, and the history that keeps them.
#[derive(Default)]
pub(crate) struct Releases(OnceLock<Kept>);

/// A history, and its state when it was taken up.
struct Kept {
    history: History,
    /// The release that first loads join, if nothing was loaded before.
    latest: Option<Arc<Release>>,
    next: u64,
}

impl Releases {
    /// Keeps releases from now on. `served` is the release that is served already; 0 if nothing was loaded. Returns
    /// `history` if there is one already.
    pub(crate) fn keep(&self, history: History, served: u64) -> Option<History> {
        let next = history.next_number().max(served + 1);
        let kept = Kept { latest: history.latest().filter(|_| served == 0), next, history };
        self.0.set(kept).err().map(|kept| kept.history)
    }

    pub(crate) fn history(&self) -> Option<&History> {
        self.0.get().map(|kept| &kept.history)
    }

    /// Returns the number of the release that a generation with these new modules belongs to, when the release `served`
    /// came before.
    pub(crate) fn number<L: Language>(&self, load: Load, served: u64, new: &[Arc<Module<L>>]) -> u64 {
        let (latest, next) = match self.0.get() {
            Some(kept) => (kept.latest.as_deref(), kept.next),
            None => (None, 1),
        };
        let texts = new.iter().filter_map(|module| Some((&**module.path(), module.source.as_ref()?.hash)));
        number(load, served, latest, next, texts)
    }

    /// Records a publication. The cost depends only on what is new in it.
    pub(crate) fn published<L: Language>(
        &self,
        (release, cause, anew): (u64, ReleaseCause, bool),
        new: &[Arc<Module<L>>],
        dropped: impl Iterator<Item = Arc<Path>>,
        started: Instant,
    ) {
        let Some(kept) = self.0.get() else { return };
        // A release that was served before there was a history is not part of it.
        if release < kept.next && kept.latest.as_ref().is_none_or(|latest| latest.number() != release) {
            return;
        }
        let load = |module: &Arc<Module<L>>| {
            let source = module.source.as_ref()?;
            Some(Edit::Load(module.path().clone(), source.hash, source.text.clone()))
        };
        let edits = dropped.map(Edit::Drop).chain(new.iter().filter_map(load)).collect();
        kept.history.publish(Publication {
            release,
            cause,
            time: SystemTime::now(),
            took: started.elapsed(),
            anew,
            edits,
        });
    }
}

/// Returns the number of a release, from the number that is `served`, the `latest` release of the history and the
/// `next` number.
fn number<'a>(
    load: Load,
    served: u64,
    latest: Option<&Release>,
    next: u64,
    mut texts: impl Iterator<Item = (&'a Path, ContentHash)>,
) -> u64 {
    let after = next.max(served + 1);
    match (load, latest) {
        (Load::Reload, _) => after,
        (Load::First, Some(latest)) if served == 0 || served == latest.number() => {
            let is_of_it = |(path, hash)| latest.get(path).is_none_or(|known| known == hash);
            if texts.all(is_of_it) { latest.number() } else { after }
        }
        (Load::First, _) if served == 0 => after,
        (Load::First, _) => served,
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[track_caller]
    fn check(load: Load, served: u64, text: &str, expected: u64) {
        let entry = (Path::new("/a").into(), ContentHash::of(b"one"));
        let latest = Release::new(7, SystemTime::UNIX_EPOCH, ReleaseCause::Files, [entry]);
        let texts = || [(Path::new("/b"), ContentHash::of(b"b")), (Path::new("/a"), ContentHash::of(text.as_bytes()))];
        assert_eq!(number(load, served, Some(&latest), 9, texts().into_iter()), expected);
    }

    #[test]
    fn l3_first_loads_join_the_newest_release_of_the_history_while_they_fit_it() {
        check(Load::First, 0, "one", 7);
        check(Load::First, 7, "one", 7);
        check(Load::First, 0, "two", 9);
        check(Load::First, 7, "two", 9);
        check(Load::First, 9, "one", 9);
        check(Load::First, 9, "two", 9);
    }

    #[test]
    fn l3_a_reload_is_a_release_of_its_own() {
        check(Load::Reload, 7, "one", 9);
        check(Load::Reload, 9, "one", 10);
        check(Load::Reload, 12, "one", 13);
    }

    #[test]
    fn l3_without_a_history_the_numbers_begin_with_one() {
        let number = |load, served| number(load, served, None, 1, std::iter::empty());
        assert_eq!(number(Load::First, 0), 1);
        assert_eq!(number(Load::First, 1), 1);
        assert_eq!(number(Load::Reload, 1), 2);
    }
}
