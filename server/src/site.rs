//! A site: a configuration with the interpreters that it names, and the straight way of a request through both.

use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
    time::{Duration, Instant},
};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Limited};
use papaya::HashMap;
use parking_lot::Mutex;
use samovar_config::{Config, Query, url};
use samovar_importer::{Diagnostic, ImportError};
use samovar_rhai::{Exchange, Handler, Interpreter, Limits, RequestHead, status_page};

use crate::{
    body::{self, Body},
    files,
    open::{self, OpenError, Opened, Roots},
    policy::{Kind, Policy, interpreter_name},
    pool::{Pool, default_threads},
    route::{Target, route},
    tell,
};

/// The two ends of a connection.
#[derive(Clone, Copy, Debug)]
pub struct Peers {
    /// Where the client connected to.
    pub local: SocketAddr,
    /// The client.
    pub remote: SocketAddr,
}

impl Default for Peers {
    /// For requests that came over no connection.
    fn default() -> Self {
        let nobody = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);
        Self { local: nobody, remote: nobody }
    }
}

/// A directory or a configuration, ready to answer requests.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let directory = tempfile::tempdir()?;
/// # std::fs::write(directory.path().join("hello.rhai"), r#"fn handler(req) { "Hello" }"#)?;
/// # let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
/// let site = samovar::Site::open(directory.path())?;
/// let request = http::Request::get("/hello").body(http_body_util::Empty::<bytes::Bytes>::new())?;
/// let response = runtime.block_on(site.respond(request, samovar::Peers::default()));
/// assert_eq!(response.status(), 200);
/// # Ok(())
/// # }
/// ```
pub struct Site {
    config: Config,
    root: PathBuf,
    interpreters: Interpreters,
    /// By the address of what the configuration resolved to, which the policy keeps alive.
    policies: HashMap<usize, Arc<Policy>>,
    /// Scripts that URLs were found to name, by document root and path: what keeps the file system out of the way of a
    /// request.
    routes: HashMap<PathBuf, Known>,
    pool: Pool,
}

/// A script that a path was found to name. Believed while no file has come or gone, as far as events tell, and not for
/// ever, since they do not tell everything.
struct Known {
    file: PathBuf,
    stirred: u64,
    since: Instant,
}

const BELIEVED: Duration = Duration::from_secs(5);

/// Interpreters by name, started when they are first named.
struct Interpreters {
    started: Mutex<BTreeMap<String, Interpreter>>,
    first: OnceLock<Interpreter>,
    roots: Roots,
    limits: Limits,
}

impl Interpreters {
    /// Changes when files come, go or change. All interpreters watch the same directories, so one tells for all.
    fn stirred(&self) -> u64 {
        self.first.get().map_or(0, |interpreter| interpreter.registry().stirred())
    }

    fn get(&self, name: &str) -> Result<Interpreter, OpenError> {
        let mut started = self.started.lock();
        if let Some(interpreter) = started.get(name) {
            return Ok(interpreter.clone());
        }
        let interpreter = self.roots.interpreter(name, &self.limits)?;
        tell::follow(&interpreter).map_err(OpenError::Threads)?;
        self.first.get_or_init(|| interpreter.clone());
        started.insert(name.to_owned(), interpreter.clone());
        Ok(interpreter)
    }
}

