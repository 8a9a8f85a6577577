//! From addresses as they are written to listening sockets.
//!
//! An address that means all addresses, or a name, becomes one socket for each address and family. A family that the
//! machine does not have is left out if there is another one.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs},
};

use samovar_config::{Address, AddressHost};
use tokio::net::{TcpListener, TcpSocket};

use crate::error::OpenError;

/// The most connections that wait to be accepted at one socket.
const BACKLOG: u32 = 1024;
/// How often another free port is tried when the first one is taken in one of the families.
const TRIES: usize = 16;

/// The address of a site whose configuration has no `Listen`.
pub(crate) const DEFAULT: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8080);

/// The address of one socket, as it is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    /// The port may be 0, for any free one.
    pub(crate) address: SocketAddr,
    /// Does an IPv6 socket for all addresses leave IPv4 alone? It takes both, unless another socket takes IPv4.
    only_v6: bool,
}

/// The sockets for one address as it is written.
pub(crate) struct Group {
    written: String,
    pub(crate) members: Vec<Asked>,
}

/// A socket that listens.
pub(crate) struct Socket {
    pub(crate) asked: Asked,
    pub(crate) listener: TcpListener,
}

/// The sockets for some addresses. Looks names up.
pub(crate) fn groups(addresses: &[Address]) -> Result<Vec<Group>, OpenError> {
    let mut groups = Vec::with_capacity(addresses.len());
    for address in addresses {
        let written = address.to_string();
        let found = match &address.host {
            AddressHost::Name(name) => {
                look_up(name, address.port).map_err(|reason| OpenError::Address { address: written.clone(), reason })?
            }
            _ => known(address),
        };
        groups.push((written, found));
    }
    // An address that is written out is left out of those that a port alone means.
    let is_one = |address: &Address| matches!(address.host, AddressHost::Ip(_));
    let single: Vec<_> = addresses.iter().filter(|it| is_one(it) && it.port > 0).flat_map(known).collect();
    let mut taken: Vec<SocketAddr> = Vec::new();
    for ((_, found), address) in groups.iter_mut().zip(addresses).filter(|(_, address)| !is_one(address)) {
        found.retain(|it| address.port == 0 || !(single.contains(it) || taken.contains(it)));
        taken.extend(found.iter().copied());
    }
    let all: Vec<_> = groups.iter().flat_map(|(_, found)| found.clone()).collect();
    let only_v6 = |address: &SocketAddr| {
        address.is_ipv6() && all.iter().any(|other| other.is_ipv4() && other.port() == address.port())
    };
    let asked = |address: SocketAddr| Asked { address, only_v6: only_v6(&address) };
    let group = |(written, found): (String, Vec<SocketAddr>)| Group {
        written,
        members: found.into_iter().map(asked).collect(),
    };
    Ok(groups.into_iter().map(group).collect())
}

/// The addresses that are known without a look-up of names.
pub(crate) fn known(address: &Address) -> Vec<SocketAddr> {
    let at = |ip: IpAddr| SocketAddr::new(ip, address.port);
    match &address.host {
        AddressHost::Every => vec![at(Ipv4Addr::UNSPECIFIED.into()), at(Ipv6Addr::UNSPECIFIED.into())],
        AddressHost::Ip(ip) => vec![at(*ip)],
        // `localhost` is both, whatever the machine's table of hosts says.
        AddressHost::Name(name) if is_local(name) => {
            vec![at(Ipv4Addr::LOCALHOST.into()), at(Ipv6Addr::LOCALHOST.into())]
        }
        AddressHost::Name(_) => Vec::new(),
    }
}

/// The addresses that clients may connect to, as far as they are known without a look-up of names.
pub(crate) fn reachable(addresses: &[Address]) -> Vec<SocketAddr> {
    let found: Vec<_> = addresses.iter().flat_map(known).collect();
    if found.is_empty() { vec![DEFAULT] } else { found }
}

fn is_local(name: &str) -> bool {
    name.trim_end_matches('.').eq_ignore_ascii_case("localhost")
}

fn look_up(name: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    if is_local(name) {
        return Ok(known(&Address { host: AddressHost::Name(name.into()), port }));
    }
    let mut found = Vec::new();
    for address in (name, port).to_socket_addrs()? {
        if !found.contains(&address) {
            found.push(address);
        }
    }
    match found.is_empty() {
        true => Err(io::Error::new(io::ErrorKind::NotFound, "the name stands for no address")),
        false => Ok(found),
    }
}

/// Binds the sockets of a group, `beside` sockets of this server that are about to be closed. Must be called on a
/// runtime.
pub(crate) fn listen(group: &Group, beside: &[&TcpListener]) -> Result<Vec<Socket>, OpenError> {
    let mut left = TRIES;
    loop {
        match listen_once(group, beside) {
            // The free port of one family was taken in the other.
            Err(error) if is_any_port(group) && error.kind() == io::ErrorKind::AddrInUse && left > 0 => left -= 1,
            result => {
                return result.map_err(|reason| OpenError::Address { address: group.written.clone(), reason });
            }
        }
    }
}

fn is_any_port(group: &Group) -> bool {
    group.members.iter().any(|asked| asked.address.port() == 0)
}

