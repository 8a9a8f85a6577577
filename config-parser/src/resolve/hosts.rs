//! Chooses the virtual host of a request: first by the local address, then by the name in the `Host` header.

use std::collections::HashMap;
use std::net::SocketAddr;

use crate::section::host_address::HostAddress;
use crate::section::pattern::host_matches;

/// The virtual hosts by address and name.
#[derive(Debug, Default)]
pub(crate) struct Hosts {
    by_address: HashMap<HostAddress, Names>,
}

/// The hosts at one address, by name.
#[derive(Debug)]
struct Names {
    /// The host that answers if no name matches.
    first: usize,
    /// Names in lower case, each with the first host that has it.
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

    /// Returns the index of the host that answers; `None` is the main server.
    ///
    /// The most specific address decides: address and port, then address, then port, then `*`. Of the hosts with that
    /// address, the first that has the name answers; if none has it, the first of all.
    pub(crate) fn choose(&self, local: SocketAddr, name: Option<&str>) -> Option<usize> {
        let (ip, port) = (Some(local.ip().to_canonical()), Some(local.port()));
        let addresses = [(ip, port), (ip, None), (None, port), (None, None)];
        let found = addresses.into_iter().find_map(|(ip, port)| self.by_address.get(&HostAddress { ip, port }))?;
        Some(name.and_then(|name| found.named(bare_name(name))).unwrap_or(found.first))
    }
}

impl Names {
    fn named(&self, name: &str) -> Option<usize> {
        // No host name is longer, so the look-up needs no allocation.
        let mut lower = [0; 255];
        let lower = lower.get_mut(..name.len())?;
        lower.copy_from_slice(name.as_bytes());
        lower.make_ascii_lowercase();
        let plain = self.plain.get(&*lower).copied();
        let wild = self.wild.iter().find(|(pattern, _)| host_matches(pattern, name)).map(|(_, index)| *index);
        plain.into_iter().chain(wild).min()
    }
}

/// A host name without port and without a dot at its end.
pub(crate) fn bare_name(name: &str) -> &str {
    let without_port = match name.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => name,
    };
    without_port.strip_suffix('.').unwrap_or(without_port)
}

/// Returns the host name in a `ServerName`, which may be `scheme://name:port`.
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
    fn names_lose_port_and_dot() {
        assert_eq!(bare_name("example.com:8080"), "example.com");
        assert_eq!(bare_name("example.com."), "example.com");
        assert_eq!(bare_name("[::1]:80"), "[::1]");
        assert_eq!(bare_name("[::1]"), "[::1]");
        assert_eq!(bare_name("a:b"), "a:b");
    }
}
