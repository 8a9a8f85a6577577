//! Refused changes: what is remembered of them, and when they are tried again (R32).

use std::collections::{BTreeMap, BTreeSet};

use super::{
    found::{Change, ChangeSet},
    plan::plan,
    precedence::Allowed,
};
use crate::{
    module::{Graph, ModuleId, Unmet},
    text::{ContentHash, Diagnostic, ReadError, Source},
};

/// A refused change. It is not tried and reported again until something that it depends on has changed.
pub(crate) struct Refusal {
    /// The texts that were read.
    pub(crate) changed: BTreeMap<ModuleId, Option<ContentHash>>,
    /// The modules that would have been reloaded.
    pub(crate) planned: BTreeSet<ModuleId>,
    /// The imports that failed: once one of these paths has another text, the change may succeed.
    pub(crate) unmet: Vec<Unmet>,
    pub(crate) diagnostics: Vec<Diagnostic>,
    /// When the change was made, and made again. Files saved in these windows that have never been loaded belong to it
    /// (L2).
    pub(crate) windows: Vec<Window>,
}

/// A time between two moments, in the units of [`Stamp::changed`](crate::Stamp::changed).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Window {
    /// The last moment before the change.
    pub(crate) after: i128,
    /// The moment at which the change was refused.
    pub(crate) until: i128,
}

impl Window {
    pub(crate) fn contains(self, changed: i128) -> bool {
        (self.after..=self.until).contains(&changed)
    }
}

/// The texts that were read, and what was wrong with them.
pub(crate) type Told = (BTreeMap<ModuleId, Option<ContentHash>>, Vec<Diagnostic>);

impl Refusal {
    pub(crate) fn told(&self) -> Told {
        (self.changed.clone(), self.diagnostics.clone())
    }

    /// Returns whether the files may still be as they were when they were refused.
    fn is_still(&self, now: &BTreeMap<ModuleId, FileText>) -> bool {
        self.changed.iter().all(|(id, refused)| match now.get(id) {
            Some(FileText::Text(hash)) => hash == refused,
            Some(FileText::Passing) => true,
            Some(FileText::Gone) | None => false,
        })
    }
}

/// The present content of a file of a refused change.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum FileText {
    /// This text; `None` for content that cannot be a module.
    Text(Option<ContentHash>),
    /// None yet: the file is being saved (R59).
    Passing,
    /// None any more: the file is gone (R34).
    Gone,
}

/// What is known of the files when refused changes are reconsidered.
pub(crate) struct Now<'a> {
    /// Which module imports which.
    pub(crate) graph: &'a Graph,
    /// Files of refused changes that were not found changed this time, each read once: a file that is changed back
    /// between two reads would match neither the refused text nor the served one.
    pub(crate) unnamed: BTreeMap<ModuleId, Result<Source, ReadError>>,
    /// The served texts of the modules of refused changes, where there is one.
    pub(crate) served: BTreeMap<ModuleId, ServedText>,
    /// Modules whose files have been gone for longer than the grace.
    pub(crate) gone: BTreeSet<ModuleId>,
    /// The facts about each refusal, in order.
    pub(crate) of: Vec<NowOf>,
    /// Whether the reload was requested.
    pub(crate) forced: bool,
}

/// The facts about one refused change.
#[derive(Clone, Copy, Default)]
pub(crate) struct NowOf {
    /// Whether it is time to call a hook again that waited for a lock.
    pub(crate) due: bool,
    /// Whether the path of a failed import has another text now.
    pub(crate) met: bool,
}

/// The text that is served of a module.
#[derive(Clone, Copy)]
pub(crate) struct ServedText {
    pub(crate) hash: ContentHash,
    /// Whether the instance works without an import that failed.
    pub(crate) lacks: bool,
}

/// The decision about refused changes and found ones.
#[derive(Default)]
pub(crate) struct Reconsidered {
    /// The changes to try now: new ones, and refused ones that are tried again.
    pub(crate) try_now: ChangeSet,
    /// When the refused ones among them were made.
    pub(crate) windows: Vec<Window>,
    pub(crate) still_refused: Vec<Refusal>,
    /// Refused changes that were undone: the files are again what is served.
    pub(crate) mended: Vec<Refusal>,
    /// Modules whose clone hooks are no longer to be called again.
    pub(crate) unawaited: BTreeSet<ModuleId>,
}

