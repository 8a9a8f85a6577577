//! Why a URL is answered as it is: every value that holds, and where it comes from.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::Path,
    sync::Arc,
};

use http::{HeaderMap, Method, Uri, Version};
use samovar_config::{Config, Host, Line, Merge, Origin, Query, Resolved, Scope, Setting, url};
use serde_json::{Value, json};

use crate::{
    error::OpenError,
    net::{bind, listen::Listeners, peers::Peers},
    routing::{
        facts::RequestFacts,
        private::Private,
        route::{Route, Target, on_disk, route},
    },
    settings::{
        directives::{ADD_HANDLER, DIRECTORY_INDEX, OPTION, SET_HANDLER},
        directories::document_root,
        phase::{BEFORE, Phase},
        policy::{Naming, Place, interpreter_of, kind_of_file, named, naming},
        read::{self, Opened},
        server::listens,
        texts::Texts,
        values::Kind,
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
    let root = document_root(&opened.root, &host.settings());
    let index = |directory: &Path| {
        let resolved = host.resolve(&asked.path, directory.join("").to_str(), true);
        resolved.get(DIRECTORY_INDEX).flatten().cloned().collect()
    };
    let private = Private::new(&Texts::of(&opened.loaded.report), config, &opened.root);
    let Route { target, index } = route(&root, &asked.path, &on_disk(&private), &index);
    let filename = target.filename().map(|file| file.to_string_lossy().into_owned());
    let query = Query {
        address: asked.address,
        host: asked.host.as_deref(),
        path: index.as_ref().map_or(&asked.path, |index| &index.path),
        filename: filename.as_deref(),
        exact: target.is_exact(),
    };
    let facts = RequestFacts {
        method,
        uri: &asked.uri,
        version: Version::HTTP_11,
        headers,
        host: asked.host.as_deref(),
        path: query.path,
        path_info: target.path_info(),
        filename: filename.as_deref(),
        document_root: &root,
        peers: Peers { local: asked.address, ..Peers::default() },
    };
    let explanation = config.explain_for(&query, &facts);
    let resolved = &explanation.resolved;
    let of_directory = index.as_ref().map(|index| {
        let facts = RequestFacts { path: &asked.path, filename: index.directory.to_str(), ..facts };
        host.resolve_for(&asked.path, facts.filename, true, &facts)
    });
    let of_directory = of_directory.filter(|before| !Arc::ptr_eq(before, resolved));
    let mut before = of_directory.map_or_else(BTreeMap::new, |before| values(&before));
    let is_before = |name: &str| BEFORE.iter().any(|phase| name.starts_with(phase.directive().name()));
    before.retain(|name, _| is_before(name));
    let answering = Answering::of(resolved, &target, &root);
    let considered = |it: &samovar_config::Considered| Considered {
        section: it.scope.to_string(),
        origin: format!("{}:{}", it.scope.file(), it.scope.line()),
        matched: it.matched,
    };
    Explanation {
        url: url.to_owned(),
        host: asked.host.clone(),
        virtual_host: host.index().map(|_| describe(host)),
        virtual_host_origin: host.index().map(|_| format!("{}:{}", host.scope().file(), host.scope().line())),
        interpreter: answering.root.as_ref().map(|root| interpreter(resolved, host, root, filename.as_deref())),
        index: index.map(|index| index.path.clone()),
        before,
        handler: answering.handler,
        handler_root: answering.root,
        values: values(resolved),
        options: options(resolved),
        sections: explanation.sections.iter().map(considered).collect(),
        filename,
    }
}

/// The name of a virtual host, with its section.
fn describe(host: Host<'_>) -> String {
    let scope: &Arc<Scope> = host.scope();
    match host.names().next() {
        Some(name) => format!("{name} {scope}"),
        None => scope.to_string(),
    }
}

/// Who answers, and from which handler root.
struct Answering {
    handler: String,
    root: Option<String>,
}

impl Answering {
    fn of(resolved: &Resolved, target: &Target, document_root: &Path) -> Self {
        let nobody = |handler: &str| Self { handler: handler.to_owned(), root: None };
        let file = match target {
            Target::Hidden => return nobody("none"),
            Target::Slash(_) => return nobody("redirect to the directory"),
            target => target.filename().unwrap_or(document_root),
        };
        let (kind, is_script) = kind_of_file(resolved, file);
        match kind {
            Kind::Nobody => return nobody("none"),
            Kind::Files if matches!(target, Target::File(_)) => return nobody("static"),
            Kind::Files => return nobody("none"),
            Kind::Scripts => {}
        }
        let by = |handler: String, line: Option<&Setting>| {
            let root = Place::of(line).root(file, document_root).to_string_lossy().into_owned();
            Self { handler: format!("script {handler}"), root: Some(root) }
        };
        let named = named(resolved, file);
        match (named.first(), target) {
            (Some(line), _) => {
                let modules = named.iter().map(|line| line.value().join(" "));
                by(modules.collect::<Vec<_>>().join(" "), Some(line))
            }
            (None, Target::Script { file, .. }) => {
                by(file.to_string_lossy().into_owned(), resolved.line(SET_HANDLER).as_deref())
            }
            (None, Target::File(file)) if is_script => {
                by(file.to_string_lossy().into_owned(), resolved.line(SET_HANDLER).as_deref())
            }
            (None, Target::File(_)) => nobody("static"),
            (None, _) => nobody("none"),
        }
    }
}

fn interpreter(resolved: &Resolved, host: Host<'_>, root: &str, file: Option<&str>) -> String {
    match naming(resolved, &interpreter_of(host, &host.settings())) {
        Naming::Named(name) => name,
        Naming::PerDirective => root.to_owned(),
        Naming::PerDirectory => {
            file.and_then(|file| Path::new(file).parent()).unwrap_or(Path::new(root)).to_string_lossy().into_owned()
        }
    }
}

/// Every directive that holds, defaults included; one with keys once for each.
fn values(resolved: &Resolved) -> BTreeMap<String, Held> {
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
