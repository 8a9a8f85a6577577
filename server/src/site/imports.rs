//! Loads and calls what `RhaiImport` lists, before the first request.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use samovar_importer::{Diagnostic, Scope};
use samovar_rhai::Interpreter;

use crate::{
    error::OpenError,
    settings::{
        directives::AUTO_RELOAD,
        directories::server_root,
        imports::{ImportLine, imports},
        origin::origin,
        read::Opened,
        scope::scope,
    },
};

/// The lines of `RhaiImport` that have run: what each imports, into which interpreter, for which document root, and under which
/// policy.
pub(crate) type Imported = HashMap<(String, String, PathBuf), Arc<Scope>>;

/// Loads and calls what `RhaiImport` lists, in order, and notes it. What has run already does not run again (R41), but
/// what the configuration says about reloading it now takes the place of what was said before.
pub(crate) fn run_imports(
    opened: &Opened,
    imported: &mut Imported,
    interpreter: impl Fn(&str) -> Result<Interpreter, OpenError>,
) -> Result<(), OpenError> {
    for ImportLine { line, module, interpreter: name, directory, settings } in imports(opened) {
        let interpreter = interpreter(&name)?;
        let scope = Arc::new(scope(&settings, &directory, &server_root(&opened.root, &settings)));
        let key = (module, name, directory);
        if let Some(before) = imported.get(&key) {
            interpreter.forget(before);
            before.retire(settings.get(AUTO_RELOAD));
            // It was found before; if it is gone by now, that is told when somebody asks for it.
            let _ = interpreter.handler_in(&scope, &key.0, &key.2);
        } else {
            run_import(&interpreter, &scope, &key.0, &key.2)
                .map_err(|error| OpenError::Import { origin: origin(&line), diagnostic: Box::new(error) })?;
        }
        imported.insert(key, scope);
    }
    Ok(())
}

/// So long a function may take that is called before the first request.
const IMPORT_TIME: Duration = Duration::from_secs(60);

fn run_import(interpreter: &Interpreter, scope: &Arc<Scope>, module: &str, directory: &Path) -> Result<(), Diagnostic> {
    if module == "importer::freeze_modules" {
        interpreter.freeze();
        return Ok(());
    }
    let handler = interpreter.handler_in(scope, module, directory).map_err(|error| error.diagnostic())?;
    let handler = handler.time(IMPORT_TIME);
    match module.contains("::") {
        true => handler.call::<samovar_rhai::rhai::Dynamic>(()).map(drop),
        false => handler.load(),
    }
}