/// Decides which changes to try. A refused change is tried again together with a new one that touches it; a refused
/// change that was undone is forgotten. Pure: reads no file and no clock.
pub(crate) fn reconsider(refusals: Vec<Refusal>, changes: Allowed, mut now: Now<'_>) -> Reconsidered {
    let mut result = Reconsidered { try_now: changes.into_changes(), ..Reconsidered::default() };
    let mut known = BTreeSet::new();
    for (at, refusal) in refusals.into_iter().enumerate() {
        let NowOf { due, met } = now.of.get(at).copied().unwrap_or_default();
        let changes = &mut result.try_now;
        let texts: BTreeMap<_, _> = refusal.changed.keys().map(|&id| (id, now.file_text(id, changes))).collect();
        if now.is_taken_back(&texts) {
            result.unawaited.extend(&refusal.planned);
            result.mended.push(refusal);
            continue;
        }
        // A file of the refused change belongs to it even if no hint named it, once it has a text.
        let parts: Vec<_> = refusal.changed.keys().copied().filter(|id| !changes.contains_key(id)).collect();
        let parts: Vec<_> = parts.into_iter().filter(|id| now.is_part(*id, texts[id])).collect();
        let silent = parts.is_empty() && !refusal.changed.keys().any(|id| changes.contains_key(id));
        if silent && due {
            // The hook that waited belongs to a text that is being replaced; the new text is tried when it is complete.
            result.unawaited.extend(&refusal.planned);
        }
        let fresh = changes.keys().filter(|id| !refusal.changed.contains_key(id)).copied().collect();
        let touched = plan(now.graph, &fresh).iter().any(|(id, _)| refusal.planned.contains(id));
        let asked = now.forced || due || touched || met;
        if silent || (!asked && refusal.is_still(&texts)) {
            known.extend(refusal.changed.keys().copied());
            result.still_refused.push(refusal);
        } else {
            result.windows.extend(refusal.windows);
            let texts = parts.into_iter().filter_map(|id| Some((id, Change::changed(now.unnamed.remove(&id)?))));
            changes.extend(texts);
        }
    }
    result.try_now.retain(|id, _| !known.contains(id));
    result
}

