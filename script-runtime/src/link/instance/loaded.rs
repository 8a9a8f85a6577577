//! A loaded module: an instance whose top level has run, and what its importers see of it.

use std::any::TypeId;
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use rhai::{
    Dynamic, EncapsulatedEnviron, Engine, EvalAltResult, FnPtr, FuncRegistration, GlobalRuntimeState, Module,
    NativeCallContext, RhaiFunc, Shared,
};

use samovar_importer::Importer;

use crate::link::{
    instance::{bindings::Bindings, callback, core::Core},
    scan::{
        Scan,
        exports::Offer,
        name::{self, InstanceId},
    },
};

/// A loaded module: its variables are fixed, its functions can be called.
pub(crate) struct Instance {
    core: Arc<Core>,
    /// Variables that were carried over and that the text does not mention.
    extra: HashMap<String, Dynamic>,
    /// What importers find under names that `export` gave.
    offers: Vec<(String, Offer)>,
    exported: Shared<Module>,
}

impl Instance {
    /// Closes a core whose top level has run and left its imports in `global`.
    pub(crate) fn new(
        engine: &Engine,
        core: Arc<Core>,
        extra: HashMap<String, Dynamic>,
        offers: Vec<(String, Offer)>,
        global: &GlobalRuntimeState,
    ) -> Arc<Self> {
        core.bindings().fix();
        let start = core.starting(engine, global);
        let exported = export(&core, &extra, &offers, &start).into();
        core.close(start);
        Arc::new(Self { core, extra, offers, exported })
    }

    /// What the host registered: a module without text, whose functions nobody can take apart.
    pub(crate) fn registered(name: &str, importer: Arc<Importer>, mut module: Module) -> Arc<Self> {
        let scan = Arc::new(Scan::empty(name));
        let bindings = Bindings::new(std::iter::empty());
        let core = Core::new(importer.instance(), scan, Some(importer), bindings);
        module.build_index();
        Arc::new(Self { core, extra: HashMap::new(), offers: Vec::new(), exported: module.into() })
    }

    /// Names this instance among all there ever were.
    #[must_use]
    pub(crate) fn id(&self) -> InstanceId {
        self.core.id()
    }

    /// The name of the file it was made from.
    #[must_use]
    pub(crate) fn file(&self) -> &str {
        self.core.scan().file()
    }

    /// The text it was made from.
    #[must_use]
    pub(crate) fn scan(&self) -> &Arc<Scan> {
        self.core.scan()
    }

    pub(crate) fn core(&self) -> &Arc<Core> {
        &self.core
    }

    /// Names and values of all variables, as they are kept: callbacks of the instance itself do not hold it.
    pub(crate) fn stored(&self) -> impl Iterator<Item = (&str, Dynamic)> {
        let bindings = self.core.bindings();
        let slots =
            bindings.slots().iter().filter_map(|(name, slot)| Some((name.as_str(), bindings.stored_at(*slot)?)));
        let replaced = self.offers.iter().filter_map(|(name, offer)| match offer {
            Offer::Value(value) => Some((name.as_str(), value.clone())),
            Offer::Variable(_) => None,
        });
        slots.chain(self.extra.iter().map(|(name, value)| (name.as_str(), value.clone()))).chain(replaced)
    }

    /// What importers see: every variable, and every function that is not private.
    pub(crate) fn exported(&self) -> &Shared<Module> {
        &self.exported
    }

    /// What importers find under this name, if it is a variable.
    pub(crate) fn offered(&self, name: &str) -> Option<Dynamic> {
        match self.offers.iter().find(|(offered, _)| offered == name) {
            Some((_, Offer::Variable(variable))) => self.variable(variable),
            Some((_, Offer::Value(value))) => Some(value.clone()),
            None => self.variable(name),
        }
    }

