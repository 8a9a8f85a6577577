//! From a scanned text to an instance: link, run the top level, close.

use std::any::TypeId;
use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::sync::Arc;

use rhai::{
    AST, ASTNode, Caches, Dynamic, Engine, EvalAltResult, EvalContext, Expr, FnPtr, FuncRegistration, Module,
    Namespace, NativeCallContext, Position, RhaiFunc, Scope, Shared, Stmt,
};

use samovar_importer::Importer;

use super::bindings::{Bindings, not_kept};
use super::engine::Output;
use super::engines::{Engines, Equip, Register};
use super::error::ScriptError;
use super::exports::{self, Offer, Offered};
use super::import;
use super::instance::{Code, Core, Instance};
use super::limits::Limits;
use super::name::{self, InstanceId};
use super::scan::Scan;
use super::sites::{CALL, IS_DEFINED_FUNCTION, Use};
use super::token::{Kind, Seen};
use super::{captures, natives, running, text, token, written};
use crate::{show::show, stack, state};

type RhaiResult<T> = Result<T, Box<EvalAltResult>>;

/// A native function that is told which instance calls it, wherever that happens.
pub(crate) type InstanceCall =
    Arc<dyn Fn(&Arc<Core>, &NativeCallContext<'_>, &mut [&mut Dynamic]) -> RhaiResult<Dynamic> + Send + Sync>;

#[derive(Clone)]
struct InstanceFunction {
    name: String,
    args: usize,
    call: InstanceCall,
}

/// The variable with the directories in which a module searches; a module may change it while it loads.
pub(crate) const SEARCH_PATH: &str = "__mp_path__";

/// In bytes: no system takes longer ones.
const LONGEST_PATH: usize = 4096;

/// The directories in a value of that variable.
pub(crate) fn directories(path: &Dynamic) -> Vec<PathBuf> {
    let list = path.as_array_ref();
    list.map(|list| list.iter().map(|directory| show(directory, LONGEST_PATH).0.into()).collect()).unwrap_or_default()
}

/// A text compiled for one instance, which has not run yet.
pub struct Linked {
    core: Arc<Core>,
    ast: AST,
}

impl Linked {
    /// See [`Scan::imports`].
    pub(crate) fn imports(&self) -> &[String] {
        self.core.scan().imports()
    }
}

/// Makes instances. It owns the engines they run on.
pub(crate) struct Linker {
    engines: Engines,
    instance_functions: Vec<InstanceFunction>,
}

impl Linker {
    /// A linker whose scripts may use so much and print there.
    #[must_use]
    pub(crate) fn new(limits: &Limits, output: &Output, equipment: &'static [Equip], host: Vec<Register>) -> Self {
        let engines = Engines::new(limits, output, equipment, host);
        let mut linker = Self { engines, instance_functions: Vec::new() };
        linker.register("import_module", 1, Arc::new(import::import_module));
        linker.register("import_module", 2, Arc::new(import::import_module));
        natives::register(&mut linker);
        linker
    }

    /// Adds a function that scripts call like any native one, and that is told which instance calls.
    pub(crate) fn register(&mut self, name: &str, args: usize, call: InstanceCall) {
        self.instance_functions.push(InstanceFunction { name: name.to_owned(), args, call });
    }

    /// The functions that were added, by name and number of arguments.
    #[cfg(test)]
    pub(crate) fn instance_functions(&self) -> impl Iterator<Item = (&str, usize)> {
        self.instance_functions.iter().map(|function| (function.name.as_str(), function.args))
    }

    pub(crate) fn engines(&self) -> &Engines {
        &self.engines
    }

    /// The engine that modules are loaded with.
    pub(crate) fn engine(&self) -> Arc<Engine> {
        self.engines.own().engine.clone()
    }

    /// Compiles a text for the first time. The result serves for all its instances.
    ///
    /// # Errors
    ///
    /// If it is not a script, or uses a reserved name, or imports a computed path in a function.
    pub(crate) fn scan(&self, file: &str, text: &str) -> Result<Scan, ScriptError> {
        let own = self.engines.own();
        stack::with_room(|| Scan::new(file, text, |text| own.scanner.compile(text)))
    }

    /// Returns where a text writes a map with this key. Compiles the text again, so it is for errors only.
    pub(crate) fn map_keys(&self, text: &str, key: &str) -> Vec<Position> {
        let source = text::compiled(text);
        let own = self.engines.own();
        let (_, seen) = stack::with_room(|| token::scanning(&source, || own.scanner.compile(&*source)));
        let is_key = |token: &Seen| matches!(&token.kind, Kind::Identifier(name) | Kind::Text(name) if name == key);
        let pairs = seen.windows(2).filter(|pair| is_key(&pair[0]) && pair[1].kind == Kind::Colon);
        pairs.map(|pair| pair[0].at).collect()
    }

    /// Makes an instance in which the `seeds` are variables already, and runs its top level.
    ///
    /// # Errors
    ///
    /// If the top level raises one, or a function assigns a variable of the module.
    #[cfg(test)]
    pub(crate) fn load(&self, scan: &Arc<Scan>, seeds: &[(&str, Dynamic)]) -> Result<Arc<Instance>, ScriptError> {
        self.run(self.link(scan, InstanceId::next(), None)?, seeds).map(|(instance, _)| instance)
    }

    /// Compiles a scanned text for one instance, and runs nothing of it.
    ///
    /// # Errors
    ///
    /// If a function assigns a variable of the module.
    pub(crate) fn link(
        &self,
        scan: &Arc<Scan>,
        id: InstanceId,
        importer: Option<Arc<Importer>>,
    ) -> Result<Linked, ScriptError> {
        // What a predecessor will hand over is not known yet, so every free name gets a slot: it may be carried.
        let carried = scan.free_names().into_iter().filter(|name| !self.is_constant(name));
        let names = scan.variables().iter().map(String::as_str).chain(carried);
        let bindings = Bindings::new(names.chain([SEARCH_PATH]));
        let rewrites =
            scan.link(id, bindings.slots(), |name| self.instance_functions.iter().any(|f| f.name == name))?;
        let compiled =
            stack::with_room(|| token::linking(rewrites, || self.engine().compile(&*text::compiled(scan.text()))));
        let core = Core::new(id, scan.clone(), importer, bindings);
        let ast = compiled.map_err(|error| ScriptError::translate(error.into(), &core))?;
        captures::expect(&ast);
        core.set_code(self.code(&core, &ast));
        Ok(Linked { core, ast })
    }

    /// Is it a constant that the host registered? Then it is found without being linked.
    fn is_constant(&self, name: &str) -> bool {
        self.engine().eval_expression_with_scope::<Dynamic>(&mut Scope::new(), name).is_ok()
    }

    /// Runs the top level of a linked text, in which the `seeds` are variables already. Returns the instance, and what
    /// the top level left of the seeds.
    ///
    /// # Errors
    ///
    /// If the top level raises one.
    pub(crate) fn run(
        &self,
        linked: Linked,
        seeds: &[(&str, Dynamic)],
    ) -> Result<(Arc<Instance>, HashMap<String, Dynamic>), ScriptError> {
        let Linked { core, ast } = linked;
        // What functions captured is let go when this ends, and the scope before that.
        running::during(|| {
            let mut scope = Scope::new();
            for name in core.scan().shared_names(core.id(), core.bindings().slots()) {
                scope.push_dynamic(name, Dynamic::UNIT);
            }
            for (name, value) in seeds {
                scope.push_dynamic(*name, value.clone());
            }
            let result = self.run_statements(&core, ast.statements(), &mut scope, seeds);
            result.map_err(|error| ScriptError::translate(*error, &core))
        })
    }

    fn run_statements(
        &self,
        core: &Arc<Core>,
        statements: &[Stmt],
        scope: &mut Scope<'_>,
        seeds: &[(&str, Dynamic)],
    ) -> RhaiResult<(Arc<Instance>, HashMap<String, Dynamic>)> {
        let slots = core.bindings().slots();
        let mut seeded: Vec<_> = seeds.iter().filter_map(|(name, _)| slots.get(*name).copied()).collect();
        seeded.sort_unstable();
        store(core, scope, &seeded)?;
        let kept = taking_over(statements, core.scan().keeps(), seeds);
        let (statements, steps) = with_steps(&kept, slots, core.scan().changed());
        let engine = self.engine();
        let mut global = engine.new_global_runtime_state();
        core.enter(&mut global);
        let loading = Loading { core: core.clone(), steps, offered: Vec::new() };
        let (result, offered) = during(loading, || {
            #[allow(deprecated, reason = "Rhai marks what may change in a later version as deprecated")]
            let value = engine.eval_statements_raw(&mut global, &mut Caches::new(), scope, &statements);
            (value, offered())
        });
        let _value = result?;
        let all: Vec<_> = (0..slots.len()).collect();
        store(core, scope, &all)?;
        let mut left = HashMap::new();
        for (name, _) in seeds {
            if let Some(value) = scope.get(name) {
                let value = state::detach(value.clone()).map_err(|error| not_kept(&format!("`{name}`"), error))?;
                left.insert((*name).to_owned(), value);
            }
        }
        let extra = left.iter().filter(|(name, _)| !slots.contains_key(*name));
        let extra = extra.map(|(name, value)| (name.clone(), value.clone())).collect();
        let mut offers = exports::settle(offered, scope);
        for (name, offer) in &mut offers {
            if let Offer::Value(value) = offer {
                *value = state::detach(std::mem::take(value)).map_err(|error| not_kept(&format!("`{name}`"), error))?;
            }
        }
        Ok((Instance::new(&engine, core.clone(), extra, offers, &global), left))
    }

    /// The functions of the tree under their linked names, and the natives that need to know the instance.
    fn code(&self, core: &Core, ast: &AST) -> Code {
        let mut module = Module::new();
        let mut arities: HashMap<String, Vec<usize>> = HashMap::new();
        for (_, _, name, params, definition) in ast.shared_lib().iter_script_fn_info() {
            arities.entry(name.to_owned()).or_default().push(params);
            module.set_script_fn(definition.clone());
        }
        for (name, args) in core.scan().methods() {
            add_method(&mut module, core.id(), name, args, core.scan().defines(name, args), false);
        }
        for (name, args) in core.scan().fixed_methods() {
            add_method(&mut module, core.id(), name, args, core.scan().defines(name, args), true);
        }
        for function in &self.instance_functions {
            if core.scan().calls(&function.name, function.args) {
                add_instance_function(&mut module, core.id(), function);
            }
        }
        module.set_id(core.tag().clone());
        Code { module: Shared::new(module), arities }
    }
}

fn add_instance_function(module: &mut Module, id: InstanceId, function: &InstanceFunction) {
    let call = function.call.clone();
    let native = move |context: Option<NativeCallContext<'_>>, args: &mut [&mut Dynamic]| match (
        context,
        super::instance::find(id),
    ) {
        (Some(context), Some(core)) => call(&core, &context, args),
        _ => Err("the calling instance is gone".into()),
    };
    let native = RhaiFunc::Pure { func: Shared::new(native), has_context: true, is_pure: true, is_volatile: true };
    let params = vec![TypeId::of::<Dynamic>(); function.args];
    FuncRegistration::new(name::function(&function.name, id)).set_into_module_raw(module, params, native);
}

