//! Accepts connections, and ends them in good order when the server stops.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use hyper_util::server::graceful::GracefulShutdown;
use parking_lot::Mutex;
use samovar_config::Address;
use samovar_importer::Diagnostic;
use tokio::{net::TcpListener, runtime::Handle, task::JoinHandle};

use super::{
    bind::{self, Asked, Socket},
    connection::{Respond, connect},
};
use crate::{error::OpenError, logs::repeated};

/// How long requests that are under way may take to end when the server stops.
pub(crate) const GRACE: Duration = Duration::from_secs(10);
/// How long accepting rests when the system gives no descriptors.
const BACK_OFF: Duration = Duration::from_millis(100);

/// Sockets that are bound and listen, so that a port that is taken is reported before anything else is done.
pub struct Listeners {
    sockets: Vec<Socket>,
    follow: bool,
}

impl Listeners {
    /// The address of a site whose configuration has no `Listen`.
    pub const DEFAULT: SocketAddr = bind::DEFAULT;

    /// Binds every address, or none. A port alone, and a name, mean all address families that the machine has.
    ///
    /// # Errors
    /// The first address that cannot be bound, and why.
    pub async fn bind(addresses: &[Address]) -> Result<Self, OpenError> {
        let addresses = addresses.to_vec();
        // Looking names up may take a while.
        let groups = tokio::task::spawn_blocking(move || bind::groups(&addresses)).await;
        let groups = groups.map_err(|panic| OpenError::Threads(io::Error::other(panic)))??;
        let mut sockets = Vec::new();
        for group in &groups {
            sockets.extend(bind::listen(group, &[])?);
        }
        Ok(Self { sockets, follow: false })
    }

    /// Follows `Listen` when the site takes up another configuration. The default is to stay.
    #[must_use]
    pub fn follow_configuration(self, follow: bool) -> Self {
        Self { follow, ..self }
    }

    /// The addresses; their ports are real ones, also where 0 was asked for.
    pub fn addresses(&self) -> impl Iterator<Item = SocketAddr> + '_ {
        self.sockets.iter().filter_map(|socket| socket.listener.local_addr().ok())
    }

    /// Accepts connections for `service` from now on. Must be called on a runtime.
    pub(crate) fn accept<S: Respond>(self, service: &Arc<S>) -> Arc<Sockets> {
        let connections = Arc::new(GracefulShutdown::new());
        let sockets = Sockets {
            accepting: Mutex::default(),
            connections: Mutex::new(Some(connections.clone())),
            runtime: Handle::current(),
            follow: self.follow,
        };
        self.sockets.into_iter().for_each(|socket| sockets.accept(socket, service, &connections));
        Arc::new(sockets)
    }
}

/// The sockets of a site that is served.
pub(crate) struct Sockets {
    accepting: Mutex<Vec<Accepting>>,
    /// `None` once the server stops.
    connections: Mutex<Option<Arc<GracefulShutdown>>>,
    runtime: Handle,
    follow: bool,
}

struct Accepting {
    asked: Asked,
    listener: Arc<TcpListener>,
    task: JoinHandle<()>,
}

/// Sockets for another configuration: they are bound, and accept nothing yet.
pub(crate) struct Bound {
    new: Vec<Socket>,
    wanted: Vec<Asked>,
}

impl Sockets {
    /// The addresses at which connections are accepted now; their ports are real ones.
    pub(crate) fn addresses(&self) -> Vec<SocketAddr> {
        self.accepting.lock().iter().filter_map(|accepting| accepting.listener.local_addr().ok()).collect()
    }

    /// Binds the addresses of the configuration that are not bound yet; `addresses` are all of them.
    pub(crate) fn bind(&self, addresses: &[Address]) -> Result<Bound, OpenError> {
        if !self.follow {
            let wanted = self.accepting.lock().iter().map(|accepting| accepting.asked).collect();
            return Ok(Bound { new: Vec::new(), wanted });
        }
        let default = [Listeners::DEFAULT.into()];
        let mut groups = bind::groups(if addresses.is_empty() { &default } else { addresses })?;
        let wanted = groups.iter().flat_map(|group| group.members.clone()).collect();
        let accepting = self.accepting.lock();
        let mut leaving: Vec<_> = accepting.iter().collect();
        let _runtime = self.runtime.enter();
        let mut new = Vec::new();
        for group in &mut groups {
            group.members.retain(|asked| match leaving.iter().position(|it| it.asked == *asked) {
                Some(at) => {
                    leaving.swap_remove(at);
                    false
                }
                None => true,
            });
        }
        for group in groups.iter().filter(|group| !group.members.is_empty()) {
            let ports: Vec<_> = group.members.iter().map(|asked| asked.address.port()).collect();
            let in_the_way = leaving.iter().filter(|it| ports.contains(&it.asked.address.port()));
            let in_the_way: Vec<&TcpListener> = in_the_way.map(|it| &*it.listener).collect();
            new.extend(bind::listen(group, &in_the_way)?);
        }
        Ok(Bound { new, wanted })
    }

    /// Accepts connections at the new sockets, and no more at those that the configuration no longer names. Open
    /// connections stay open.
    pub(crate) fn switch<S: Respond>(&self, bound: Bound, service: &Arc<S>) {
        let Bound { new, mut wanted } = bound;
        let Some(connections) = self.connections.lock().clone() else { return };
        self.accepting.lock().retain(|accepting| {
            let at = wanted.iter().position(|address| *address == accepting.asked);
            match at {
                Some(at) => drop(wanted.swap_remove(at)),
                None => {
                    accepting.task.abort();
                    tracing::info!("no longer serving on {}", accepting.asked.address);
                }
            }
            at.is_some()
        });
        for socket in new {
            if let Ok(address) = socket.listener.local_addr() {
                tracing::info!("serving {} on http://{address}", service.name());
            }
            self.accept(socket, service, &connections);
        }
    }

    /// Accepts no more connections, and lets the requests that are under way end.
    pub(crate) async fn stop(&self) {
        let connections = self.connections.lock().take();
        let accepting = std::mem::take(&mut *self.accepting.lock());
        accepting.iter().for_each(|accepting| accepting.task.abort());
        for accepting in accepting {
            let _ = accepting.task.await;
        }
        if let Some(connections) = connections.and_then(Arc::into_inner)
            && tokio::time::timeout(GRACE, connections.shutdown()).await.is_err()
        {
            tracing::warn!("some requests did not end within {} s and were cut off", GRACE.as_secs());
        }
    }

    fn accept<S: Respond>(&self, socket: Socket, service: &Arc<S>, connections: &Arc<GracefulShutdown>) {
        let Socket { asked, listener } = socket;
        let listener = Arc::new(listener);
        let task = self.runtime.spawn(accept(listener.clone(), service.clone(), connections.clone()));
        self.accepting.lock().push(Accepting { asked, listener, task });
    }
}

async fn accept<S: Respond>(listener: Arc<TcpListener>, service: Arc<S>, connections: Arc<GracefulShutdown>) {
    loop {
        match listener.accept().await {
            Ok((stream, remote)) => connect(stream, remote, &service, &connections),
            Err(error) => {
                // Either the client gave up, or no descriptors are left: some will be given back.
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
