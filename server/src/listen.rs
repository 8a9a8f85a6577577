//! Accepting connections, and ending them well.

use std::{io, io::ErrorKind::AddrInUse, net::SocketAddr, sync::Arc, time::Duration};

use http::Request;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
};
use parking_lot::Mutex;
use samovar_importer::Diagnostic;
use tokio::{
    net::{TcpListener, TcpSocket, TcpStream},
    runtime::Handle,
    task::JoinHandle,
};

use crate::{
    open::OpenError,
    repeated,
    sending::Sending,
    site::{Peers, Site},
    strict::{self, Strict},
};

/// When the server stops, requests that are under way have so long to end.
const GRACE: Duration = Duration::from_secs(10);
/// Connections that wait to be accepted at one socket.
const BACKLOG: u32 = 1024;
/// When the system gives no descriptors, accepting rests so long.
const BACK_OFF: Duration = Duration::from_millis(100);

/// Sockets that listen already, so that a port that is taken is known before anything else is done.
pub struct Listeners {
    sockets: Vec<Socket>,
    follow: bool,
}

struct Socket {
    /// The address that was asked for; its port may be 0.
    asked: SocketAddr,
    listener: TcpListener,
}

impl Listeners {
    /// Where a site is served whose configuration does not say.
    pub const DEFAULT: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 8080);

    /// Listens at all addresses, or at none.
    ///
    /// # Errors
    /// The first address that cannot be had, and why.
    pub async fn bind(addresses: &[SocketAddr]) -> Result<Self, (SocketAddr, io::Error)> {
        let mut sockets = Vec::with_capacity(addresses.len());
        for &asked in addresses {
            let listener = TcpListener::bind(asked).await.map_err(|error| (asked, error))?;
            sockets.push(Socket { asked, listener });
        }
        Ok(Self { sockets, follow: false })
    }

    /// Listens somewhere else when another configuration of the site says so. The default is to stay.
    #[must_use]
    pub fn follow_configuration(self, follow: bool) -> Self {
        Self { follow, ..self }
    }

    /// Where they listen; the ports are real ones, also if 0 was asked for.
    pub fn addresses(&self) -> impl Iterator<Item = SocketAddr> + '_ {
        self.sockets.iter().filter_map(|socket| socket.listener.local_addr().ok())
    }

    /// Serves a site until `stop` is ready, then lets requests that are under way end.
    pub async fn serve(self, site: Arc<Site>, stop: impl Future<Output = ()>) {
        let connections = Arc::new(GracefulShutdown::new());
        let sockets = Arc::new(Sockets {
            accepting: Mutex::default(),
            connections: Mutex::new(Some(connections.clone())),
            runtime: Handle::current(),
            follow: self.follow,
        });
        self.sockets.into_iter().for_each(|socket| sockets.accept(socket, &site, &connections));
        if site.sockets.set(sockets.clone()).is_err() {
            tracing::warn!("the site is served twice; where it listens now stays as it is");
        }
        stop.await;
        sockets.connections.lock().take();
        let accepting = std::mem::take(&mut *sockets.accepting.lock());
        accepting.iter().for_each(|accepting| accepting.task.abort());
        for accepting in accepting {
            let _ = accepting.task.await;
        }
        if let Some(connections) = Arc::into_inner(connections)
            && tokio::time::timeout(GRACE, connections.shutdown()).await.is_err()
        {
            tracing::warn!("some requests did not end within {} s and were cut off", GRACE.as_secs());
        }
        repeated::sum_up();
    }
}

/// The sockets of a site that is served.
pub(crate) struct Sockets {
    accepting: Mutex<Vec<Accepting>>,
    /// Nothing once the server stops.
    connections: Mutex<Option<Arc<GracefulShutdown>>>,
    runtime: Handle,
    follow: bool,
}

struct Accepting {
    asked: SocketAddr,
    listener: Arc<TcpListener>,
    task: JoinHandle<()>,
}

/// Sockets for another configuration, which listen already and accept nothing yet.
pub(crate) struct Bound {
    new: Vec<Socket>,
    wanted: Vec<SocketAddr>,
}

impl Sockets {
    /// Where connections are accepted now; the ports are real ones.
    pub(crate) fn addresses(&self) -> Vec<SocketAddr> {
        self.accepting.lock().iter().filter_map(|accepting| accepting.listener.local_addr().ok()).collect()
    }

    /// Listens where nobody did so far; `addresses` are all that the configuration names.
    pub(crate) fn bind(&self, addresses: &[SocketAddr]) -> Result<Bound, OpenError> {
        let accepting = self.accepting.lock();
        let mut leaving: Vec<_> = accepting.iter().collect();
        if !self.follow {
            return Ok(Bound { new: Vec::new(), wanted: leaving.iter().map(|accepting| accepting.asked).collect() });
        }
        let wanted = if addresses.is_empty() { vec![Listeners::DEFAULT] } else { addresses.to_vec() };
        let mut missing = Vec::new();
        for &asked in &wanted {
            match leaving.iter().position(|accepting| accepting.asked == asked) {
                Some(at) => drop(leaving.swap_remove(at)),
                None => missing.push(asked),
            }
        }
        let listen = |asked: SocketAddr| {
            let listener = self.listen(asked).or_else(|reason| {
                let in_the_way =
                    leaving.iter().find(|it| reason.kind() == AddrInUse && it.asked.port() == asked.port());
                in_the_way.map_or(Err(reason), |old| self.listen_beside(&old.listener, asked))
            });
            let listener = listener.map_err(|reason| OpenError::Address { address: asked, reason })?;
            Ok(Socket { asked, listener })
        };
        Ok(Bound { new: missing.into_iter().map(listen).collect::<Result<_, OpenError>>()?, wanted })
    }

