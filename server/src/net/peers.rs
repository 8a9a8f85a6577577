//! The two ends of a connection.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// The two ends of a connection.
#[derive(Clone, Copy, Debug)]
pub struct Peers {
    /// The address that the client connected to.
    pub local: SocketAddr,
    /// The client's address.
    pub remote: SocketAddr,
}

impl Default for Peers {
    /// For requests that came over no connection: port 0 of the local host.
    fn default() -> Self {
        let nobody = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);
        Self { local: nobody, remote: nobody }
    }
}
