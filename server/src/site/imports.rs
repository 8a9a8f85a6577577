//! `RhaiImport`: loads modules and calls functions before the first request.

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
        built_in::{FREEZE, wrong_call},
        directives::AUTO_RELOAD,
        directories::server_root,
        imports::{ImportLine, imports},
        origin::origin,
        read::Opened,
        scope::scope,
    },
};

/// The lines of `RhaiImport` that have run, by module, interpreter and document root, each with its scope.
pub(crate) type Imported = HashMap<(String, String, PathBuf), Arc<Scope>>;

/// Runs the lines of `RhaiImport` in order. A line that has run does not run again (R41), but what the configuration
/// says about reloading its module holds from now on.
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
            // It was found before. If it is gone now, the next import of it reports that.
            let _ = interpreter.handler_in(&scope, &key.0, &key.2);
        } else {
            run_import(&interpreter, &scope, &key.0, &key.2)
                .map_err(|error| OpenError::Import { origin: origin(&line), diagnostic: Box::new(error) })?;
        }
        imported.insert(key, scope);
    }
    Ok(())
}

/// How long a function of `RhaiImport` may take.
const IMPORT_TIME: Duration = Duration::from_secs(60);

fn run_import(interpreter: &Interpreter, scope: &Arc<Scope>, module: &str, directory: &Path) -> Result<(), Diagnostic> {
    if module == FREEZE {
        interpreter.freeze();
        return Ok(());
    }
    if let Some(wrong) = wrong_call(module, None, true) {
        return Err(wrong);
    }
    let handler = interpreter.handler_in(scope, module, directory).map_err(|error| error.diagnostic())?;
    let handler = handler.time(IMPORT_TIME);
    match module.contains("::") {
        true => handler.call::<samovar_rhai::rhai::Dynamic>(()).map(drop),
        false => handler.load(),
    }
}