/// What `x.name(..)` calls where the module itself has a function `name`: an entry of the map `x`, else the module's
/// function, else a native one, as it would be without linking. `fixed`: it may not change `x`, a variable of the module.
fn add_method(module: &mut Module, id: InstanceId, name: &str, args: usize, for_all_types: bool, fixed: bool) {
    let linked = name::function(name, id);
    let method = name.to_owned();
    let call = move |context: &NativeCallContext<'_>, args: &mut [&mut Dynamic]| {
        if method == CALL {
            return call_value(context, args);
        }
        let entry = args.first().and_then(|this| this.as_map_ref().ok()?.get(method.as_str())?.clone().try_cast());
        if let (Some(entry), Some((this, rest))) = (entry, args.split_first_mut()) {
            let entry: FnPtr = entry;
            let rest: Vec<Dynamic> = rest.iter_mut().map(|arg| std::mem::take(&mut **arg)).collect();
            return entry.call_raw(context, Some(this), rest);
        }
        match context.call_fn_raw(&linked, true, true, args) {
            Err(error) if !for_all_types && is_missing(&error, &linked) => {
                context.call_native_fn_raw(&method, true, args)
            }
            result => result,
        }
    };
    let native = move |context: Option<NativeCallContext<'_>>, args: &mut [&mut Dynamic]| {
        let Some(context) = context else { return Err("a method call needs its context".into()) };
        if !fixed {
            return call(&context, args);
        }
        let before = args.first().map(|this| Dynamic::clone(this));
        let result = call(&context, args)?;
        match (before, args.first()) {
            (Some(before), Some(after)) if !written::same(&before, after) => {
                Err(written::constant("this", Position::NONE))
            }
            _ => Ok(result),
        }
    };
    let native = RhaiFunc::Method { func: Shared::new(native), has_context: true, is_pure: true, is_volatile: true };
    let params = vec![TypeId::of::<Dynamic>(); args + 1];
    let linked = if fixed { name::fixed_method(name, id) } else { name::method(name, id) };
    FuncRegistration::new(linked).set_into_module_raw(module, params, native);
}

