//! The straight way of a request: path, host, target, policy, handlers, answer.

use std::{path::Path, sync::Arc};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header, request::Parts};
use samovar_config::url;
use samovar_importer::Diagnostic;
use samovar_rhai::{Exchange, Handler, RequestHead, encode_location, status_page};

use crate::{
    error::OpenError,
    logs::{level, repeated},
    net::{peers::Peers, sending::Sent},
    request::{
        aftermath::Aftermath,
        authority,
        body::{self, Body},
        course::{After, Course, Phases},
        files,
        pages::{error_page, forbid_guessing, in_a_moment, refused_page},
        pool::{Busy, Pool},
        spool,
    },
    routing::{
        facts::RequestFacts,
        route::{Index, Route, Target},
    },
    settings::{
        phase::{BEFORE, Phase},
        policy::Kind,
    },
    site::{
        configuration::{Configuration, Served},
        policy::{NoHandler, Policy},
    },
};

/// What a request is answered with.
pub(crate) struct Way<'s> {
    pub(crate) configuration: &'s Configuration,
    pub(crate) pool: &'s Arc<Pool>,
    /// Where what follows the answer runs.
    pub(crate) following: &'s Arc<Pool>,
    pub(crate) peers: Peers,
    /// Who tells that the answer was sent.
    pub(crate) sent: Option<Sent>,
}

/// What is known of a request when its policy is found.
struct Asked<'w> {
    configuration: &'w Configuration,
    path: &'w str,
    served: &'w Served,
    target: Target,
    policy: Arc<Policy>,
    directory: Option<Directory>,
}

/// A directory for which a page answers, with what holds for it. Its handlers have their say before those of the page.
struct Directory {
    index: Arc<Index>,
    policy: Arc<Policy>,
}

impl Asked<'_> {
    /// The file that the path leads to, or would lead to.
    fn file(&self) -> &Path {
        self.target.filename().unwrap_or(&self.served.document_root)
    }
}

type Answer = Result<Response<Body>, Response<Bytes>>;

