//! The module `importer`: what scripts may ask of, and tell, the importer.

use std::sync::{Arc, Weak};

use rhai::{EvalAltResult, ImmutableString, Map, Module, NativeCallContext};
use samovar_importer::{ModuleStatus, Registry, dot};

use crate::{
    module::{inspect, scripts::Scripts},
    thread::importing,
};

type Answer<T> = Result<T, Box<EvalAltResult>>;
type Call<'a> = NativeCallContext<'a>;

/// `import "importer" as importer;` gives this. No file can take its name.
pub(crate) fn module(registry: Weak<Registry<Scripts>>) -> Module {
    let of = Of(registry);
    let mut module = Module::new();
    module.set_id("importer");
    freezing(&mut module, &of);
    graphs(&mut module, &of);
    module.set_native_fn("module_info", move |call: Call<'_>, name: ImmutableString| -> Answer<Map> {
        let modules = of.modules(&call)?;
        inspect::find(&modules, &name).map(inspect::module_map).map_err(|error| raise(&call, error))
    });
    module
}

fn freezing(module: &mut Module, of: &Of) {
    let to_freeze = of.clone();
    module.set_native_fn("freeze_modules", move |call: Call<'_>| -> Answer<()> {
        to_freeze.registry(&call)?.freeze();
        Ok(())
    });
    let to_ask = of.clone();
    module
        .set_native_fn("is_frozen", move |call: Call<'_>| -> Answer<bool> { Ok(to_ask.registry(&call)?.is_frozen()) });
}

/// `modules_graph()` draws what is newest; `request_modules_graph()` what the running call sees (R53). Both take
/// `#{verbose: true}`.
fn graphs(module: &mut Module, of: &Of) {
    let newest = of.clone();
    module.set_native_fn("modules_graph", move |call: Call<'_>| newest.draw(&call, &newest.modules(&call)?, None));
    let newest = of.clone();
    module.set_native_fn("modules_graph", move |call: Call<'_>, options: Map| {
        newest.draw(&call, &newest.modules(&call)?, Some(&options))
    });
    let seen = of.clone();
    module.set_native_fn("request_modules_graph", move |call: Call<'_>| seen.draw(&call, &importing::modules(), None));
    let seen = of.clone();
    module.set_native_fn("request_modules_graph", move |call: Call<'_>, options: Map| {
        seen.draw(&call, &importing::modules(), Some(&options))
    });
    let newest = of.clone();
    module.set_native_fn("modules_graph_json", move |call: Call<'_>| -> Answer<String> {
        Ok(inspect::graph_json(&newest.modules(&call)?).to_string())
    });
}

/// The interpreter whose module this is.
#[derive(Clone)]
struct Of(Weak<Registry<Scripts>>);

impl Of {
    fn registry(&self, call: &Call<'_>) -> Answer<Arc<Registry<Scripts>>> {
        self.0.upgrade().ok_or_else(|| raise(call, "the interpreter has ended".into()))
    }

    fn modules(&self, call: &Call<'_>) -> Answer<Vec<ModuleStatus>> {
        Ok(self.registry(call)?.status().modules)
    }

    fn draw(&self, call: &Call<'_>, modules: &[ModuleStatus], options: Option<&Map>) -> Answer<String> {
        let verbose = options.map_or(Ok(false), verbose).map_err(|error| raise(call, error))?;
        Ok(dot(self.registry(call)?.name(), modules, verbose))
    }
}

fn verbose(options: &Map) -> Result<bool, String> {
    let mut verbose = false;
    for (name, value) in options {
        match (name.as_str(), value.as_bool()) {
            ("verbose", Ok(on)) => verbose = on,
            ("verbose", Err(found)) => return Err(format!("the option `verbose` is a bool, not {found}")),
            (other, _) => return Err(format!("unknown option `{other}`; expected `verbose`")),
        }
    }
    Ok(verbose)
}

/// Rhai leaves the place of a call into a module out of the error.
fn raise(call: &Call<'_>, message: String) -> Box<EvalAltResult> {
    Box::new(EvalAltResult::ErrorRuntime(message.into(), call.call_position()))
}
