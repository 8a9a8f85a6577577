//! Files served as they are: types, ranges and conditional requests are the library's affair.

use std::{
    fs::Metadata,
    path::{Path, PathBuf},
    sync::Arc,
};

use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header};
use samovar_rhai::status_page;
use tower::ServiceExt;
use tower_http::services::ServeFile;

use crate::{
    body::{self, Body},
    private::Private,
    range,
    route::is_hidden,
};

/// Serves `file`, which must lie below `root` also when its links are followed, and must not be `private`.
pub(crate) async fn serve(
    root: &Path,
    file: PathBuf,
    private: Arc<Private>,
    mut request: Request<()>,
) -> Response<Body> {
    let not_found = || body::whole(status_page(StatusCode::NOT_FOUND, None));
    // What is no regular file must not even be opened: opening a FIFO waits for its other end.
    let root = root.to_path_buf();
    let confined = move || {
        let real = file.canonicalize().ok()?;
        let below = real.strip_prefix(root.canonicalize().ok()?).ok()?;
        // A link may be named as it likes: what it leads to decides whether it may be seen.
        let hidden = below.iter().any(|name| is_hidden(&name.to_string_lossy()));
        let found = real.metadata().ok().filter(Metadata::is_file)?;
        (!hidden && !private.hides(&real, &found)).then_some(file)
    };
    let Ok(Some(file)) = tokio::task::spawn_blocking(confined).await else { return not_found() };
    if request.method() == Method::OPTIONS {
        return methods();
    }
    if let Some(condition) = range::settle(request.headers_mut())
        && !range::is_current(&condition, &validators(&file).await)
    {
        request.headers_mut().remove(header::RANGE);
    }
    match ServeFile::new(file).oneshot(request).await {
        Ok(mut response) if response.status() != StatusCode::NOT_FOUND => {
            say_charset(response.headers_mut());
            body::streamed(response)
        }
        Ok(_) => not_found(),
        Err(never) => match never {},
    }
}

/// What may be done with a file.
fn methods() -> Response<Body> {
    let mut response = Response::default();
    *response.status_mut() = StatusCode::NO_CONTENT;
    response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD, OPTIONS"));
    body::whole(response)
}

/// The headers of a file, which tell one version of it from another.
async fn validators(file: &Path) -> HeaderMap {
    let mut request = Request::new(());
    *request.method_mut() = Method::HEAD;
    match ServeFile::new(file).oneshot(request).await {
        Ok(response) => response.into_parts().0.headers,
        Err(never) => match never {},
    }
}

/// Texts are UTF-8 here; without a word of it, clients would guess.
fn say_charset(headers: &mut HeaderMap) {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let Some(kind) = kind.filter(|kind| kind.starts_with("text/") && !kind.contains(';')) else { return };
    if let Ok(with_charset) = HeaderValue::from_str(&format!("{kind}; charset=utf-8")) {
        headers.insert(header::CONTENT_TYPE, with_charset);
    }
}
