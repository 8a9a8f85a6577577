//! Why a URL is answered as it is: every value that holds, and where it comes from.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::Path,
    sync::Arc,
};

use http::{HeaderMap, Method, Uri, Version};
use samovar_config::{Config, Host, Line, Merge, Origin, Query, Resolved, Section, Setting, url};
use serde_json::{Value, json};

use crate::{
    error::OpenError,
    net::{bind, listen::Listeners, peers::Peers},
    routing::{
        answering::{Answering, Callee, Otherwise},
        facts::RequestFacts,
        holding::{Holding, index_names},
        private::Private,
        route::{on_disk, route},
    },
    settings::{
        directives::{ADD_HANDLER, OPTION},
        host::HostValues,
        phase::{BEFORE, Phase},
        policy::Policy,
        read::{self, Opened},
        server::listens,
        texts::Texts,
    },
};

/// Why a URL is answered as it is. Plain data, for people as [`render`](Self::render) and for programs as
/// [`to_json`](Self::to_json).
#[derive(Clone, Debug)]
pub struct Explanation {
    /// The URL that was asked about.
    pub url: String,
    /// The host that was asked for.
    pub host: Option<String>,
    /// The virtual host that answers: its section; `None` for the main server.
    pub virtual_host: Option<String>,
    /// Where that section is opened, `file:line`.
    pub virtual_host_origin: Option<String>,
    /// The file that the URL leads to, or would lead to.
    pub filename: Option<String>,
    /// The path that leads to that file alone, if it answers for a directory: what holds is what holds for that path.
    pub index: Option<String>,
    /// What holds for that directory of the phases before the answer, which come before those of the file.
    pub before: BTreeMap<String, Held>,
    /// Who answers: `script` and its name, `static`, or `none`.
    pub handler: String,
    /// What `~` means to the scripts.
    pub handler_root: Option<String>,
    /// The interpreter that runs them.
    pub interpreter: Option<String>,
    /// What holds, by directive.
    pub values: BTreeMap<String, Held>,
    /// What holds of `RhaiOption`, by key.
    pub options: BTreeMap<String, Held>,
    /// The sections that were considered, in the order in which they are merged.
    pub sections: Vec<Considered>,
}

/// A value that holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// Its text.
    pub value: String,
    /// `file:line`, or `default`.
    pub origin: String,
}

/// A section that was considered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Considered {
    /// As it is written: `<Location /x>`.
    pub section: String,
    /// `file:line`.
    pub origin: String,
    /// Does it hold for the URL?
    pub matched: bool,
}

/// Explains a URL, `/path` or `http://host:port/path`; `host` is the `Host` header, in place of the URL's.
///
/// # Errors
/// The configuration cannot be read, or is wrong; or the URL is none.
pub fn explain(
    path: impl AsRef<Path>,
    defines: &[String],
    url: &str,
    host: Option<&str>,
) -> Result<Explanation, OpenError> {
    explain_request(path, defines, url, host, &Method::GET, &HeaderMap::new())
}

/// As [`explain`], for a request with this method and these headers, which the conditions of `<If>` may ask for.
///
/// # Errors
/// As for [`explain`].
pub fn explain_request(
    path: impl AsRef<Path>,
    defines: &[String],
    url: &str,
    host: Option<&str>,
    method: &Method,
    headers: &HeaderMap,
) -> Result<Explanation, OpenError> {
    let opened = read::read(path.as_ref(), defines)?;
    let asked = Asked::read(url, host, &opened.loaded.config)?;
    Ok(explain_in(&opened, url, &asked, method, headers))
}

/// A URL, taken apart.
struct Asked {
    address: SocketAddr,
    host: Option<String>,
    path: String,
    uri: Uri,
}

impl Asked {
    fn read(text: &str, host: Option<&str>, config: &Config) -> Result<Self, OpenError> {
        let bad = |reason: String| OpenError::Url { url: text.to_owned(), reason };
        let uri: Uri = text.parse().map_err(|error: http::uri::InvalidUri| bad(error.to_string()))?;
        let path = url::normalize(uri.path()).map_err(|error| bad(error.to_string()))?;
        let listens = bind::reachable(&listens(config));
        let mut address = listens.first().copied().unwrap_or(Listeners::DEFAULT);
        if let Some(port) = uri.port_u16() {
            let of_port = listens.iter().find(|address| address.port() == port);
            address = of_port.copied().unwrap_or(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port));
        }
        let host = host.or_else(|| uri.authority().map(http::uri::Authority::as_str)).map(str::to_owned);
        Ok(Self { address, host, path, uri })
    }
}

