//! Static files. Content types and conditional requests are handled by the file service of the library.
//!
//! The library serves a file that is already open: a path may lead elsewhere the next time it is looked up, and the
//! file that was checked must be the one that is sent.

use std::{
    fs::Metadata,
    future::{Ready, ready},
    io::{self, SeekFrom},
    path::{Path, PathBuf},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Uri, header};
use samovar_importer::Below;
use samovar_rhai::status_page;
use tokio::{
    fs::File,
    io::{AsyncRead, AsyncSeek, ReadBuf},
};
use tower::ServiceExt;
use tower_http::services::{
    ServeDir,
    fs::{Backend, File as FileOfBackend},
};

use super::{
    body::{self, Body},
    range,
};
use crate::routing::{hidden::is_hidden, private::Private};

/// A file that is served if it lies below `root`, with its links followed, and is not one of the server's `private`
/// files.
pub(crate) struct StaticFile {
    pub(crate) root: PathBuf,
    pub(crate) file: PathBuf,
    pub(crate) private: Arc<Private>,
}

impl StaticFile {
    pub(crate) async fn serve(self, mut request: Request<()>) -> Response<Body> {
        let Self { root, file, private } = self;
        let not_found = || body::whole(status_page(StatusCode::NOT_FOUND, None));
        let uri = uri_of_its_type(&file);
        let Ok(Some(file)) = tokio::task::spawn_blocking(move || Open::file(&root, &file, &private)).await else {
            return not_found();
        };
        if request.method() == Method::OPTIONS {
            return methods();
        }
        *request.uri_mut() = uri;
        let (is_get, len) = (request.method() == Method::GET, file.0.metadata.len());
        if let Some(condition) = range::settle(request.headers_mut(), is_get, len)
            && !range::is_current(&condition, &validators(&file, request.uri()).await)
        {
            request.headers_mut().remove(header::RANGE);
        }
        match file.respond(request).await {
            Some(mut response) => {
                say_charset(response.headers_mut());
                response
            }
            None => not_found(),
        }
    }
}

/// The library takes a file's type from the extension in the URL, and nothing else.
fn uri_of_its_type(file: &Path) -> Uri {
    let extension = file.extension().and_then(|extension| extension.to_str());
    let extension = extension.filter(|extension| extension.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    let uri = extension.and_then(|extension| format!("/file.{extension}").parse().ok());
    uri.unwrap_or_else(|| Uri::from_static("/file"))
}

/// Answers `OPTIONS` for a static file.
fn methods() -> Response<Body> {
    let mut response = Response::default();
    *response.status_mut() = StatusCode::NO_CONTENT;
    response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD, OPTIONS"));
    body::whole(response)
}

/// The headers that identify the version of a file.
async fn validators(file: &Open, uri: &Uri) -> HeaderMap {
    let mut request = Request::new(());
    *request.method_mut() = Method::HEAD;
    *request.uri_mut() = uri.clone();
    file.clone().respond(request).await.map(|response| response.into_parts().0.headers).unwrap_or_default()
}

/// Adds the charset to text types: texts are UTF-8, and clients would guess otherwise.
fn say_charset(headers: &mut HeaderMap) {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let Some(kind) = kind.filter(|kind| kind.starts_with("text/") && !kind.contains(';')) else { return };
    if let Ok(with_charset) = HeaderValue::from_str(&format!("{kind}; charset=utf-8")) {
        headers.insert(header::CONTENT_TYPE, with_charset);
    }
}

/// An open file: the only one that the library sees, whatever path it asks for.
#[derive(Clone)]
struct Open(Arc<Opened>);

struct Opened {
    file: std::fs::File,
    metadata: Metadata,
}

impl Open {
    /// Opens a file if it may be served.
    fn file(root: &Path, file: &Path, private: &Private) -> Option<Self> {
        let below = Below::open(root, file.strip_prefix(root).ok()?).ok()?;
        // The target of a link decides whether it may be served, not the name of the link.
        if below.path().iter().any(|name| is_hidden(&name.to_string_lossy())) {
            return None;
        }
        let real = below.real_path().to_path_buf();
        let file = below.into_file();
        let metadata = file.metadata().ok()?;
        (!private.hides(&real, &metadata)).then(|| Self(Arc::new(Opened { file, metadata })))
    }

    async fn respond(self, request: Request<()>) -> Option<Response<Body>> {
        let service = ServeDir::with_backend("", self).append_index_html_on_directories(false);
        match service.oneshot(request).await {
            Ok(response) if response.status() == StatusCode::NOT_FOUND => None,
            Ok(response) => Some(body::streamed(response)),
            Err(never) => match never {},
        }
    }
}

impl Backend for Open {
    type File = Reading;
    type Metadata = Metadata;
    type OpenFuture = Ready<io::Result<Reading>>;
    type MetadataFuture = Ready<io::Result<Metadata>>;

    fn open(&self, _: PathBuf) -> Self::OpenFuture {
        let metadata = self.0.metadata.clone();
        ready(self.0.file.try_clone().map(|file| Reading { file: file.into(), metadata }))
    }

    fn metadata(&self, _: PathBuf) -> Self::MetadataFuture {
        ready(Ok(self.0.metadata.clone()))
    }
}

/// A file while it is read.
struct Reading {
    file: File,
    metadata: Metadata,
}

impl FileOfBackend for Reading {
    type Metadata = Metadata;
    type MetadataFuture<'a> = Ready<io::Result<Metadata>>;

    fn metadata(&self) -> Self::MetadataFuture<'_> {
        ready(Ok(self.metadata.clone()))
    }
}

impl AsyncRead for Reading {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, to: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.file).poll_read(context, to)
    }
}

impl AsyncSeek for Reading {
    fn start_seek(mut self: Pin<&mut Self>, position: SeekFrom) -> io::Result<()> {
        Pin::new(&mut self.file).start_seek(position)
    }

    fn poll_complete(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<u64>> {
        Pin::new(&mut self.file).poll_complete(context)
    }
}
