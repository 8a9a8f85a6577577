//! `tower` services: a whole site, or one scripted handler.

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
use http::{Request, Response, request::Parts};
use samovar_rhai::Handler;

use crate::{
    net::peers::Peers,
    request::{
        body::Body,
        detach::DetachOnDrop,
        pool::Threads,
        terms::Terms,
        way::{Received, Way},
    },
    site::Site,
};

type Answer = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

/// A [`Site`] as a `tower` service. Put [`Peers`] into the extensions of a request to say who sends it.
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

/// A scripted handler as a `tower` service: a route of your program with hot reload.
///
/// A request is handled as in a [`Site`], except that the handler answers for every URL. Callbacks of
/// `req.on_finish(..)` run when the body of the answer was taken, or the client has gone.
#[derive(Clone)]
pub struct HandlerService {
    handler: Handler,
    threads: Arc<Threads>,
    terms: Arc<Terms>,
}

impl HandlerService {
    /// Makes the service of a handler, with threads of its own for scripts. Clones share them.
    ///
    /// # Errors
    /// The system gives no threads.
    pub fn new(handler: Handler) -> io::Result<Self> {
        let threads = Arc::new(Threads::new()?);
        Ok(Self { handler, threads, terms: Arc::default() })
    }

    /// Makes the service of another handler, on the same threads.
    #[must_use]
    pub fn with(&self, handler: Handler) -> Self {
        Self { handler, ..self.clone() }
    }

    /// Sets the largest body that is read, in bytes. The default is 1 MiB; a larger one is answered with 413.
    #[must_use]
    pub fn body_limit(mut self, bytes: usize) -> Self {
        Arc::make_mut(&mut self.terms).body_limit = bytes;
        self
    }

    /// Sets how long a body may take to arrive. The default is a minute; a slower one is answered with 408.
    #[must_use]
    pub fn timeout(mut self, time: Duration) -> Self {
        Arc::make_mut(&mut self.terms).timeout = time;
        self
    }

    /// Sets whether clients see the errors of scripts. The default is no.
    #[must_use]
    pub fn debug(mut self, debug: bool) -> Self {
        Arc::make_mut(&mut self.terms).debug = debug;
        self
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
        let Self { handler, threads, terms } = self.clone();
        let remote = request.extensions().get::<Peers>().map(|peers| peers.remote.ip());
        let decide = move |_: &Parts, path| Ok(Way::to(handler, terms, path));
        let received = Received::new(request);
        let answer = async move { Ok(received.answer(decide, remote, &threads, None, None).await) };
        Box::pin(DetachOnDrop::new(answer))
    }
}