impl Site {
    /// Opens a directory, with or without `samovar.conf`, or a configuration file, and runs what `RhaiImport` lists.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub fn open(path: impl AsRef<Path>) -> Result<Self, OpenError> {
        Self::open_with(path, &[])
    }

    /// As [`open`](Self::open), with names defined as by `-D`.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub fn open_with(path: impl AsRef<Path>, defines: &[String]) -> Result<Self, OpenError> {
        let opened = open::read(path.as_ref(), defines)?;
        let roots = Roots::new(&opened)?;
        let limits = open::limits(&opened.loaded.config.main().settings());
        let interpreters = Interpreters { started: Mutex::default(), first: OnceLock::new(), roots, limits };
        open::run_imports(&opened, |name| interpreters.get(name))?;
        let Opened { loaded, root } = opened;
        if !loaded.report.is_empty() {
            tracing::warn!("{}", loaded.report.render(false));
        }
        let pool = Pool::new(default_threads()).map_err(OpenError::Threads)?;
        let (policies, routes) = (HashMap::new(), HashMap::new());
        Ok(Self { config: loaded.config, root, interpreters, policies, routes, pool })
    }

    /// Where the configuration says that connections are accepted; nothing without `Listen`.
    #[must_use]
    pub fn listens(&self) -> Vec<SocketAddr> {
        open::listens(&self.config)
    }

    /// The level of detail that the configuration wants in the log.
    #[must_use]
    pub fn log_level(&self) -> String {
        self.config.main().settings().text("LogLevel").unwrap_or("info").to_owned()
    }

    /// The interpreter of that name, which is started if it was not yet.
    ///
    /// # Errors
    /// The system gives no further thread.
    pub fn interpreter(&self, name: &str) -> Result<Interpreter, OpenError> {
        self.interpreters.get(name)
    }

    /// Answers a request. Whatever goes wrong becomes a response, and a line in the log.
    pub async fn respond<B>(&self, request: Request<B>, peers: Peers) -> Response<Body>
    where
        B: http_body::Body<Data = Bytes> + Send,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        match self.answer(request, peers).await {
            Ok(response) => response,
            Err(response) => body::whole(response),
        }
    }

    /// The way of a request: path, policy, handler, call.
    async fn answer<B>(&self, request: Request<B>, peers: Peers) -> Result<Response<Body>, Response<Bytes>>
    where
        B: http_body::Body<Data = Bytes> + Send,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let path = url::normalize(request.uri().path()).map_err(|error| {
            status_page(StatusCode::from_u16(error.status()).unwrap_or(StatusCode::BAD_REQUEST), None)
        })?;
        let host_name = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
        let host = self.config.host_for(peers.local, host_name);
        let settings = host.settings();
        let root = open::document_root(&self.root, &settings);
        let target = self.target(&root, &path, settings.texts("DirectoryIndex"));
        let filename = target.filename().map(Path::to_string_lossy);
        let query = Query { address: peers.local, host: host_name, path: &path, filename: filename.as_deref() };
        let resolved = self.config.resolve(&query);
        let key = Arc::as_ptr(&resolved).addr();
        let policy = match self.policies.pin().get(&key) {
            Some(policy) => policy.clone(),
            None => {
                let interpreter = self.interpreters.get(&interpreter_name(&resolved, &host)).map_err(internal)?;
                let policy = Arc::new(Policy::new(resolved, interpreter, &root));
                self.policies.pin().insert(key, policy.clone());
                policy
            }
        };
        self.dispatch(request, peers, &path, &root, target, &policy).await
    }

    /// The script or file that a path names, from memory if it is a script that is in use.
    fn target<'a>(&self, root: &Path, path: &str, index: impl Iterator<Item = &'a str>) -> Target {
        let stirred = self.interpreters.stirred();
        let routes = self.routes.pin();
        let is_good = |known: &&Known| known.stirred == stirred && known.since.elapsed() < BELIEVED;
        let ends = path.match_indices('/').map(|(at, _)| at).skip(1).chain([path.len()]);
        for end in ends.filter(|end| *end > 1) {
            if let Some(Known { file, .. }) = routes.get(&root.join(&path[1..end])).filter(is_good) {
                return Target::Script { file: file.clone(), path_info: path[end..].to_owned() };
            }
        }
        let target = route(root, path, index);
        if let Target::Script { file, path_info } = &target {
            let own = path.strip_suffix(path_info.as_str()).unwrap_or(path);
            let known = Known { file: file.clone(), stirred, since: Instant::now() };
            routes.insert(root.join(&own[1..]), known);
        }
        target
    }

    async fn dispatch<B>(
        &self,
        request: Request<B>,
        peers: Peers,
        path: &str,
        root: &Path,
        target: Target,
        policy: &Arc<Policy>,
    ) -> Result<Response<Body>, Response<Bytes>>
    where
        B: http_body::Body<Data = Bytes> + Send,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let not_found = || status_page(StatusCode::NOT_FOUND, None);
        if target == Target::Hidden {
            return Err(not_found());
        }
        if target == Target::Slash {
            return Err(with_slash(&request));
        }
        let scripts = policy.kind == Kind::Scripts;
        let named = target.filename().filter(|_| scripts).and_then(|file| policy.named_handler(file));
        let handler = match (&named, &target) {
            (Some(handler), _) => Some(handler.clone()),
            (None, Target::Script { file, .. }) if scripts => Some(policy.script(file)),
            _ => None,
        };
        match (handler, target) {
            (Some(handler), target) => {
                let handler = match handler {
                    Ok(handler) => handler,
                    Err(error) => return Err(self.no_handler(&error, path, &target, policy)),
                };
                self.call(request, peers, path, &target, policy, handler).await.map(body::whole)
            }
            (None, Target::File(file)) if policy.kind != Kind::Nobody => {
                Ok(files::serve(root, file, head(&request)).await)
            }
            (None, _) => Err(not_found()),
        }
    }

    /// A script whose file is gone is not found; anything else is an error of the site's.
    fn no_handler(&self, error: &ImportError, path: &str, target: &Target, policy: &Policy) -> Response<Bytes> {
        if let (ImportError::NotFound { .. }, Target::Script { file, .. }) = (error, target)
            && !file.exists()
        {
            self.routes.pin().clear();
            return status_page(StatusCode::NOT_FOUND, None);
        }
        failed(&error.diagnostic(), path, policy.debug)
    }

    async fn call<B>(
        &self,
        request: Request<B>,
        peers: Peers,
        path: &str,
        target: &Target,
        policy: &Arc<Policy>,
        handler: Handler,
    ) -> Result<Response<Bytes>, Response<Bytes>>
    where
        B: http_body::Body<Data = Bytes> + Send,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let (parts, body) = request.into_parts();
        let body = read(body, policy).await?;
        let head = RequestHead {
            method: parts.method,
            uri: parts.uri.to_string(),
            path: path.to_owned(),
            path_info: target.path_info().to_owned(),
            query: parts.uri.query().unwrap_or_default().to_owned(),
            headers: parts.headers,
            remote_ip: Some(peers.remote.ip()),
            filename: handler.path().to_string_lossy().into_owned(),
        };
        if policy.debug
            && let Some(refused) = handler.refusal()
        {
            return Err(refused_page(&refused));
        }
        let exchange = Exchange::new(head, body);
        let result = self.pool.run(move || handler.respond(&exchange)).await;
        match result {
            Ok(Ok(response)) => Ok(response),
            Ok(Err(diagnostic)) => Err(failed(&diagnostic, path, policy.debug)),
            Err(busy) => {
                tracing::error!("{path}: no script thread is free: {busy:?}");
                let mut response = status_page(StatusCode::SERVICE_UNAVAILABLE, None);
                response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
                Err(response)
            }
        }
    }
}

