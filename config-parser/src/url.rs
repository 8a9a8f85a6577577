//! Normalises the path of a URL: sections are matched, and files looked up, with the same normal form.

use std::fmt;

/// Why the path of a URL cannot be normalised; each reason has the HTTP status that answers it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PathError {
    /// 400: not a path, an invalid `%` escape, a control character, or `..` above the root.
    BadRequest,
    /// 404: `%00` or `%2f`, or bytes that are not UTF-8. No file has such a name.
    NotFound,
}

impl PathError {
    /// Returns the HTTP status that answers it.
    #[must_use]
    pub fn status(self) -> u16 {
        match self {
            Self::BadRequest => 400,
            Self::NotFound => 404,
        }
    }
}

impl fmt::Display for PathError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::BadRequest => "the path of the URL is malformed",
            Self::NotFound => "the path of the URL can name no file",
        })
    }
}

impl std::error::Error for PathError {}

/// Decodes the path of a URL once, and removes doubled slashes, `.` and `..`.
///
/// `path` is the part of the request target before `?`. The result begins with `/`, and ends with `/` if the path named a
/// directory. It is not decoded again: `%252e` becomes the three characters `%2e`.
///
/// # Errors
/// See [`PathError`].
///
/// ```
/// use samovar_config::url::{PathError, normalize};
///
/// assert_eq!(normalize("/shop//a%20b/../c/"), Ok("/shop/c/".to_owned()));
/// assert_eq!(normalize("/a%2fb"), Err(PathError::NotFound));
/// assert_eq!(normalize("/../etc"), Err(PathError::BadRequest));
/// ```
pub fn normalize(path: &str) -> Result<String, PathError> {
    if !path.starts_with('/') {
        return Err(PathError::BadRequest);
    }
    let decoded = String::from_utf8(decode(path.as_bytes())?).map_err(|_| PathError::NotFound)?;
    let mut out = String::with_capacity(decoded.len());
    for part in decoded.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                let parent = out.rfind('/').ok_or(PathError::BadRequest)?;
                out.truncate(parent);
            }
            name => {
                out.push('/');
                out.push_str(name);
            }
        }
    }
    let names_directory = matches!(decoded.rsplit('/').next(), Some("" | "." | ".."));
    if names_directory {
        out.push('/');
    }
    Ok(out)
}

fn decode(path: &[u8]) -> Result<Vec<u8>, PathError> {
    let mut out = Vec::with_capacity(path.len());
    // As in httpd, an invalid escape anywhere is answered with 400, also after one that is answered with 404.
    let mut not_found = false;
    let mut at = 0;
    while let Some(&byte) = path.get(at) {
        let (byte, length) = if byte == b'%' { (escape(&path[at + 1..])?, 3) } else { (byte, 1) };
        match byte {
            0 | b'/' if length == 3 => not_found = true,
            0..0x20 | 0x7f => return Err(PathError::BadRequest),
            _ => {}
        }
        out.push(byte);
        at += length;
    }
    if not_found { Err(PathError::NotFound) } else { Ok(out) }
}

fn escape(digits: &[u8]) -> Result<u8, PathError> {
    let digit = |at: usize| digits.get(at).and_then(|&byte| char::from(byte).to_digit(16));
    match (digit(0), digit(1)) {
        // Two digits of four bits each fit.
        (Some(high), Some(low)) => Ok((high * 16 + low) as u8),
        _ => Err(PathError::BadRequest),
    }
}
