//! What was carried over and holds code of modules that are replaced later in the same reload: only then it can be judged.

use std::{path::Path, sync::Arc};

use parking_lot::Mutex;
use rhai::Dynamic;
use samovar_importer::{ModuleId, Place};

/// What a hook handed over, in the order of assignment.
pub(crate) type Carried = Vec<(String, Dynamic)>;

/// What was carried over and holds code of modules that are replaced later in the same reload.
#[derive(Default)]
pub(crate) struct Doubts(Mutex<Vec<Doubt>>);

pub(crate) struct Doubt {
    /// The module whose state it is, its file, and where that defines the name.
    pub(crate) module: ModuleId,
    pub(crate) path: Arc<Path>,
    pub(crate) place: Option<Place>,
    pub(crate) name: String,
    pub(crate) value: Dynamic,
    /// Whose code it holds.
    pub(crate) until: ModuleId,
}

impl Doubts {
    pub(crate) fn add(&self, doubts: impl IntoIterator<Item = Doubt>) {
        self.0.lock().extend(doubts);
    }

    /// Takes out what waits for a module, and forgets what is left of a reload of it that was refused.
    pub(crate) fn take(&self, module: ModuleId) -> Vec<Doubt> {
        let mut doubts = self.0.lock();
        doubts.retain(|doubt| doubt.module != module);
        doubts.extract_if(.., |doubt| doubt.until == module).collect()
    }
}
