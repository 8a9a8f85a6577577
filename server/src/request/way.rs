//! The straight way of a request: host, decision, body, handlers, answer.
//!
//! A [`Way`] says what to do with a request. A site's configuration makes it, or an embedding program that has one
//! handler for all URLs; from there on both are the same code.

use std::{net::IpAddr, path::PathBuf, sync::Arc};

use bytes::Bytes;
use http::{HeaderMap, Request, Response, StatusCode, request::Parts};
use samovar_config::url;
use samovar_importer::Diagnostic;
use samovar_rhai::{Exchange, Handler, Pin, RequestHead, status_page};
use tracing::level_filters::LevelFilter;

use super::{
    aftermath::Aftermath,
    authority,
    body::{self, Body},
    course::{After, Course},
    files::StaticFile,
    pages::{self, forbid_guessing},
    pool::{Busy, Threads},
    spool,
    terms::Terms,
};
use crate::{
    logs::{access::Entry, level},
    net::sending::Sent,
};

/// A request whose host is settled: that of an absolute target takes precedence over the header.
pub(crate) struct Received<B> {
    parts: Parts,
    body: B,
    is_clear: bool,
}

/// What to do with a request.
pub(crate) struct Way {
    pub(crate) terms: Arc<Terms>,
    /// The handlers up to the answer.
    pub(crate) course: Course,
    /// The handlers that run after the response has been sent.
    pub(crate) after: After,
    /// What answers if no handler does.
    pub(crate) otherwise: Fallback,
    /// The path of the URL, normalised.
    pub(crate) path: String,
    /// What follows the path of the script in it.
    pub(crate) path_info: String,
    /// The file that the path leads to, or would lead to.
    pub(crate) file: PathBuf,
}

/// An answer that needs no handler.
pub(crate) type Page = Box<Response<Bytes>>;

/// What answers if no handler does.
pub(crate) enum Fallback {
    /// A static file.
    File(StaticFile),
    /// A redirect to the same URL with a slash at its end.
    Slash,
    /// Nothing: 404.
    Nothing,
}

impl<B> Received<B>
where
    B: http_body::Body<Data = Bytes> + Send,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    pub(crate) fn new(mut request: Request<B>) -> Self {
        let is_clear = authority::is_clear(&request);
        authority::settle_host(&mut request);
        let (parts, body) = request.into_parts();
        Self { parts, body, is_clear }
    }

    pub(crate) fn head(&self) -> &Parts {
        &self.parts
    }

    /// Answers as `decide` says for the head and the normalised path. Every failure becomes a response and a line in
    /// the log. What runs after the response waits until it is `sent`; `entry` is its line in the access log.
    pub(crate) async fn answer(
        self,
        decide: impl FnOnce(&Parts, String) -> Result<Way, Page>,
        remote: Option<IpAddr>,
        threads: &Threads,
        entry: Option<Entry>,
        sent: Option<Sent>,
    ) -> Response<Body> {
        let (mut response, aftermath) = match self.way(decide) {
            Ok(way) => way.answer(self.parts, self.body, remote, threads).await,
            Err(page) => (body::whole(*page), None),
        };
        forbid_guessing(response.headers_mut());
        Aftermath::follow(aftermath, response, entry, &threads.following, sent)
    }

    fn way(&self, decide: impl FnOnce(&Parts, String) -> Result<Way, Page>) -> Result<Way, Page> {
        if !self.is_clear {
            return Err(status_page(StatusCode::BAD_REQUEST, None).into());
        }
        if let Some(response) = pages::about_no_resource(&self.parts) {
            return Err(response.into());
        }
        let path = url::normalize(self.parts.uri.path()).map_err(|error| {
            Page::from(status_page(StatusCode::from_u16(error.status()).unwrap_or(StatusCode::BAD_REQUEST), None))
        })?;
        decide(&self.parts, path)
    }
}