/// `function.call(..)`, or `x.call(function, ..)`, in which `x` is `this`.
fn call_value(context: &NativeCallContext<'_>, args: &mut [&mut Dynamic]) -> RhaiResult<Dynamic> {
    let take = |args: &mut [&mut Dynamic]| args.iter_mut().map(|arg| std::mem::take(&mut **arg)).collect::<Vec<_>>();
    let Some((this, given)) = args.split_first_mut() else { return Ok(Dynamic::UNIT) };
    let function = this.read_lock::<FnPtr>().map(|function| function.clone());
    if let Some(function) = function {
        return function.call_raw(context, None, take(given));
    }
    let mut given = take(given).into_iter();
    let function = given.next().unwrap_or_default();
    let found = context.engine().map_type_name(function.type_name()).to_owned();
    match function.try_cast::<FnPtr>() {
        Some(function) => function.call_raw(context, Some(this), given.collect::<Vec<_>>()),
        None => {
            let at = context.call_position();
            Err(EvalAltResult::ErrorMismatchDataType("Fn".to_owned(), found, at).into())
        }
    }
}

fn is_missing(error: &EvalAltResult, function: &str) -> bool {
    matches!(error, EvalAltResult::ErrorFunctionNotFound(signature, _) if signature.starts_with(function))
}

