//! What the configuration says for imports.

use std::path::Path;

use samovar_config::Resolved;
use samovar_importer::Scope;

use super::{
    directives::{AUTO_RELOAD, DEBUG, OPTION, PATH},
    directories::{IMPORTER_PATH, directory_in, search_path},
    origin::origin,
};

/// What the configuration says for imports that start at a handler root.
pub(crate) fn scope(resolved: &Resolved, root: &Path, server_root: &Path) -> Scope {
    let option = |key| resolved.at(OPTION, key);
    let strict = |key| option(key).is_some_and(|value| value.eq_ignore_ascii_case("strict"));
    let library = resolved.get(PATH).flatten().map(|text| directory_in(server_root, text));
    Scope::new(resolved.line(AUTO_RELOAD).map(|line| origin(&line)).unwrap_or_default())
        .handler_root(root)
        .path(search_path(server_root, option(IMPORTER_PATH).unwrap_or_default()))
        .library(library)
        .autoreload(resolved.get(AUTO_RELOAD))
        .log(resolved.get(DEBUG))
        .show_refusals(resolved.get(DEBUG))
        .strict(strict("importer.freshness"))
        .strict_carry(strict("importer.carry"))
}