impl Way {
    /// The way to one handler, which answers for every URL.
    pub(crate) fn to(handler: Handler, terms: Arc<Terms>, path: String) -> Self {
        let file = handler.path().to_path_buf();
        let (course, after, otherwise) = (Course::of(handler), After::default(), Fallback::Nothing);
        Self { terms, course, after, otherwise, path, path_info: String::new(), file }
    }

    async fn answer<B>(
        self,
        parts: Parts,
        body: B,
        remote: Option<IpAddr>,
        threads: &Threads,
    ) -> (Response<Body>, Option<Aftermath>)
    where
        B: http_body::Body<Data = Bytes> + Send,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        if self.course.is_empty() && self.after.is_empty() {
            return (self.otherwise.answer(parts, HeaderMap::new()).await, None);
        }
        // Only the handlers of the content phase see the body; a static file is served without it.
        let body = match self.course.content.is_empty() {
            true => Bytes::new(),
            false => match body::read(body, self.terms.body_limit, self.terms.timeout).await {
                Ok(body) => body,
                Err(status) => return (body::whole(status_page(status, None)), None),
            },
        };
        let Self { terms, mut course, after, otherwise, path, path_info, file } = self;
        course.later = after.handlers().cloned().collect();
        let head = RequestHead {
            method: parts.method.clone(),
            uri: parts.uri.to_string(),
            path,
            path_info,
            query: parts.uri.query().unwrap_or_default().to_owned(),
            headers: parts.headers.clone(),
            remote_ip: remote,
            filename: text(file),
        };
        let exchange = Exchange::with_options(head, body, terms.options.clone());
        let mut aftermath = Aftermath { after, pins: Vec::new(), exchange: exchange.clone(), terms: terms.clone() };
        if terms.debug
            && let Some(refused) = course.content.iter().find_map(Handler::refusal)
        {
            return (body::whole(pages::refused(&refused)), Some(aftermath));
        }
        let answer = match course.is_empty() {
            true => Ok(None),
            false => match run(course, exchange.clone(), terms.level, threads).await {
                Ok((answer, pins)) => {
                    aftermath.pins = pins;
                    answer.map_err(|diagnostic| pages::failed(&terms, exchange.path(), &diagnostic))
                }
                Err(busy) => Err(pages::busy(&terms, exchange.path(), &busy)),
            },
        };
        let response = match answer {
            Ok(Some(response)) => response,
            Ok(None) => otherwise.answer(parts, exchange.written().into_parts().0.headers).await,
            Err(page) => body::whole(page),
        };
        (response, Some(aftermath))
    }
}

impl Fallback {
    /// Answers, with `set` among the headers of a file.
    async fn answer(self, head: Parts, set: HeaderMap) -> Response<Body> {
        match self {
            Self::File(file) => {
                let mut response = file.serve(Request::from_parts(head, ())).await;
                for (name, value) in &set {
                    response.headers_mut().insert(name, value.clone());
                }
                response
            }
            Self::Slash => body::whole(pages::with_slash(&head)),
            Self::Nothing => body::whole(status_page(StatusCode::NOT_FOUND, None)),
        }
    }
}

/// A path as scripts see it.
fn text(path: PathBuf) -> String {
    path.into_os_string().into_string().unwrap_or_else(|path| path.to_string_lossy().into_owned())
}

type Answered = (Result<Option<Response<Body>>, Box<Diagnostic>>, Vec<Pin>);

/// Runs the handlers on a thread for scripts.
async fn run(
    course: Course,
    exchange: Exchange,
    level: Option<LevelFilter>,
    threads: &Threads,
) -> Result<Answered, Busy> {
    let run = move || {
        let (answer, pins) = level::at(level, || course.run(&exchange));
        let keep = |response| spool::keep(response, exchange.path());
        (answer.map(|answer| answer.map(keep)).map_err(Box::new), pins)
    };
    threads.scripts.run(run).await
}
