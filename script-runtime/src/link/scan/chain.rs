//! Chains of properties, indices and methods behind a variable: what is written to, and what may change.

use rhai::{ASTFlags, ASTNode, Expr, FnCallExpr, Stmt};

/// The variable at the root of what is written to, and how many properties and indices follow. What a method returns is no part
/// of the variable.
pub(crate) fn written(target: &Expr) -> Option<(&Expr, usize)> {
    let (mut steps, mut root, mut at) = (0, target, target);
    while let Expr::Index(pair, flags, _) | Expr::Dot(pair, flags, _) = at {
        if steps == 0 {
            root = &pair.lhs;
        } else if matches!(pair.lhs, Expr::MethodCall(..)) {
            return None;
        }
        steps += 1;
        if flags.intersects(ASTFlags::BREAK) {
            break;
        }
        at = &pair.rhs;
    }
    (!matches!(at, Expr::MethodCall(..)) || steps == 0).then_some((root, steps))
}

/// Whether an expression is a part of a statement in another, such as a loop.
pub(crate) fn is_nested(path: &[ASTNode<'_>]) -> bool {
    path.iter().filter(|node| matches!(node, ASTNode::Stmt(_))).count() > 1
}

/// What stands before the first dot or bracket of the chain that the last node is a part of, if that is a method.
pub(crate) fn root<'a>(path: &[ASTNode<'a>]) -> Option<&'a Expr> {
    let mut root = None;
    let mut nodes = path.iter().rev();
    let Some(&ASTNode::Expr(mut part)) = nodes.next() else { return None };
    for node in nodes {
        let &ASTNode::Expr(chain @ (Expr::Index(pair, ..) | Expr::Dot(pair, ..))) = node else { break };
        match () {
            // What another method returns is no part of it.
            () if std::ptr::eq(&pair.rhs, part) && matches!(pair.lhs, Expr::MethodCall(..)) => return None,
            () if std::ptr::eq(&pair.rhs, part) => root = Some(&pair.lhs),
            // The method comes first in what follows a dot.
            () if std::ptr::eq(&pair.lhs, part) && root.is_none() => {}
            () => break,
        }
        part = chain;
    }
    root
}

/// Whether what stands around a variable may change it: a method of it or of a part of it, or a function that it is the first
/// argument of.
pub(crate) fn may_change(variable: &Expr, path: &[ASTNode<'_>]) -> bool {
    let is_first = |call: &FnCallExpr| {
        call.op_token.is_none() && call.args.first().is_some_and(|first| std::ptr::eq(first, variable))
    };
    match path {
        [.., ASTNode::Expr(Expr::FnCall(call, _)) | ASTNode::Stmt(Stmt::FnCall(call, _)), _] => is_first(call),
        [.., ASTNode::Expr(Expr::Index(pair, ..) | Expr::Dot(pair, ..)), _] => {
            let mut at = &pair.rhs;
            let is_root = std::ptr::eq(&pair.lhs, variable);
            while let Expr::Index(pair, ..) | Expr::Dot(pair, ..) = at {
                if matches!(pair.lhs, Expr::MethodCall(..)) {
                    return is_root;
                }
                at = &pair.rhs;
            }
            is_root && matches!(at, Expr::MethodCall(..))
        }
        _ => false,
    }
}
