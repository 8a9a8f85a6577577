//! How the configuration decides about a request: host, target, policy, handlers.

use std::{path::Path, sync::Arc};

use bytes::Bytes;
use http::{Request, Response, StatusCode, request::Parts};
use samovar_config::Host;
use samovar_rhai::{Handler, status_page};

use super::{
    configuration::{Configuration, Served},
    policy::{NoHandler, Policy},
};
use crate::{
    error::OpenError,
    net::{peers::Peers, sending::Sent},
    request::{
        authority::host_name,
        body::Body,
        course::{After, Course, Phases},
        files::StaticFile,
        pages,
        pool::Threads,
        way::{Otherwise, Page, Received, Way},
    },
    routing::{
        facts::RequestFacts,
        route::{Index, Route, Target},
    },
    settings::{
        phase::{BEFORE, Phase},
        values::Kind,
    },
};

/// What is known of a request when its policy is found.
struct Asked<'c> {
    configuration: &'c Configuration,
    served: &'c Served,
    target: Target,
    policy: Arc<Policy>,
    directory: Option<Directory>,
}

/// A directory for which a page answers, with what holds for it. Its handlers have their say before those of the page.
struct Directory {
    index: Arc<Index>,
    policy: Arc<Policy>,
}

impl Configuration {
    /// Answers. Whatever goes wrong becomes a response, and a line in the log.
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

    /// What is to be done with a request for this host.
    fn way(&self, host: Host<'_>, served: &Served, head: &Parts, path: String, peers: Peers) -> Result<Way, Page> {
        let Route { target, index } = self.route(host, served, &path);
        if target == Target::Hidden {
            return Err(status_page(StatusCode::NOT_FOUND, None).into());
        }
        let filename = target.filename().map(Path::to_string_lossy);
        let facts = RequestFacts {
            method: &head.method,
            uri: &head.uri,
            version: head.version,
            headers: &head.headers,
            host: host_name(&head.headers),
            path: index.as_ref().map_or(&path, |index| &index.path),
            path_info: target.path_info(),
            filename: filename.as_deref(),
            document_root: &served.document_root,
            peers,
        };
        let policy = self.policy(host, served, target.is_exact(), &facts).map_err(|error| internal(&error))?;
        let directory = index.as_ref().map(|index| {
            let facts = RequestFacts { path: &path, filename: index.directory.to_str(), ..facts };
            let policy = self.policy(host, served, true, &facts)?;
            Ok(Directory { index: index.clone(), policy })
        });
        let directory = directory.transpose().map_err(|error: OpenError| internal(&error))?;
        // Where the same holds for both, nobody is asked twice.
        let directory = directory.filter(|it| !Arc::ptr_eq(&it.policy, &policy));
        drop(filename);
        let asked = Asked { configuration: self, served, target, policy, directory };
        let handlers = asked.course().and_then(|course| Ok((course, asked.after()?)));
        let (course, after) = handlers.map_err(|error| asked.no_handler(&path, &error))?;
        Ok(Way {
            terms: asked.policy.terms.clone(),
            course,
            after,
            otherwise: asked.otherwise(),
            path,
            path_info: asked.target.path_info().to_owned(),
            file: asked.file().to_path_buf(),
        })
    }
}

impl Asked<'_> {
    /// The file that the path leads to, or would lead to.
    fn file(&self) -> &Path {
        self.target.filename().unwrap_or(&self.served.document_root)
    }

    /// The handlers up to the answer.
    fn course(&self) -> Result<Course, NoHandler> {
        let directory = self.directory.as_ref();
        let of_directory = |it: &Directory| {
            let before = before(&it.policy, &it.index.directory)?;
            Ok::<_, NoHandler>((it.policy.terms.options.clone(), before))
        };
        let directory = directory.map(of_directory).transpose()?;
        let before = before(&self.policy, self.file())?;
        Ok(Course { directory, before, content: self.content()?, later: Vec::new() })
    }

    fn content(&self) -> Result<Vec<Handler>, NoHandler> {
        let (policy, file) = (&self.policy, self.file());
        if policy.kind(file) != Kind::Scripts || matches!(self.target, Target::Slash(_)) {
            return Ok(Vec::new());
        }
        let named = policy.named(Phase::Handler, file)?;
        match &self.target {
            _ if !named.is_empty() => Ok(named),
            Target::Script { file, .. } => Ok(vec![policy.script(file)?]),
            Target::File(file) if policy.is_script(file) => Ok(vec![policy.script(file)?]),
            _ => Ok(Vec::new()),
        }
    }

    fn after(&self) -> Result<After, NoHandler> {
        let named = |phase| match self.policy.has(phase) {
            true => self.policy.named(phase, self.file()),
            false => Ok(Vec::new()),
        };
        Ok(After { log: named(Phase::Log)?, cleanup: named(Phase::Cleanup)? })
    }

    /// What answers if no handler does.
    fn otherwise(&self) -> Otherwise {
        match &self.target {
            Target::Slash(_) => Otherwise::Slash,
            Target::File(file) if self.policy.kind(file) != Kind::Nobody && !self.policy.is_script(file) => {
                let (root, private) = (self.served.document_root.clone(), self.configuration.private());
                Otherwise::File(StaticFile { root, file: file.clone(), private })
            }
            _ => Otherwise::Nothing,
        }
    }

    /// A script whose file is gone is not found; anything else is an error of the site's.
    fn no_handler(&self, path: &str, error: &NoHandler) -> Page {
        if let Target::Script { file, .. } = &self.target
            && error.missing
            && !file.exists()
        {
            self.served.forget_routes();
            return status_page(StatusCode::NOT_FOUND, None).into();
        }
        pages::failed(&self.policy.terms, path, &error.diagnostic).into()
    }
}

/// The handlers that are asked before the answer is made.
fn before(policy: &Policy, file: &Path) -> Result<Phases, NoHandler> {
    let mut before = Vec::new();
    for phase in BEFORE.into_iter().filter(|phase| policy.has(*phase)) {
        before.push((phase, policy.named(phase, file)?));
    }
    before.retain(|(_, handlers)| !handlers.is_empty());
    Ok(before)
}

fn internal(error: &OpenError) -> Page {
    tracing::error!("{}", error.render(false));
    status_page(StatusCode::INTERNAL_SERVER_ERROR, None).into()
}
