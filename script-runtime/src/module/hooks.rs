//! `__mp_clone__` and `__mp_purge__`: what an instance does when it is replaced, or ends (R43-R49).

use std::{sync::Arc, time::Duration};

use parking_lot::Mutex;
use rhai::{Dynamic, Engine, EvalAltResult, FuncRegistration, ImmutableString, Module as RhaiModule};
use samovar_importer::{Carry, Diagnostic, Module, View};

use crate::{
    link::{self, Function},
    module::{
        call::{Failed, attempt},
        doubts::Carried,
        judge::{Judge, at, definition},
        scripts::Scripts,
    },
    state,
    thread::under_way::Purpose,
};

/// How long a hook may take unless something else is said.
pub const HOOK_TIME: Duration = Duration::from_secs(1);

const CLONE: &str = "__mp_clone__";
const PURGE: &str = "__mp_purge__";

/// How a hook is written.
struct Form {
    params: usize,
    written: &'static str,
}

const CLONE_FORM: Form = Form { params: 1, written: "(next)" };
const PURGE_FORM: Form = Form { params: 0, written: "()" };

/// What every module is given when it starts, so that nothing can be carried over under these names.
const GIVEN: [&str; 4] = ["__file__", "__name__", "__mp_info__", "__mp_from__"];

/// `next` in `__mp_clone__(next)`: the module that is about to run, still empty. Closed when the hook returns, since the
/// new script reads it only once.
#[derive(Clone)]
struct Next(Arc<Mutex<Option<Open>>>);

struct Open {
    carried: Carried,
    /// Refuses what is not neutral, where that is wished for.
    strict: Option<Arc<Judge>>,
}

impl Next {
    fn open(strict: Option<Arc<Judge>>) -> Self {
        Self(Arc::new(Mutex::new(Some(Open { carried: Carried::new(), strict }))))
    }

    fn set(&self, name: &str, value: Dynamic) -> Result<(), Box<EvalAltResult>> {
        if GIVEN.contains(&name) {
            return Err(format!("`{name}` cannot be carried: each module is given its own when it starts").into());
        }
        let value = state::detach(value).map_err(|error| format!("`{name}` cannot be carried: {error}"))?;
        let closed = || "the new module is running already: `next` can be used until the hook returns";
        let strict = self.0.lock().as_ref().ok_or_else(closed)?.strict.clone();
        // Judged with nothing locked, since values may be handles of any size.
        if let Some(fault) = strict.and_then(|judge| judge.fault(name, &value)) {
            return Err(with_help(&fault).into());
        }
        let mut next = self.0.lock();
        let open = next.as_mut().ok_or_else(closed)?;
        open.carried.retain(|(known, _)| known != name);
        open.carried.push((name.to_owned(), value));
        Ok(())
    }

    fn get(&self, name: &str) -> Dynamic {
        let next = self.0.lock();
        let found = next.iter().flat_map(|open| &open.carried).find(|(known, _)| known == name);
        found.map_or(Dynamic::UNIT, |(_, value)| value.clone())
    }

    fn close(&self) -> Carried {
        self.0.lock().take().map(|open| open.carried).unwrap_or_default()
    }
}

