//! Finds, in the tree of the first compilation, the places where a name has to be linked.
//!
//! A name counts only where Rhai itself found no local for it. Inside a closure Rhai notes every outside name as a
//! capture, so whether it is a local of the enclosing function or a variable of the module shows at the place where the
//! closure is *made*. Functions are therefore walked first, and each closure with what its maker knows.

use std::collections::{HashMap, HashSet};

use rhai::{AST, ASTNode, Expr, FnAccess, FnCallExpr, FnPtr, Namespace, Position, Stmt};

use crate::link::scan::{
    chain::{is_nested, may_change, root, written},
    lending::{alone, lenders},
    uses::{ForeignWrite, FunctionDef, IS_DEFINED, IS_DEFINED_FUNCTION, Use, is_closure},
};

/// What the tree defines and uses.
pub(crate) struct Sites {
    /// The functions that it defines by name.
    pub(crate) functions: Vec<FunctionDef>,
    pub(crate) uses: Vec<(Position, Use)>,
    /// The free names in closures of the top level that these may change, or the top level in the midst of a statement: all others
    /// change between statements only.
    pub(crate) changed: HashSet<String>,
    /// The calls `f!(..)` in functions that lend a variable of a name that means the module's in `f`: where, `f`, and that name.
    pub(crate) mistaken: Vec<(Position, String, String)>,
    /// Some closure writes to parts of `this`.
    pub(crate) closures_change_this: bool,
}

/// Finds every use in a tree, whose top level defines these variables.
pub(crate) fn collect(ast: &AST, variables: &[String]) -> Sites {
    let mut named = Vec::new();
    let mut closures = HashMap::new();
    let mut functions = Vec::new();
    for (_, access, name, params, definition) in ast.shared_lib().iter_script_fn_info() {
        if is_closure(name) {
            closures.insert(name.to_owned(), definition);
        } else {
            let private = access == FnAccess::Private;
            let this_type = definition.this_type.as_ref().map(ToString::to_string);
            functions.push(FunctionDef { name: name.to_owned(), params, this_type, private, changes_this: false });
            named.push(definition);
        }
    }
    let own = functions.iter().map(|function| &function.name).chain(variables).cloned().collect();
    let lenders = lenders(ast);
    let mut walk = Walk { own, ..Walk::default() };
    walk.body(&ast.clone_statements_only(), &Where::TopLevel);
    for (index, definition) in named.into_iter().enumerate() {
        let lent = lenders.iter().any(|it| it.function == *definition.name && it.args == definition.params.len());
        walk.changes_this = false;
        walk.body(&alone(definition), &Where::Function { lent });
        functions[index].changes_this = walk.changes_this;
    }
    walk.changes_this = false;
    while let Some(made) = walk.closures.pop() {
        if let Some(definition) = closures.remove(&made.name) {
            let Made { captured, free, top, lent, .. } = made;
            walk.body(&alone(definition), &Where::Closure { captured, free, top, lent });
        }
    }
    for definition in closures.into_values() {
        walk.body(&alone(definition), &Where::Function { lent: false });
    }
    let mistaken = lenders.into_iter().filter_map(|it| {
        let name = it.locals.into_iter().find(|local| walk.lent.contains(local))?;
        Some((it.at, it.function, name))
    });
    let mistaken = mistaken.collect();
    let captured = walk.uses.iter().filter_map(|(_, used)| match used {
        Use::Shared(name) | Use::Write { name, shared: true, .. } => Some(name),
        _ => None,
    });
    let captured: HashSet<&String> = captured.collect();
    walk.changed.retain(|name| captured.contains(name));
    let closures_change_this = walk.changes_this;
    Sites { functions, uses: walk.uses, changed: walk.changed, mistaken, closures_change_this }
}

enum Where {
    TopLevel,
    Function {
        /// It is called with the variables of its callers.
        lent: bool,
    },
    /// What it captured, and which of that is no local of its maker.
    Closure {
        captured: HashSet<String>,
        free: HashSet<String>,
        /// Made by the top level, or in a closure that is.
        top: bool,
        /// Made by a function that is called with the variables of its callers.
        lent: bool,
    },
}

struct Made {
    name: String,
    captured: HashSet<String>,
    free: HashSet<String>,
    top: bool,
    lent: bool,
}

#[derive(Default)]
struct Walk {
    uses: Vec<(Position, Use)>,
    changed: HashSet<String>,
    closures: Vec<Made>,
    /// The names of all that the module defines.
    own: HashSet<String>,
    /// Those of them that are used where a name may be one of the caller's.
    lent: HashSet<String>,
    /// What was walked last writes to parts of `this`.
    changes_this: bool,
}

