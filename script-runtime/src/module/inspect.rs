//! What is known of a module, as JSON for programs and as values for scripts (R20, R53, R54).

use std::{
    path::Path,
    sync::{Arc, Weak},
    time::Duration,
};

use rhai::{Array, Dynamic, Engine, EvalAltResult, ImmutableString, Map};
use samovar_importer::{Importer, Module, ModuleStatus, Registry, State, View, closest, rfc3339};
use serde_json::{Value, json};

use crate::{module::scripts::Scripts, thread::importing};

/// A module as JSON: its path, its state, how its instance came about, whom it imports.
pub(crate) fn module_json(module: &ModuleStatus) -> Value {
    let paths = |paths: &[Arc<Path>]| paths.iter().map(|path| path.to_string_lossy()).collect::<Value>();
    let mut json = json!({
        "path": module.path.to_string_lossy(),
        "state": match module.state {
            State::UpToDate => "up to date",
            State::Stale(_) => "stale",
            State::Failed(_) => "failed",
            State::Waiting(_) => "waiting",
        },
        "library": module.library,
        "children": paths(&module.children),
        "friends": paths(&module.friends),
    });
    if let Some(record) = &module.record {
        json["generation"] = record.generation.into();
        json["instances"] = record.instances.into();
        json["loaded"] = rfc3339(record.loaded).into();
        json["age_ms"] = milliseconds(record.loaded.elapsed().unwrap_or_default()).into();
        json["took_ms"] = milliseconds(record.took).into();
        json["reason"] = record.reason.to_string().into();
    }
    if let Some(since) = module.last_good_since() {
        json["last_good_since"] = rfc3339(since).into();
    }
    if let State::Failed(diagnostic) | State::Waiting(diagnostic) = &module.state {
        json["error"] = diagnostic.to_string().into();
    }
    json
}

/// Modules as a graph: a list in which each has the paths of its children and friends.
#[must_use]
pub fn graph_json(modules: &[ModuleStatus]) -> Value {
    json!({"modules": modules.iter().map(module_json).collect::<Vec<_>>()})
}

/// Milliseconds with three digits behind the point, as they stand in JSON.
fn milliseconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 1_000_000.0).round() / 1000.0
}

/// The same for scripts.
pub(crate) fn module_map(module: &ModuleStatus) -> Map {
    let Value::Object(object) = module_json(module) else { return Map::new() };
    object.into_iter().map(|(name, value)| (name.into(), dynamic(value))).collect()
}

fn dynamic(value: Value) -> Dynamic {
    match value {
        Value::Null => Dynamic::UNIT,
        Value::Bool(flag) => flag.into(),
        Value::Number(number) => match number.as_i64() {
            Some(integer) => integer.into(),
            None => number.as_f64().unwrap_or_default().into(),
        },
        Value::String(text) => text.into(),
        Value::Array(items) => items.into_iter().map(dynamic).collect::<Array>().into(),
        Value::Object(object) => {
            object.into_iter().map(|(name, value)| (name.into(), dynamic(value))).collect::<Map>().into()
        }
    }
}

/// `__mp_info__`: the module in which it is read (R20). What does not change is kept, the rest is looked up at each
/// read. It keeps no instance alive.
#[derive(Clone)]
pub(crate) struct Info {
    registry: Weak<Registry<Scripts>>,
    importer: Weak<Importer>,
    path: Arc<Path>,
    generation: u64,
    instances: u64,
}

impl Info {
    /// For an instance that is about to be loaded in place of `old`.
    pub(crate) fn new(importer: &Arc<Importer>, old: Option<&Module<Scripts>>, view: &View<Scripts>) -> Self {
        Self {
            registry: view.loader().registry(),
            importer: Arc::downgrade(importer),
            path: importer.path().clone(),
            generation: view.generation(),
            instances: old.map_or(0, |old| old.record().instances) + 1,
        }
    }

