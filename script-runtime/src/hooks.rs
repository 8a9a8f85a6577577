//! `__mp_clone__` and `__mp_purge__`: what an instance does when it is replaced (R43-R49).

use std::{sync::Arc, time::Duration};

use parking_lot::Mutex;
use rhai::{Dynamic, Engine, EvalAltResult, FuncRegistration, ImmutableString, Module as RhaiModule};
use samovar_importer::{Carry, Diagnostic, Module, View};

use crate::{call::call, scripts::Scripts, state};

/// What a hook handed over, in the order of assignment.
pub type Carried = Vec<(String, Dynamic)>;

/// How long a hook may take.
pub(crate) const HOOK_TIME: Duration = Duration::from_secs(1);

/// `next` in `__mp_clone__(next)`: the module that is about to run, still empty. Closed when the hook returns, since the
/// new script reads it only once.
#[derive(Clone, Default)]
struct Next(Arc<Mutex<Option<Carried>>>);

impl Next {
    fn open() -> Self {
        Self(Arc::new(Mutex::new(Some(Carried::new()))))
    }

    fn set(&self, name: &str, value: Dynamic) -> Result<(), Box<EvalAltResult>> {
        let value = state::detach(value).map_err(|error| format!("`{name}` cannot be carried: {error}"))?;
        match &mut *self.0.lock() {
            None => Err("the new module is running already: `next` can be used until the hook returns".into()),
            Some(carried) => {
                carried.retain(|(known, _)| known != name);
                carried.push((name.to_owned(), value));
                Ok(())
            }
        }
    }

    fn get(&self, name: &str) -> Dynamic {
        let carried = self.0.lock();
        let found = carried.iter().flatten().find(|(known, _)| known == name);
        found.map_or(Dynamic::UNIT, |(_, value)| value.clone())
    }

    fn close(&self) -> Carried {
        self.0.lock().take().unwrap_or_default()
    }
}

pub(crate) fn register(engine: &mut Engine) {
    engine.register_type_with_name::<Next>("next module");
    engine.register_indexer_get(|next: &mut Next, name: ImmutableString| next.get(&name));
    // Works for `next["x"] = x` and, as there is no property of that name, for `next.x = x`.
    let mut module = RhaiModule::new();
    FuncRegistration::new_index_setter()
        .with_purity(true)
        .in_global_namespace()
        .set_into_module(&mut module, |next: &mut Next, name: ImmutableString, value: Dynamic| next.set(&name, value));
    engine.register_global_module(module.into());
}

/// Calls the clone hook, if there is one.
pub(crate) fn carry(scripts: &Scripts, old: &Module<Scripts>, view: &Arc<View<Scripts>>) -> Carry<Carried> {
    let instance = old.value().instance();
    let Some(hook) = instance.function("__mp_clone__", 1) else {
        return match instance.scan().functions().iter().find(|function| function.name == "__mp_clone__") {
            None => Carry::NoHook,
            Some(hook) => Carry::Failed(wrong_arity("__mp_clone__", hook.params, "one parameter, the new module", old)),
        };
    };
    let next = Next::open();
    let arguments = [Dynamic::from(next.clone())];
    let result = call(view, HOOK_TIME, || hook.call(scripts.linker(), arguments));
    let carried = next.close();
    match result {
        Ok(_) => {
            warn_of_code(old, &carried);
            Carry::Carried(carried)
        }
        Err(diagnostic) => Carry::Failed(diagnostic),
    }
}

/// Calls the purge hook, if there is one.
pub(crate) fn purge(scripts: &Scripts, old: &Module<Scripts>, view: &Arc<View<Scripts>>) -> Result<(), Diagnostic> {
    let instance = old.value().instance();
    match instance.function("__mp_purge__", 0) {
        Some(hook) => call(view, HOOK_TIME, || hook.call(scripts.linker(), [])).map(drop),
        None => match instance.scan().functions().iter().find(|function| function.name == "__mp_purge__") {
            None => Ok(()),
            Some(hook) => Err(wrong_arity("__mp_purge__", hook.params, "no parameters", old)),
        },
    }
}

fn wrong_arity(hook: &str, params: usize, expected: &str, old: &Module<Scripts>) -> Diagnostic {
    let file = old.path().display();
    Diagnostic::error(format!("`{hook}` of `{file}` takes {params} parameters")).help(format!("it takes {expected}"))
}

/// Code in carried state keeps the instance that it came from alive (R50).
fn warn_of_code(old: &Module<Scripts>, carried: &Carried) {
    for (name, value) in carried {
        let warn = |path: &state::Path| {
            tracing::warn!(
                "{}: `{name}{path}` is a function or module that is carried over: it keeps this instance in memory; \
                 carry data, and make functions anew",
                old.path().display()
            );
        };
        let _ = state::walk(value, |path, leaf| {
            if leaf.is_fnptr() || crate::link::is_module_value(leaf) {
                warn(path);
            }
        });
    }
}

/// The version that a script declares, `const __mp_version__ = 2;`, as its successor reads it.
pub(crate) fn version(old: &Module<Scripts>) -> Dynamic {
    old.value().instance().variable("__mp_version__").unwrap_or(Dynamic::UNIT)
}