/// A load under way on this thread.
struct Loading {
    core: Arc<Core>,
    steps: Vec<Step>,
    offered: Vec<Offered>,
}

/// What is done after a statement of the top level.
struct Step {
    /// The slots whose values may have changed.
    changed: Vec<usize>,
    /// A variable that the statement offers to importers, and the name that it does so under.
    offers: Option<(String, String)>,
}

thread_local! {
    static LOADING: RefCell<Vec<Loading>> = const { RefCell::new(Vec::new()) };
}

/// Begins the names of the steps put between the statements of a top level.
const STEP: &str = "\u{1}step ";

/// The number of a step, if the name is one.
pub(crate) fn step(name: &str) -> Option<usize> {
    name.strip_prefix(STEP)?.parse().ok()
}

/// Statements in which `keep NAME = expr;` reads `NAME`, as carried over, instead of `expr`, where it was.
fn taking_over(statements: &[Stmt], keeps: &[(Position, String)], seeds: &[(&str, Dynamic)]) -> Vec<Stmt> {
    let carried = |at: &Position| {
        let (_, name) = keeps.iter().find(|(keep, _)| keep == at)?;
        seeds.iter().any(|(seed, _)| seed == name).then_some(name)
    };
    let taken_over = |statement: &Stmt| match statement {
        Stmt::Var(definition, flags, at) => {
            let name = carried(at)?;
            let value = Expr::Variable((None, name.as_str().into(), Namespace::NONE, 0).into(), None, *at);
            let (identifier, _, index) = &**definition;
            Some(Stmt::Var((identifier.clone(), value, *index).into(), *flags, *at))
        }
        _ => None,
    };
    statements.iter().map(|statement| taken_over(statement).unwrap_or_else(|| statement.clone())).collect()
}

/// Puts a step after each statement that may have changed variables: functions that the top level calls see these. And
/// after each import: callbacks that others call already see that. What closures change may have changed in every statement.
fn with_steps(
    statements: &[Stmt],
    slots: &HashMap<String, usize>,
    by_closures: &HashSet<String>,
) -> (Vec<Stmt>, Vec<Step>) {
    let by_closures: Vec<_> = by_closures.iter().filter_map(|name| slots.get(name).copied()).collect();
    let mut stepped = Vec::with_capacity(statements.len() * 2);
    let mut steps = Vec::new();
    for statement in statements {
        let mut changed = mentioned(statement, slots);
        changed.extend(&by_closures);
        changed.sort_unstable();
        stepped.push(statement.clone());
        let offers = exports::offers(statement);
        if !changed.is_empty() || offers.is_some() || matches!(statement, Stmt::Import(..)) {
            let name = format!("{STEP}{}", steps.len());
            let step = Expr::Variable((None, name.into(), Namespace::NONE, 0).into(), None, statement.position());
            stepped.push(Stmt::Expr(step.into()));
            steps.push(Step { changed, offers });
        }
    }
    (stepped, steps)
}

