//! The module `importer`: what scripts may ask of, and tell, the importer.

use std::sync::{Arc, Weak};

use rhai::{EvalAltResult, ImmutableString, Map, Module};
use samovar_importer::{ModuleStatus, Registry, dot};

use crate::{inspect, link, scripts::Scripts};

type Answer<T> = Result<T, Box<EvalAltResult>>;

/// `import "importer" as importer;` gives this. No file can take its name.
pub(crate) fn module(registry: Weak<Registry<Scripts>>) -> Module {
    let mut module = Module::new();
    module.set_id("importer");
    freezing(&mut module, &Of(registry.clone()));
    graphs(&mut module, &Of(registry.clone()));
    let of = Of(registry);
    module.set_native_fn("module_info", move |name: ImmutableString| -> Answer<Map> {
        Ok(inspect::module_map(inspect::find(&of.modules()?, &name)?))
    });
    module
}

fn freezing(module: &mut Module, of: &Of) {
    let to_freeze = of.clone();
    module.set_native_fn("freeze_modules", move || -> Answer<()> {
        to_freeze.registry()?.freeze();
        Ok(())
    });
    let to_ask = of.clone();
    module.set_native_fn("is_frozen", move || -> Answer<bool> { Ok(to_ask.registry()?.is_frozen()) });
}

/// `modules_graph()` draws what is newest; `request_modules_graph()` what the running call sees (R53). Both take
/// `#{verbose: true}`.
fn graphs(module: &mut Module, of: &Of) {
    let newest = of.clone();
    module.set_native_fn("modules_graph", move || newest.draw(&newest.modules()?, false));
    let newest = of.clone();
    module.set_native_fn("modules_graph", move |options: Map| newest.draw(&newest.modules()?, verbose(&options)?));
    let seen = of.clone();
    module.set_native_fn("request_modules_graph", move || seen.draw(&link::modules(), false));
    let seen = of.clone();
    module.set_native_fn("request_modules_graph", move |options: Map| seen.draw(&link::modules(), verbose(&options)?));
    let newest = of.clone();
    module.set_native_fn("modules_graph_json", move || -> Answer<String> {
        Ok(inspect::graph_json(&newest.modules()?).to_string())
    });
}

/// The interpreter whose module this is.
#[derive(Clone)]
struct Of(Weak<Registry<Scripts>>);

impl Of {
    fn registry(&self) -> Answer<Arc<Registry<Scripts>>> {
        self.0.upgrade().ok_or_else(|| "the interpreter has ended".into())
    }

    fn modules(&self) -> Answer<Vec<ModuleStatus>> {
        Ok(self.registry()?.status().modules)
    }

    fn draw(&self, modules: &[ModuleStatus], verbose: bool) -> Answer<String> {
        Ok(dot(self.registry()?.name(), modules, verbose))
    }
}

fn verbose(options: &Map) -> Answer<bool> {
    let mut verbose = false;
    for (name, value) in options {
        match (name.as_str(), value.as_bool()) {
            ("verbose", Ok(on)) => verbose = on,
            ("verbose", Err(found)) => return Err(format!("the option `verbose` is a bool, not {found}").into()),
            (other, _) => return Err(format!("unknown option `{other}`; expected `verbose`").into()),
        }
    }
    Ok(verbose)
}
