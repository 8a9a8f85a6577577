//! Checks what was read against the schema: every directive is known, allowed where it is, and has valid arguments.

mod condition;
pub(crate) mod declared;
pub(crate) mod overridden;

use std::path::Path;
use std::sync::Arc;

use crate::declare::declared::{Declared, DeclaredSection, Settings};
use crate::declare::overridden::overridden_in_section;
use crate::expand::files::normal;
use crate::expand::preprocessor;
use crate::expand::preprocessor::section_names;
use crate::expand::statement::{Block, ExpandedWord, Item, NO_COMMENT, Statement, count_arguments};
use crate::nearest::nearest;
use crate::report::finding::{Finding, FindingCode};
use crate::report::source::{Sources, Span};
use crate::schema::directive::{Contexts, DIRECTORY, Directive, HOST, SERVER};
use crate::schema::merge::collect;
use crate::schema::parameter::Count;
use crate::schema::setting::{Argument, Origin, Setting};
use crate::schema::value::AnyValue;
use crate::schema::{DirectiveId, Schema};
use crate::section::host_address::HostAddress;
use crate::section::pattern::reason;
use crate::section::{Pattern, Section, SectionKind, compile};

pub(crate) struct Declarer<'a> {
    pub(crate) schema: &'a Schema,
    pub(crate) sources: &'a Sources,
    /// The directory that relative directories are joined to.
    pub(crate) root: &'a Path,
    pub(crate) findings: Vec<Finding>,
}

/// The content of one section so far.
#[derive(Default)]
struct Found {
    lines: Vec<(DirectiveId, Arc<Setting>)>,
    directories: Vec<Arc<DeclaredSection>>,
    files: Vec<Arc<DeclaredSection>>,
    locations: Vec<Arc<DeclaredSection>>,
    conditions: Vec<Arc<DeclaredSection>>,
    /// Whether an `<Else>` may come next.
    in_chain: bool,
    hosts: Vec<Declared>,
}

