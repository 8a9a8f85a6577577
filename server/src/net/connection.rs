//! One connection, from its socket to the HTTP library.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{Request, Response};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
};
use tokio::net::TcpStream;

use super::{
    head_guard::{self, HeadGuard},
    peers::Peers,
    sending::{Sending, Sent},
};

/// Answers the requests that come in on connections.
pub(crate) trait Respond: Send + Sync + 'static {
    /// The body of an answer.
    type Body: http_body::Body<Data = Bytes, Error = io::Error> + Send + 'static;

    /// The name of what is served, for the log.
    fn name(&self) -> String;

    /// How long clients that connect to this local address may take.
    fn times(&self, local: SocketAddr) -> Times;

    /// Answers a request. What follows the answer waits until it is `sent`.
    fn respond(
        &self,
        request: Request<Incoming>,
        peers: Peers,
        sent: Sent,
    ) -> impl Future<Output = Response<Self::Body>> + Send;
}

/// How long a client may take.
pub(crate) struct Times {
    /// To send the head of a request.
    pub(crate) head: Duration,
    /// To take any more of an answer.
    pub(crate) send: Duration,
}

fn canonical(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}

pub(super) fn connect<S: Respond>(
    stream: TcpStream,
    remote: SocketAddr,
    service: &Arc<S>,
    connections: &GracefulShutdown,
) {
    let Ok(local) = stream.local_addr() else { return };
    // A socket for both families shows IPv4 addresses as IPv6 ones.
    let (local, remote) = (canonical(local), canonical(remote));
    // Answers are written whole: waiting for more to send would only delay them (`TCP_NODELAY`).
    let _ = stream.set_nodelay(true);
    let Times { head, send } = service.times(local);
    let service = service.clone();
    let stream = Sending::new(stream, send);
    let sent = stream.sent();
    let service = service_fn(move |request: Request<Incoming>| {
        let (service, sent) = (service.clone(), sent.clone());
        let peers = Peers { local, remote };
        async move { Ok::<_, std::convert::Infallible>(service.respond(request, peers, sent).await) }
    });
    let mut builder = http1::Builder::new();
    // A client that closed its own direction still gets its answer. The library cannot tell it from a client that has
    // gone, and completes the request in both cases; so what follows an answer always runs.
    builder.half_close(true);
    // Without a timer the header timeout does nothing.
    builder.timer(TokioTimer::new()).header_read_timeout(head).max_buf_size(head_guard::HEAD);
    let connection = connections.watch(builder.serve_connection(TokioIo::new(HeadGuard::new(stream)), service));
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}"));
            tracing::debug!("the connection from {remote} ended: {error}{}", cause.unwrap_or_default());
        }
    });
}
