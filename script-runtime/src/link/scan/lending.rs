//! Calls `f!(..)`, which lend a function the variables of its caller.

use rhai::{AST, ASTNode, Expr, ImmutableString, Module, Position, ScriptFuncDef, Shared, Stmt};

/// A call `f!(..)`: it lends `f` the variables that are in scope where it stands.
pub(crate) struct Lender {
    pub(crate) at: Position,
    pub(crate) function: String,
    pub(crate) args: usize,
    /// The names of what may be in scope there, if it stands in a function.
    pub(crate) locals: Vec<String>,
}

pub(crate) fn lenders(ast: &AST) -> Vec<Lender> {
    let mut found = calls_that_lend(&ast.clone_statements_only(), &[]);
    for (_, _, _, _, definition) in ast.shared_lib().iter_script_fn_info() {
        let body = alone(definition);
        let mut calls = calls_that_lend(&body, &definition.params);
        if !calls.is_empty() {
            let locals = locals(&body);
            calls.iter_mut().for_each(|call| call.locals.extend_from_slice(&locals));
        }
        found.extend(calls);
    }
    found
}

fn calls_that_lend(body: &AST, params: &[ImmutableString]) -> Vec<Lender> {
    let mut found = Vec::new();
    body.walk(&mut |path| {
        if let Some(ASTNode::Expr(Expr::FnCall(call, at)) | ASTNode::Stmt(Stmt::FnCall(call, at))) = path.last()
            && call.capture_parent_scope
            && call.namespace.is_empty()
        {
            let locals = params.iter().map(ToString::to_string).collect();
            found.push(Lender { at: *at, function: call.name.to_string(), args: call.args.len(), locals });
        }
        true
    });
    found
}

/// The names of the variables that a body declares anywhere.
fn locals(body: &AST) -> Vec<String> {
    let mut found = Vec::new();
    body.walk(&mut |path| {
        match path.last() {
            Some(ASTNode::Stmt(Stmt::Var(definition, ..))) => found.push(definition.0.as_str().to_owned()),
            Some(ASTNode::Stmt(Stmt::For(parts, ..))) => {
                found.push(parts.0.as_str().to_owned());
                found.extend(parts.1.iter().map(|counter| counter.as_str().to_owned()));
            }
            Some(ASTNode::Stmt(Stmt::TryCatch(flow, ..))) => {
                if let Expr::Variable(variable, ..) = &flow.expr {
                    found.push(variable.1.to_string());
                }
            }
            _ => {}
        }
        true
    });
    found
}

/// A tree with nothing but this function: bodies can be walked, but not taken out.
pub(crate) fn alone(definition: &Shared<ScriptFuncDef>) -> AST {
    let mut module = Module::new();
    module.set_script_fn(definition.clone());
    AST::new([], module)
}
