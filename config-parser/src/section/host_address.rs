//! The addresses of `<VirtualHost>`.

use std::net::IpAddr;

/// An address of `<VirtualHost>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct HostAddress {
    /// The address; `None` for every address.
    pub ip: Option<IpAddr>,
    /// The port; `None` for every port.
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
}
