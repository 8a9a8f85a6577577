//! The body of a response, whoever made it.

use bytes::Bytes;
use http::Response;
use http_body_util::{BodyExt, Full, combinators::UnsyncBoxBody};

/// A response's body: a script's answer, or a file that is read as the client takes it.
pub type Body = UnsyncBoxBody<Bytes, std::io::Error>;

/// A response that is known whole.
pub(crate) fn whole(response: Response<Bytes>) -> Response<Body> {
    response.map(|bytes| Full::new(bytes).map_err(|never| match never {}).boxed_unsync())
}

/// Boxes a streamed response.
pub(crate) fn streamed<B>(response: Response<B>) -> Response<Body>
where
    B: http_body::Body<Data = Bytes, Error = std::io::Error> + Send + 'static,
{
    response.map(BodyExt::boxed_unsync)
}