fn mentioned(statement: &Stmt, slots: &HashMap<String, usize>) -> Vec<usize> {
    let mut changed = Vec::new();
    statement.walk(&mut Vec::new(), &mut |path| {
        let name = match path.last() {
            Some(ASTNode::Stmt(Stmt::Var(definition, ..))) => definition.0.as_str(),
            Some(ASTNode::Expr(Expr::Variable(variable, ..))) => variable.1.as_str(),
            _ => return true,
        };
        if let Some(slot) = slots.get(name)
            && !changed.contains(slot)
        {
            changed.push(*slot);
        }
        true
    });
    changed
}

/// Takes a step of the top level that runs on this thread.
pub(crate) fn take_step(step: usize, context: &EvalContext<'_, '_, '_, '_, '_, '_>) -> RhaiResult<()> {
    LOADING.with(|loading| {
        if let Some(Loading { core, steps, offered }) = loading.borrow_mut().last_mut()
            && let Some(Step { changed, offers }) = steps.get(step)
        {
            store(core, context.scope(), changed)?;
            let noted = offers.as_ref().and_then(|(variable, name)| exports::note(context.scope(), variable, name));
            offered.extend(noted);
            core.note_more_imports(context.engine(), context.global_runtime_state());
        }
        Ok(())
    })
}

/// What the top level that runs on this thread has offered.
fn offered() -> Vec<Offered> {
    LOADING
        .with(|loading| loading.borrow_mut().last_mut().map(|it| std::mem::take(&mut it.offered)).unwrap_or_default())
}

/// The function of this name that the module has whose top level runs on this thread.
pub(crate) fn function(name: &str) -> RhaiResult<Option<Dynamic>> {
    LOADING.with(|loading| match loading.borrow().last() {
        Some(Loading { core, .. }) if core.scan().functions().iter().any(|function| function.name == name) => {
            Ok(Some(FnPtr::new(name::function(name, core.id()))?.into()))
        }
        _ => Ok(None),
    })
}

/// Is it the top level of this instance that runs on this thread?
pub(crate) fn is_loading(core: &Core) -> bool {
    LOADING.with(|loading| loading.borrow().last().is_some_and(|loading| loading.core.id() == core.id()))
}

/// Stores the variables in these slots.
fn store(core: &Core, scope: &Scope<'_>, changed: &[usize]) -> RhaiResult<()> {
    for slot in changed {
        if let Some(name) = core.bindings().name(*slot)
            && let Some(value) = scope.get(name)
        {
            let stored = core.bindings().store(*slot, value, core.id());
            stored.map_err(|error| not_kept(&format!("`{name}`"), error))?;
        }
    }
    Ok(())
}

fn during<R>(loading: Loading, run: impl FnOnce() -> R) -> R {
    /// Also when a script's native function panics.
    struct Leave;
    impl Drop for Leave {
        fn drop(&mut self) {
            LOADING.with(|loading| loading.borrow_mut().pop());
        }
    }
    LOADING.with(|all| all.borrow_mut().push(loading));
    let _leave = Leave;
    running::during(run)
}

impl Scan {
    /// The methods called that the text itself may define, each once.
    fn methods(&self) -> impl Iterator<Item = (&str, usize)> {
        let mut found: Vec<(&str, usize)> = Vec::new();
        for (_, used) in self.uses() {
            if let Use::Method(name, args) | Use::FixedMethod(name, args) = used
                && self.functions().iter().any(|f| f.name == *name && f.params == *args)
                && !found.contains(&(name, *args))
            {
                found.push((name, *args));
            }
        }
        found.into_iter()
    }

    /// The methods called on variables of the module that may write to them, each once.
    fn fixed_methods(&self) -> HashSet<(&str, usize)> {
        let fixed = self.uses().iter().filter_map(|(_, used)| match used {
            Use::FixedMethod(name, args) if self.may_change_this(name, *args) => Some((name.as_str(), *args)),
            _ => None,
        });
        fixed.collect()
    }

    fn calls(&self, name: &str, args: usize) -> bool {
        self.uses().iter().any(|(_, used)| match used {
            Use::Call(called, given) => called == name && *given == args,
            Use::IsDefinedFunction(given) => name == IS_DEFINED_FUNCTION && *given == args,
            _ => false,
        })
    }
}