    fn listen(&self, asked: SocketAddr) -> io::Result<TcpListener> {
        let listener = std::net::TcpListener::bind(asked)?;
        listener.set_nonblocking(true)?;
        let _runtime = self.runtime.enter();
        TcpListener::from_std(listener)
    }

    /// Listens at an address of which a socket of this server's, which is about to go, has a part: from every address to
    /// one of them, say. For that moment, and for these two sockets, the system is told that they share it.
    #[cfg(unix)]
    fn listen_beside(&self, old: &TcpListener, asked: SocketAddr) -> io::Result<TcpListener> {
        use rustix::net::sockopt::set_socket_reuseport;
        let _runtime = self.runtime.enter();
        let socket = if asked.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
        socket.set_reuseaddr(true)?;
        socket.set_reuseport(true)?;
        set_socket_reuseport(old, true)?;
        let bound = socket.bind(asked);
        set_socket_reuseport(old, false)?;
        bound?;
        let listener = socket.listen(BACKLOG)?;
        set_socket_reuseport(&listener, false)?;
        Ok(listener)
    }

    #[cfg(not(unix))]
    fn listen_beside(&self, _old: &TcpListener, asked: SocketAddr) -> io::Result<TcpListener> {
        self.listen(asked)
    }

    /// Accepts connections at the new sockets, and none any more where the configuration no longer says so. Connections
    /// that are open stay.
    pub(crate) fn switch(&self, bound: Bound, site: &Arc<Site>) {
        let Bound { new, mut wanted } = bound;
        let Some(connections) = self.connections.lock().clone() else { return };
        self.accepting.lock().retain(|accepting| {
            let at = wanted.iter().position(|address| *address == accepting.asked);
            match at {
                Some(at) => drop(wanted.swap_remove(at)),
                None => {
                    accepting.task.abort();
                    tracing::info!("no longer serving on {}", accepting.asked);
                }
            }
            at.is_some()
        });
        for socket in new {
            if let Ok(address) = socket.listener.local_addr() {
                tracing::info!("serving {} on http://{address}", site.path().display());
            }
            self.accept(socket, site, &connections);
        }
    }

    fn accept(&self, socket: Socket, site: &Arc<Site>, connections: &Arc<GracefulShutdown>) {
        let Socket { asked, listener } = socket;
        let listener = Arc::new(listener);
        let task = self.runtime.spawn(accept(listener.clone(), site.clone(), connections.clone()));
        self.accepting.lock().push(Accepting { asked, listener, task });
    }
}

async fn accept(listener: Arc<TcpListener>, site: Arc<Site>, connections: Arc<GracefulShutdown>) {
    loop {
        match listener.accept().await {
            Ok((stream, remote)) => connect(stream, remote, &site, &connections),
            Err(error) => {
                // A client that gave up, or no descriptors left: those in use will be given back.
                repeated::tell(None, "accepting a connection", &refused(&error));
                tokio::time::sleep(BACK_OFF).await;
            }
        }
    }
}

/// No descriptors are left to the system, or to this process.
const NO_DESCRIPTORS: [i32; 2] = [23, 24];

fn refused(error: &io::Error) -> Diagnostic {
    let diagnostic = Diagnostic::error(error.to_string());
    match error.raw_os_error() {
        Some(number) if cfg!(unix) && NO_DESCRIPTORS.contains(&number) => {
            diagnostic.help("each connection takes one file descriptor: raise their number with `ulimit -n`")
        }
        _ => diagnostic,
    }
}

fn connect(stream: TcpStream, remote: SocketAddr, site: &Arc<Site>, connections: &GracefulShutdown) {
    let Ok(local) = stream.local_addr() else { return };
    // Answers are written whole; waiting for more to send would only delay them.
    let _ = stream.set_nodelay(true);
    let (head_time, send_time) = site.times(local);
    let site = site.clone();
    let service = service_fn(move |request: Request<Incoming>| {
        let site = site.clone();
        async move { Ok::<_, std::convert::Infallible>(site.respond(request, Peers { local, remote }).await) }
    });
    let mut builder = http1::Builder::new();
    // Without a timer the header timeout does nothing.
    builder.timer(TokioTimer::new()).header_read_timeout(head_time).max_buf_size(strict::HEAD);
    let connection = connections
        .watch(builder.serve_connection(TokioIo::new(Strict::new(Sending::new(stream, send_time))), service));
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}"));
            tracing::debug!("the connection from {remote} ended: {error}{}", cause.unwrap_or_default());
        }
    });
}
