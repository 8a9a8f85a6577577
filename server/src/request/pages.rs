//! What a client sees of what went wrong.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use samovar_importer::Diagnostic;
use samovar_rhai::status_page;

use crate::logs::repeated;

/// The page for a script that failed, outside of a site.
pub(crate) fn failed(diagnostic: &Diagnostic, path: &str, debug: bool) -> Response<Bytes> {
    repeated::tell(None, path, diagnostic);
    error_page(diagnostic, debug)
}

/// Asks the client to try again.
pub(crate) fn in_a_moment(mut response: Response<Bytes>) -> Response<Bytes> {
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    response
}

pub(crate) fn error_page(diagnostic: &Diagnostic, debug: bool) -> Response<Bytes> {
    let detail = debug.then(|| diagnostic.render(false));
    match diagnostic.temporary {
        true => in_a_moment(status_page(StatusCode::SERVICE_UNAVAILABLE, detail.as_deref())),
        false => status_page(StatusCode::INTERNAL_SERVER_ERROR, detail.as_deref()),
    }
}

/// The page for a script whose last change was refused, where developers are to see it at once (R32).
pub(crate) fn refused_page(refused: &[Diagnostic]) -> Response<Bytes> {
    let rendered: Vec<_> = refused.iter().map(|diagnostic| diagnostic.render(false)).collect();
    status_page(StatusCode::INTERNAL_SERVER_ERROR, Some(&rendered.join("\n\n")))
}

/// Browsers are to take an answer for what its `Content-Type` says: one that guesses finds a page in what a script sent as
/// text, or a program in what somebody uploaded. A script may say otherwise.
pub(crate) fn forbid_guessing(headers: &mut HeaderMap) {
    headers.entry(header::X_CONTENT_TYPE_OPTIONS).or_insert(HeaderValue::from_static("nosniff"));
}
