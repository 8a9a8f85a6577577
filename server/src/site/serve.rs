//! Serves a site on sockets.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use http::{Request, Response};
use hyper::body::Incoming;

use super::Site;
use crate::{
    logs::repeated,
    net::{
        connection::{Respond, Times},
        listen::{GRACE, Listeners},
        peers::Peers,
        sending::Sent,
    },
    request::body::Body,
};

/// How long a server that stops waits for the disk that takes its histories.
const AT_END: Duration = Duration::from_secs(2);

impl Listeners {
    /// Serves a site until `stop` completes, then lets the requests under way end.
    pub async fn serve(self, site: Arc<Site>, stop: impl Future<Output = ()>) {
        let sockets = self.accept(&site);
        if site.sockets.set(sockets.clone()).is_err() {
            tracing::warn!("the site is served twice; where it listens now stays as it is");
        }
        stop.await;
        sockets.stop().await;
        if tokio::time::timeout(GRACE, site.threads.following.drained()).await.is_err() {
            tracing::warn!("what follows some answers did not end within {} s and was cut off", GRACE.as_secs());
        }
        let interpreters = site.interpreters.clone();
        let _ = tokio::task::spawn_blocking(move || interpreters.flush_histories(AT_END)).await;
        repeated::sum_up();
    }
}

impl Respond for Site {
    type Body = Body;

    fn name(&self) -> String {
        self.full_path().display().to_string()
    }

    fn times(&self, local: SocketAddr) -> Times {
        self.current.load().times(local)
    }

    async fn respond(&self, request: Request<Incoming>, peers: Peers, sent: Sent) -> Response<Body> {
        self.respond_on(request, peers, Some(sent)).await
    }
}
