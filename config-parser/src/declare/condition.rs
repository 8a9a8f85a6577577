//! `<If>`, `<ElseIf>` and `<Else>`.

use std::ops::Range;

use super::{Declarer, usage};
use crate::expand::statement::{Block, ExpandedWord, count_arguments};
use crate::report::finding::{Finding, FindingCode};
use crate::report::source::Span;
use crate::section::expression::Condition;
use crate::section::{Pattern, SectionKind, expression};

impl Declarer<'_> {
    /// Reads the condition of an `<If>`, or of an `<Else>` after it; `None` after a finding.
    pub(super) fn condition(&mut self, kind: SectionKind, block: &Block, in_chain: &mut bool) -> Option<Pattern> {
        let own = self.own_condition(kind, block);
        if kind != SectionKind::If && !*in_chain {
            let message = format!("there is no `<If>` before this `<{}>`", kind.name());
            let wrong = Finding::new(FindingCode::WRONG_CONTEXT, block.head.span, message);
            self.findings.push(wrong.expected("expected an `<If>` or `<ElseIf>` before it, in the same section"));
            return None;
        }
        *in_chain = kind != SectionKind::Else;
        own.map(Pattern::Condition)
    }

    fn own_condition(&mut self, kind: SectionKind, block: &Block) -> Option<Condition> {
        let count = usize::from(kind != SectionKind::Else);
        if let Some(wrong) = count_arguments(&block.head, count, Some(count), &usage(kind, false)) {
            let help = "put the whole expression into double quotes, and texts in it into single quotes".to_owned();
            self.findings.push(if count > 0 { wrong.help(help) } else { wrong });
            return None;
        }
        if count == 0 {
            return Some(Condition::Constant(true));
        }
        let argument = block.head.arguments.first()?;
        match expression::parse(&argument.value) {
            Ok(condition) => Some(condition),
            Err(fault) => {
                let span = self.part(argument, fault.at);
                let wrong = Finding::new(FindingCode::BAD_EXPRESSION, span, "this is not a valid expression");
                self.findings.push(wrong.expected(fault.expected).help(fault.help));
                None
            }
        }
    }

    /// The place of a part of an argument; of the whole argument, if its text was changed by quotes or variables.
    fn part(&self, argument: &ExpandedWord, part: Range<usize>) -> Span {
        let written =
            self.sources.get(argument.span.file).text().get(argument.span.start as usize..argument.span.end as usize);
        let inner = written.and_then(|written| written.find(&argument.value));
        let at = |offset: usize| u32::try_from(offset).ok().map(|offset| argument.span.start + offset);
        let exact = inner.and_then(|inner| Some((at(inner + part.start)?, at(inner + part.end)?)));
        exact.map_or(argument.span, |(start, end)| Span {
            start,
            end: end.max(start + 1).min(argument.span.end),
            ..argument.span
        })
    }
}
