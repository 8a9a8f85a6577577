//! Which replaced instances are still alive (R51).

use std::sync::{Arc, Weak};

use parking_lot::Mutex;

use crate::{loader::Loader, snapshot::Module};

pub(crate) struct Retention<L: Loader> {
    retired: Mutex<Vec<Weak<Module<L>>>>,
}

impl<L: Loader> Default for Retention<L> {
    fn default() -> Self {
        Self { retired: Mutex::default() }
    }
}

impl<L: Loader> Retention<L> {
    /// Follows an instance that was replaced. Those that are gone are forgotten on the way.
    pub(crate) fn retire(&self, module: &Arc<Module<L>>) {
        let mut retired = self.retired.lock();
        retired.retain(|module| module.strong_count() > 0);
        retired.push(Arc::downgrade(module));
    }

    pub(crate) fn alive(&self) -> Vec<Arc<Module<L>>> {
        self.retired.lock().iter().filter_map(Weak::upgrade).collect()
    }
}