fn with_help(fault: &Diagnostic) -> String {
    fault.help.iter().fold(fault.message.clone(), |text, help| format!("{text}; {help}"))
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

/// Calls the clone hook; without one, hands over what the script says it keeps.
pub(crate) fn carry(scripts: &Scripts, old: &Module<Scripts>, view: &Arc<View<Scripts>>) -> Carry<Carried> {
    let strict = view.scope().is_carry_strict().then(|| Arc::new(Judge::of(scripts, old, view)));
    let carried = match hook(old, CLONE, &CLONE_FORM) {
        Err(diagnostic) => return Carry::Failed(diagnostic),
        Ok(None) => match kept(old, strict.as_deref()) {
            Ok(kept) if kept.is_empty() => return Carry::NoHook,
            Ok(kept) => kept,
            Err(diagnostic) => return Carry::Failed(diagnostic),
        },
        Ok(Some(hook)) => {
            let next = Next::open(strict);
            let arguments = [Dynamic::from(next.clone())];
            let purpose = Purpose::Function(old.path().clone(), CLONE.into());
            let result =
                attempt(view, scripts.times().clone, purpose, || hook.call(&scripts.linker().engine(), arguments));
            let carried = next.close();
            match result {
                Ok(_) => carried,
                Err(failed) if failed.on_lock => return Carry::Waited(told(failed, scripts.times().clone)),
                Err(failed) => return Carry::Failed(told(failed, scripts.times().clone)),
            }
        }
    };
    Carry::Carried(carried)
}

/// What `keep` names, where no hook decides.
fn kept(old: &Module<Scripts>, strict: Option<&Judge>) -> Result<Carried, Diagnostic> {
    let instance = old.value().instance();
    let mut kept = Carried::new();
    for (_, name) in instance.scan().keeps() {
        let Some(value) = instance.variable(name) else { continue };
        if let Some(fault) = strict.and_then(|judge| judge.fault(name, &value)) {
            return Err(at(fault, definition(old, name)));
        }
        kept.push((name.clone(), value));
    }
    Ok(kept)
}

/// Calls the purge hook, then what `on_purge` registered, the last one first. All of it is called, whatever raises.
pub(crate) fn purge(scripts: &Scripts, old: &Module<Scripts>, view: &Arc<View<Scripts>>) -> Result<(), Diagnostic> {
    let time = scripts.times().purge;
    let purpose = || Purpose::Function(old.path().clone(), PURGE.into());
    let mut failures = Vec::new();
    match hook(old, PURGE, &PURGE_FORM) {
        Ok(None) => {}
        Ok(Some(hook)) => {
            let result = attempt(view, time, purpose(), || hook.call(&scripts.linker().engine(), []));
            failures.extend(result.err().map(|failed| told(failed, time)));
        }
        Err(diagnostic) => failures.push(diagnostic),
    }
    for callback in old.value().instance().core().take_cleanups().into_iter().rev() {
        let run = || link::call_callback(&scripts.linker().engine(), &callback, &mut []);
        failures.extend(attempt(view, time, purpose(), run).err().map(|failed| told(failed, time)));
    }
    let mut failures = failures.into_iter();
    let Some(first) = failures.next() else { return Ok(()) };
    Err(failures.fold(first, |first, next| first.note(next.message, next.place)))
}

/// What is said of a hook that failed. How long it may take is another limit than that of a request.
fn told(failed: Failed, time: Duration) -> Diagnostic {
    let mut diagnostic = *failed.diagnostic;
    if failed.is_late {
        let milliseconds = time.as_millis();
        diagnostic.help =
            vec![format!("a hook may take {milliseconds} ms; the host sets that, with `Builder::hook_times`").into()];
    }
    diagnostic
}

/// The hook of that name; an error if something else has its name, or another number of parameters.
fn hook(old: &Module<Scripts>, name: &str, expected: &Form) -> Result<Option<Function>, Diagnostic> {
    let instance = old.value().instance();
    if let Some(hook) = instance.function(name, expected.params) {
        return Ok(Some(hook));
    }
    let found = instance.scan().functions().iter().filter(|function| function.name == name && !function.typed());
    let mut found: Vec<_> = found.map(|function| function.params.to_string()).collect();
    found.sort_unstable();
    let message = match (found.as_slice(), instance.variable(name)) {
        ([], None) => return Ok(None),
        ([], Some(value)) => format!("`{name}` is not a function but a variable of type {}", state::type_name(&value)),
        ([one], _) if one == "1" => format!("`{name}` has 1 parameter, not {}", expected.params),
        (counts, _) => format!("`{name}` has {} parameters, not {}", counts.join(" or "), expected.params),
    };
    let error = Diagnostic::error(message).help(format!("write `fn {name}{} {{ .. }}`", expected.written));
    Err(at(error, definition(old, name)))
}

/// The version that a script declares, `const __mp_version__ = 2;`, as its successor reads it.
pub(crate) fn version(old: &Module<Scripts>) -> Dynamic {
    old.value().instance().variable("__mp_version__").unwrap_or(Dynamic::UNIT)
}
