//! What is carried over and would keep old code alive, or is of no use in the new module (R50).

use std::{any::TypeId, collections::HashSet, path::Path, sync::Arc};

use rhai::{Dynamic, FnPtr};
use samovar_importer::{Diagnostic, Module, ModuleId, Place, View};

use crate::{
    link::{self, InstanceId},
    module::{
        diagnostic::place,
        doubts::{Carried, Doubt},
        scripts::Scripts,
    },
    state, value,
};

/// More places than this say nothing new.
const PLACES: usize = 10;

/// Judges whether values may outlive the module that hands them over.
pub(crate) struct Judge {
    /// The module that is being replaced.
    module: ModuleId,
    /// The instance that has taken its place, if it has run already.
    new: Option<InstanceId>,
    view: Arc<View<Scripts>>,
    carryable: Arc<HashSet<TypeId>>,
}

/// What is said of a part of a value.
enum Finding {
    Stays,
    Fault(Diagnostic),
    /// It is code of a module that is replaced after this one, and that may put something else there.
    Later(ModuleId),
}

/// Whose code it is.
enum Owner {
    Staying,
    Leaving(Arc<Path>),
    LeavingLater(ModuleId),
}

impl Judge {
    /// Of what `old` hands over before its successor runs.
    pub(crate) fn of(scripts: &Scripts, old: &Module<Scripts>, view: &Arc<View<Scripts>>) -> Self {
        Self { module: old.id(), new: None, view: view.clone(), carryable: scripts.carryable().clone() }
    }

    /// The first thing that is wrong with carrying this value as `name`, if anything is.
    pub(crate) fn fault(&self, name: &str, value: &Dynamic) -> Option<Diagnostic> {
        self.look(name, value).0.into_iter().next()
    }

    /// What is wrong with carrying this value as `name`, nearest first, and which modules are to be waited for.
    fn look(&self, name: &str, value: &Dynamic) -> (Vec<Diagnostic>, HashSet<ModuleId>) {
        let (mut faults, mut later) = (Vec::new(), HashSet::new());
        let missed = state::find_code(value, |path, leaf| match self.judge(&format!("{name}{path}"), leaf) {
            Finding::Fault(fault) if faults.len() < PLACES => faults.push(fault),
            Finding::Fault(_) | Finding::Stays => {}
            Finding::Later(module) => drop(later.insert(module)),
        });
        if let Err(missed) = missed {
            let message = format!("`{name}{}` is carried over unseen: it is {}", missed.path, missed.kind);
            faults.push(Diagnostic::error(message).help("carry data that is less deeply nested"));
        }
        (faults, later)
    }

    /// What code of the module that is being replaced is still in a value of another module's.
    fn left_by_module(&self, name: &str, value: &Dynamic) -> Vec<Diagnostic> {
        let mut faults = Vec::new();
        // What could not be entered has been told of when it was carried.
        let _ = state::find_code(value, |path, leaf| {
            if faults.len() < PLACES
                && let Some(instance) = value::owner(leaf).or_else(|| link::module_value(leaf))
                && link::importer(instance).is_some_and(|importer| importer.id() == self.module)
                && let Owner::Leaving(file) = self.owner(instance)
            {
                faults.push(keeps(&format!("{name}{path}"), leaf.is_fnptr(), &file));
            }
        });
        faults
    }

    fn judge(&self, place: &str, leaf: &Dynamic) -> Finding {
        if state::is_neutral_leaf(leaf) || self.carryable.contains(&leaf.type_id()) {
            return Finding::Stays;
        }
        let is_callback = leaf.is_fnptr();
        if let Some(instance) = value::owner(leaf).or_else(|| link::module_value(leaf)) {
            return match self.owner(instance) {
                Owner::Staying => Finding::Stays,
                Owner::LeavingLater(module) => Finding::Later(module),
                Owner::Leaving(file) => Finding::Fault(keeps(place, is_callback, &file)),
            };
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
        Finding::Fault(Diagnostic::error(format!("`{place}` is carried over and is {what}")).help(help))
    }

    /// Library modules never leave.
    fn owner(&self, instance: InstanceId) -> Owner {
        let core = link::find(instance);
        let Some(importer) = core.as_ref().and_then(|core| core.importer()) else { return Owner::Staying };
        let id = importer.id();
        let newest = self.view.get(id);
        let newest = newest.as_deref();
        let is_loaded = newest.is_some_and(|module| module.record().generation == self.view.generation());
        let is_newest = newest.is_some_and(|module| module.instance() == instance);
        let is_replaced = || newest.is_some_and(|module| self.view.is_leaving(id, module.instance()));
        if newest.is_some_and(Module::is_library) || (is_newest && is_loaded) || self.new == Some(instance) {
            Owner::Staying
        } else if id == self.module {
            Owner::Leaving(importer.path().clone())
        } else if !self.view.is_leaving(id, instance) {
            Owner::Staying
        } else if self.new.is_some() && !is_loaded && is_replaced() {
            Owner::LeavingLater(id)
        } else {
            Owner::Leaving(importer.path().clone())
        }
    }

    /// What scripts call the type of a value.
    fn type_name(&self, value: &Dynamic) -> String {
        self.view.loader().linker().engine().map_type_name(value.type_name()).to_owned()
    }
}

fn keeps(place: &str, is_callback: bool, file: &Path) -> Diagnostic {
    let what = if is_callback { "a callback" } else { "a value" };
    let message = format!(
        "`{place}` is carried over and is {what} of {}, which is being replaced: it keeps the old code in memory",
        file.display()
    );
    Diagnostic::error(message)
        .help("carry data, and make functions anew in the new module; or keep them in a library module")
}

/// Warns of what keeps old code in memory, now that `new` has run in place of `old`: it may have put its own functions
/// in the place of the old ones.
pub(crate) fn tell(
    scripts: &Scripts,
    old: &Module<Scripts>,
    carried: Carried,
    new: InstanceId,
    view: &Arc<View<Scripts>>,
) {
    let judge = Judge { new: Some(new), ..Judge::of(scripts, old, view) };
    for doubt in scripts.doubts().take(old.id()) {
        for fault in judge.left_by_module(&doubt.name, &doubt.value) {
            view.tell_of_code(&doubt.path, at(fault, doubt.place.clone()));
        }
    }
    for (name, value) in carried {
        let place = definition(old, &name);
        let (faults, later) = judge.look(&name, &value);
        faults.into_iter().for_each(|fault| view.tell_of_code(old.path(), at(fault, place.clone())));
        let doubts = later.into_iter().map(|until| Doubt {
            module: old.id(),
            path: old.path().clone(),
            place: place.clone(),
            name: name.clone(),
            value: value.clone(),
            until,
        });
        scripts.doubts().add(doubts);
    }
}

/// Where a module defines what has this name.
pub(crate) fn definition(module: &Module<Scripts>, name: &str) -> Option<Place> {
    let instance = module.value().instance();
    place(&instance.core().frame(None, instance.scan().defined_at(name)?))
}

/// The diagnostic with its place, where that is known.
pub(crate) fn at(diagnostic: Diagnostic, place: Option<Place>) -> Diagnostic {
    match place {
        Some(place) => diagnostic.at(place),
        None => diagnostic,
    }
}
