//! The top level of a module while it runs: what it has defined so far is stored statement by statement, since functions
//! that it calls see that already.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;
use std::sync::Arc;

use rhai::{
    ASTNode, Caches, Dynamic, Engine, EvalAltResult, EvalContext, Expr, FnPtr, Namespace, Position, Scope, Stmt,
};

use crate::{
    link::{
        instance::{Core, Instance, bindings::not_kept},
        scan::{
            exports::{self, Offer, Offered},
            name::{self, InstanceId},
        },
    },
    state,
    thread::loading::{self, TopLevel},
};

type RhaiResult<T> = Result<T, Box<EvalAltResult>>;

/// Runs the statements. Returns the instance, and what is left of the seeds.
pub(crate) fn run(
    engine: &Engine,
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
    let mut global = engine.new_global_runtime_state();
    core.enter(&mut global);
    let offered: Rc<RefCell<Vec<Offered>>> = Rc::default();
    let running = Running { core: core.clone(), steps, offered: offered.clone() };
    let _value = loading::during(Box::new(running), || {
        #[allow(deprecated, reason = "Rhai marks what may change in a later version as deprecated")]
        engine.eval_statements_raw(&mut global, &mut Caches::new(), scope, &statements)
    })?;
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
    let mut offers = exports::settle(offered.take(), scope);
    for (name, offer) in &mut offers {
        if let Offer::Value(value) = offer {
            *value = state::detach(std::mem::take(value)).map_err(|error| not_kept(&format!("`{name}`"), error))?;
        }
    }
    Ok((Instance::new(engine, core.clone(), extra, offers, &global), left))
}

/// A top level that runs on this thread.
struct Running {
    core: Arc<Core>,
    steps: Vec<Step>,
    offered: Rc<RefCell<Vec<Offered>>>,
}

/// What is done after a statement of the top level.
struct Step {
    /// The slots whose values may have changed.
    changed: Vec<usize>,
    /// A variable that the statement offers to importers, and the name that it does so under.
    offers: Option<(String, String)>,
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

impl TopLevel for Running {
    fn instance(&self) -> InstanceId {
        self.core.id()
    }

    fn take_step(&mut self, step: usize, context: &EvalContext<'_, '_, '_, '_, '_, '_>) -> RhaiResult<()> {
        let Some(Step { changed, offers }) = self.steps.get(step) else { return Ok(()) };
        store(&self.core, context.scope(), changed)?;
        let noted = offers.as_ref().and_then(|(variable, name)| exports::note(context.scope(), variable, name));
        self.offered.borrow_mut().extend(noted);
        self.core.note_more_imports(context.engine(), context.global_runtime_state());
        Ok(())
    }

    fn function(&self, name: &str) -> RhaiResult<Option<Dynamic>> {
        match self.core.scan().functions().iter().any(|function| function.name == name) {
            true => Ok(Some(FnPtr::new(name::function(name, self.core.id()))?.into())),
            false => Ok(None),
        }
    }
}

/// Stores the variables in these slots.
fn store(core: &Core, scope: &Scope<'_>, changed: &[usize]) -> RhaiResult<()> {
    for slot in changed {
        if let Some(name) = core.bindings().name(*slot)
            && let Some(value) = scope.get(name)
        {
            let stored = core.store(*slot, value);
            stored.map_err(|error| not_kept(&format!("`{name}`"), error))?;
        }
    }
    Ok(())
}