fn listen_once(group: &Group, beside: &[&TcpListener]) -> io::Result<Vec<Socket>> {
    let mut sockets: Vec<Socket> = Vec::with_capacity(group.members.len());
    let mut refused = None;
    for &asked in &group.members {
        let mut asked_now = asked;
        // All families have the same port.
        if let Some(first) = sockets.first().filter(|_| asked.address.port() == 0) {
            asked_now.address.set_port(first.listener.local_addr()?.port());
        }
        match open(asked_now, beside) {
            Ok(listener) => sockets.push(Socket { asked, listener }),
            Err(error) if group.members.len() > 1 && is_missing(&error) => {
                tracing::warn!("{}: this machine does not have {}: {error}", group.written, asked.address.ip());
                refused = Some(error);
            }
            Err(error) => return Err(error),
        }
    }
    match refused {
        Some(error) if sockets.is_empty() => Err(error),
        _ => Ok(sockets),
    }
}

/// Does the machine not have the address, or the whole family?
fn is_missing(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::AddrNotAvailable
        || error.kind() == io::ErrorKind::Unsupported
        // The kernel was built without the family.
        || (cfg!(unix) && [97, 47].contains(&error.raw_os_error().unwrap_or_default()))
}

#[cfg(unix)]
fn open(asked: Asked, beside: &[&TcpListener]) -> io::Result<TcpListener> {
    let socket = socket(asked)?;
    match socket.bind(asked.address) {
        Ok(()) => socket.listen(BACKLOG),
        Err(error) if error.kind() == io::ErrorKind::AddrInUse && !beside.is_empty() => open_beside(asked, beside),
        Err(error) => Err(error),
    }
}

#[cfg(not(unix))]
fn open(asked: Asked, _beside: &[&TcpListener]) -> io::Result<TcpListener> {
    let listener = std::net::TcpListener::bind(asked.address)?;
    listener.set_nonblocking(true)?;
    TcpListener::from_std(listener)
}

#[cfg(unix)]
fn socket(asked: Asked) -> io::Result<TcpSocket> {
    let socket = if asked.address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    if asked.address.is_ipv6() {
        rustix::net::sockopt::set_ipv6_v6only(&socket, asked.only_v6)?;
    }
    socket.set_reuseaddr(true)?;
    Ok(socket)
}

/// Binds an address that overlaps with sockets of this server that are about to be closed: for example one address, in
/// place of all. For that moment, these sockets share their port (`SO_REUSEPORT`).
#[cfg(unix)]
fn open_beside(asked: Asked, beside: &[&TcpListener]) -> io::Result<TcpListener> {
    use rustix::net::sockopt::set_socket_reuseport;
    let socket = socket(asked)?;
    socket.set_reuseport(true)?;
    let share = |on| beside.iter().try_for_each(|old| set_socket_reuseport(old, on));
    share(true)?;
    let bound = socket.bind(asked.address);
    share(false)?;
    bound?;
    let listener = socket.listen(BACKLOG)?;
    set_socket_reuseport(&listener, false)?;
    Ok(listener)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(written: &[&str], expected: &[&str]) {
        let addresses: Vec<Address> = written.iter().map(|text| text.parse().expect("an address")).collect();
        let groups = groups(&addresses).expect("nothing is looked up");
        let found = groups.iter().flat_map(|group| &group.members);
        let found: Vec<_> =
            found.map(|it| format!("{}{}", it.address, if it.only_v6 { " only" } else { "" })).collect();
        assert_eq!(found, expected, "{written:?}");
    }

    #[test]
    fn a_port_alone_is_for_both_families_and_what_is_written_out_comes_first() {
        check(&["80"], &["0.0.0.0:80", "[::]:80 only"]);
        check(&["localhost:80"], &["127.0.0.1:80", "[::1]:80 only"]);
        check(&["[::]:80"], &["[::]:80"]);
        check(&["[::]:80", "127.0.0.1:80"], &["[::]:80 only", "127.0.0.1:80"]);
        check(&["80", "[::]:80"], &["0.0.0.0:80", "[::]:80 only"]);
        check(&["80", "0.0.0.0:80", "81"], &["[::]:80 only", "0.0.0.0:80", "0.0.0.0:81", "[::]:81 only"]);
        check(&["localhost:80", "localhost.:80"], &["127.0.0.1:80", "[::1]:80 only"]);
    }

    #[tokio::test]
    async fn any_free_port_is_the_same_in_all_families() {
        let groups = groups(&["localhost:0".parse().expect("an address")]).expect("nothing is looked up");
        let sockets = listen(&groups[0], &[]).expect("it listens");
        let ports: Vec<_> = sockets.iter().map(|it| it.listener.local_addr().expect("bound").port()).collect();
        assert!(ports[0] > 0 && ports.iter().all(|port| *port == ports[0]), "{ports:?}");
    }

    #[tokio::test]
    async fn what_the_machine_does_not_have_is_left_out_of_several_and_refused_alone() {
        let asked = |text: &str| Asked { address: text.parse().expect("an address"), only_v6: false };
        let group = |members| Group { written: "name:0".into(), members };
        // 203.0.113.0/24 is for documents: no machine has an address of it.
        let sockets = listen(&group(vec![asked("203.0.113.71:0"), asked("127.0.0.1:0")]), &[]).expect("one is there");
        assert_eq!(sockets.len(), 1);
        assert!(listen(&group(vec![asked("203.0.113.71:0")]), &[]).is_err());
        assert!(listen(&group(vec![asked("203.0.113.71:0"), asked("203.0.113.72:0")]), &[]).is_err());
    }
}
