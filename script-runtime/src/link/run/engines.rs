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

/// What a host makes known to scripts: called for each engine.
pub(crate) type Register = Box<dyn Fn(&mut Engine) + Send + Sync>;

pub(crate) struct Engines {
    output: Output,
    equipment: &'static [Equip],
    host: Vec<Register>,
    own: ArcSwap<Own>,
    /// The engines of calls with other limits, kept as long as a handler uses them.
    others: Mutex<Vec<(Limits, Weak<Engine>)>>,
}

/// The engines that modules are loaded with.
pub(crate) struct Own {
    limits: Limits,
    pub(crate) scanner: Engine,
    pub(crate) engine: Arc<Engine>,
}

impl Engines {
    /// All engines have the equipment, and what the host registers.
    pub(crate) fn new(limits: &Limits, output: &Output, equipment: &'static [Equip], host: Vec<Register>) -> Self {
        let engine = build(limits, output, equipment, &host);
        let own = ArcSwap::from_pointee(Own::new(limits, Arc::new(engine)));
        Self { output: output.clone(), equipment, host, own, others: Mutex::default() }
    }

    pub(crate) fn own(&self) -> Arc<Own> {
        self.own.load_full()
    }

    /// The engine for calls with these limits.
    pub(crate) fn with(&self, limits: &Limits) -> Arc<Engine> {
        let own = self.own.load();
        if own.limits == *limits {
            return own.engine.clone();
        }
        let mut others = self.others.lock();
        others.retain(|(_, engine)| engine.strong_count() > 0);
        let known = others.iter().find(|(known, _)| known == limits).and_then(|(_, engine)| engine.upgrade());
        known.unwrap_or_else(|| {
            let engine = Arc::new(build(limits, &self.output, self.equipment, &self.host));
            others.push((limits.clone(), Arc::downgrade(&engine)));
            engine
        })
    }

    /// From now on modules are loaded under these limits.
    pub(crate) fn set(&self, limits: &Limits) {
        let engine = self.with(limits);
        self.own.store(Arc::new(Own::new(limits, engine)));
    }
}

fn build(limits: &Limits, output: &Output, equipment: &[Equip], host: &[Register]) -> Engine {
    let mut engine = running(limits, output);
    equipment.iter().for_each(|equip| equip(&mut engine));
    host.iter().for_each(|register| register(&mut engine));
    engine
}

impl Own {
    fn new(limits: &Limits, engine: Arc<Engine>) -> Self {
        Self { limits: limits.clone(), scanner: scanning(limits), engine }
    }
}
