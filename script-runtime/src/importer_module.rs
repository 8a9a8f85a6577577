//! The module `importer`: what scripts may ask of, and tell, the importer.

use std::sync::Weak;

use rhai::{EvalAltResult, Module};
use samovar_importer::Registry;

use crate::scripts::Scripts;

/// `import "importer" as importer;` gives this. No file can take its name.
pub(crate) fn module(registry: Weak<Registry<Scripts>>) -> Module {
    type Answer<T> = Result<T, Box<EvalAltResult>>;
    let mut module = Module::new();
    module.set_id("importer");
    let of = registry.clone();
    module.set_native_fn("freeze_modules", move || -> Answer<()> {
        if let Some(registry) = of.upgrade() {
            registry.freeze();
        }
        Ok(())
    });
    module.set_native_fn("is_frozen", move || -> Answer<bool> {
        Ok(registry.upgrade().is_some_and(|registry| registry.is_frozen()))
    });
    module
}