    pub(crate) fn register(engine: &mut Engine) {
        engine.register_type_with_name::<Self>("module info");
        for field in FIELDS {
            engine.register_get(*field, move |info: &mut Self| info.field(field));
        }
        engine.register_indexer_get(|info: &mut Self, name: ImmutableString| match FIELDS.contains(&&*name) {
            true => Ok::<_, Box<EvalAltResult>>(info.field(&name)),
            false => Err(format!("a module's info has no `{name}`; it has {}", FIELDS.join(", ")).into()),
        });
        for function in ["to_string", "to_debug"] {
            engine.register_fn(function, |info: &mut Self| {
                format!("{}, generation {}, load {}", info.path.display(), info.generation, info.instances)
            });
        }
    }

    fn field(&self, name: &str) -> Dynamic {
        match name {
            "path" => self.path.to_string_lossy().into_owned().into(),
            "generation" => integer(self.generation),
            "instances" => integer(self.instances),
            _ => self.live().and_then(|mut map| map.remove(name)).unwrap_or(Dynamic::UNIT),
        }
    }

    /// What can be told while the instance serves, or is still held; nothing while it loads.
    fn live(&self) -> Option<Map> {
        let (registry, importer) = (self.registry.upgrade()?, self.importer.upgrade()?);
        let snapshot = registry.snapshot();
        let newest = || {
            let module = snapshot.get(importer.id()).filter(|module| module.instance() == importer.instance())?;
            Some(registry.describe(module))
        };
        Some(module_map(&importing::module(&importer).or_else(newest)?))
    }
}

const FIELDS: &[&str] = &[
    "path",
    "generation",
    "instances",
    "loaded",
    "age_ms",
    "took_ms",
    "reason",
    "state",
    "children",
    "friends",
    "library",
];

fn integer(number: u64) -> Dynamic {
    i64::try_from(number).unwrap_or(i64::MAX).into()
}

/// The largest number of modules that an error lists.
const GLANCE: usize = 10;

/// What there is in place of a module: the one that was probably meant, or all, if these are few.
fn instead(modules: &[ModuleStatus], wanted: &Path) -> String {
    let stem = |path: &Path| path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let stems: Vec<_> = modules.iter().map(|module| stem(&module.path)).collect();
    let near = closest(&stem(wanted), stems.iter().map(String::as_str));
    let near = near.and_then(|near| stems.iter().position(|stem| stem == near)).map(|at| &modules[at]);
    let names = |modules: &[ModuleStatus]| {
        modules.iter().map(|module| module.path.display().to_string()).collect::<Vec<_>>().join(", ")
    };
    match near {
        Some(near) => format!("did you mean {}?", near.path.display()),
        None if modules.len() <= GLANCE => format!("there are {}", names(modules)),
        None => format!("there are {} and {} more", names(&modules[..GLANCE]), modules.len() - GLANCE),
    }
}

/// Finds a module by its path, or by an end of its path that no other module shares.
pub(crate) fn find<'a>(modules: &'a [ModuleStatus], name: &str) -> Result<&'a ModuleStatus, String> {
    let wanted = samovar_importer::normalize(Path::new(name.trim_start_matches("~/")));
    let with_extension = wanted.with_extension("rhai");
    let wanted = if wanted.extension().is_some() { &wanted } else { &with_extension };
    let registered = format!("registered:{name}");
    let is_it = |path: &Path| path.ends_with(wanted) || path.as_os_str() == registered.as_str();
    let found: Vec<_> = modules.iter().filter(|module| is_it(&module.path)).collect();
    let list = |modules: &[&ModuleStatus]| {
        modules.iter().map(|module| module.path.display().to_string()).collect::<Vec<_>>().join(", ")
    };
    match found.as_slice() {
        [] if modules.is_empty() => Err(format!("no module `{name}` is loaded; none is")),
        [] => Err(format!("no module `{name}` is loaded; {}", instead(modules, wanted))),
        [module] => Ok(module),
        several => Err(format!("`{name}` may be any of {}; say more of the path", list(several))),
    }
}