/// The page for a script that failed. The client learns nothing of the source unless it is to.
pub(crate) fn failed(diagnostic: &Diagnostic, path: &str, debug: bool) -> Response<Bytes> {
    tracing::error!("{path} failed\n{}", diagnostic.render(false));
    let detail = debug.then(|| diagnostic.render(false));
    status_page(StatusCode::INTERNAL_SERVER_ERROR, detail.as_deref())
}

/// The page for a script whose last change was refused, where developers are to see it at once (R32).
fn refused_page(refused: &[Diagnostic]) -> Response<Bytes> {
    let rendered: Vec<_> = refused.iter().map(|diagnostic| diagnostic.render(false)).collect();
    status_page(StatusCode::INTERNAL_SERVER_ERROR, Some(&rendered.join("\n\n")))
}

#[allow(clippy::needless_pass_by_value, reason = "the form that map_err takes")]
fn internal(error: OpenError) -> Response<Bytes> {
    tracing::error!("{}", error.render(false));
    status_page(StatusCode::INTERNAL_SERVER_ERROR, None)
}

/// Reads a body within the limits.
async fn read<B>(body: B, policy: &Policy) -> Result<Bytes, Response<Bytes>>
where
    B: http_body::Body<Data = Bytes> + Send,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    if body.is_end_stream() {
        return Ok(Bytes::new());
    }
    let limit = usize::try_from(policy.body_limit).unwrap_or(usize::MAX);
    let whole = tokio::time::timeout(policy.timeout, Limited::new(body, limit).collect());
    match whole.await {
        Ok(Ok(whole)) => Ok(whole.to_bytes()),
        Ok(Err(error)) if error.is::<http_body_util::LengthLimitError>() => {
            Err(status_page(StatusCode::PAYLOAD_TOO_LARGE, None))
        }
        Ok(Err(_)) => Err(status_page(StatusCode::BAD_REQUEST, None)),
        Err(_) => Err(status_page(StatusCode::REQUEST_TIMEOUT, None)),
    }
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
    if let Ok(location) = HeaderValue::from_str(&location) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    response
}