impl Declarer<'_> {
    /// The main server, with everything in it.
    pub(crate) fn server(&mut self, items: &[Item], file: Arc<str>) -> Declared {
        let section =
            Section { kind: None, argument: String::new(), pattern: None, parent: None, file, line: 1, span: None };
        self.declare(items, Arc::new(section), Vec::new(), None)
    }

    fn declare(
        &mut self,
        items: &[Item],
        section: Arc<Section>,
        addresses: Vec<HostAddress>,
        opener: Option<Span>,
    ) -> Declared {
        let found = self.items(items, &section, opener);
        let settings = self.settings(&found.lines);
        let Found { directories, files, locations, conditions, hosts, .. } = found;
        Declared { head: section, addresses, settings, directories, files, locations, conditions, hosts }
    }

    fn items(&mut self, items: &[Item], section: &Arc<Section>, opener: Option<Span>) -> Found {
        let mut found = Found::default();
        for item in items {
            match item {
                Item::Directive(statement) => found.lines.extend(self.directive(statement, section, opener)),
                Item::Section(block) => self.section(block, section, opener, &mut found),
            }
        }
        found
    }

    fn directive(
        &mut self,
        statement: &Statement,
        section: &Arc<Section>,
        opener: Option<Span>,
    ) -> Option<(DirectiveId, Arc<Setting>)> {
        let Some(id) = self.schema.id(&statement.name.value) else {
            self.unknown_directive(&statement.name);
            return None;
        };
        let directive = self.schema.directive(id);
        if !directive.contexts.contains(context(section)) {
            self.wrong_context(directive, statement, section, opener);
            return None;
        }
        let arguments = self.arguments(directive, statement)?;
        let value = self.value(directive, statement, &arguments)?;
        let origin = self.origin(statement.span, section);
        Some((id, Arc::new(Setting { directive: directive.name, arguments, value, origin })))
    }

    fn arguments(&mut self, directive: &Directive, statement: &Statement) -> Option<Vec<Argument>> {
        if let Some(found) = self.comment(directive, statement) {
            self.findings.push(found);
            return None;
        }
        let open_ended = directive.parameter(usize::MAX).is_some();
        let most = (!open_ended).then_some(directive.parameters.len());
        if let Some(found) = count_arguments(statement, directive.least_arguments(), most, &directive.usage()) {
            self.findings.push(found);
            return None;
        }
        let mut arguments = Vec::with_capacity(statement.arguments.len());
        for (index, text) in statement.arguments.iter().enumerate() {
            match directive.parameter(index)?.read(&text.value) {
                Ok(value) => arguments.push(Argument::new(&text.value, value, Some(text.span))),
                Err(wrong) => {
                    let message = format!("`{}` does not take `{}` here", directive.name, text.value);
                    let found = Finding::new(FindingCode::BAD_ARGUMENT, text.span, message).expected(wrong.expected);
                    let comment = text.value.starts_with('#').then(|| NO_COMMENT.to_owned());
                    let help = comment.or(wrong.help).unwrap_or_else(|| directive.usage());
                    self.findings.push(found.help(help));
                }
            }
        }
        (arguments.len() == statement.arguments.len()).then_some(arguments)
    }

    /// Finds a comment after the arguments, which would be read as further arguments. An argument that is meant to begin with
    /// `#` is quoted, or is one that the directive takes, such as a colour.
    fn comment(&self, directive: &Directive, statement: &Statement) -> Option<Finding> {
        let is_more = |index: usize| {
            let open_ended = directive.parameter(index).is_some_and(|parameter| parameter.count == Count::Many);
            open_ended || index >= directive.parameters.len()
        };
        let begins = |(index, text): &(usize, &ExpandedWord)| {
            let is_bare =
                self.sources.get(text.span.file).text().get(text.span.range()).is_some_and(|it| it.starts_with('#'));
            is_bare && (text.value == "#" || is_more(*index))
        };
        let (_, first) = statement.arguments.iter().enumerate().find(begins)?;
        let last = statement.arguments.last().unwrap_or(first);
        let message = format!("a comment cannot follow the arguments of `{}`", directive.name);
        let found = Finding::new(FindingCode::EXTRA_ARGUMENT, first.span.to(last.span), message);
        Some(found.expected("these would be further arguments").help(format!("{NO_COMMENT}, or quote the argument")))
    }

    /// Reads the value of a line from its arguments, each of which is valid by itself; `None` after a finding.
    fn value(&mut self, directive: &Directive, statement: &Statement, arguments: &[Argument]) -> Option<AnyValue> {
        match directive.read(arguments) {
            Ok(value) => Some(value),
            Err(fault) => {
                let at = statement.arguments.get(fault.argument).map_or(statement.span, |text| text.span);
                let found = Finding::new(FindingCode::BAD_ARGUMENT, at, fault.message).expected(fault.expected);
                self.findings.push(found.help(directive.usage()));
                None
            }
        }
    }

    fn section(&mut self, block: &Block, parent: &Arc<Section>, opener: Option<Span>, found: &mut Found) {
        let Some(kind) = self.kind(block) else { return };
        if !kind.may_stand_in(parent.kind) {
            self.wrong_section(kind, block, parent, opener);
            // The content is checked as well, so that one run finds every mistake.
            let section = self.opened(kind, block, parent, None);
            drop(self.items(&block.items, &section, Some(block.head.span)));
            return;
        }
        match kind {
            SectionKind::VirtualHost => self.host(block, parent, found),
            _ => {
                let pattern = match kind {
                    _ if kind.is_condition() => self.condition(kind, block, &mut found.in_chain),
                    _ => self.pattern(kind, block),
                };
                let section = self.opened(kind, block, parent, pattern);
                let inner = self.items(&block.items, &section, Some(block.head.span));
                let settings = self.settings(&inner.lines);
                let section = Arc::new(DeclaredSection {
                    head: section,
                    settings,
                    files: inner.files,
                    conditions: inner.conditions,
                });
                let group = match kind {
                    _ if kind.is_directory() => &mut found.directories,
                    _ if kind.is_files() => &mut found.files,
                    _ if kind.is_condition() => &mut found.conditions,
                    _ => &mut found.locations,
                };
                group.push(section);
            }
        }
    }

    /// The kind of a section. For an unknown name, after a finding, the kind that was probably meant, so that the content is
    /// checked as well.
    fn kind(&mut self, block: &Block) -> Option<SectionKind> {
        let name = &block.head.name;
        let known = SectionKind::of(&name.value);
        if known.is_some() {
            return known;
        }
        let close = nearest(&name.value, section_names());
        let message = format!("there is no section `<{}>`", name.value);
        let help = || close.map_or_else(|| ELSEWHERE.to_owned(), |close| format!("did you mean `<{close}>`?"));
        let help = self.schema.absent(&format!("<{}>", name.value)).map_or_else(help, str::to_owned);
        self.findings.push(Finding::new(FindingCode::UNKNOWN_SECTION, name.span, message).help(help));
        close.and_then(SectionKind::of)
    }

    fn host(&mut self, block: &Block, parent: &Arc<Section>, found: &mut Found) {
        self.findings.extend(count_arguments(&block.head, 1, None, &usage(SectionKind::VirtualHost, false)));
        let mut addresses = Vec::new();
        for text in &block.head.arguments {
            match HostAddress::read(&text.value) {
                Some(address) => addresses.push(address),
                None => {
                    let message = format!("`{}` is not an address", text.value);
                    let wrong = Finding::new(FindingCode::BAD_ADDRESS, text.span, message)
                        .expected("expected `*`, `*:port`, `address` or `address:port`")
                        .help("address and port are numbers; a host name belongs in `ServerName`".to_owned());
                    self.findings.push(wrong);
                }
            }
        }
        let section = self.opened(SectionKind::VirtualHost, block, parent, None);
        found.hosts.push(self.declare(&block.items, section, addresses, Some(block.head.span)));
    }

    /// Reads what a section matches; `None` after a finding.
    fn pattern(&mut self, kind: SectionKind, block: &Block) -> Option<Pattern> {
        let tilde = !kind.is_match() && block.head.arguments.first().is_some_and(|first| first.value == "~");
        let least = 1 + usize::from(tilde);
        if let Some(wrong) = count_arguments(&block.head, least, Some(least), &usage(kind, tilde)) {
            self.findings.push(wrong);
            return None;
        }
        let argument = block.head.arguments.last()?;
        let regex = tilde || kind.is_match();
        let text =
            if kind == SectionKind::Directory && !regex { self.directory(argument) } else { argument.value.clone() };
        let pattern = compile(kind, &text, regex);
        if let Err(error) = &pattern {
            self.bad_pattern(argument, error, regex);
        }
        if !regex {
            self.can_match(kind, argument, &text);
        }
        pattern.ok()
    }

    /// The absolute, normal form of a directory's path.
    fn directory(&self, argument: &ExpandedWord) -> String {
        let path = normal(&self.root.join(&argument.value));
        path.to_string_lossy().into_owned()
    }

    /// Warns about a plain text that nothing can match; `text` is the argument as it is compared.
    fn can_match(&mut self, kind: SectionKind, argument: &ExpandedWord, text: &str) {
        let reason = match kind {
            SectionKind::Directory if !text.starts_with('/') => "the path of a directory begins with `/`",
            SectionKind::Location if !text.starts_with(['/', '*', '?', '[']) => "a URL path begins with `/`",
            SectionKind::Location if text.contains("//") => {
                "doubled slashes are removed from the URL before it is matched"
            }
            SectionKind::Files if text.contains('/') => "the name of a file has no `/`",
            _ => return,
        };
        let wrong =
            Finding::new(FindingCode::NEVER_MATCHES, argument.span, "this section can never match").expected(reason);
        self.findings.push(wrong);
    }

    fn opened(
        &self,
        kind: SectionKind,
        block: &Block,
        parent: &Arc<Section>,
        pattern: Option<Pattern>,
    ) -> Arc<Section> {
        let source = self.sources.get(block.head.span.file);
        let line = source.position(block.head.span.start).line;
        let (argument, file) = (block.expression.clone(), Arc::clone(source.display()));
        let span = Some(block.head.span);
        Arc::new(Section { kind: Some(kind), argument, pattern, parent: Some(Arc::clone(parent)), file, line, span })
    }

    fn origin(&self, span: Span, section: &Arc<Section>) -> Origin {
        let source = self.sources.get(span.file);
        let position = source.position(span.start);
        let (file, section) = (Arc::clone(source.display()), Arc::clone(section));
        Origin::Line { file, line: position.line, column: position.column, span, section }
    }

    fn settings(&mut self, lines: &[(DirectiveId, Arc<Setting>)]) -> Settings {
        let mut ids: Vec<DirectiveId> = lines.iter().map(|(id, _)| *id).collect();
        ids.sort_unstable();
        ids.dedup();
        let of = |id: DirectiveId| -> Vec<Arc<Setting>> {
            lines.iter().filter(|(other, _)| *other == id).map(|(_, setting)| Arc::clone(setting)).collect()
        };
        let mut settings = Settings::new();
        for id in ids {
            let (rule, lines) = (self.schema.directive(id).merge, of(id));
            let held = collect(rule, &lines);
            self.findings.extend(overridden_in_section(rule, &lines, &held));
            settings.push((id, held));
        }
        settings
    }

    fn unknown_directive(&mut self, name: &ExpandedWord) {
        let declared = self.schema.iter().map(|directive| directive.name);
        let close = nearest(&name.value, declared.chain(preprocessor::Preprocessor::names()));
        let message = format!("there is no directive `{}`", name.value);
        let help = || close.map_or_else(|| ELSEWHERE.to_owned(), |close| format!("did you mean `{close}`?"));
        let help = self.schema.absent(&name.value).map_or_else(help, str::to_owned);
        self.findings.push(Finding::new(FindingCode::UNKNOWN_DIRECTIVE, name.span, message).help(help));
    }

    fn wrong_context(&mut self, directive: &Directive, statement: &Statement, section: &Section, opener: Option<Span>) {
        let (name, place) = (directive.name, place(section));
        let message = format!("`{name}` is not allowed {place}");
        let wrong = Finding::new(FindingCode::WRONG_CONTEXT, statement.name.span, message);
        self.misplaced(wrong.expected(format!("it is allowed {}", directive.contexts)), opener);
    }

    fn wrong_section(&mut self, kind: SectionKind, block: &Block, section: &Section, opener: Option<Span>) {
        let message = format!("`<{}>` is not allowed {}", kind.name(), place(section));
        let wrong = Finding::new(FindingCode::WRONG_CONTEXT, block.head.span, message);
        self.misplaced(wrong.expected(format!("it is allowed {}", kind.contexts())), opener);
    }

    fn misplaced(&mut self, wrong: Finding, opener: Option<Span>) {
        self.findings.push(match opener {
            Some(opener) => wrong.related(opener, "opened here"),
            None => wrong,
        });
    }

    fn bad_pattern(&mut self, argument: &ExpandedWord, error: &regex::Error, regex: bool) {
        let what = if regex { "regular expression" } else { "pattern" };
        let message = format!("`{}` is not a {what}", argument.value);
        self.findings.push(Finding::new(FindingCode::BAD_PATTERN, argument.span, message).expected(reason(error)));
    }
}

/// The advice for a name that nothing is close to: it may belong to another program.
const ELSEWHERE: &str = "put directives of another server into an `<IfModule name>` of that server";

/// Says where a line in this section is.
fn place(section: &Section) -> String {
    match section.kind {
        Some(_) => format!("in `{section}`"),
        None => "outside all sections".to_owned(),
    }
}

fn usage(kind: SectionKind, tilde: bool) -> String {
    let written = format!("{} {}", kind.name(), if tilde { "~ regex" } else { kind.takes() });
    format!("usage: `<{}>`", written.trim_end())
}

fn context(section: &Section) -> Contexts {
    match section.kind {
        None => SERVER,
        Some(SectionKind::VirtualHost) => HOST,
        Some(_) => DIRECTORY,
    }
}