impl Way<'_> {
    /// Answers. Whatever goes wrong becomes a response, and a line in the log.
    pub(crate) async fn respond<B>(&self, mut request: Request<B>) -> Response<Body>
    where
        B: http_body::Body<Data = Bytes> + Send,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let is_clear = authority::is_clear(&request);
        name_host(&mut request);
        let (_, served) = self.configuration.host(self.peers.local, host_name(request.headers()));
        let entry = served.access_log.as_ref().map(|log| log.entry(&request, self.peers.remote.ip()));
        let mut aftermath = Aftermath::default();
        let mut response = match is_clear {
            true => self.answer(request, &mut aftermath).await.unwrap_or_else(body::whole),
            false => body::whole(status_page(StatusCode::BAD_REQUEST, None)),
        };
        forbid_guessing(response.headers_mut());
        match entry.is_none() && aftermath.is_empty() {
            true => response,
            false => aftermath.follow(response, entry, self.following.clone(), self.sent.clone()),
        }
    }

    async fn answer<B>(&self, request: Request<B>, aftermath: &mut Aftermath) -> Answer
    where
        B: http_body::Body<Data = Bytes> + Send,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        if let Some(response) = about_no_resource(&request) {
            return Err(response);
        }
        let path = url::normalize(request.uri().path()).map_err(|error| {
            status_page(StatusCode::from_u16(error.status()).unwrap_or(StatusCode::BAD_REQUEST), None)
        })?;
        let (host, served) = self.configuration.host(self.peers.local, host_name(request.headers()));
        let Route { target, index } = self.configuration.route(host, served, &path);
        if target == Target::Hidden {
            return Err(status_page(StatusCode::NOT_FOUND, None));
        }
        let filename = target.filename().map(Path::to_string_lossy);
        let facts = RequestFacts {
            method: request.method(),
            uri: request.uri(),
            version: request.version(),
            headers: request.headers(),
            host: host_name(request.headers()),
            path: index.as_ref().map_or(&path, |index| &index.path),
            path_info: target.path_info(),
            filename: filename.as_deref(),
            document_root: &served.document_root,
            peers: self.peers,
        };
        let policy = self.configuration.policy(host, served, target.is_exact(), &facts).map_err(internal)?;
        let directory = index.as_ref().map(|index| {
            let facts = RequestFacts { path: &path, filename: index.directory.to_str(), ..facts };
            let policy = self.configuration.policy(host, served, true, &facts)?;
            Ok(Directory { index: index.clone(), policy })
        });
        // Where the same holds for both, nobody is asked twice.
        let directory = directory.transpose().map_err(internal)?.filter(|it| !Arc::ptr_eq(&it.policy, &policy));
        drop(filename);
        let asked = Asked { configuration: self.configuration, path: &path, served, target, policy, directory };
        let mut course = asked.course().map_err(|error| asked.no_handler(&error))?;
        aftermath.after = asked.after().map_err(|error| asked.no_handler(&error))?;
        course.later = aftermath.after.handlers().cloned().collect();
        if course.is_empty() && aftermath.after.is_empty() {
            return asked.without_script(request, HeaderMap::new()).await;
        }
        self.scripted(request, &asked, course, aftermath).await
    }

    /// Runs the handlers of a request, and lets a file answer if none of them does.
    async fn scripted<B>(
        &self,
        request: Request<B>,
        asked: &Asked<'_>,
        course: Course,
        aftermath: &mut Aftermath,
    ) -> Answer
    where
        B: http_body::Body<Data = Bytes> + Send,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let policy = &asked.policy;
        let (parts, body) = request.into_parts();
        // Only who answers wants the body: a file is served without it.
        let body = match course.content.is_empty() {
            true => Bytes::new(),
            false => read(body, policy).await?,
        };
        let exchange = Exchange::with_options(self.head(&parts, asked), body, policy.options.clone());
        aftermath.exchange = Some(exchange.clone());
        aftermath.error_log = asked.served.error_log.clone();
        aftermath.level = Some(policy.level);
        if policy.debug
            && let Some(refused) = course.content.iter().find_map(Handler::refusal)
        {
            return Err(refused_page(&refused));
        }
        let ((result, pins), exchange) = if course.is_empty() {
            ((Ok(None), Vec::new()), exchange)
        } else {
            let level = policy.level;
            let run = move || {
                let (result, pins) = level::at(level, || course.run(&exchange));
                let kept = result.map(|answer| answer.map(|response| spool::keep(response, exchange.path())));
                ((kept, pins), exchange)
            };
            self.pool.run(run).await.map_err(|busy| asked.busy(busy))?
        };
        aftermath.pins = pins;
        match result {
            Ok(Some(response)) => Ok(response),
            Ok(None) => {
                let set = exchange.written().into_parts().0.headers;
                asked.without_script(Request::from_parts(parts, ()), set).await
            }
            Err(diagnostic) => Err(asked.failed(&diagnostic)),
        }
    }

    fn head(&self, parts: &Parts, asked: &Asked<'_>) -> RequestHead {
        RequestHead {
            method: parts.method.clone(),
            uri: parts.uri.to_string(),
            path: asked.path.to_owned(),
            path_info: asked.target.path_info().to_owned(),
            query: parts.uri.query().unwrap_or_default().to_owned(),
            headers: parts.headers.clone(),
            remote_ip: Some(self.peers.remote.ip()),
            filename: asked.file().to_string_lossy().into_owned(),
        }
    }
}

impl Asked<'_> {
    /// The handlers up to the answer.
    fn course(&self) -> Result<Course, NoHandler> {
        let directory = self.directory.as_ref();
        let of_directory = |it: &Directory| {
            let before = before(&it.policy, &it.index.directory)?;
            Ok::<_, NoHandler>((it.policy.options.clone(), before))
        };
        let directory = directory.map(of_directory).transpose()?;
        let before = before(&self.policy, self.file())?;
        Ok(Course { directory, before, content: self.content()?, later: Vec::new() })
    }

    fn content(&self) -> Result<Vec<Handler>, NoHandler> {
        let (policy, file) = (&self.policy, self.file());
        if policy.kind(file) != Kind::Scripts || matches!(self.target, Target::Slash(_)) {
            return Ok(Vec::new());
        }
        let named = policy.named(Phase::Handler, file)?;
        match &self.target {
            _ if !named.is_empty() => Ok(named),
            Target::Script { file, .. } => Ok(vec![policy.script(file)?]),
            Target::File(file) if policy.is_script(file) => Ok(vec![policy.script(file)?]),
            _ => Ok(Vec::new()),
        }
    }

    fn after(&self) -> Result<After, NoHandler> {
        let named = |phase| match self.policy.has(phase) {
            true => self.policy.named(phase, self.file()),
            false => Ok(Vec::new()),
        };
        Ok(After { log: named(Phase::Log)?, cleanup: named(Phase::Cleanup)? })
    }

    /// Answers with a file, with `set` among its headers, or with what is to be said where there is none.
    async fn without_script<B>(&self, request: Request<B>, set: HeaderMap) -> Answer {
        match &self.target {
            Target::Slash(_) => Err(with_slash(&request)),
            Target::File(file) if self.policy.kind(file) != Kind::Nobody && !self.policy.is_script(file) => {
                let (root, private) = (&self.served.document_root, self.configuration.private());
                let mut response = files::serve(root, file.clone(), private, head(&request)).await;
                for (name, value) in &set {
                    response.headers_mut().insert(name, value.clone());
                }
                Ok(response)
            }
            _ => Err(status_page(StatusCode::NOT_FOUND, None)),
        }
    }

    /// A script whose file is gone is not found; anything else is an error of the site's.
    fn no_handler(&self, error: &NoHandler) -> Response<Bytes> {
        if let Target::Script { file, .. } = &self.target
            && error.missing
            && !file.exists()
        {
            self.served.forget_routes();
            return status_page(StatusCode::NOT_FOUND, None);
        }
        self.failed(&error.diagnostic)
    }

    /// The page for a request that no script can be run for now.
    fn busy(&self, _: Busy) -> Response<Bytes> {
        let busy = Diagnostic::error("no script thread is free").help("scripts that wait for long keep others waiting");
        repeated::tell(self.served.error_log.as_ref(), self.path, &busy);
        in_a_moment(status_page(StatusCode::SERVICE_UNAVAILABLE, None))
    }

    /// The page for a script that failed. The client learns nothing of the source unless it is to.
    fn failed(&self, diagnostic: &Diagnostic) -> Response<Bytes> {
        match diagnostic.temporary {
            // Nothing is wrong with the site: it is being saved.
            true => tracing::debug!("{} has to wait: {diagnostic}", self.path),
            false => repeated::tell(self.served.error_log.as_ref(), self.path, diagnostic),
        }
        error_page(diagnostic, self.policy.debug)
    }
}