fn explain_in(opened: &Opened, url: &str, asked: &Asked, method: &Method, headers: &HeaderMap) -> Explanation {
    let config = &opened.loaded.config;
    let host = config.host_for(asked.address, asked.host.as_deref());
    let values = Arc::new(HostValues::of(host, &opened.root));
    let private = Private::new(&Texts::of(&opened.loaded.report), config, &opened.root);
    let index = |directory: &Path| index_names(host, &asked.path, directory);
    let route = route(&values.document_root, &asked.path, &on_disk(&private), &index);
    let facts = RequestFacts {
        method,
        uri: &asked.uri,
        version: Version::HTTP_11,
        headers,
        host: asked.host.as_deref(),
        path: &asked.path,
        path_info: "",
        filename: None,
        document_root: &values.document_root,
        peers: Peers { local: asked.address, ..Peers::default() },
    };
    let Holding { page, directory } = Holding::of(host, &route, &facts);
    let before = directory.map_or_else(BTreeMap::new, |directory| held_before(&directory));
    let policy = Policy::of(page.clone(), &values);
    let answering = Answering::of(&policy, &route.target);
    let content: Vec<_> = answering.callees(Phase::Handler).collect();
    let filename = route.target.filename().map(|file| file.to_string_lossy().into_owned());
    let facts = facts.of_page(&route, filename.as_deref());
    let query = Query {
        address: asked.address,
        host: asked.host.as_deref(),
        path: facts.path,
        filename: facts.filename,
        exact: route.target.is_exact(),
    };
    let considered = |it: &samovar_config::SectionMatch| Considered {
        section: it.section.to_string(),
        origin: format!("{}:{}", it.section.file(), it.section.line()),
        matched: it.matched,
    };
    Explanation {
        url: url.to_owned(),
        host: asked.host.clone(),
        virtual_host: host.index().map(|_| describe(host)),
        virtual_host_origin: host.index().map(|_| format!("{}:{}", host.section().file(), host.section().line())),
        interpreter: content.first().map(|callee| callee.interpreter().into_owned()),
        index: route.index.as_ref().map(|index| index.path.clone()),
        before,
        handler: handler(&content, answering.otherwise),
        handler_root: content.first().map(|callee| callee.root.to_string_lossy().into_owned()),
        values: held(&page),
        options: options(&page),
        sections: config.trace_for(&query, &facts).sections.iter().map(considered).collect(),
        filename,
    }
}

