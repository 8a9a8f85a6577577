//! Accepting connections, and ending them well.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use http::Request;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
};
use tokio::net::{TcpListener, TcpStream};

use crate::site::{Peers, Site};

/// A client must have sent the head of its request within this time.
const HEADER_TIME: Duration = Duration::from_secs(15);
/// The head of a request may be so large.
const HEADER_BYTES: usize = 64 << 10;
/// When the server stops, requests that are under way have so long to end.
const GRACE: Duration = Duration::from_secs(10);
/// When the system gives no descriptors, accepting rests so long.
const BACK_OFF: Duration = Duration::from_millis(100);

/// Sockets that listen already, so that a port that is taken is known before anything else is done.
pub struct Listeners(Vec<TcpListener>);

impl Listeners {
    /// Listens at all addresses, or at none.
    ///
    /// # Errors
    /// The first address that cannot be had, and why.
    pub async fn bind(addresses: &[SocketAddr]) -> Result<Self, (SocketAddr, io::Error)> {
        let mut listeners = Vec::with_capacity(addresses.len());
        for &address in addresses {
            listeners.push(TcpListener::bind(address).await.map_err(|error| (address, error))?);
        }
        Ok(Self(listeners))
    }

    /// Where they listen; the ports are real ones, also if 0 was asked for.
    pub fn addresses(&self) -> impl Iterator<Item = SocketAddr> + '_ {
        self.0.iter().filter_map(|listener| listener.local_addr().ok())
    }

    /// Serves a site until `stop` is ready, then lets requests that are under way end.
    pub async fn serve(self, site: Arc<Site>, stop: impl Future<Output = ()>) {
        let connections = Arc::new(GracefulShutdown::new());
        let accepting: Vec<_> = self
            .0
            .into_iter()
            .map(|listener| tokio::spawn(accept(listener, site.clone(), connections.clone())))
            .collect();
        stop.await;
        for task in &accepting {
            task.abort();
        }
        for task in accepting {
            let _ = task.await;
        }
        if let Some(connections) = Arc::into_inner(connections)
            && tokio::time::timeout(GRACE, connections.shutdown()).await.is_err()
        {
            tracing::warn!("some requests did not end within {} s and were cut off", GRACE.as_secs());
        }
    }
}

async fn accept(listener: TcpListener, site: Arc<Site>, connections: Arc<GracefulShutdown>) {
    loop {
        match listener.accept().await {
            Ok((stream, remote)) => connect(stream, remote, &site, &connections),
            Err(error) => {
                // A client that gave up, or no descriptors left: those in use will be given back.
                tracing::warn!("cannot accept a connection: {error}");
                tokio::time::sleep(BACK_OFF).await;
            }
        }
    }
}

fn connect(stream: TcpStream, remote: SocketAddr, site: &Arc<Site>, connections: &GracefulShutdown) {
    let Ok(local) = stream.local_addr() else { return };
    // Answers are written whole; waiting for more to send would only delay them.
    let _ = stream.set_nodelay(true);
    let site = site.clone();
    let service = service_fn(move |request: Request<Incoming>| {
        let site = site.clone();
        async move { Ok::<_, std::convert::Infallible>(site.respond(request, Peers { local, remote }).await) }
    });
    let mut builder = http1::Builder::new();
    // Without a timer the header timeout does nothing.
    builder.timer(TokioTimer::new()).header_read_timeout(HEADER_TIME).max_buf_size(HEADER_BYTES);
    let connection = connections.watch(builder.serve_connection(TokioIo::new(stream), service));
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!("{remote}: {error}");
        }
    });
}
