//! Where lines of the configuration stand.

use std::sync::Arc;

use samovar_config::{Host, Section, SectionKind, Setting, Span};

/// The place of a line's argument.
pub(crate) fn span(line: &Setting, argument: usize) -> Option<Span> {
    line.arguments().get(argument).and_then(samovar_config::Argument::span).or(line.origin().span())
}

/// The section of the virtual host, or of the main server, that a section stands in.
pub(crate) fn host_of(section: &Arc<Section>) -> Option<&Arc<Section>> {
    let outward = std::iter::successors(Some(section), |section| section.parent());
    outward.into_iter().find(|section| matches!(section.kind(), None | Some(SectionKind::VirtualHost)))
}

/// Does a line stand in this host, and not in the one that it inherits from?
pub(crate) fn belongs(line: &Setting, host: Host<'_>) -> bool {
    line.origin().section().and_then(host_of).is_some_and(|section| Arc::ptr_eq(section, host.section()))
}
