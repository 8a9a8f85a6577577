//! Which virtual host answers: by the address that was connected to, then by the name that was asked for.

use std::net::{IpAddr, SocketAddr};

use crate::pattern::host_matches;

/// An address of `<VirtualHost>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct HostAddress {
    /// The address; `None` is every one.
    pub ip: Option<IpAddr>,
    /// The port; `None` is every one.
    pub port: Option<u16>,
}

impl HostAddress {
    /// Reads `*`, `*:port`, `_default_:port`, `address`, `address:port`, `[address]:port`; the port may be `*`.
    pub(crate) fn read(text: &str) -> Option<Self> {
        if let Ok(ip) = text.parse() {
            return Some(Self { ip: Some(ip), port: None });
        }
        let (address, port) = match text.rsplit_once(':') {
            Some((address, port)) if !port.ends_with(']') => (address, Some(port)),
            _ => (text, None),
        };
        let port = match port {
            None | Some("*") => None,
            Some(port) => Some(port.parse().ok().filter(|&port: &u16| port > 0)?),
        };
        let ip = match address {
            "*" | "_default_" => None,
            bracketed if bracketed.starts_with('[') => {
                let inner = bracketed.strip_prefix('[')?.strip_suffix(']')?;
                Some(IpAddr::V6(inner.parse().ok()?))
            }
            plain => Some(IpAddr::V4(plain.parse().ok()?)),
        };
        Some(Self { ip, port })
    }

    /// How exactly it fits: more is better, `None` is not at all. An address counts more than a port.
    fn fits(self, local: SocketAddr) -> Option<u8> {
        let part = |wanted: bool, equal: bool, weight: u8| match (wanted, equal) {
            (true, true) => Some(weight),
            (true, false) => None,
            (false, _) => Some(0),
        };
        let ip = part(self.ip.is_some(), self.ip == Some(local.ip().to_canonical()) || self.ip == Some(local.ip()), 2)?;
        let port = part(self.port.is_some(), self.port == Some(local.port()), 1)?;
        Some(ip + port)
    }
}

/// What a host is found by.
#[derive(Debug)]
pub(crate) struct HostKey {
    pub(crate) addresses: Vec<HostAddress>,
    pub(crate) names: Vec<String>,
}

/// Index of the host that answers; `None` is the main server.
///
/// Of the hosts whose address fits best, the first that has the name answers, or the first of all.
pub(crate) fn choose(hosts: &[HostKey], local: SocketAddr, name: Option<&str>) -> Option<usize> {
    let fit = |host: &HostKey| host.addresses.iter().filter_map(|address| address.fits(local)).max();
    let best = hosts.iter().filter_map(fit).max()?;
    let mut candidates = hosts.iter().enumerate().filter(|(_, host)| {
        // Not only its best address counts: `<VirtualHost *:80 10.0.0.1:80>` is a candidate for both.
        host.addresses.iter().any(|address| address.fits(local) == Some(best))
    });
    let first = candidates.clone().next().map(|(index, _)| index);
    let Some(name) = name.map(bare_name) else { return first };
    let named = candidates.find(|(_, host)| host.names.iter().any(|pattern| host_matches(pattern, name)));
    named.map(|(index, _)| index).or(first)
}

/// A host name without port and without the dot that may end it.
pub(crate) fn bare_name(name: &str) -> &str {
    let without_port = match name.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => name,
    };
    without_port.strip_suffix('.').unwrap_or(without_port)
}

/// The name in a `ServerName`, which may be `scheme://name:port`.
pub(crate) fn server_name(text: &str) -> &str {
    bare_name(text.split_once("://").map_or(text, |(_, name)| name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_as_in_httpd() {
        let read = |text: &str| HostAddress::read(text).map(|found| (found.ip.map(|ip| ip.to_string()), found.port));
        let ip = |text: &str| Some(text.to_owned());
        assert_eq!(read("*"), Some((None, None)));
        assert_eq!(read("*:80"), Some((None, Some(80))));
        assert_eq!(read("_default_:443"), Some((None, Some(443))));
        assert_eq!(read("10.0.0.1:*"), Some((ip("10.0.0.1"), None)));
        assert_eq!(read("10.0.0.1:80"), Some((ip("10.0.0.1"), Some(80))));
        assert_eq!(read("[::1]:80"), Some((ip("::1"), Some(80))));
        assert_eq!(read("[::1]"), Some((ip("::1"), None)));
        assert_eq!(read("::1"), Some((ip("::1"), None)));
        for wrong in ["example.com:80", "*:0", "*:99999", "[::1", "", ":80", "10.0.0.1:"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn names_lose_port_and_dot() {
        assert_eq!(bare_name("example.com:8080"), "example.com");
        assert_eq!(bare_name("example.com."), "example.com");
        assert_eq!(bare_name("[::1]:80"), "[::1]");
        assert_eq!(server_name("https://example.com:443"), "example.com");
    }
}
