//! The bodies of requests and responses.

use std::time::Duration;

use bytes::Bytes;
use http::{Response, StatusCode};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited, combinators::UnsyncBoxBody};

/// The body of a response: a script's answer, or a static file that is read as the client takes it.
pub type Body = UnsyncBoxBody<Bytes, std::io::Error>;

/// Makes a response of one that is in memory.
pub(crate) fn whole(response: Response<Bytes>) -> Response<Body> {
    response.map(|bytes| Full::new(bytes).map_err(|never| match never {}).boxed_unsync())
}

/// Makes a response of one whose body is streamed.
pub(crate) fn streamed<B>(response: Response<B>) -> Response<Body>
where
    B: http_body::Body<Data = Bytes, Error = std::io::Error> + Send + 'static,
{
    response.map(BodyExt::boxed_unsync)
}

/// Reads the body of a request. Returns the status of the answer if it cannot be read.
pub(crate) async fn read<B>(body: B, limit: usize, time: Duration) -> Result<Bytes, StatusCode>
where
    B: http_body::Body<Data = Bytes> + Send,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    if body.is_end_stream() {
        return Ok(Bytes::new());
    }
    // Does not wait for a body that is announced as too large.
    if body.size_hint().lower() > limit as u64 {
        return Err(StatusCode::PAYLOAD_TOO_LARGE);
    }
    match tokio::time::timeout(time, Limited::new(body, limit).collect()).await {
        Ok(Ok(whole)) => Ok(whole.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(StatusCode::PAYLOAD_TOO_LARGE),
        Ok(Err(_)) => Err(StatusCode::BAD_REQUEST),
        Err(_) => Err(StatusCode::REQUEST_TIMEOUT),
    }
}
