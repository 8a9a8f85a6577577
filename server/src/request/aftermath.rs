//! What follows an answer: the access log, what scripts left to `on_finish`, and the handlers of the log and cleanup
//! phases. It runs on threads of its own, so that no request waits for it.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{HeaderMap, Response, StatusCode};
use http_body::{Frame, SizeHint};
use http_body_util::BodyExt;
use samovar_rhai::{Exchange, Pin as RequestPin};
use tracing::level_filters::LevelFilter;

use crate::{
    logs::{access::Entry, file::LogFile, level, repeated},
    net::sending::Sent,
    request::{body::Body, course::After, pool::Pool},
};

/// What is to be done when the answer was sent.
#[derive(Default)]
pub(crate) struct Aftermath {
    pub(crate) after: After,
    /// What the handlers before the answer saw.
    pub(crate) pins: Vec<RequestPin>,
    /// The request as scripts know it, if it came so far.
    pub(crate) exchange: Option<Exchange>,
    pub(crate) error_log: Option<LogFile>,
    /// How much is told of the request.
    pub(crate) level: Option<LevelFilter>,
}

impl Aftermath {
    /// Is there nothing for scripts to do?
    pub(crate) fn is_empty(&self) -> bool {
        self.after.is_empty() && !self.exchange.as_ref().is_some_and(Exchange::has_callbacks)
    }

    /// Lets it happen when the answer is `sent`, or when the client has gone; where nobody tells, when its body is taken.
    pub(crate) fn follow(
        mut self,
        response: Response<Body>,
        entry: Option<Entry>,
        pool: Arc<Pool>,
        sent: Option<Sent>,
    ) -> Response<Body> {
        let pins = std::mem::take(&mut self.pins);
        // A client that takes its time for a line in the access log keeps no old modules alive.
        if let Some(exchange) = self.exchange.as_ref().filter(|_| !self.is_empty()) {
            self.pins = pins.into_iter().map(|pin| pin.wait_for_client(exchange)).collect();
        }
        let (status, headers) = (response.status(), response.headers().clone());
        let happen = move |bytes| self.happen(status, &headers, bytes, entry, &pool);
        let at_end = move |bytes| match sent {
            Some(sent) => sent.then(Box::new(move || happen(bytes))),
            None => happen(bytes),
        };
        response.map(|inner| Followed { inner, bytes: 0, at_end: Some(Box::new(at_end)) }.boxed_unsync())
    }

    fn happen(self, status: StatusCode, headers: &HeaderMap, bytes: u64, entry: Option<Entry>, pool: &Pool) {
        let Self { after, pins, exchange, error_log, level } = self;
        if let Some(entry) = entry {
            let user = exchange.as_ref().map(Exchange::user).unwrap_or_default();
            entry.write(&user, status, bytes);
        }
        let Some(exchange) = exchange.filter(|exchange| !after.is_empty() || exchange.has_callbacks()) else { return };
        exchange.answered(status, headers);
        let of = exchange.clone();
        let run = move || {
            after.run(&of, pins, |what, diagnostic| {
                repeated::tell(error_log.as_ref(), &format!("{}, {what},", of.path()), &diagnostic);
            });
            of.forget_callbacks();
        };
        let run = move || level::at(level.unwrap_or(LevelFilter::INFO), run);
        if pool.start(run).is_err() {
            exchange.forget_callbacks();
            tracing::error!("{}: no script thread is free for what follows the answer", exchange.path());
        }
    }
}

/// A body that tells when it is at its end, and how long it was.
struct Followed {
    inner: Body,
    bytes: u64,
    at_end: Option<Box<dyn FnOnce(u64) + Send>>,
}

impl http_body::Body for Followed {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, std::io::Error>>> {
        let polled = Pin::new(&mut self.inner).poll_frame(context);
        if let Poll::Ready(Some(Ok(frame))) = &polled {
            self.bytes += frame.data_ref().map_or(0, |data| data.len() as u64);
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

impl Drop for Followed {
    fn drop(&mut self) {
        if let Some(at_end) = self.at_end.take() {
            at_end(self.bytes);
        }
    }
}
