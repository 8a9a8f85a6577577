//! Imports: passes an `import` statement, or a call of `import_module`, to what resolves imports on this thread.

use std::sync::Arc;

use rhai::{
    Dynamic, Engine, EvalAltResult, GlobalRuntimeState, ImmutableString, Map, ModuleResolver, NativeCallContext,
    Position, Scope, Shared,
};

use samovar_importer::ImportOptions;

use crate::{
    link::{
        instance::{self, Core, Instance, reach},
        scan::{
            error::{ErrorKind, ScriptError},
            name::{self, InstanceId},
        },
    },
    state,
    thread::importing,
};

fn import(
    from: Option<InstanceId>,
    specifier: &str,
    options: &ImportOptions,
    at: Position,
) -> Result<Arc<Instance>, Box<EvalAltResult>> {
    let nobody = || ScriptError::new(ErrorKind::Import, "nothing can be imported here").into_rhai(specifier, at);
    let imported = importing::deciding().ok_or_else(nobody)?.import(from, specifier, options);
    let imported = imported.map_err(|mut error| {
        error.set_position(at);
        error
    })?;
    imported.downcast::<Instance>().map_err(|_| "what was imported is no instance".into())
}

/// Answers `import` statements.
pub(crate) struct Resolver;

impl ModuleResolver for Resolver {
    fn resolve(
        &self,
        _engine: &Engine,
        source: Option<&str>,
        path: &str,
        pos: Position,
    ) -> Result<Shared<rhai::Module>, Box<EvalAltResult>> {
        let (from, specifier) = match name::parse_path(path) {
            Some((id, specifier)) => (Some(id), specifier),
            // A computed path, which only the top level may use: what runs there is what Rhai says runs.
            None => (source.and_then(instance::by_tag), path),
        };
        let imported = import(from, specifier, &ImportOptions::default(), pos)?;
        let importer = from.and_then(instance::find);
        Ok(match importer {
            Some(importer) => reach::seen_by(importer.scan(), imported.exported()),
            None => imported.exported().clone(),
        })
    }

    fn resolve_raw(
        &self,
        engine: &Engine,
        global: &mut GlobalRuntimeState,
        _scope: &mut Scope<'_>,
        path: &str,
        pos: Position,
    ) -> Result<Shared<rhai::Module>, Box<EvalAltResult>> {
        self.resolve(engine, global.source(), path, pos)
    }
}

/// `import_module(name)` and `import_module(name, #{..})`.
pub(crate) fn import_module(
    core: &Arc<Core>,
    context: &NativeCallContext<'_>,
    args: &mut [&mut Dynamic],
) -> Result<Dynamic, Box<EvalAltResult>> {
    let at = context.call_position();
    let fail = |message: String| Box::new(EvalAltResult::ErrorRuntime(message.into(), at));
    let specifier = match args.first() {
        Some(name) if name.is_string() => name.to_string(),
        other => {
            let found = other.map_or("nothing", |value| state::type_name(value));
            return Err(fail(format!("import_module expects the name of a module, not {found}")));
        }
    };
    let options = match args.get(1) {
        None => ImportOptions::default(),
        Some(options) => match options.as_map_ref() {
            Ok(map) => read_options(&map).map_err(fail)?,
            Err(found) => return Err(fail(format!("import_module expects a map of options, not {found}"))),
        },
    };
    let instance = import(Some(core.id()), &specifier, &options, at)?;
    Ok(Dynamic::from(ModuleValue(instance)))
}

fn read_options(map: &Map) -> Result<ImportOptions, String> {
    let mut options = ImportOptions::default();
    for (key, value) in map {
        let flag = || value.as_bool().map_err(|found| format!("the option `{key}` is a bool, not {found}"));
        match key.as_str() {
            "autoreload" => options.autoreload = Some(flag()?),
            "log" => options.log = Some(flag()?),
            "path" => {
                let list =
                    value.as_array_ref().map_err(|found| format!("the option `path` is an array, not {found}"))?;
                options.path = list.iter().map(|directory| directory.to_string().into()).collect();
            }
            other => return Err(format!("unknown option `{other}`; expected `autoreload`, `log` or `path`")),
        }
    }
    Ok(options)
}

/// The instance of a module that was imported as a value, which keeps it alive.
pub(crate) fn module_value(value: &Dynamic) -> Option<InstanceId> {
    value.read_lock::<ModuleValue>().map(|module| module.0.id())
}

/// A module as a value: `m.variable`, `m["variable"]`, `m["function"].call(x)`.
#[derive(Clone)]
pub(crate) struct ModuleValue(pub(crate) Arc<Instance>);

impl ModuleValue {
    pub(crate) fn register(engine: &mut Engine) {
        engine.register_type_with_name::<Self>("module");
        engine.register_indexer_get(|module: &mut Self, name: ImmutableString| module.member(&name));
        engine.register_fn("to_string", |module: &mut Self| format!("module {}", module.0.file()));
        engine.register_fn("to_debug", |module: &mut Self| format!("module {}", module.0.file()));
    }

    fn member(&self, name: &str) -> Result<Dynamic, Box<EvalAltResult>> {
        if let Some(value) = self.0.offered(name) {
            return Ok(value);
        }
        if self.0.exports_function(name) {
            return self.0.function_value(name).map(Dynamic::from);
        }
        if let Some(native) = self.0.native_value(name) {
            return native.map(Dynamic::from);
        }
        let mut members: Vec<&str> = self.0.scan().variables().iter().map(String::as_str).collect();
        members.extend(self.0.scan().export_names().iter().map(String::as_str));
        let functions = self.0.scan().functions();
        members.extend(functions.iter().filter(|f| !f.private && !f.typed()).map(|f| f.name.as_str()));
        members.sort_unstable();
        members.dedup();
        let message = format!("module {} has no `{name}`; it has {}", self.0.file(), members.join(", "));
        Err(Box::new(EvalAltResult::ErrorRuntime(message.into(), Position::NONE)))
    }
}
