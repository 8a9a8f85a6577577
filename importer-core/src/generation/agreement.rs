//! A generation gives one answer about a module (R62): if one importer has it, no other importer has found it missing.
//!
//! A module that catches a failed import is served without the imported one. When that one becomes available after all,
//! because another module loads it, the catching module is reloaded in the same generation. When the file of a served
//! module is gone and an importer that is reloaded has to work without it, all its importers are reloaded without it,
//! too; if one of them cannot, the change is refused (R34). The instance is then away: it hands over its state if the
//! file comes back within the grace, and is discarded otherwise.

use std::{collections::BTreeSet, sync::Arc};

use super::{loader::Loader, rooms::Rooms, snapshot::Snapshot, store::Links, texts::Texts};
use crate::{
    module::{Because, Module, ModuleId},
    text::ReadError,
};

/// Served modules whose answers differ from those of the generation that is about to be published. Empty if the draft
/// itself has had two answers, one after the other.
pub(crate) struct Disagreement(pub(crate) BTreeSet<ModuleId>);

/// Checks that a generation that follows `now` with `new` gives one answer about each module. Returns the names that no
/// longer lead anywhere.
pub(super) fn agree<L: Loader>(
    rooms: &Rooms<L>,
    texts: &Texts,
    links: &Links,
    now: &Snapshot<L>,
    new: &[Arc<Module<L>>],
) -> Result<Vec<ModuleId>, Disagreement> {
    let is_new: BTreeSet<ModuleId> = new.iter().map(|module| module.id()).collect();
    let (mut gone, mut others, mut agree) = (Vec::new(), BTreeSet::new(), true);
    for missed in new.iter().flat_map(|module| missed_by(rooms, module)).collect::<BTreeSet<_>>() {
        let Some(module) = now.get(missed) else {
            agree &= !is_new.contains(&missed);
            continue;
        };
        let imports = |importer: &&Arc<Module<L>>| importer.children.iter().any(|child| child.via == missed);
        let importers = links.graph.importers(module.id()).filter(|id| !is_new.contains(id));
        let importers = importers.filter_map(|id| now.get(id)).filter(imports).map(|importer| importer.id());
        let before = others.len();
        others.extend(importers);
        let is_gone = matches!(texts.tree().stamp(module.path()), Err(ReadError::Missing));
        match others.len() == before && is_gone && !is_new.contains(&missed) && !new.iter().any(|new| imports(&new)) {
            true => gone.push(missed),
            false => agree = false,
        }
    }
    let waiting = links.waiting.iter().filter(|id| !is_new.contains(id)).filter_map(|&id| now.get(id));
    for module in waiting {
        let answered = |missed| is_new.contains(&missed);
        let freed = |missed| is_new.contains(&missed) && !reaches(now, new, missed, module.id());
        if missed_by(rooms, module).into_iter().any(answered) || unmet_ids(rooms, module, true).into_iter().any(freed) {
            others.insert(module.id());
        }
    }
    if agree && others.is_empty() { Ok(gone) } else { Err(Disagreement(others)) }
}

/// Returns the modules that an instance imported in vain.
fn missed_by<L: Loader>(rooms: &Rooms<L>, module: &Module<L>) -> Vec<ModuleId> {
    unmet_ids(rooms, module, false)
}

fn unmet_ids<L: Loader>(rooms: &Rooms<L>, module: &Module<L>, cycle: bool) -> Vec<ModuleId> {
    let unmet = module.unmet.iter().filter(|unmet| (unmet.because == Because::Cycle) == cycle);
    unmet.filter_map(|unmet| rooms.names.find(&unmet.path)).collect()
}

/// Returns whether one module imports another, directly or through others, after `new` has followed `now`.
fn reaches<L: Loader>(now: &Snapshot<L>, new: &[Arc<Module<L>>], from: ModuleId, to: ModuleId) -> bool {
    let (mut todo, mut seen) = (vec![from], BTreeSet::new());
    while let Some(id) = todo.pop() {
        let module = new.iter().find(|module| module.id() == id).or_else(|| now.get(id));
        if id == to {
            return true;
        }
        if let (true, Some(module)) = (seen.insert(id), module) {
            todo.extend(module.children());
        }
    }
    false
}
