//! Every rule for merging the settings of two sections, on one page.
//!
//! Sections are merged from the outermost to the innermost. First the lines of one section become its settings ([`collect`]).
//! Then each section that matches is laid over the settings so far ([`overlay`]). At the end, lines that only delete
//! something are dropped ([`finish`]).

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::schema::setting::Setting;

/// How the lines of a directive are merged. The settings of "outer" sections are merged before those of "inner" ones.
#[derive(Debug, Clone, Copy)]
pub enum Merge {
    /// The last line of the innermost section holds.
    Innermost,
    /// All lines of the innermost section that has any hold together.
    Replace,
    /// All lines hold, outermost first.
    Accumulate,
    /// The first argument is a key. For each key, the last line holds. A line without a value, or with an empty one, deletes
    /// the key.
    PerKey,
    /// The first argument is a key, and this function returns the number that it is set to. Of an inner and an outer number
    /// the smaller holds, so a limit can be tightened and not loosened. In one section the last line of a key holds.
    PerKeyTighten(fn(&Setting) -> u64),
    /// This function returns the keys of a line from its arguments; a line may have several. For each key, all lines of the
    /// innermost section that has any hold together.
    ReplaceKeyed(fn(&[&str]) -> Vec<String>),
    /// This function merges.
    Custom(MergeSettings),
}

/// Merges the settings so far, `outer`, with all lines of the next section, `inner`, in their order. `outer` is empty at
/// first.
pub type MergeSettings = fn(outer: &[Arc<Setting>], inner: &[Arc<Setting>]) -> Vec<Arc<Setting>>;

/// A setting that holds, under its key if its directive has keys.
#[derive(Debug, Clone)]
pub(crate) struct Held {
    pub(crate) key: Option<Arc<str>>,
    pub(crate) setting: Arc<Setting>,
}

/// The settings of the lines of one section, in the order of the lines.
pub(crate) fn collect(rule: Merge, lines: &[Arc<Setting>]) -> Vec<Held> {
    let mut out: Vec<Held> = lines.iter().flat_map(|setting| entries(rule, setting)).collect();
    match rule {
        Merge::Innermost => drop(out.drain(..out.len().saturating_sub(1))),
        Merge::PerKey | Merge::PerKeyTighten(_) => {
            let last: HashMap<_, _> = out.iter().enumerate().map(|(at, held)| (held.key.clone(), at)).collect();
            let mut at = 0..;
            out.retain(|held| at.next() == last.get(&held.key).copied());
        }
        Merge::Replace | Merge::Accumulate | Merge::ReplaceKeyed(_) | Merge::Custom(_) => {}
    }
    out
}

/// Lays the settings of an inner section over the settings so far.
pub(crate) fn overlay(rule: Merge, outer: &[Held], inner: &[Held]) -> Vec<Held> {
    if inner.is_empty() {
        return outer.to_vec();
    }
    match rule {
        Merge::Innermost | Merge::Replace => inner.to_vec(),
        Merge::Accumulate => outer.iter().chain(inner).cloned().collect(),
        Merge::PerKey | Merge::ReplaceKeyed(_) => {
            let replaced: HashSet<_> = inner.iter().map(|held| &held.key).collect();
            outer.iter().filter(|held| !replaced.contains(&held.key)).chain(inner).cloned().collect()
        }
        Merge::PerKeyTighten(number) => {
            let inner_keys: HashSet<_> = inner.iter().map(|held| &held.key).collect();
            let outer_of: HashMap<_, &Held> = outer.iter().map(|held| (&held.key, held)).collect();
            let tighter = |held: &Held| {
                let outer = outer_of.get(&held.key).filter(|outer| number(&outer.setting) < number(&held.setting));
                outer.copied().unwrap_or(held).clone()
            };
            let untouched = outer.iter().filter(|held| !inner_keys.contains(&held.key)).cloned();
            untouched.chain(inner.iter().map(tighter)).collect()
        }
        Merge::Custom(merge) => {
            let merged = merge(&settings(outer), &settings(inner));
            merged.into_iter().map(|setting| Held { key: None, setting }).collect()
        }
    }
}

/// Whether an inner setting takes the place of outer ones with the same key, or of all if there are no keys.
pub(crate) fn replaces(rule: Merge) -> bool {
    match rule {
        Merge::Innermost | Merge::Replace | Merge::PerKey | Merge::ReplaceKeyed(_) => true,
        Merge::Accumulate | Merge::PerKeyTighten(_) | Merge::Custom(_) => false,
    }
}

/// Drops lines that only delete.
pub(crate) fn finish(rule: Merge, held: &mut Vec<Held>) {
    if matches!(rule, Merge::PerKey) {
        held.retain(|held| held.setting.texts().skip(1).any(|text| !text.is_empty()));
    }
}

fn entries(rule: Merge, setting: &Arc<Setting>) -> Vec<Held> {
    let keys: Vec<Option<Arc<str>>> = match rule {
        Merge::PerKey | Merge::PerKeyTighten(_) => vec![setting.text().map(Arc::from)],
        Merge::ReplaceKeyed(keys) => {
            let texts: Vec<&str> = setting.texts().collect();
            keys(&texts).into_iter().map(|key| Some(key.into())).collect()
        }
        Merge::Innermost | Merge::Replace | Merge::Accumulate | Merge::Custom(_) => vec![None],
    };
    keys.into_iter().map(|key| Held { key, setting: Arc::clone(setting) }).collect()
}

fn settings(held: &[Held]) -> Vec<Arc<Setting>> {
    held.iter().map(|held| Arc::clone(&held.setting)).collect()
}