/// Who answers, in words.
fn handler(content: &[Callee<'_>], otherwise: Otherwise<'_>) -> String {
    if !content.is_empty() {
        let names: Vec<_> = content.iter().map(Callee::name).collect();
        return format!("script {}", names.join(" "));
    }
    match otherwise {
        Otherwise::File(_) => "static",
        Otherwise::Slash => "redirect to the directory",
        Otherwise::Nothing => "none",
    }
    .to_owned()
}

/// What holds of the phases before the answer.
fn held_before(resolved: &Resolved) -> BTreeMap<String, Held> {
    let mut before = held(resolved);
    before.retain(|name, _| BEFORE.iter().any(|phase| name.starts_with(phase.directive().name())));
    before
}

/// The name of a virtual host, with its section.
fn describe(host: Host<'_>) -> String {
    let section: &Arc<Section> = host.section();
    match host.names().next() {
        Some(name) => format!("{name} {section}"),
        None => section.to_string(),
    }
}

/// Every directive that holds, defaults included; one with keys once for each.
fn held(resolved: &Resolved) -> BTreeMap<String, Held> {
    let mut values = BTreeMap::new();
    for (directive, lines) in resolved.iter().filter(|(directive, _)| directive.name() != OPTION.name()) {
        for (key, line) in lines {
            let name = directive.name();
            let (entry, text) = match (key, directive.merge()) {
                (Some(key), Merge::PerKey | Merge::PerKeyTighten(_)) => (format!("{name} {key}"), text(line, 1)),
                (Some(_), _) => continue,
                (None, _) => (name.to_owned(), text(line, 0)),
            };
            add(&mut values, entry, text, line);
        }
    }
    let entry = |name: &str, line_key: Option<&str>| match line_key.unwrap_or_default() {
        "" => name.to_owned(),
        extension => format!("{name} | {extension}"),
    };
    for line in resolved.lines(ADD_HANDLER) {
        let handler = line.text().unwrap_or_default().to_owned();
        add(&mut values, entry(ADD_HANDLER.name(), line.key()), handler, &line);
    }
    for phase in Phase::ALL.map(Phase::directive) {
        for line in resolved.lines(phase) {
            add(&mut values, entry(phase.name(), line.key()), line.value().join(" "), &line);
        }
    }
    values
}

/// The arguments of a line, from this one on.
fn text(line: &Setting, from: usize) -> String {
    line.texts().skip(from).collect::<Vec<_>>().join(" ")
}

/// Lines that hold together are one value; its origin is the last of them.
fn add(values: &mut BTreeMap<String, Held>, name: String, text: String, line: &Setting) {
    let origin = origin(line);
    match values.get_mut(&name) {
        Some(held) => *held = Held { value: format!("{} {text}", held.value), origin },
        None => drop(values.insert(name, Held { value: text, origin })),
    }
}

fn options(resolved: &Resolved) -> BTreeMap<String, Held> {
    let held = |line: Line<'_, String>| Held { value: line.value().to_owned(), origin: origin(&line) };
    resolved.lines(OPTION).map(|line| (line.key().unwrap_or_default().to_owned(), held(line))).collect()
}

fn origin(line: &Setting) -> String {
    match line.origin() {
        Origin::Default => "default".to_owned(),
        Origin::Line { file, line, .. } => format!("{file}:{line}"),
    }
}

impl Explanation {
    /// As data for programs.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let held = |values: &BTreeMap<String, Held>| -> Value {
            let pair =
                |(name, held): (&String, &Held)| (name.clone(), json!({ "value": held.value, "origin": held.origin }));
            Value::Object(values.iter().map(pair).collect())
        };
        let section = |it: &Considered| json!({ "section": it.section, "origin": it.origin, "matched": it.matched });
        json!({
            "url": self.url,
            "host": self.host,
            "virtual_host": self.virtual_host,
            "filename": self.filename,
            "index": self.index,
            "before": held(&self.before),
            "handler": self.handler,
            "handler_root": self.handler_root,
            "interpreter": self.interpreter,
            "values": held(&self.values),
            "options": held(&self.options),
            "sections": self.sections.iter().map(section).collect::<Vec<_>>(),
        })
    }

    /// As text for people.
    #[must_use]
    pub fn render(&self) -> String {
        let mut out = String::new();
        let head = [
            ("url", Some(self.url.as_str())),
            ("host", self.host.as_deref()),
            ("virtual host", Some(self.virtual_host.as_deref().unwrap_or("the main server"))),
            ("file", self.filename.as_deref()),
            ("as if", self.index.as_deref()),
            ("handler", Some(self.handler.as_str())),
            ("handler root", self.handler_root.as_deref()),
            ("interpreter", self.interpreter.as_deref()),
        ];
        for (name, value) in head.into_iter().filter_map(|(name, value)| Some((name, value?))) {
            let _ = writeln!(out, "{name:<13} {value}");
        }
        table(&mut out, "Before, for the directory", &self.before);
        table(&mut out, "Values", &self.values);
        table(&mut out, "Options", &self.options);
        if !self.sections.is_empty() {
            out.push_str("\nSections, in the order of merging\n");
        }
        for it in &self.sections {
            let mark = if it.matched { "matched" } else { "-" };
            let _ = writeln!(out, "  {mark:<8} {}  ({})", it.section, it.origin);
        }
        out
    }
}

fn table(out: &mut String, title: &str, values: &BTreeMap<String, Held>) {
    if values.is_empty() {
        return;
    }
    let name = values.keys().map(|name| name.chars().count()).max().unwrap_or_default();
    let value = values.values().map(|held| held.value.chars().count()).max().unwrap_or_default().min(40);
    let _ = writeln!(out, "\n{title}");
    for (key, held) in values {
        let _ = writeln!(out, "  {key:<name$}  {:<value$}  {}", held.value, held.origin);
    }
}
