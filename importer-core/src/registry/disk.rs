//! Compares the files with what was loaded of them, for status. It reloads nothing.

use std::{collections::HashMap, path::Path, sync::Arc};

use super::Registry;
use crate::{
    generation::{Loader, Snapshot},
    module::Module,
    text::ReadError,
};

/// How a module's file compares with what was loaded of it.
#[derive(Clone, Debug)]
pub enum Disk {
    /// The file's text is the loaded one.
    Same,
    /// The file's text differs: the change was refused, or was not looked for, for example because reloading is off.
    Differs,
    /// The file is gone (R34).
    Missing,
    /// The file cannot be read.
    Unreadable(ReadError),
}

impl<L: Loader> Registry<L> {
    /// Compares the files of the newest generation with what was loaded of them, by path. Modules that the host registered
    /// have no file and are left out. Stamps every file, and reads those whose stamps have changed.
    #[must_use]
    pub fn compare_with_disk(&self) -> HashMap<Arc<Path>, Disk> {
        let snapshot = self.snapshot();
        snapshot.iter().filter_map(|module| Some((module.path().clone(), self.on_disk(&snapshot, module)?))).collect()
    }

    fn on_disk(&self, snapshot: &Snapshot<L>, module: &Module<L>) -> Option<Disk> {
        let loaded = module.source.as_ref()?;
        let tree = snapshot.texts().live();
        let trusted = self.rooms.store.stamp(module.id());
        if tree.stamp(module.path()).is_ok_and(|stamp| Some(stamp) == trusted) {
            return Some(Disk::Same);
        }
        Some(match tree.read(module.path()) {
            Ok(source) if source.hash == loaded.hash => Disk::Same,
            // An empty file is being written, or is no module any more.
            Ok(_) | Err(ReadError::Empty) => Disk::Differs,
            Err(ReadError::Missing) => Disk::Missing,
            Err(error) => Disk::Unreadable(error),
        })
    }
}
