//! The host that a request is for, and the form of its target.

use std::net::Ipv6Addr;

use http::{HeaderMap, HeaderValue, Method, Request, header};

/// Is it clear which resource of which host is meant (RFC 9112, 3.2)? An absolute target names a host as well, and
/// takes precedence. Valid host names are those of httpd.
pub(crate) fn is_clear<B>(request: &Request<B>) -> bool {
    let uri = request.uri();
    let is_web = uri.scheme().is_none_or(|scheme| matches!(scheme.as_str(), "http" | "https"));
    let is_path = match *request.method() {
        Method::CONNECT => true,
        Method::OPTIONS if uri.path() == "*" => true,
        _ => uri.path().starts_with('/'),
    };
    let tunnel = *request.method() == Method::CONNECT;
    let named = uri.authority().filter(|_| !tunnel).map(|authority| authority.as_str().as_bytes());
    let hosts = request.headers().get_all(header::HOST).iter().map(HeaderValue::as_bytes);
    is_web && is_path && named.into_iter().chain(hosts).all(is_host)
}

/// Sets the `Host` header to the host of an absolute target, which takes precedence (RFC 9112, 3.2.2).
pub(super) fn settle_host<B>(request: &mut Request<B>) {
    let named = request.uri().authority().filter(|_| request.method() != Method::CONNECT);
    if let Some(host) = named.and_then(|authority| HeaderValue::from_str(authority.as_str()).ok()) {
        request.headers_mut().insert(header::HOST, host);
    }
}

pub(crate) fn host_name(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::HOST).and_then(|host| host.to_str().ok())
}

/// Is it `host`, `host:port`, or empty, as in a target without a host?
fn is_host(text: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(text) else { return false };
    let (host, port) = match text.rfind(':').filter(|colon| text.rfind(']').is_none_or(|bracket| bracket < *colon)) {
        Some(colon) => (&text[..colon], &text[colon + 1..]),
        None => (text, ""),
    };
    let is_port = port.bytes().all(|byte| byte.is_ascii_digit())
        && (port.is_empty() || port.parse::<u16>().is_ok_and(|port| port > 0));
    let is_name = |host: &str| host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte));
    let address = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    is_port && address.map_or_else(|| is_name(host), |address| address.parse::<Ipv6Addr>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_names_or_addresses_with_or_without_a_port() {
        for host in [
            "",
            "a",
            "localhost:8080",
            "example.org.",
            "my_host-1.example.org:",
            "127.0.0.1",
            "127.0.0.1:65535",
            "[::1]",
            "[::1]:80",
            "[2001:db8::7]:443",
            "[::ffff:127.0.0.1]",
        ] {
            assert!(is_host(host.as_bytes()), "{host}");
        }
        for host in [
            "x y",
            "a@b",
            "a/b",
            "a\\b",
            "a?b",
            "a#b",
            "a,b",
            "x:99999",
            "x:65536",
            "x:0",
            "x:-1",
            "x:80a",
            "x:80:81",
            "::1",
            "[::1",
            "::1]",
            "[::1]x",
            "[::1]:x",
            "[::1%eth0]",
            "[]",
            "[127.0.0.1]",
            "a%20b",
            "<b>",
            "ä",
            "a\tb",
        ] {
            assert!(!is_host(host.as_bytes()), "{host}");
        }
        assert!(!is_host(b"a\xff"));
    }

    #[track_caller]
    fn check(method: Method, target: &str, expected: bool) {
        let request = Request::builder().method(method).uri(target).body(()).expect("a request");
        assert_eq!(is_clear(&request), expected, "{target}");
    }

    #[test]
    fn targets_are_paths_or_name_a_host_of_the_web() {
        for target in ["/", "/a?b", "http://a", "http://a:80/b", "https://[::1]/", "HTTP://A/"] {
            check(Method::GET, target, true);
        }
        for target in ["ftp://a/b", "*", "a:80", "http://a@b/", "http://a:99999/", "ws://a/"] {
            check(Method::GET, target, false);
        }
        check(Method::OPTIONS, "*", true);
        check(Method::CONNECT, "a:443", true);
    }
}
