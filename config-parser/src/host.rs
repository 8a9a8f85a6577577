//! Which virtual host answers: by the address that was connected to, then by the name that was asked for.

use std::collections::HashMap;
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
}

/// The virtual hosts, laid out for look-up.
#[derive(Debug, Default)]
pub(crate) struct Hosts {
    by_address: HashMap<HostAddress, Names>,
}

/// The hosts at one address, by name.
#[derive(Debug)]
struct Names {
    /// Answers if no other does.
    first: usize,
    /// In lower case, each with the first host that has it.
    plain: HashMap<Box<[u8]>, usize>,
    /// Names with wildcards, in the order of the hosts.
    wild: Vec<(Box<str>, usize)>,
}

impl Hosts {
    /// Adds a host after all others.
    pub(crate) fn push(&mut self, index: usize, addresses: &[HostAddress], names: &[String]) {
        for address in addresses {
            let at = self.by_address.entry(*address);
            let at = at.or_insert_with(|| Names { first: index, plain: HashMap::new(), wild: Vec::new() });
            for name in names {
                if name.contains(['*', '?']) {
                    at.wild.push((name.as_str().into(), index));
                } else {
                    at.plain.entry(name.to_ascii_lowercase().into_bytes().into()).or_insert(index);
                }
            }
        }
    }

    /// Index of the host that answers; `None` is the main server.
    ///
    /// An address that fits exactly leaves all others out of account, and counts more than a port. Of the hosts that are
    /// left, the first that has the name answers, or the first of all.
    pub(crate) fn choose(&self, local: SocketAddr, name: Option<&str>) -> Option<usize> {
        let (ip, port) = (Some(local.ip().to_canonical()), Some(local.port()));
        let addresses = [(ip, port), (ip, None), (None, port), (None, None)];
        let found = addresses.into_iter().find_map(|(ip, port)| self.by_address.get(&HostAddress { ip, port }))?;
        Some(name.and_then(|name| found.named(bare_name(name))).unwrap_or(found.first))
    }
}

impl Names {
    fn named(&self, name: &str) -> Option<usize> {
        // No name of a host is longer; so none is put into memory from the heap to be looked up.
        let mut lower = [0; 255];
        let lower = lower.get_mut(..name.len())?;
        lower.copy_from_slice(name.as_bytes());
        lower.make_ascii_lowercase();
        let plain = self.plain.get(&*lower).copied();
        let wild = self.wild.iter().find(|(pattern, _)| host_matches(pattern, name)).map(|(_, index)| *index);
        plain.into_iter().chain(wild).min()
    }
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
///
/// ```
/// assert_eq!(samovar_config::server_name("https://example.com:443"), "example.com");
/// ```
#[must_use]
pub fn server_name(text: &str) -> &str {
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
        assert_eq!(bare_name("[::1]"), "[::1]");
        assert_eq!(bare_name("a:b"), "a:b");
    }
}