    /// The value of a variable, by the name that it has in the module.
    pub(crate) fn variable(&self, name: &str) -> Option<Dynamic> {
        let in_slot = self.core.bindings().slots().get(name).and_then(|slot| self.core.variable(*slot));
        in_slot.or_else(|| self.extra.get(name).cloned()).or_else(|| self.exported.get_var(name))
    }

    /// Names and numbers of parameters of what importers can call.
    pub(crate) fn public_functions(&self) -> impl Iterator<Item = (&str, usize)> {
        let public = self.core.scan().functions().iter().filter(|function| !function.private && !function.typed());
        public.map(|function| (function.name.as_str(), function.params))
    }

    /// Whether importers see a function of this name.
    pub(crate) fn exports_function(&self, name: &str) -> bool {
        self.core.scan().functions().iter().any(|f| f.name == name && !f.private && !f.typed())
    }

    /// A function as a value that can be called from anywhere.
    pub(crate) fn function_value(&self, name: &str) -> Result<FnPtr, Box<EvalAltResult>> {
        callback::make(&self.core, FnPtr::new(name::function(name, self.core.id()))?)
    }

    /// A function that the host registered, as a value. Which it is, is decided by the arguments of a call, so that only
    /// a call tells whether there is any; `None` if this instance was made from a text.
    #[allow(deprecated, reason = "Rhai marks what may change in a later version as deprecated")]
    pub(crate) fn native_value(&self, name: &str) -> Option<Result<FnPtr, Box<EvalAltResult>>> {
        if self.core.code().is_some() {
            return None;
        }
        let (module, function) = (self.exported.clone(), name.to_owned());
        let call = move |context: NativeCallContext<'_>, args: &mut [&mut Dynamic]| {
            let mut state = context.global_runtime_state().clone();
            state.lib.push(module.clone());
            let (engine, at) = (context.engine(), context.call_position());
            NativeCallContext::new_with_all_fields(engine, &function, None, &state, at)
                .call_native_fn_raw(&function, false, args)
        };
        Some(FnPtr::from_fn(name, call))
    }
}

impl fmt::Debug for Instance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Instance").field(self.core.tag()).finish()
    }
}

/// Keeps the instance alive for those who hold only what it exports.
#[derive(Clone)]
struct Alive(#[allow(dead_code, reason = "held, not read")] Arc<Core>);

fn export(
    core: &Arc<Core>,
    extra: &HashMap<String, Dynamic>,
    offers: &[(String, Offer)],
    start: &GlobalRuntimeState,
) -> Module {
    let environment = Shared::new(EncapsulatedEnviron {
        lib: start.lib.clone(),
        imports: start.scan_imports_raw().map(|(name, module)| (name.clone(), module.clone())).collect(),
        constants: None,
    });
    let mut module = Module::new();
    module.set_id(core.tag().clone());
    module.set_var("\u{1}instance", Dynamic::from(Alive(core.clone())));
    for (name, slot) in core.bindings().slots() {
        if let Some(value) = core.variable(*slot) {
            module.set_var(name.as_str(), value);
        }
    }
    for (name, value) in extra {
        module.set_var(name.as_str(), value.clone());
    }
    for (name, offer) in offers {
        let value = match offer {
            Offer::Variable(variable) => core.bindings().slots().get(variable).and_then(|slot| core.variable(*slot)),
            Offer::Value(value) => Some(value.clone()),
        };
        if let Some(value) = value.or_else(|| extra.get(name).cloned()) {
            module.set_var(name.as_str(), value);
        }
    }
    let Some(code) = core.code() else { return module };
    for function in core.scan().functions().iter().filter(|f| !f.private && !f.typed()) {
        let linked = name::function(&function.name, core.id());
        if let Some(definition) = code.module.get_script_fn(&linked, function.params) {
            let function_in_environment =
                RhaiFunc::Script { fn_def: definition.clone(), env: Some(environment.clone()) };
            FuncRegistration::new(&function.name).set_into_module_raw(
                &mut module,
                vec![TypeId::of::<Dynamic>(); function.params],
                function_in_environment,
            );
        }
    }
    module.build_index();
    module
}
