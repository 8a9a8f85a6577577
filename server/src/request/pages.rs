//! Answers without a script: errors, redirects, and what concerns the server itself.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header, request::Parts};
use samovar_importer::Diagnostic;
use samovar_rhai::{encode_location, status_page};

use super::{pool::Busy, terms::Terms};
use crate::{logs::repeated, remedy::worded};

/// The page for a script that failed. Logs the error; clients see it only where `RhaiDebug` is on.
pub(crate) fn failed(terms: &Terms, path: &str, diagnostic: &Diagnostic) -> Response<Bytes> {
    match diagnostic.temporary {
        // The site is being saved: no error.
        true => tracing::debug!("{path} has to wait: {diagnostic}"),
        false => repeated::tell(terms.error_log.as_ref(), path, diagnostic),
    }
    error_page(diagnostic, terms.debug)
}

/// The page for a request for which no script thread is free.
pub(crate) fn busy(terms: &Terms, path: &str, _: &Busy) -> Response<Bytes> {
    let busy = Diagnostic::error("no script thread is free").help("scripts that wait for long keep others waiting");
    repeated::tell(terms.error_log.as_ref(), path, &busy);
    in_a_moment(status_page(StatusCode::SERVICE_UNAVAILABLE, None))
}

/// Asks the client to try again soon.
fn in_a_moment(mut response: Response<Bytes>) -> Response<Bytes> {
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    response
}

fn error_page(diagnostic: &Diagnostic, debug: bool) -> Response<Bytes> {
    let detail = debug.then(|| worded(diagnostic).render(false));
    match diagnostic.temporary {
        true => in_a_moment(status_page(StatusCode::SERVICE_UNAVAILABLE, detail.as_deref())),
        false => status_page(StatusCode::INTERNAL_SERVER_ERROR, detail.as_deref()),
    }
}

/// The page for a script whose last change was refused, where developers are to see it at once (R32).
pub(crate) fn refused(refused: &[Diagnostic]) -> Response<Bytes> {
    let rendered: Vec<_> = refused.iter().map(|diagnostic| worded(diagnostic).render(false)).collect();
    status_page(StatusCode::INTERNAL_SERVER_ERROR, Some(&rendered.join("\n\n")))
}

/// Tells browsers to trust the `Content-Type`: one that guesses may see HTML in what a script sent as text, or a
/// program in an upload. A script may set the header otherwise.
pub(crate) fn forbid_guessing(headers: &mut HeaderMap) {
    headers.entry(header::X_CONTENT_TYPE_OPTIONS).or_insert(HeaderValue::from_static("nosniff"));
}

/// The methods of the server as a whole.
const METHODS: HeaderValue = HeaderValue::from_static("GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");

/// Answers requests about the server itself: `OPTIONS *`, and `CONNECT`, which it does not support.
pub(super) fn about_no_resource(head: &Parts) -> Option<Response<Bytes>> {
    let mut response = match head.method {
        Method::CONNECT => status_page(StatusCode::METHOD_NOT_ALLOWED, None),
        Method::OPTIONS if head.uri.path() == "*" => {
            let mut response = Response::default();
            *response.status_mut() = StatusCode::NO_CONTENT;
            response
        }
        _ => return None,
    };
    response.headers_mut().insert(header::ALLOW, METHODS);
    Some(response)
}

/// Redirects to the same URL with a slash at its end, so that relative links of the page of the directory work.
pub(super) fn with_slash(head: &Parts) -> Response<Bytes> {
    let uri = &head.uri;
    let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    // Two slashes at the beginning would be read as the name of another host.
    let location = format!("/{}/{query}", uri.path().trim_matches('/'));
    let safe = matches!(head.method, Method::GET | Method::HEAD);
    let status = if safe { StatusCode::MOVED_PERMANENTLY } else { StatusCode::PERMANENT_REDIRECT };
    let mut response = status_page(status, None);
    if let Ok(location) = HeaderValue::from_str(&encode_location(&location)) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    response
}
