//! Modules that several drafts need at the same time: one draft builds them, the others share them (R23).

use std::sync::Arc;

use super::{building::Building, progress::Progress};
use crate::{
    generation::{Boarding, Loader},
    module::{ImportError, Located, Module, ModuleId, Scope},
};

impl<L: Loader> Building<L> {
    /// Returns a module that the base does not have. The first draft that needs it loads it, and the others share the
    /// outcome.
    pub(super) fn load(self: &Arc<Self>, located: &Located, scope: &Arc<Scope>) -> Result<Arc<Module<L>>, ImportError> {
        let stands_for =
            |module: &Arc<Module<L>>| module.id() == located.id || !self.has_parted(located.id, module.id());
        let texts = self.texts().id();
        let published = || self.published(located.id).filter(stands_for);
        match self.rooms.flights.board(texts, located, self.id(), published) {
            Boarding::Fly => {
                let found = self.build_new(located, scope);
                self.rooms.flights.land(texts, located.id, found.clone());
                found
            }
            Boarding::Landed(Ok(module)) => {
                let mut state = self.state.lock();
                self.share(&mut state, &module);
                if module.id() != located.id {
                    state.aliases.push((located.id, module.id()));
                }
                Ok(module)
            }
            Boarding::Landed(Err(error)) => {
                self.state.lock().failed.insert(located.id, error.clone());
                Err(error)
            }
        }
    }

    /// Returns a module of the same texts that has been published meanwhile.
    fn published(&self, id: ModuleId) -> Option<Arc<Module<L>>> {
        let newest = self.rooms.store.current();
        if newest.texts().id() == self.texts().id() { newest.get(id).cloned() } else { self.base.late(id) }
    }

    /// Takes up an instance that another draft has built, with everything that it imports, children first. If it was made
    /// from other instances than this draft has, one of the two is out of date, and this one is not published.
    fn share(&self, state: &mut Progress<L>, module: &Arc<Module<L>>) {
        // By hand: chains of imports may be longer than the stack is deep.
        let mut stack = vec![(module.clone(), false)];
        while let Some((module, children_done)) = stack.pop() {
            if children_done {
                state.take(module);
                continue;
            }
            let known = state.built.get(&module.id()).or_else(|| self.base.get(module.id()));
            if let Some(known) = known {
                state.moved |= !Arc::ptr_eq(known, &module) || state.planned.contains_key(&module.id());
                continue;
            }
            stack.push((module.clone(), true));
            for child in module.children.iter().rev() {
                let here = || state.built.get(&child.id).or_else(|| self.base.get(child.id)).cloned();
                let elsewhere = || self.rooms.flights.landed(self.texts().id(), child.id);
                let published = || self.published(child.id);
                match here().or_else(elsewhere).or_else(published).filter(|it| it.instance() == child.instance) {
                    Some(child) => stack.push((child, false)),
                    None => state.moved = true,
                }
            }
        }
    }
}
