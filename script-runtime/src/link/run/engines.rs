//! The engines of one interpreter. Limits are those of an engine, so there is one for each set of limits that is in use.

use std::sync::{Arc, Weak};

use arc_swap::ArcSwap;
use parking_lot::Mutex;
use rhai::Engine;

use crate::link::run::{
    engine::{Output, running, scanning},
    limits::Limits,
};

/// Makes functions and types of this crate known to an engine.
pub(crate) type Equip = fn(&mut Engine);

/// What a host makes known to scripts.
pub(crate) type Register = Box<dyn FnOnce(&mut Engine) + Send>;

pub(crate) struct Engines {
    output: Output,
    equipment: &'static [Equip],
    /// The host has made functions known that no other engine can be given.
    is_only_one: bool,
    own: ArcSwap<Own>,
    /// Of calls with other limits, for as long as somebody makes such calls.
    others: Mutex<Vec<(Limits, Weak<Engine>)>>,
}

/// The engines that modules are loaded with.
pub(crate) struct Own {
    limits: Limits,
    pub(crate) scanner: Engine,
    pub(crate) engine: Arc<Engine>,
}

impl Engines {
    /// All engines have the equipment; what the host registers is for the one with these limits, and then there is no other.
    pub(crate) fn new(limits: &Limits, output: &Output, equipment: &'static [Equip], host: Vec<Register>) -> Self {
        let is_only_one = !host.is_empty();
        let mut engine = build(limits, output, equipment);
        host.into_iter().for_each(|register| register(&mut engine));
        let own = ArcSwap::from_pointee(Own::new(limits, Arc::new(engine)));
        Self { output: output.clone(), equipment, is_only_one, own, others: Mutex::default() }
    }

    pub(crate) fn own(&self) -> Arc<Own> {
        self.own.load_full()
    }

    /// The engine for calls with these limits; `None` if there can be only one.
    pub(crate) fn with(&self, limits: &Limits) -> Option<Arc<Engine>> {
        let own = self.own.load();
        if own.limits == *limits {
            return Some(own.engine.clone());
        }
        if self.is_only_one {
            return None;
        }
        let mut others = self.others.lock();
        others.retain(|(_, engine)| engine.strong_count() > 0);
        let known = others.iter().find(|(known, _)| known == limits).and_then(|(_, engine)| engine.upgrade());
        Some(known.unwrap_or_else(|| {
            let engine = Arc::new(build(limits, &self.output, self.equipment));
            others.push((limits.clone(), Arc::downgrade(&engine)));
            engine
        }))
    }

    /// From now on modules are loaded under these limits. False if there can be only one engine.
    pub(crate) fn set(&self, limits: &Limits) -> bool {
        let Some(engine) = self.with(limits) else { return false };
        self.own.store(Arc::new(Own::new(limits, engine)));
        true
    }
}

fn build(limits: &Limits, output: &Output, equipment: &[Equip]) -> Engine {
    let mut engine = running(limits, output);
    equipment.iter().for_each(|equip| equip(&mut engine));
    engine
}

impl Own {
    fn new(limits: &Limits, engine: Arc<Engine>) -> Self {
        Self { limits: limits.clone(), scanner: scanning(limits), engine }
    }
}
