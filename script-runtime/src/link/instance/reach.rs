//! `m::c::v`: what the modules offer that another has imported.
//!
//! In Rhai every module has its imports as parts, and lists all that these offer, and what their parts do. For a thousand modules
//! that import each other this would be a list of everything for each. So a module has its parts only for those whose text
//! reaches for them, and only those parts.

use rhai::{Module, Shared};

use crate::link::{
    instance,
    scan::{Scan, name},
};

/// A module as the text `importer` sees it.
pub(crate) fn seen_by(importer: &Scan, module: &Shared<Module>) -> Shared<Module> {
    within(importer, module, 1)
}

/// `level`: how many names stand before those of the parts. Not deeper than the longest path in the text.
fn within(importer: &Scan, module: &Shared<Module>, level: usize) -> Shared<Module> {
    let mut wanted = importer.paths().filter_map(|path| path.get(level)).peekable();
    let core = module.id().filter(|_| wanted.peek().is_some()).and_then(instance::by_tag).and_then(instance::find);
    let Some(core) = core else { return module.clone() };
    let Some(start) = core.start() else { return module.clone() };
    let wanted: Vec<_> = wanted.collect();
    let imports = start.scan_imports_raw().map(|(alias, part)| (name::unlink(alias), part));
    let parts: Vec<_> = imports.filter(|(alias, _)| wanted.contains(&alias)).collect();
    if parts.is_empty() {
        return module.clone();
    }
    let mut whole = (**module).clone();
    for (alias, part) in parts {
        whole.set_sub_module(alias, within(importer, part, level + 1));
    }
    whole.build_index();
    whole.into()
}
