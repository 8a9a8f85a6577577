//! The services to embed: a whole site, or one scripted handler.

use std::{
    convert::Infallible,
    future::Future,
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use samovar_rhai::{Exchange, Handler, RequestHead, status_page};

use crate::{
    net::peers::Peers,
    request::{
        aftermath::Aftermath,
        authority,
        body::{self, Body},
        course::Course,
        detach::DetachOnDrop,
        pages::{failed, forbid_guessing},
        pool::{Pool, default_threads},
        spool,
    },
    settings::server::TIMEOUT,
    site::Site,
};

type Answer = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

/// A [`Site`] as a `tower` service. Put [`Peers`] into a request's extensions to tell who asks.
#[derive(Clone)]
pub struct SiteService(Arc<Site>);

impl SiteService {
    /// The service of a site.
    pub fn new(site: impl Into<Arc<Site>>) -> Self {
        Self(site.into())
    }
}

impl<B> tower::Service<Request<B>> for SiteService
where
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Answer;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Answer {
        let site = self.0.clone();
        let peers = request.extensions().get::<Peers>().copied().unwrap_or_default();
        Box::pin(DetachOnDrop::new(async move { Ok(site.respond(request, peers).await) }))
    }
}

/// A scripted handler as a `tower` service: a route of a program of yours that reloads.
///
/// What scripts give to `req.on_finish(..)` is called when the body of the answer was taken, or when the client has gone.
#[derive(Clone)]
pub struct HandlerService {
    handler: Handler,
    pool: Arc<Pool>,
    following: Arc<Pool>,
    body_limit: usize,
    timeout: Duration,
    debug: bool,
}

impl HandlerService {
    /// The service of a handler, with threads of its own for the scripts. Clones share them.
    ///
    /// # Errors
    /// The system gives no threads.
    pub fn new(handler: Handler) -> io::Result<Self> {
        let pool = || Pool::new(default_threads()).map(Arc::new);
        let (body_limit, timeout, debug) = (1 << 20, TIMEOUT, false);
        Ok(Self { handler, pool: pool()?, following: pool()?, body_limit, timeout, debug })
    }

    /// Another handler on the same threads.
    #[must_use]
    pub fn with(&self, handler: Handler) -> Self {
        Self { handler, ..self.clone() }
    }

    /// The largest body that is read, in bytes. The default is 1 MiB; larger ones are answered with 413.
    #[must_use]
    pub fn body_limit(mut self, bytes: usize) -> Self {
        self.body_limit = bytes;
        self
    }

    /// How long a body may take to come in. The default is a minute; slower ones are answered with 408.
    #[must_use]
    pub fn timeout(mut self, time: Duration) -> Self {
        self.timeout = time;
        self
    }

    /// Do clients see what is wrong with a script? The default is no.
    #[must_use]
    pub fn debug(mut self, debug: bool) -> Self {
        self.debug = debug;
        self
    }

    async fn respond<B>(self, request: Request<B>) -> Response<Body>
    where
        B: http_body::Body<Data = Bytes> + Send,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let bad = || body::whole(status_page(StatusCode::BAD_REQUEST, None));
        if !authority::is_clear(&request) {
            return bad();
        }
        let (parts, body) = request.into_parts();
        let Ok(path) = samovar_config::url::normalize(parts.uri.path()) else { return bad() };
        let body = match body::read(body, self.body_limit, self.timeout).await {
            Ok(body) => body,
            Err(status) => return body::whole(status_page(status, None)),
        };
        let peers = parts.extensions.get::<Peers>();
        let head = RequestHead {
            method: parts.method,
            uri: parts.uri.to_string(),
            path: path.clone(),
            path_info: String::new(),
            query: parts.uri.query().unwrap_or_default().to_owned(),
            headers: parts.headers,
            remote_ip: peers.map(|peers| peers.remote.ip()),
            filename: self.handler.path().to_string_lossy().into_owned(),
        };
        let exchange = Exchange::new(head, body);
        let course = Course::of(self.handler);
        let aftermath = Aftermath { exchange: Some(exchange.clone()), ..Aftermath::default() };
        let run = move || {
            let (answer, pins) = course.run(&exchange);
            (answer.map(|answer| answer.map(|response| spool::keep(response, exchange.path()))), pins)
        };
        let Ok((answer, pins)) = self.pool.run(run).await else {
            return body::whole(status_page(StatusCode::SERVICE_UNAVAILABLE, None));
        };
        let response = match answer {
            Ok(Some(response)) => response,
            Ok(None) => body::whole(status_page(StatusCode::NOT_FOUND, None)),
            Err(diagnostic) => body::whole(failed(&diagnostic, &path, self.debug)),
        };
        let aftermath = Aftermath { pins, ..aftermath };
        match aftermath.is_empty() {
            true => response,
            false => aftermath.follow(response, None, self.following, None),
        }
    }
}

impl<B> tower::Service<Request<B>> for HandlerService
where
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Answer;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Answer {
        let service = self.clone();
        let answer = async move {
            let mut response = service.respond(request).await;
            forbid_guessing(response.headers_mut());
            Ok(response)
        };
        Box::pin(DetachOnDrop::new(answer))
    }
}
