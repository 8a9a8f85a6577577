//! What runs after the response has been sent: the access log, callbacks of `on_finish`, and the handlers of the log
//! and cleanup phases. It has threads of its own, so that no request waits for it.

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

use super::{body::Body, course::After, pool::Pool, terms::Terms};
use crate::{
    logs::{access::Entry, level, repeated},
    net::sending::Sent,
};

/// The work that is left when the response has been sent.
pub(crate) struct Aftermath {
    pub(crate) after: After,
    /// The generations that the handlers before the answer saw.
    pub(crate) pins: Vec<RequestPin>,
    /// The request as scripts know it.
    pub(crate) exchange: Exchange,
    pub(crate) terms: Arc<Terms>,
}

impl Aftermath {
    /// Is there nothing for scripts to do?
    fn is_empty(&self) -> bool {
        self.after.is_empty() && !self.exchange.has_callbacks()
    }

    /// Runs it when the answer is `sent`, or the client has gone; without `sent`, when the body was taken. The line of
    /// the access log is written then, too.
    pub(crate) fn follow(
        aftermath: Option<Self>,
        response: Response<Body>,
        entry: Option<Entry>,
        pool: &Arc<Pool>,
        sent: Option<Sent>,
    ) -> Response<Body> {
        if entry.is_none() && aftermath.as_ref().is_none_or(Self::is_empty) {
            return response;
        }
        let aftermath = aftermath.map(|aftermath| match aftermath.is_empty() {
            // A slow client alone, for the access log, does not keep old modules in memory.
            true => Self { pins: Vec::new(), ..aftermath },
            false => aftermath.wait_for_client(),
        });
        let (status, headers, pool) = (response.status(), response.headers().clone(), pool.clone());
        let happen = move |bytes| {
            if let Some(entry) = entry {
                let user = aftermath.as_ref().map(|aftermath| aftermath.exchange.user());
                entry.write(&user.unwrap_or_default(), status, bytes);
            }
            if let Some(aftermath) = aftermath.filter(|aftermath| !aftermath.is_empty()) {
                aftermath.happen(status, &headers, &pool);
            }
        };
        let at_end = move |bytes| match sent {
            Some(sent) => sent.then(Box::new(move || happen(bytes))),
            None => happen(bytes),
        };
        response.map(|inner| Followed { inner, bytes: 0, at_end: Some(Box::new(at_end)) }.boxed_unsync())
    }

    fn wait_for_client(self) -> Self {
        let pins = self.pins.into_iter().map(|pin| pin.wait_for_client(&self.exchange)).collect();
        Self { pins, ..self }
    }

    fn happen(self, status: StatusCode, headers: &HeaderMap, pool: &Pool) {
        let Self { after, pins, exchange, terms } = self;
        exchange.answered(status, headers);
        let (of, level) = (exchange.clone(), terms.level);
        let run = move || {
            after.run(&of, pins, |what, diagnostic| {
                repeated::tell(terms.error_log.as_ref(), &format!("{}, {what},", of.path()), &diagnostic);
            });
            of.forget_callbacks();
        };
        if pool.start(move || level::at(level, run)).is_err() {
            exchange.forget_callbacks();
            tracing::error!("{}: no script thread is free for the phases after the response", exchange.path());
        }
    }
}

/// A body that calls `at_end` with its length when it is dropped.
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
