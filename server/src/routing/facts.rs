//! What the conditions of `<If>` can ask of a request.

use std::{borrow::Cow, path::Path};

use http::{HeaderMap, Method, Uri, Version, header};
use samovar_config::Facts;

use super::route::Route;
use crate::net::peers::Peers;

/// The head of a request, with what is known of its file.
#[derive(Clone, Copy)]
pub(crate) struct RequestFacts<'r> {
    pub(crate) method: &'r Method,
    pub(crate) uri: &'r Uri,
    pub(crate) version: Version,
    pub(crate) headers: &'r HeaderMap,
    pub(crate) host: Option<&'r str>,
    pub(crate) path: &'r str,
    pub(crate) path_info: &'r str,
    pub(crate) filename: Option<&'r str>,
    pub(crate) document_root: &'r Path,
    pub(crate) peers: Peers,
}

impl Facts for RequestFacts<'_> {
    fn variable(&self, name: &str) -> Option<Cow<'_, str>> {
        let header = |name| self.header(name);
        let owned = |text: String| Some(Cow::Owned(text));
        match name {
            "REQUEST_METHOD" => Some(self.method.as_str().into()),
            "REQUEST_SCHEME" => Some("http".into()),
            "HTTPS" => Some("off".into()),
            "REQUEST_URI" => Some(self.path.into()),
            "REQUEST_FILENAME" | "SCRIPT_FILENAME" => self.filename.map(Cow::Borrowed),
            "DOCUMENT_ROOT" => Some(self.document_root.to_string_lossy()),
            "PATH_INFO" => Some(self.path_info.into()),
            "QUERY_STRING" => self.uri.query().map(Cow::Borrowed),
            "THE_REQUEST" => owned(format!("{} {} {:?}", self.method, self.uri, self.version)),
            "SERVER_PROTOCOL" => owned(format!("{:?}", self.version)),
            "SERVER_ADDR" => owned(self.peers.local.ip().to_canonical().to_string()),
            "SERVER_NAME" => self.host.map(|host| samovar_config::server_name(host).into()),
            "SERVER_PORT" => owned(self.port().to_string()),
            "REMOTE_ADDR" | "REMOTE_HOST" => owned(self.peers.remote.ip().to_canonical().to_string()),
            "REMOTE_PORT" => owned(self.peers.remote.port().to_string()),
            "HTTP_HOST" => self.host.map(Cow::Borrowed),
            "HTTP_ACCEPT" => header("accept"),
            "HTTP_COOKIE" => header("cookie"),
            "HTTP_FORWARDED" => header("forwarded"),
            "HTTP_REFERER" => header("referer"),
            "HTTP_USER_AGENT" => header("user-agent"),
            // `REMOTE_USER` and its like are not known yet: handlers find out the user, and the settings decide which
            // handlers run.
            _ => None,
        }
    }

    fn header(&self, name: &str) -> Option<Cow<'_, str>> {
        if name.eq_ignore_ascii_case(header::HOST.as_str()) {
            return self.host.map(Cow::Borrowed);
        }
        let mut values = self.headers.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes()));
        let first = values.next()?;
        Some(values.fold(first, |all, value| format!("{all}, {value}").into()))
    }
}

impl<'r> RequestFacts<'r> {
    /// The facts of the page that a route leads to.
    pub(crate) fn of_page(&self, route: &'r Route, filename: Option<&'r str>) -> Self {
        let path = route.index.as_ref().map_or(self.path, |index| &index.path);
        Self { path, path_info: route.target.path_info(), filename, ..*self }
    }

    /// The port in the client's `Host` header, as in httpd; 80 without one.
    fn port(&self) -> u16 {
        let port = |host: &str| host.parse::<http::uri::Authority>().ok()?.port_u16();
        self.host.and_then(port).unwrap_or(80)
    }
}
