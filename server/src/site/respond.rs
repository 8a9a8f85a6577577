//! Answers requests: makes a way of what the configuration decides.

use std::path::Path;

use bytes::Bytes;
use http::{Request, Response, StatusCode, request::Parts};
use samovar_config::Host;
use samovar_rhai::status_page;

use super::{
    configuration::{Configuration, Served},
    handlers::{Example, Handlers, NoHandler},
};
use crate::{
    error::OpenError,
    net::{peers::Peers, sending::Sent},
    request::{
        authority::host_name,
        body::Body,
        course::{After, Course},
        files::StaticFile,
        pages,
        pool::Threads,
        way::{Fallback, Page, Received, Way},
    },
    routing::{
        answering::{self, Answering},
        facts::RequestFacts,
        holding::Holding,
        route::Target,
    },
};

impl Configuration {
    /// Answers a request. Every failure becomes a response and a line in the log.
    pub(crate) async fn respond<B>(
        &self,
        request: Request<B>,
        peers: Peers,
        threads: &Threads,
        sent: Option<Sent>,
    ) -> Response<Body>
    where
        B: http_body::Body<Data = Bytes> + Send,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let received = Received::new(request);
        let (host, served) = self.host(peers.local, host_name(&received.head().headers));
        let remote = peers.remote.ip();
        let entry = served.access_log.as_ref().map(|log| log.entry(received.head(), remote));
        let decide = |head: &Parts, path| self.way(host, served, head, path, peers);
        received.answer(decide, Some(remote), threads, entry, sent).await
    }

    /// Decides what to do with a request for this host.
    fn way(&self, host: Host<'_>, served: &Served, head: &Parts, path: String, peers: Peers) -> Result<Way, Page> {
        let route = self.route(host, served, &path);
        if route.target == Target::Hidden {
            return Err(status_page(StatusCode::NOT_FOUND, None).into());
        }
        let asked = RequestFacts {
            method: &head.method,
            uri: &head.uri,
            version: head.version,
            headers: &head.headers,
            host: host_name(&head.headers),
            path: &path,
            path_info: "",
            filename: None,
            document_root: &served.values.document_root,
            peers,
        };
        let holding = Holding::of(host, &route, &asked);
        let page = self.handlers(served, holding.page, || Example::of_page(&asked, &route));
        let page = page.map_err(|error| internal(&error))?;
        let directory = holding.directory.zip(route.index.as_deref()).map(|(resolved, index)| {
            let handlers = self.handlers(served, resolved, || Example::of_directory(&asked, index));
            Ok((handlers?, index.directory.as_path()))
        });
        let directory = directory.transpose().map_err(|error: OpenError| internal(&error))?;
        let answering = Answering::of(&page.policy, &route.target);
        let compiled = compile(&page, &answering, directory.as_ref().map(|(handlers, path)| (&**handlers, *path)));
        let (course, after) =
            compiled.map_err(|error| Self::no_handler(served, &page, &route.target, &path, &error))?;
        let otherwise = match answering.otherwise {
            answering::Otherwise::File(file) => {
                let (root, private) = (served.values.document_root.clone(), self.private());
                Fallback::File(StaticFile { root, file: file.to_path_buf(), private })
            }
            answering::Otherwise::Slash => Fallback::Slash,
            answering::Otherwise::Nothing => Fallback::Nothing,
        };
        let (file, path_info) = (answering.file.to_path_buf(), route.target.path_info().to_owned());
        Ok(Way { terms: page.terms.clone(), course, after, otherwise, path, path_info, file })
    }

    /// The answer if there is no handler: 404 if the file of the script is gone, else an error.
    fn no_handler(served: &Served, page: &Handlers, target: &Target, path: &str, error: &NoHandler) -> Page {
        if let Target::Script { file, .. } = target
            && error.missing
            && !file.exists()
        {
            served.routes.forget();
            return status_page(StatusCode::NOT_FOUND, None).into();
        }
        pages::failed(&page.terms, path, &error.diagnostic).into()
    }
}

/// Compiles the handlers of a request. Those of a directory run before those of the page that answers for it.
fn compile(
    page: &Handlers,
    answering: &Answering<'_>,
    directory: Option<(&Handlers, &Path)>,
) -> Result<(Course, After), NoHandler> {
    let directory = directory.map(|(handlers, path)| {
        let before = handlers.before(&Answering::of_directory(&handlers.policy, path))?;
        Ok::<_, NoHandler>((handlers.terms.options.clone(), before))
    });
    let directory = directory.transpose()?;
    let course = Course { directory, ..page.course(answering)? };
    Ok((course, page.after(answering)?))
}

fn internal(error: &OpenError) -> Page {
    tracing::error!("{}", error.render(false));
    status_page(StatusCode::INTERNAL_SERVER_ERROR, None).into()
}
