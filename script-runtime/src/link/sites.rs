//! Finds, in the tree of the first compilation, the places where a name has to be linked.
//!
//! A name counts only where Rhai itself found no local for it. Inside a closure Rhai notes every outside name as a
//! capture, so whether it is a local of the enclosing function or a variable of the module shows at the place where the
//! closure is *made*. Functions are therefore walked first, and each closure with what its maker knows.

use std::collections::{HashMap, HashSet};

use rhai::{AST, ASTNode, Expr, FnAccess, FnCallExpr, FnPtr, Module, Namespace, Position, ScriptFuncDef, Shared, Stmt};

/// One place to link, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Use {
    /// A free name in a function: a variable of the module, or one of its functions as a value.
    Free(String),
    /// A free name at the top level: variables are simply in scope there, functions are not.
    TopLevel(String),
    Call(String, usize),
    /// `is_def_var(..)`: Rhai looks at what is in scope, which is neither a module variable in a function nor what a `catch`
    /// names.
    IsDefined,
    /// `is_def_fn(..)` with so many arguments.
    IsDefinedFunction(usize),
    Method(String, usize),
    /// The literal in `Fn("name")`.
    FunctionName(String),
    /// `X = ..`, `X += ..` in a function.
    Assignment(String),
    /// An `import` in a function, at its keyword.
    Import,
    /// `alias::name`, or a call of it.
    Imported {
        alias: String,
        name: String,
        args: Option<usize>,
    },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FunctionDef {
    pub(crate) name: String,
    pub(crate) params: usize,
    /// The type in `fn Type.name()`, as Rhai calls it.
    pub(crate) this_type: Option<String>,
    pub(crate) private: bool,
}

impl FunctionDef {
    /// Whether it is for values of one type only, which stand before a dot.
    pub(crate) fn typed(&self) -> bool {
        self.this_type.is_some()
    }
}

/// The functions that the tree defines by name, and every use in it.
pub(crate) fn collect(ast: &AST) -> (Vec<FunctionDef>, Vec<(Position, Use)>) {
    let mut named = Vec::new();
    let mut closures = HashMap::new();
    let mut functions = Vec::new();
    for (_, access, name, params, definition) in ast.shared_lib().iter_script_fn_info() {
        if is_closure(name) {
            closures.insert(name.to_owned(), definition);
        } else {
            let private = access == FnAccess::Private;
            let this_type = definition.this_type.as_ref().map(ToString::to_string);
            functions.push(FunctionDef { name: name.to_owned(), params, this_type, private });
            named.push(definition);
        }
    }
    let mut walk = Walk::default();
    walk.body(&ast.clone_statements_only(), &Where::TopLevel);
    for definition in named {
        walk.body(&alone(definition), &Where::Function);
    }
    while let Some(made) = walk.closures.pop() {
        if let Some(definition) = closures.remove(&made.name) {
            walk.body(&alone(definition), &Where::Closure { captured: made.captured, free: made.free });
        }
    }
    for definition in closures.into_values() {
        walk.body(&alone(definition), &Where::Function);
    }
    (functions, walk.uses)
}

/// Asks whether there is a variable of a name.
pub(crate) const IS_DEFINED: &str = "is_def_var";

/// Asks whether there is a function of a name and a number of parameters.
pub(crate) const IS_DEFINED_FUNCTION: &str = "is_def_fn";

pub(crate) fn is_closure(name: &str) -> bool {
    name.starts_with("anon$")
}

/// A tree with nothing but this function: bodies can be walked, but not taken out.
fn alone(definition: &Shared<ScriptFuncDef>) -> AST {
    let mut module = Module::new();
    module.set_script_fn(definition.clone());
    AST::new([], module)
}

enum Where {
    TopLevel,
    Function,
    /// What it captured, and which of that is no local of its maker.
    Closure {
        captured: HashSet<String>,
        free: HashSet<String>,
    },
}

struct Made {
    name: String,
    captured: HashSet<String>,
    free: HashSet<String>,
}

#[derive(Default)]
struct Walk {
    uses: Vec<(Position, Use)>,
    closures: Vec<Made>,
}

impl Walk {
    fn body(&mut self, ast: &AST, place: &Where) {
        ast.walk(&mut |path| self.node(path, place));
    }

    fn node(&mut self, path: &[ASTNode<'_>], place: &Where) -> bool {
        match path.last() {
            Some(ASTNode::Expr(expr)) => self.expression(expr, path, place),
            Some(ASTNode::Stmt(stmt)) => self.statement(stmt, place),
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
                if !local && variable.2.is_empty() && place.leaves_free(&variable.1) {
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
                self.uses.push((*at, Use::Method(call.name.to_string(), call.args.len())));
            }
            Expr::DynamicConstant(value, _) => {
                if let Some(name) = closure_name(value)
                    && !is_captured_in(path, place)
                {
                    self.closures.push(Made { name, captured: HashSet::new(), free: HashSet::new() });
                }
            }
            _ => {}
        }
    }

    fn statement(&mut self, stmt: &Stmt, place: &Where) {
        match stmt {
            Stmt::FnCall(call, at) => self.call(call, *at),
            Stmt::Assignment(assignment) if !matches!(place, Where::TopLevel) => {
                if let Expr::Variable(variable, short, at) = &assignment.1.lhs
                    && short.is_none()
                    && variable.0.is_none()
                    && place.leaves_free(&variable.1)
                {
                    self.uses.push((*at, Use::Assignment(variable.1.to_string())));
                }
            }
            Stmt::Import(_, at) if !matches!(place, Where::TopLevel) => self.uses.push((*at, Use::Import)),
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
    fn imported(&mut self, namespace: &Namespace, name: &str, args: Option<usize>, at: Position) {
        if let [alias] = namespace.path.as_slice() {
            let (alias, name) = (alias.name.to_string(), name.to_owned());
            self.uses.push((at, Use::Imported { alias, name, args }));
        }
    }
}

impl Where {
    /// Whether a name for which the parser found no local may belong to the module.
    fn leaves_free(&self, name: &str) -> bool {
        match self {
            Self::TopLevel | Self::Function => true,
            Self::Closure { captured, free } => !captured.contains(name) || free.contains(name),
        }
    }

    fn free_use(&self, name: &str) -> Use {
        match self {
            Self::TopLevel => Use::TopLevel(name.to_owned()),
            Self::Function | Self::Closure { .. } => Use::Free(name.to_owned()),
        }
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
    let mut made = Made { name: closure_name(closure)?, captured: HashSet::new(), free: HashSet::new() };
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
