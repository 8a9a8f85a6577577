//! The answer to a request while it is being prepared, and how it becomes a response.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Response, StatusCode, header};

pub(super) const TEXT: &str = "text/plain; charset=utf-8";
pub(super) const HTML: &str = "text/html; charset=utf-8";

/// The answer so far. Only the thread that handles the request touches it, so the lock is never waited for.
#[derive(Debug, Default)]
pub(crate) struct Reply {
    pub(crate) status: Option<StatusCode>,
    pub(crate) headers: HeaderMap,
    pub(crate) written: Vec<u8>,
    /// Was all that was written HTML, as the script said?
    pub(crate) is_html: bool,
}

impl Reply {
    /// Takes back what was written; headers stay.
    pub(crate) fn forget_written(&mut self) {
        (self.written, self.is_html) = (Vec::new(), false);
    }

    /// Is what was written sent as text for want of another word, though it looks like HTML?
    pub(crate) fn looks_like_html(&self) -> bool {
        !self.is_html && !self.headers.contains_key(header::CONTENT_TYPE) && looks_like_html(&self.written)
    }
}

/// An answer that is sent as text because nothing says that it is HTML, though it looks like that: a response carries
/// this among its extensions.
#[derive(Clone, Copy)]
pub(crate) struct LooksLikeHtml;

/// A tag, a comment or a document type at the beginning: plain text hardly ever starts with one.
pub(super) fn looks_like_html(text: &[u8]) -> bool {
    let text = text.trim_ascii_start();
    matches!(text, [b'<', next, ..] if next.is_ascii_alphabetic() || *next == b'!')
}

/// What was written comes first, then what was returned.
pub(super) fn finish(reply: Reply, returned: Option<(Bytes, &'static str)>) -> Response<Bytes> {
    let Reply { status, headers, mut written, is_html } = reply;
    let status = status.unwrap_or(StatusCode::OK);
    // HTML is an answer of which every part was said to be HTML.
    let kind = match &returned {
        None if is_html => HTML,
        Some((_, HTML)) if !written.is_empty() && !is_html => TEXT,
        Some((_, kind)) => kind,
        None => TEXT,
    };
    let mut body = match returned {
        Some((body, _)) if written.is_empty() => body,
        Some((body, _)) => {
            written.extend_from_slice(&body);
            written.into()
        }
        None => written.into(),
    };
    // These have no body, whatever was said.
    if matches!(status, StatusCode::NO_CONTENT | StatusCode::RESET_CONTENT | StatusCode::NOT_MODIFIED) {
        body.clear();
    }
    let is_untold = kind == TEXT && !headers.contains_key(header::CONTENT_TYPE) && looks_like_html(&body);
    let has_body = !body.is_empty();
    let mut response = Response::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    if has_body {
        response.headers_mut().entry(header::CONTENT_TYPE).or_insert(HeaderValue::from_static(kind));
    }
    if is_untold {
        response.extensions_mut().insert(LooksLikeHtml);
    }
    response
}

/// A status that may end an exchange.
pub(super) fn status_code(status: i64) -> Result<StatusCode, String> {
    let code = u16::try_from(status).ok().filter(|code| (200..=599).contains(code));
    let code = code.and_then(|code| StatusCode::from_u16(code).ok());
    code.ok_or_else(|| format!("{status} is no HTTP status; one is a number from 200 to 599"))
}

/// A header's value. Line breaks would let a script's caller write headers, or a second response.
pub(super) fn header_value(name: &str, value: &str) -> Result<HeaderValue, String> {
    HeaderValue::from_str(value)
        .map_err(|_| format!("the value of the header {name} has a line break or control character in it"))
}
