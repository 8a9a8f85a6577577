//! Finds what keeps a replaced instance in memory (R51).

use std::collections::HashSet;

use rhai::Dynamic;
use samovar_importer::{Holder, ModuleId, Snapshot, View};

use crate::{
    link::{self, Core, InstanceId},
    module::scripts::Scripts,
    state,
    thread::under_way,
    value,
};

/// More places than this say nothing new.
const PLACES: usize = 10;

/// Running calls that see the instance, and places in the state of the newest modules that hold code of it.
pub(crate) fn of(module: ModuleId, instance: InstanceId, newest: &Snapshot<Scripts>) -> Vec<Holder> {
    let mut found = under_way::find(|call| {
        let view = call.sees::<View<Scripts>>()?;
        // Instances have numbers of their own in the whole process.
        view.instance(module, instance).is_some().then(|| Holder::Call { what: call.purpose(), since: call.since() })
    });
    for module in newest.iter() {
        for (name, value) in module.value().instance().stored() {
            let _ = state::find_code(&value, |path, leaf| {
                let owner = value::owner(leaf).or_else(|| link::module_value(leaf));
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
/// since there they may still be called, and the report of retained instances names them (R51).
pub(crate) fn release(core: &Core, newest: &Snapshot<Scripts>) {
    let own: Vec<Dynamic> = core.bindings().stored().collect();
    let mut holds_itself = false;
    for value in &own {
        let _ = state::find_code(value, |_, leaf| holds_itself |= value::owner(leaf) == Some(core.id()));
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