impl Walk {
    fn body(&mut self, ast: &AST, place: &Where) {
        ast.walk(&mut |path| self.node(path, place));
    }

    fn node(&mut self, path: &[ASTNode<'_>], place: &Where) -> bool {
        match path.last() {
            Some(ASTNode::Expr(expr)) => self.expression(expr, path, place),
            Some(ASTNode::Stmt(stmt)) => self.statement(stmt, path, place),
            _ => {}
        }
        true
    }

    fn expression(&mut self, expr: &Expr, path: &[ASTNode<'_>], place: &Where) {
        match expr {
            Expr::Variable(variable, _, at) if !variable.2.is_empty() => {
                self.imported(&variable.2, &variable.1, None, *at);
            }
            Expr::Variable(variable, short, at) => {
                let local = short.is_some() || variable.0.is_some();
                if !local && variable.2.is_empty() && self.is_free(&variable.1, place) {
                    if place.is_lent() {
                        self.lent.insert(variable.1.to_string());
                    }
                    if place.is_top_closure() && may_change(expr, path) {
                        self.changed.insert(variable.1.to_string());
                    }
                    self.uses.push((*at, place.free_use(&variable.1)));
                }
            }
            Expr::FnCall(call, at) => {
                if let Some(made) = closure_made(call, path, place) {
                    self.closures.push(made);
                }
                self.call(call, *at);
            }
            Expr::MethodCall(call, at) => {
                let (name, args) = (call.name.to_string(), call.args.len());
                let is_fixed = match root(path) {
                    Some(Expr::Variable(variable, short, _)) => {
                        if matches!(place, Where::TopLevel) && is_nested(path) {
                            self.changed.insert(variable.1.to_string());
                        }
                        let is_local = variable.2.is_empty()
                            && (short.is_some() || variable.0.is_some() || !self.is_free(&variable.1, place));
                        !is_local && !matches!(place, Where::TopLevel)
                    }
                    Some(Expr::ThisPtr(_)) => {
                        self.changes_this |= self.own.contains(&name);
                        false
                    }
                    _ => false,
                };
                self.uses.push((*at, if is_fixed { Use::FixedMethod(name, args) } else { Use::Method(name, args) }));
            }
            Expr::DynamicConstant(value, _) => {
                if let Some(name) = closure_name(value)
                    && !is_captured_in(path, place)
                {
                    let (captured, free) = (HashSet::new(), HashSet::new());
                    self.closures.push(Made { name, captured, free, top: place.is_top(), lent: place.is_lent() });
                }
            }
            _ => {}
        }
    }

    fn statement(&mut self, stmt: &Stmt, path: &[ASTNode<'_>], place: &Where) {
        match stmt {
            Stmt::FnCall(call, at) => self.call(call, *at),
            Stmt::Assignment(assignment) => {
                if let Some((Expr::ThisPtr(_), 1..)) = written(&assignment.1.lhs) {
                    self.changes_this = true;
                }
                if let Some((Expr::Variable(variable, short, at), steps)) = written(&assignment.1.lhs) {
                    let local = short.is_some() || variable.0.is_some();
                    let name = variable.1.to_string();
                    match variable.2.path.as_slice() {
                        [] if local || !self.is_free(&name, place) => {}
                        [] => {
                            let gives_closure = matches!(assignment.1.rhs, Expr::Stmt(_) | Expr::DynamicConstant(..));
                            if matches!(place, Where::TopLevel) && path.len() > 1 && !gives_closure {
                                self.changed.insert(name.clone());
                            }
                            self.write(name, steps, *at, path, place);
                        }
                        path => {
                            let path = path.iter().map(|part| part.name.to_string()).collect();
                            self.uses.push((*at, Use::ForeignWrite(ForeignWrite { path, name, steps, at: *at })));
                        }
                    }
                }
            }
            Stmt::Import(import, at) if !matches!(place, Where::TopLevel) => {
                self.uses.push((*at, Use::Import(import.0.start_position())));
            }
            // The tree's own walk passes over the value of `break`.
            Stmt::BreakLoop(Some(value), ..) => {
                value.walk(&mut Vec::new(), &mut |path| self.node(path, place));
            }
            _ => {}
        }
    }

    fn call(&mut self, call: &FnCallExpr, at: Position) {
        self.imported(&call.namespace, &call.name, Some(call.args.len()), at);
        if !call.namespace.is_empty() || call.op_token.is_some() {
            return;
        }
        if call.name == IS_DEFINED {
            if call.args.len() == 1 && !call.capture_parent_scope {
                self.uses.push((at, Use::IsDefined));
            }
            return;
        }
        if call.name == IS_DEFINED_FUNCTION {
            self.uses.push((at, Use::IsDefinedFunction(call.args.len())));
            return;
        }
        self.uses.push((at, Use::Call(call.name.to_string(), call.args.len())));
        if let (true, Some(Expr::StringConstant(name, at))) = (call.name == "Fn", call.args.first()) {
            self.uses.push((*at, Use::FunctionName(name.to_string())));
        }
    }
}

impl Walk {
    /// Whether a name for which the parser found no local may belong to the module. Where the caller's variables are lent, they are
    /// meant by all that the module does not define.
    fn is_free(&self, name: &str, place: &Where) -> bool {
        place.leaves_free(name) && (!place.is_lent() || self.own.contains(name))
    }

    /// A write to a free name.
    fn write(&mut self, name: String, steps: usize, at: Position, path: &[ASTNode<'_>], place: &Where) {
        let in_try = || path.iter().any(|node| matches!(node, ASTNode::Stmt(Stmt::TryCatch(..))));
        match place {
            Where::TopLevel => {}
            Where::Closure { top: true, .. } => {
                self.changed.insert(name.clone());
                self.uses.push((at, Use::Write { name, steps, shared: true }));
            }
            _ if steps == 0 && !in_try() => self.uses.push((at, Use::Assignment(name))),
            _ => self.uses.push((at, Use::Write { name, steps, shared: false })),
        }
    }

    fn imported(&mut self, namespace: &Namespace, name: &str, args: Option<usize>, at: Position) {
        match namespace.path.as_slice() {
            [] => {}
            [alias] => {
                let (alias, name) = (alias.name.to_string(), name.to_owned());
                self.uses.push((at, Use::Imported { alias, name, args }));
            }
            path => {
                let path = path.iter().map(|part| part.name.to_string()).collect();
                self.uses.push((at, Use::Reached(path)));
            }
        }
    }
}

impl Where {
    /// Whether a name for which the parser found no local may belong to the module.
    fn leaves_free(&self, name: &str) -> bool {
        match self {
            Self::TopLevel | Self::Function { .. } => true,
            Self::Closure { captured, free, .. } => !captured.contains(name) || free.contains(name),
        }
    }

    fn free_use(&self, name: &str) -> Use {
        match self {
            Self::TopLevel => Use::TopLevel(name.to_owned()),
            Self::Closure { top: true, .. } => Use::Shared(name.to_owned()),
            Self::Function { .. } | Self::Closure { .. } => Use::Free(name.to_owned()),
        }
    }

    /// Whether closures that are made here are those of the top level.
    fn is_top(&self) -> bool {
        matches!(self, Self::TopLevel) || self.is_top_closure()
    }

    fn is_lent(&self) -> bool {
        matches!(self, Self::Function { lent: true } | Self::Closure { lent: true, .. })
    }

    fn is_top_closure(&self) -> bool {
        matches!(self, Self::Closure { top: true, .. })
    }
}

fn closure_name(value: &rhai::Dynamic) -> Option<String> {
    let pointer = value.read_lock::<FnPtr>()?;
    pointer.is_anonymous().then(|| pointer.fn_name().to_owned())
}

/// Whether a closure stands in the form that `closure_made` has dealt with.
fn is_captured_in(path: &[ASTNode<'_>], place: &Where) -> bool {
    match path.split_last() {
        Some((_, outer @ [.., ASTNode::Expr(Expr::FnCall(call, _))])) => closure_made(call, outer, place).is_some(),
        _ => false,
    }
}

/// Recognises what the parser makes of a closure with captures: `{ share a, b; curry(closure, a, b) }`.
fn closure_made(call: &FnCallExpr, path: &[ASTNode<'_>], place: &Where) -> Option<Made> {
    let [.., ASTNode::Expr(Expr::Stmt(block)), ASTNode::Stmt(_), ASTNode::Expr(_)] = path else { return None };
    if !matches!(block.statements().first(), Some(Stmt::Share(_))) || call.name != "curry" {
        return None;
    }
    let Some((Expr::DynamicConstant(closure, _), captures)) = call.args.split_first() else { return None };
    let (captured, free) = (HashSet::new(), HashSet::new());
    let (top, lent) = (place.is_top(), place.is_lent());
    let mut made = Made { name: closure_name(closure)?, captured, free, top, lent };
    for capture in captures {
        if let Expr::Variable(variable, short, _) = capture {
            let local = short.is_some() || variable.0.is_some();
            if !local && place.leaves_free(&variable.1) {
                made.free.insert(variable.1.to_string());
            }
            made.captured.insert(variable.1.to_string());
        }
    }
    Some(made)
}
