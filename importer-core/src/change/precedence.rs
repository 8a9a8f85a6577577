//! The precedence that decides whether a module may be reloaded: all of it is in this file (R38, R39).
//!
//! Freezing beats everything. A reload on request beats the configuration. The import's own option beats the scope in
//! which it was made. A module that is imported from several places may be reloaded if one of them allows it. A library
//! module (R14) is never reloaded.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Weak},
};

use super::found::{ChangeSet, Found};
use crate::{
    module::{
        ImportOptions, Importer, Language, Module, ModuleId, Scope,
        scope::{ScopeId, Word},
    },
    sync::Mutex,
};

/// The settings for reloading that imports outside of loading have made.
#[derive(Default)]
pub(crate) struct Precedence {
    wishes: Mutex<HashMap<ModuleId, Vec<Wish>>>,
    /// Modules whose mixed settings have been reported.
    mixed: Mutex<HashSet<ModuleId>>,
}

/// Changes that may be made: only these are planned.
#[derive(Default)]
pub(crate) struct Allowed(ChangeSet);

impl Allowed {
    /// Adds modules that are reloaded whatever their scopes say, since the generation would be inconsistent without
    /// them (R19, R62).
    pub(crate) fn with(mut self, others: ChangeSet) -> Self {
        for (id, change) in others {
            self.0.entry(id).or_insert(change);
        }
        self
    }

    pub(crate) fn changes(&self) -> &ChangeSet {
        &self.0
    }

    pub(crate) fn into_changes(self) -> ChangeSet {
        self.0
    }
}

/// Whether one import allows reloading, and the place in the configuration behind it.
pub(crate) type Opinion = (bool, Arc<str>);

/// A module that is imported with and without reloading (R39): one place that says On, and one that says Off.
pub(crate) struct Mixed {
    pub(crate) id: ModuleId,
    pub(crate) origins: [Arc<str>; 2],
}

impl Precedence {
    /// Notes the setting of an import that was not made while loading.
    pub(crate) fn wish(&self, id: ModuleId, importer: Option<&Arc<Importer>>, scope: &Scope, options: &ImportOptions) {
        let from = importer.map_or(From::Scope(scope.id()), |it| From::Friend(Arc::downgrade(it)));
        let mut wishes = self.wishes.lock();
        let wishes = wishes.entry(id).or_default();
        wishes.retain(|wish| wish.is_present() && !wish.is_retired() && !wish.is_of(&from));
        let (of_the_call, of_the_scope, origin) = (options.autoreload, scope.word().clone(), scope.origin().clone());
        wishes.push(Wish { from, of_the_call, of_the_scope, origin });
    }

    /// Removes the settings of a scope: its place in the configuration no longer exists.
    pub(crate) fn forget(&self, scope: &Scope) {
        let from = From::Scope(scope.id());
        self.wishes.lock().values_mut().for_each(|wishes| wishes.retain(|wish| !wish.is_of(&from)));
    }

    /// Keeps the found changes that may be made. `forced`: the reload was requested. `importers` returns the modules
    /// that import a module while they load. Also returns the modules with mixed settings, each once.
    pub(crate) fn allow<'a, L: Language>(
        &self,
        Found(mut changes): Found,
        forced: bool,
        importers: impl Fn(ModuleId) -> Vec<&'a Arc<Module<L>>>,
    ) -> (Allowed, Vec<Mixed>) {
        let mut mixed = Vec::new();
        changes.retain(|&id, _| {
            let opinions = if forced { Vec::new() } else { self.opinions(id, importers(id)) };
            mixed.extend(self.mixed(id, &opinions));
            forced || is_candidate(opinions.iter().map(|(reload, _)| *reload))
        });
        (Allowed(changes), mixed)
    }

    /// Returns the settings of all present imports of a module.
    fn opinions<'a, L: Language>(&self, id: ModuleId, importers: Vec<&'a Arc<Module<L>>>) -> Vec<Opinion> {
        let others = self.wishes.lock().get(&id).cloned().unwrap_or_default();
        let others = others.into_iter().filter(Wish::is_present).map(|wish| (wish.reload(), wish.origin));
        let of_importer = |module: &'a Arc<Module<L>>| {
            let children = module.children.iter().filter(move |child| child.id == id);
            let (origin, reloads) = (module.scope.origin(), module.scope.reloads());
            children.map(move |child| (wish(child.of_the_call, reloads), origin.clone()))
        };
        importers.into_iter().flat_map(of_importer).chain(others).collect()
    }

    fn mixed(&self, id: ModuleId, opinions: &[Opinion]) -> Option<Mixed> {
        let of = |says: bool| opinions.iter().find(|(reload, _)| *reload == says).map(|(_, origin)| origin.clone());
        let origins = [of(true)?, of(false)?];
        self.mixed.lock().insert(id).then_some(Mixed { id, origins })
    }
}

