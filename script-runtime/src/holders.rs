//! Who keeps old code alive: found when state is carried (R50), and when an old instance lives on (R51).

use std::{any::TypeId, collections::HashSet, path::Path, sync::Arc};

use rhai::{Dynamic, FnPtr};
use samovar_importer::{Diagnostic, Holder, ModuleId, Registry, Snapshot, View};

use crate::{
    link::{self, Core, InstanceId},
    scripts::Scripts,
    state, under_way,
};

/// More places than this say nothing new.
const PLACES: usize = 10;

/// Judges whether values may outlive the module that hands them over.
pub(crate) struct Judge {
    /// The module whose state it is.
    pub(crate) module: ModuleId,
    pub(crate) view: Arc<View<Scripts>>,
    pub(crate) carryable: Arc<HashSet<TypeId>>,
}

impl Judge {
    /// What is wrong with carrying this value as `name`, worst first for the reader: nearest first.
    pub(crate) fn faults(&self, name: &str, value: &Dynamic) -> Vec<Diagnostic> {
        let mut faults = Vec::new();
        let missed = state::find_code(value, |path, leaf| {
            if faults.len() < PLACES {
                faults.extend(self.fault(&format!("{name}{path}"), leaf));
            }
        });
        if let Err(missed) = missed {
            let message = format!("`{name}{}` is carried over unseen: it is {}", missed.path, missed.kind);
            faults.push(Diagnostic::error(message).help("carry data that is less deeply nested"));
        }
        faults
    }

    fn fault(&self, place: &str, leaf: &Dynamic) -> Option<Diagnostic> {
        if state::is_neutral_leaf(leaf) || self.carryable.contains(&leaf.type_id()) {
            return None;
        }
        if let Some(owner) = link::owner(leaf).or_else(|| link::module_value(leaf)) {
            let file = self.leaving(owner)?;
            let what = if leaf.is_fnptr() { "a callback" } else { "a value" };
            let message = format!(
                "`{place}` is carried over and is {what} of {}, which is being replaced: it keeps the old code in memory",
                file.display()
            );
            let help = "carry data, and make functions anew in the new module; or keep them in a library module";
            return Some(Diagnostic::error(message).help(help));
        }
        let (what, help) = match leaf.read_lock::<FnPtr>() {
            Some(_) => (
                "a function without its module: nothing can call it any more".to_owned(),
                "carry data, and make functions anew in the new module",
            ),
            None => (
                format!("a value of type {}, which is not known to outlive a reload", self.type_name(leaf)),
                "carry data, or let the host declare the type with `Builder::carryable`",
            ),
        };
        Some(Diagnostic::error(format!("`{place}` is carried over and is {what}")).help(help))
    }

    /// What scripts call the type of a value.
    fn type_name(&self, value: &Dynamic) -> String {
        self.view.registry().loader().linker().engine().map_type_name(value.type_name()).to_owned()
    }

    /// The file of an instance that is being replaced, or was before. Library modules never are.
    fn leaving(&self, owner: InstanceId) -> Option<Arc<Path>> {
        let core = link::find(owner)?;
        let importer = core.importer()?;
        let newest = self.view.get(importer.id());
        let is_library = newest.is_some_and(|module| module.is_library());
        let leaving = importer.id() == self.module || self.view.is_leaving(importer.id(), owner);
        (leaving && !is_library).then(|| importer.path().clone())
    }
}

/// Running calls that see the instance, and places in the state of the newest modules that hold code of it.
pub(crate) fn of(module: ModuleId, instance: InstanceId, registry: &Arc<Registry<Scripts>>) -> Vec<Holder> {
    let mut found = under_way::find(|call| {
        let view = call.view.upgrade()?;
        let sees = Arc::ptr_eq(view.registry(), registry) && view.instance(module, instance).is_some();
        sees.then(|| Holder::Call { what: call.purpose(), since: call.since() })
    });
    for module in registry.snapshot().iter() {
        for (name, value) in module.value().instance().stored() {
            let _ = state::find_code(&value, |path, leaf| {
                let owner = link::owner(leaf).or_else(|| link::module_value(leaf));
                if owner == Some(instance) && found.len() < PLACES {
                    found.push(Holder::State { path: module.path().clone(), place: format!("{name}{path}") });
                }
            });
        }
    }
    found
}

/// Lets a replaced instance go of itself. Its callbacks in handles of its own would hold it, and it them, for ever: they
/// are made to find their instance only while something else holds that. What a newest module can reach is left alone,
/// since there they may still be called, and whoever asks is told of them (R51).
pub(crate) fn release(core: &Core, newest: &Snapshot<Scripts>) {
    let own: Vec<Dynamic> = core.bindings().stored().collect();
    let mut holds_itself = false;
    for value in &own {
        let _ = state::find_code(value, |_, leaf| holds_itself |= link::owner(leaf) == Some(core.id()));
    }
    if !holds_itself {
        return;
    }
    let reachable: HashSet<usize> = newest
        .iter()
        .flat_map(|module| module.value().instance().stored().collect::<Vec<_>>())
        .flat_map(|(_, value)| state::holders(&value).into_keys())
        .collect();
    for (address, handle) in own.iter().flat_map(state::holders) {
        if !reachable.contains(&address) {
            handle.rewrite(&mut |value| link::weaken(value, core.id()));
        }
    }
}
