//! The address of a listener: a port, for all addresses, one address or a host name.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

/// The address of a listener: a port, and the addresses that it is for.
///
/// ```
/// use samovar_config::{Address, AddressHost};
///
/// let read = |text: &str| text.parse::<Address>();
/// assert_eq!(read("8080"), Ok(Address { host: AddressHost::Every, port: 8080 }));
/// assert_eq!(read(":8080"), read("8080"));
/// assert_eq!(read("[::1]:80"), Ok(Address { host: AddressHost::Ip("::1".parse().unwrap()), port: 80 }));
/// assert_eq!(read("localhost:80"), Ok(Address { host: AddressHost::Name("localhost".into()), port: 80 }));
/// assert_eq!(read("localhost").unwrap_err().to_string(), "the port is missing: write `localhost:80`");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Address {
    /// Which addresses.
    pub host: AddressHost,
    /// The port; 0 is for programs that take any free one.
    pub port: u16,
}

/// The part of an [`Address`] before its port.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum AddressHost {
    /// Every address of the machine.
    Every,
    /// This one.
    Ip(IpAddr),
    /// All that the name stands for.
    Name(Box<str>),
}

/// Why a text is not an [`Address`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddressError(String);

impl fmt::Display for AddressError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl std::error::Error for AddressError {}

impl From<SocketAddr> for Address {
    fn from(address: SocketAddr) -> Self {
        Self { host: AddressHost::Ip(address.ip()), port: address.port() }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.host {
            AddressHost::Every => write!(out, "*:{}", self.port),
            AddressHost::Ip(ip) => SocketAddr::new(*ip, self.port).fmt(out),
            AddressHost::Name(name) => write!(out, "{name}:{}", self.port),
        }
    }
}

impl FromStr for Address {
    type Err = AddressError;

    /// Reads `port`, `:port`, `*:port`, `address:port`, `name:port` or `[address]:port`.
    fn from_str(text: &str) -> Result<Self, AddressError> {
        let wrong = |message: String| Err(AddressError(message));
        if text.contains("://") {
            return wrong("this is a URL: write only the part between `//` and the next `/`".to_owned());
        }
        if text.starts_with("unix:") {
            return wrong("the server listens on addresses and ports, not on Unix sockets".to_owned());
        }
        if text.is_empty() {
            return wrong("the port is missing".to_owned());
        }
        if text.parse::<std::net::Ipv6Addr>().is_ok() {
            return wrong(format!("write an IPv6 address with a port in brackets: `[{text}]:80`"));
        }
        let (host, port) = match text.rsplit_once(':') {
            // The last colon of an address in brackets is not the one before a port.
            Some((host, port)) if !port.ends_with(']') => (host, port),
            _ if text.bytes().all(|byte| byte.is_ascii_digit()) => ("", text),
            _ => return wrong(format!("the port is missing: write `{text}:80`")),
        };
        if port.is_empty() {
            return wrong(format!("the port is missing: write `{text}80`"));
        }
        if host.starts_with('[') && !host.ends_with(']') {
            return wrong(format!("the `]` is missing in `{text}`: an IPv6 address with a port is written `[::1]:80`"));
        }
        let is_number = port.bytes().all(|byte| byte.is_ascii_digit());
        let Some(port) = port.parse().ok().filter(|_| is_number) else {
            return wrong(format!("`{port}` is not a port: a port is a number from 0 to 65535"));
        };
        let bracketed = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        let host = match (host, bracketed) {
            ("" | "*", _) => AddressHost::Every,
            (_, Some(inner)) => match inner.parse() {
                Ok(ip) => AddressHost::Ip(IpAddr::V6(ip)),
                Err(_) => return wrong(format!("`{inner}` is not an IPv6 address")),
            },
            (host, None) => match host.parse() {
                Ok(ip) => AddressHost::Ip(IpAddr::V4(ip)),
                Err(_) if host.contains(':') => {
                    return wrong(format!("write an IPv6 address in brackets: `[{host}]:{port}`"));
                }
                Err(_) if is_name(host) => AddressHost::Name(host.into()),
                Err(_) => return wrong(format!("`{host}` is neither an address nor the name of a host")),
            },
        };
        Ok(Self { host, port })
    }
}

/// Whether it can be a host name. Numbers alone are a malformed address.
fn is_name(text: &str) -> bool {
    let is_label = |label: &str| {
        let ends = !label.starts_with('-') && !label.ends_with('-');
        ends && (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    };
    let text = text.strip_suffix('.').unwrap_or(text);
    let is_numbers = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    text.len() <= 253 && !is_numbers && text.split('.').all(is_label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_address_is_told_with_what_to_write() {
        for (text, expected) in [
            ("", "the port is missing"),
            ("localhost", "the port is missing: write `localhost:80`"),
            ("[::1]", "the port is missing: write `[::1]:80`"),
            ("::1", "write an IPv6 address with a port in brackets: `[::1]:80`"),
            ("fe80::1%1:80", "write an IPv6 address in brackets: `[fe80::1%1]:80`"),
            ("65536", "`65536` is not a port: a port is a number from 0 to 65535"),
            ("a:", "the port is missing: write `a:80`"),
            ("[::1", "the `]` is missing in `[::1`: an IPv6 address with a port is written `[::1]:80`"),
            ("a:+1", "`+1` is not a port: a port is a number from 0 to 65535"),
            ("[a]:80", "`a` is not an IPv6 address"),
            ("1.2.3:80", "`1.2.3` is neither an address nor the name of a host"),
            ("-a:80", "`-a` is neither an address nor the name of a host"),
            ("a-:80", "`a-` is neither an address nor the name of a host"),
            ("a..b:80", "`a..b` is neither an address nor the name of a host"),
            ("unix:/s", "the server listens on addresses and ports, not on Unix sockets"),
            ("http://a:80", "this is a URL: write only the part between `//` and the next `/`"),
        ] {
            assert_eq!(text.parse::<Address>().expect_err(text).to_string(), expected);
        }
        let long = "a".repeat(63);
        assert!(format!("{long}.{long}.{long}.b:80").parse::<Address>().is_ok());
        assert!(format!("{long}a:80").parse::<Address>().is_err());
        assert!(format!("{long}.{long}.{long}.{long}:80").parse::<Address>().is_err());
    }

    #[test]
    fn an_address_is_shown_as_it_is_read() {
        for text in ["*:80", "127.0.0.1:0", "[::1]:80", "my-host.example.:80"] {
            assert_eq!(text.parse::<Address>().expect(text).to_string(), text);
        }
        assert_eq!(Address::from(SocketAddr::from(([127, 0, 0, 1], 80))).to_string(), "127.0.0.1:80");
    }
}
