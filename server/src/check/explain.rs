//! Explains how a URL is answered: every value that holds, and where it comes from.

use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::Path,
    sync::Arc,
};

use http::{HeaderMap, Method, Uri, Version, header};
use samovar_config::{Config, Host, Line, Merge, Origin, Query, Resolved, Section, Setting, url};

use super::explanation::{Considered, Explanation, Held};
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

/// Explains how a URL, `/path` or `http://host:port/path`, is answered, for a request with this method and these
/// headers. A `Host` header takes precedence over the host of the URL.
///
/// # Errors
/// The configuration cannot be read, or is wrong; or the URL is not valid.
pub fn explain(
    path: impl AsRef<Path>,
    defines: &[String],
    url: &str,
    method: &Method,
    headers: &HeaderMap,
) -> Result<Explanation, OpenError> {
    let opened = read::read(path.as_ref(), defines)?;
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let asked = Asked::read(url, host, &opened.loaded.config)?;
    Ok(explain_in(&opened, url, &asked, method, headers))
}

/// The parts of a URL.
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
    let state = crate::settings::state::configured(opened);
    let private = Private::new(&Texts::of(&opened.loaded.report), config, &opened.root, state.as_deref());
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

/// What answers, as text.
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

/// The settings of the phases before the answer.
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

/// The value of every directive, defaults included; of one with keys a value for each key.
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

/// Several lines that hold are one value; its origin is the last of them.
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