impl Now<'_> {
    fn file_text(&self, id: ModuleId, found: &ChangeSet) -> FileText {
        match (found.get(&id), self.unnamed.get(&id)) {
            (Some(change), _) => FileText::Text(change.hash()),
            (None, Some(Ok(source))) => FileText::Text(Some(source.hash)),
            (None, Some(Err(ReadError::Missing))) if self.gone.contains(&id) => FileText::Gone,
            (None, Some(Err(error))) if error.is_passing() => FileText::Passing,
            (None, Some(Err(_)) | None) => FileText::Text(None),
        }
    }

    /// Returns whether a refused change was undone: its files are what is loaded of them, or are gone.
    fn is_taken_back(&self, texts: &BTreeMap<ModuleId, FileText>) -> bool {
        texts.iter().all(|(id, text)| match (text, self.served.get(id)) {
            (FileText::Text(hash), Some(served)) => !served.lacks && *hash == Some(served.hash),
            (FileText::Text(_) | FileText::Passing, None) | (FileText::Gone, _) => true,
            (FileText::Passing, Some(_)) => false,
        })
    }

    /// Returns whether a file that was not found changed has a text that is not served.
    fn is_part(&self, id: ModuleId, text: FileText) -> bool {
        let FileText::Text(hash) = text else { return false };
        self.unnamed.contains_key(&id) && hash != self.served.get(&id).map(|served| served.hash)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::{module::Reason, text::Stamp};

    fn source(text: &str) -> Source {
        let (path, hash) = (Path::new("/s/m.toy").into(), ContentHash::of(text.as_bytes()));
        Source { path, text: text.into(), hash, stamp: Stamp::default(), settled: true, complete: true }
    }

    fn id(letter: &str) -> ModuleId {
        ModuleId(u32::from(letter.as_bytes()[0]))
    }

    /// Parses words of the form `a=text`.
    fn texts(words: &str) -> impl Iterator<Item = (ModuleId, Source)> + '_ {
        words
            .split_whitespace()
            .map(|word| word.split_once('=').expect("a=text"))
            .map(|(at, text)| (id(at), source(text)))
    }

    fn letters<'a>(ids: impl IntoIterator<Item = &'a ModuleId>) -> String {
        ids.into_iter().filter_map(|id| char::from_u32(id.0)).collect()
    }

    /// Checks one change that was refused, `refused`, while `served` was served. `found` was found now, and the files
    /// that it does not name contain `files` (`-`: gone, `~`: being saved). `b` imports `a`. `expected` lists what is
    /// tried, what is still refused, and what is mended.
    #[track_caller]
    fn check(refused: &str, served: &str, found: &str, files: &str, now: NowOf, forced: bool, expected: &str) {
        let mut graph = Graph::default();
        graph.set(id("b"), vec![id("a")]);
        let changed: BTreeMap<_, _> = texts(refused).map(|(id, source)| (id, Some(source.hash))).collect();
        let planned = plan(&graph, &changed.keys().copied().collect()).into_iter().map(|(id, _)| id).collect();
        let refusal = Refusal { changed, planned, unmet: Vec::new(), diagnostics: Vec::new(), windows: Vec::new() };
        let found: ChangeSet =
            texts(found).map(|(id, source)| (id, Change { text: Ok(source), reason: Reason::Changed })).collect();
        let says = |word: &str| match word.split_once('=').expect("a=text") {
            (at, "-") => (id(at), Err(ReadError::Missing)),
            (at, "~") => (id(at), Err(ReadError::BeingWritten)),
            (at, text) => (id(at), Ok(source(text))),
        };
        let unnamed: BTreeMap<_, _> = files.split_whitespace().map(says).collect();
        let gone =
            unnamed.iter().filter(|(_, read)| matches!(read, Err(ReadError::Missing))).map(|(&id, _)| id).collect();
        let served = texts(served).map(|(id, source)| (id, ServedText { hash: source.hash, lacks: false })).collect();
        let now = Now { graph: &graph, unnamed, served, gone, of: vec![now], forced };
        let found = Allowed::default().with(found);
        let result = reconsider(vec![refusal], found, now);
        let of = |refusals: &[Refusal]| refusals.iter().map(|it| letters(it.changed.keys())).collect::<String>();
        let found = [letters(result.try_now.keys()), of(&result.still_refused), of(&result.mended)];
        assert_eq!(found.join("|"), expected, "refused {refused}");
    }

    #[test]
    fn r32_what_was_refused_is_not_tried_again_while_nothing_says_otherwise() {
        let (none, due) = (NowOf::default(), NowOf { due: true, met: false });
        let met = NowOf { due: false, met: true };
        // As it was: found again, or not looked at.
        check("a=2", "a=1", "a=2", "", none, false, "|a|");
        check("a=2", "a=1", "", "a=2", none, false, "|a|");
        // Another text, a reload that was asked for, something that it lacked, a hook whose time has come.
        check("a=2", "a=1", "a=3", "", none, false, "a||");
        check("a=2", "a=1", "a=2", "", none, true, "a||");
        check("a=2", "a=1", "a=2", "", met, false, "a||");
        check("a=2", "a=1", "a=2", "", due, false, "a||");
        // A change of something that it would load as well.
        check("a=2", "a=1 b=1", "a=2 b=2", "", none, false, "ab||");
        check("a=2", "a=1 c=1", "a=2 c=2", "", none, false, "c|a|");
    }

    #[test]
    fn r31_r32_parts_of_a_refused_change_belong_to_it() {
        let none = NowOf::default();
        check("a=2 c=2", "a=1 c=1", "a=3", "c=2", none, false, "ac||");
        check("a=2 c=2", "a=1 c=1", "a=2", "c=2", none, false, "|ac|");
        // One part is being saved: it says nothing yet.
        check("a=2 c=2", "a=1 c=1", "a=2", "c=~", none, false, "|ac|");
        check("a=2 c=2", "a=1 c=1", "", "a=~ c=~", none, false, "|ac|");
    }

    #[test]
    fn r32_what_was_taken_back_is_mended() {
        let none = NowOf::default();
        check("a=2", "a=1", "", "a=1", none, false, "||a");
        check("a=2 c=2", "a=1 c=1", "", "a=1 c=1", none, false, "||ac");
        // A half is not.
        check("a=2 c=2", "a=1 c=1", "", "a=1 c=2", none, false, "c||");
        // A file that is gone, and one that no module stands for any more, leave nothing of it.
        check("a=2", "a=1", "", "a=-", none, false, "||a");
        check("a=2", "", "", "", none, false, "||a");
    }

    #[test]
    fn l2_a_window_is_between_two_moments() {
        let window = Window { after: 3, until: 5 };
        assert_eq!([2, 3, 5, 6].map(|at| window.contains(at)), [false, true, true, false]);
    }
}
