//! `__mp_path__`: the directories in which a module searches what it imports (R16).

use std::path::PathBuf;
use std::sync::Arc;

use rhai::Dynamic;
use samovar_importer::{Importer, InstanceId};

use crate::link::{instance::find, message::show::show};

/// The variable with the directories in which a module searches; a module may change it while it loads.
pub(crate) const SEARCH_PATH: &str = "__mp_path__";

/// In bytes: no system takes longer ones.
const LONGEST_PATH: usize = 4096;

/// The directories in a value of that variable.
pub(crate) fn directories(path: &Dynamic) -> Vec<PathBuf> {
    let list = path.as_array_ref();
    list.map(|list| list.iter().map(|directory| show(directory, LONGEST_PATH).0.into()).collect()).unwrap_or_default()
}

/// The role as importer of the live instance of this number. While it loads, its search path is what its top level has
/// made of it so far.
pub(crate) fn importer(id: InstanceId) -> Option<Arc<Importer>> {
    let core = find(id)?;
    let importer = core.importer()?;
    if let Some(path) = core.variable_so_far(SEARCH_PATH) {
        importer.set_search_path(directories(&path));
    }
    Some(importer.clone())
}
