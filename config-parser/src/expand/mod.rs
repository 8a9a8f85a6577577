//! Follows includes, replaces variables and evaluates `<IfDefine>` and `<IfModule>`, line by line.
//!
//! The result has no `Include`, `Define`, `<IfDefine>` or `<IfModule>`; every line still has its place in the file where it
//! was written.

pub(crate) mod files;
mod include;
pub(crate) mod preprocessor;
pub(crate) mod statement;
pub(crate) mod variables;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::expand::files::{Files, normal};
use crate::expand::statement::{Block, ExpandedWord, Item, Statement, count_arguments};
use crate::expand::variables::Variables;
use crate::report::finding::{Finding, FindingCode};
use crate::report::source::{FileId, Sources, Span};
use crate::syntax::limits::ReadLimits;
use crate::syntax::{Node, RawLine, RawSection, Word, parse};

/// Reads files, one after the other.
pub(crate) struct Expander<'a> {
    pub(crate) files: &'a dyn Files,
    pub(crate) limits: ReadLimits,
    pub(crate) variables: Variables,
    pub(crate) modules: BTreeSet<String>,
    /// The directory that relative includes and directories are joined to.
    pub(crate) root: PathBuf,
    pub(crate) sources: Sources,
    pub(crate) findings: Vec<Finding>,
    /// The files that are being read, outermost first.
    pub(crate) chain: Vec<PathBuf>,
    /// Bytes read so far.
    pub(crate) bytes: u64,
    /// Whether too many files have been reported.
    pub(crate) told_too_many: bool,
}

impl Expander<'_> {
    /// Reads a text that is in `sources` already.
    pub(crate) fn text(&mut self, file: FileId) -> Vec<Item> {
        let text = self.sources.get(file).shared_text();
        let syntax = parse(file, &text, &self.limits);
        self.findings.extend(syntax.findings);
        let mut items = Vec::new();
        self.nodes(&syntax.nodes, &mut items);
        items
    }

    fn nodes(&mut self, nodes: &[Node], out: &mut Vec<Item>) {
        for node in nodes {
            match node {
                Node::Directive(line) => self.directive(line, out),
                Node::Section(section) => self.section(section, out),
            }
        }
    }

    fn directive(&mut self, line: &RawLine, out: &mut Vec<Item>) {
        let statement = self.statement(line);
        match preprocessor::Preprocessor::of(&statement.name.value) {
            Some(preprocessor::Preprocessor::Include) => self.include(&statement, false, out),
            Some(preprocessor::Preprocessor::IncludeOptional) => self.include(&statement, true, out),
            Some(preprocessor::Preprocessor::Define) => self.define(&statement),
            Some(preprocessor::Preprocessor::UnDefine) => self.undefine(&statement),
            None => {
                if statement.name.value.eq_ignore_ascii_case(preprocessor::SERVER_ROOT) {
                    self.server_root(&statement);
                }
                out.push(Item::Directive(statement));
            }
        }
    }

    fn section(&mut self, section: &RawSection, out: &mut Vec<Item>) {
        let name = &section.head.name.value;
        let holds = match preprocessor::Conditional::of(name) {
            Some(preprocessor::Conditional::IfDefine) => {
                self.condition(&section.head, |this, name| this.variables.is_defined(name))
            }
            Some(preprocessor::Conditional::IfModule) => {
                self.condition(&section.head, |this, name| this.modules.contains(name))
            }
            None => {
                let head = self.statement(&section.head);
                // Undefined variables have been reported for its words.
                let expression = self.variables.expand(&section.expression, self.files).text;
                let mut items = Vec::new();
                self.nodes(&section.nodes, &mut items);
                out.push(Item::Section(Block { head, expression, items }));
                return;
            }
        };
        if holds {
            self.nodes(&section.nodes, out);
        }
    }

    /// Whether `[!]NAME` is true. A malformed condition is not.
    fn condition(&mut self, head: &RawLine, is_true: fn(&Self, &str) -> bool) -> bool {
        let head = self.statement(head);
        let synopsis = format!("<{} [!]name>", head.name.value);
        let Some([Some(argument)]) = self.take::<1>(&head, 1, &synopsis) else { return false };
        match argument.value.strip_prefix('!') {
            Some(name) => !is_true(self, name),
            None => is_true(self, &argument.value),
        }
    }

    fn define(&mut self, statement: &Statement) {
        let Some([Some(name), value]) = self.take::<2>(statement, 1, "Define NAME [value]") else { return };
        if self.is_name(&name) {
            self.variables.define(name.value, value.map(|value| value.value));
        }
    }

    fn undefine(&mut self, statement: &Statement) {
        let Some([Some(name)]) = self.take::<1>(statement, 1, "UnDefine NAME") else { return };
        if self.is_name(&name) {
            self.variables.undefine(&name.value);
        }
    }

    fn is_name(&mut self, name: &ExpandedWord) -> bool {
        let right = !name.value.is_empty() && !name.value.contains([':', '}']);
        if !right {
            let found =
                Finding::new(FindingCode::BAD_ARGUMENT, name.span, format!("`{}` is not a valid name", name.value));
            self.findings.push(found.expected("expected a name without `:` and `}`"));
        }
        right
    }

    fn server_root(&mut self, statement: &Statement) {
        // A wrong number of arguments is reported when the directive is checked.
        if let [root] = statement.arguments.as_slice() {
            self.root = normal(&self.root.join(Path::new(&root.value)));
        }
    }

    /// Returns the arguments, if there are at least `least` and at most `N`; `None` after a finding.
    pub(crate) fn take<const N: usize>(
        &mut self,
        statement: &Statement,
        least: usize,
        synopsis: &str,
    ) -> Option<[Option<ExpandedWord>; N]> {
        let found = count_arguments(statement, least, Some(N), &format!("usage: `{synopsis}`"));
        if let Some(found) = found {
            self.findings.push(found);
            return None;
        }
        Some(std::array::from_fn(|index| statement.arguments.get(index).cloned()))
    }

    fn statement(&mut self, line: &RawLine) -> Statement {
        let name = self.word(&line.name);
        let arguments = line.arguments.iter().map(|word| self.word(word)).collect();
        Statement { name, arguments, span: line.span }
    }

    fn word(&mut self, word: &Word) -> ExpandedWord {
        ExpandedWord { value: self.expanded(&word.value, word.span), span: word.span }
    }

    fn expanded(&mut self, text: &str, span: Span) -> String {
        // Most words have none.
        if !text.contains("${") {
            return text.to_owned();
        }
        let expanded = self.variables.expand(text, self.files);
        // `${map:key}` is not a variable but a look-up in a map of httpd.
        for name in expanded.undefined.iter().filter(|name| !name.contains(':')) {
            let message = format!("`${{{name}}}` is not defined");
            let known = crate::nearest::did_you_mean(name, self.variables.names());
            let found = Finding::new(FindingCode::UNDEFINED_VARIABLE, span, message).expected("left unchanged").help(
                known.unwrap_or_else(|| format!("add `Define {name} value` above, or set it in the environment")),
            );
            self.findings.push(found);
        }
        expanded.text
    }
}