/// The handlers that are asked before the answer is made.
fn before(policy: &Policy, file: &Path) -> Result<Phases, NoHandler> {
    let mut before = Vec::new();
    for phase in BEFORE.into_iter().filter(|phase| policy.has(*phase)) {
        before.push((phase, policy.named(phase, file)?));
    }
    before.retain(|(_, handlers)| !handlers.is_empty());
    Ok(before)
}

#[allow(clippy::needless_pass_by_value, reason = "the form that map_err takes")]
fn internal(error: OpenError) -> Response<Bytes> {
    tracing::error!("{}", error.render(false));
    status_page(StatusCode::INTERNAL_SERVER_ERROR, None)
}

/// Reads a body within the limits of its place.
async fn read<B>(body: B, policy: &Policy) -> Result<Bytes, Response<Bytes>>
where
    B: http_body::Body<Data = Bytes> + Send,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let limit = usize::try_from(policy.body_limit).unwrap_or(usize::MAX);
    body::read(body, limit, policy.timeout).await.map_err(|status| status_page(status, None))
}

/// A target that names a host means that one, whatever the header says (RFC 9112, 3.2.2).
fn name_host<B>(request: &mut Request<B>) {
    let named = request.uri().authority().filter(|_| request.method() != Method::CONNECT);
    if let Some(host) = named.and_then(|authority| HeaderValue::from_str(authority.as_str()).ok()) {
        request.headers_mut().insert(header::HOST, host);
    }
}

/// What methods a server can be asked for that knows nothing of the resource.
const METHODS: HeaderValue = HeaderValue::from_static("GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");

/// Answers what is asked of the server itself: what it can do, and to be a tunnel, which it is not.
fn about_no_resource<B>(request: &Request<B>) -> Option<Response<Bytes>> {
    let mut response = match *request.method() {
        Method::CONNECT => status_page(StatusCode::METHOD_NOT_ALLOWED, None),
        Method::OPTIONS if request.uri().path() == "*" => {
            let mut response = Response::default();
            *response.status_mut() = StatusCode::NO_CONTENT;
            response
        }
        _ => return None,
    };
    response.headers_mut().insert(header::ALLOW, METHODS);
    Some(response)
}

fn host_name(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::HOST).and_then(|host| host.to_str().ok())
}

/// What the file service reads of a request.
fn head<B>(request: &Request<B>) -> Request<()> {
    let mut head = Request::new(());
    *head.method_mut() = request.method().clone();
    *head.uri_mut() = request.uri().clone();
    *head.headers_mut() = HeaderMap::clone(request.headers());
    head
}

/// A directory is told to be one, so that its page's relative links work.
fn with_slash<B>(request: &Request<B>) -> Response<Bytes> {
    let uri = request.uri();
    let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    // Two slashes at the beginning would be read as the name of another host.
    let location = format!("/{}/{query}", uri.path().trim_matches('/'));
    let safe = matches!(*request.method(), Method::GET | Method::HEAD);
    let status = if safe { StatusCode::MOVED_PERMANENTLY } else { StatusCode::PERMANENT_REDIRECT };
    let mut response = status_page(status, None);
    if let Ok(location) = HeaderValue::from_str(&encode_location(&location)) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    response
}
