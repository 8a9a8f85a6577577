//! Where lines of the configuration stand.

use std::sync::Arc;

use samovar_config::{Host, Scope, SectionKind, Setting, Span};

/// The place of a line's argument.
pub(crate) fn span(line: &Setting, argument: usize) -> Option<Span> {
    line.arguments().get(argument).and_then(samovar_config::Argument::span).or(line.origin().span())
}

/// The scope of the virtual host, or of the main server, that a scope stands in.
pub(crate) fn host_of(scope: &Arc<Scope>) -> Option<&Arc<Scope>> {
    let outward = std::iter::successors(Some(scope), |scope| scope.parent());
    outward.into_iter().find(|scope| matches!(scope.kind(), None | Some(SectionKind::VirtualHost)))
}

/// Does a line stand in this host, and not in the one that it inherits from?
pub(crate) fn belongs(line: &Setting, host: Host<'_>) -> bool {
    line.origin().scope().and_then(host_of).is_some_and(|scope| Arc::ptr_eq(scope, host.scope()))
}