/// Returns whether one import allows reloading the module that it imports.
fn wish(of_the_call: Option<bool>, of_the_scope: bool) -> bool {
    of_the_call.unwrap_or(of_the_scope)
}

/// Returns whether a module may be reloaded, from the settings of all its present imports. A module without any is kept
/// up to date for its next import.
fn is_candidate(mut wishes: impl Iterator<Item = bool>) -> bool {
    let Some(first) = wishes.next() else { return true };
    first || wishes.any(|wish| wish)
}

/// An import that was not made while loading: by a request for its handler, or by a module while a request ran. (The
/// settings of imports made while loading are on the children in the snapshot.)
#[derive(Clone, Debug)]
struct Wish {
    from: From,
    /// The import's own option.
    of_the_call: Option<bool>,
    /// The scope's setting.
    of_the_scope: Arc<Word>,
    /// The place in the configuration behind it.
    origin: Arc<str>,
}

#[derive(Clone, Debug)]
enum From {
    /// A request, or the host: lasts until the scope is forgotten.
    Scope(ScopeId),
    /// The importer of a friend: lasts until that instance is gone (R28).
    Friend(Weak<Importer>),
}

impl Wish {
    fn reload(&self) -> bool {
        wish(self.of_the_call, self.of_the_scope.reloads())
    }

    /// Returns whether its scope belongs to a configuration that was replaced. The wish then counts until the module is
    /// imported again.
    fn is_retired(&self) -> bool {
        self.of_the_scope.is_retired()
    }

    fn is_present(&self) -> bool {
        match &self.from {
            From::Scope(_) => true,
            From::Friend(importer) => importer.strong_count() > 0,
        }
    }

    fn is_of(&self, other: &From) -> bool {
        match (&self.from, other) {
            (From::Scope(a), From::Scope(b)) => a == b,
            (From::Friend(a), From::Friend(b)) => Weak::ptr_eq(a, b),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r38_the_call_beats_the_scope() {
        assert!(wish(Some(true), false));
        assert!(!wish(Some(false), true));
        assert!(wish(None, true));
        assert!(!wish(None, false));
    }

    fn of(scope: &Scope, of_the_call: Option<bool>) -> Wish {
        let (of_the_scope, origin) = (scope.word().clone(), scope.origin().clone());
        Wish { from: From::Scope(scope.id()), of_the_call, of_the_scope, origin }
    }

    fn importer() -> Arc<Importer> {
        Arc::new(Importer::new(ModuleId(0), std::path::Path::new("/s/m.toy").into(), Vec::new()))
    }

    #[test]
    fn r38_a_wish_lasts_as_long_as_whoever_made_it() {
        let scope = Scope::new("one").autoreload(false);
        let lasting = of(&scope, None);
        assert!(lasting.is_present() && !lasting.is_retired() && !lasting.reload());
        assert!(of(&scope, Some(true)).reload());
        let friend = importer();
        let of_friend = Wish { from: From::Friend(Arc::downgrade(&friend)), ..lasting.clone() };
        assert!(of_friend.is_present());
        drop(friend);
        assert!(!of_friend.is_present());
        // The new configuration decides, for all wishes of the scope that it replaces.
        scope.retire(true);
        assert!(lasting.is_retired() && lasting.reload());
    }

    #[test]
    fn r38_a_wish_takes_the_place_of_one_of_the_same() {
        let (one, other) = (Scope::new("one"), Scope::new("other"));
        let (a, b) = (importer(), importer());
        let [from_a, from_b] = [&a, &b].map(|it| From::Friend(Arc::downgrade(it)));
        let friend = Wish { from: from_a.clone(), ..of(&one, None) };
        assert!(of(&one, None).is_of(&From::Scope(one.id())) && !of(&one, None).is_of(&From::Scope(other.id())));
        assert!(friend.is_of(&from_a) && !friend.is_of(&from_b));
        assert!(!friend.is_of(&From::Scope(one.id())) && !of(&one, None).is_of(&from_a));
    }

    #[test]
    fn r39_one_wish_is_enough() {
        assert!(is_candidate([false, true].into_iter()));
        assert!(!is_candidate([false, false].into_iter()));
        assert!(is_candidate([].into_iter()));
    }
}
