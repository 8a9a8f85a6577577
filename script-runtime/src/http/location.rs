//! `Location`: an address that scripts write as people do, and that is sent as URLs are.

use std::{borrow::Cow, fmt::Write as _};

/// Encodes what may not stand in a URL: spaces, characters beyond ASCII, quotes, backslashes (which browsers take for
/// slashes), and a `%` that encodes nothing. What is encoded already stays as it is.
///
/// ```
/// use samovar_rhai::encode_location;
///
/// assert_eq!(encode_location("/tea and möhre?a=b&c=%20#d"), "/tea%20and%20m%C3%B6hre?a=b&c=%20#d");
/// ```
#[must_use]
pub fn encode_location(address: &str) -> Cow<'_, str> {
    let bytes = address.as_bytes();
    if (0..bytes.len()).all(|at| may_stand(bytes, at)) {
        return Cow::Borrowed(address);
    }
    let mut encoded = String::with_capacity(bytes.len() + 16);
    for (at, byte) in bytes.iter().enumerate() {
        match may_stand(bytes, at) {
            true => encoded.push(char::from(*byte)),
            false => {
                let _ = write!(encoded, "%{byte:02X}");
            }
        }
    }
    Cow::Owned(encoded)
}

/// May the byte stand there in a URL (RFC 3986, 2)?
fn may_stand(bytes: &[u8], at: usize) -> bool {
    match bytes[at] {
        b'%' => bytes.get(at + 1..at + 3).is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit)),
        byte => byte.is_ascii_alphanumeric() || b"-._~:/?#[]@!$&'()*+,;=".contains(&byte),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_not_stand_in_a_url_is_encoded_once() {
        for (address, expected) in [
            ("", ""),
            ("/a/b?c=d&e=f#g", "/a/b?c=d&e=f#g"),
            ("https://[::1]:8080/~a/(b)*,;=!$'+@", "https://[::1]:8080/~a/(b)*,;=!$'+@"),
            ("/a b", "/a%20b"),
            ("/a%20b%c3%A9", "/a%20b%c3%A9"),
            ("/é/✓", "/%C3%A9/%E2%9C%93"),
            ("/100%", "/100%25"),
            ("/%zz%4", "/%25zz%254"),
            ("/\\evil.example", "/%5Cevil.example"),
            ("/\"<>^`{|}\t\x01\x7f", "/%22%3C%3E%5E%60%7B%7C%7D%09%01%7F"),
        ] {
            assert_eq!(encode_location(address), expected, "{address}");
            assert_eq!(encode_location(expected), expected, "encoded once");
        }
    }
}
