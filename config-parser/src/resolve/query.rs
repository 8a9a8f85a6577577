//! What is asked of a configuration.

use std::borrow::Cow;
use std::net::SocketAddr;

use crate::section::expression::Facts;

/// What is asked of a configuration, for one request.
#[derive(Debug, Clone, Copy)]
pub struct Query<'q> {
    /// The local address that the client connected to.
    pub address: SocketAddr,
    /// The `Host` header, as it was sent.
    pub host: Option<&'q str>,
    /// The path of the URL, decoded and normalised by [`normalize`](crate::url::normalize).
    pub path: &'q str,
    /// The absolute path of the file that the URL names, if it names one; of a directory with a `/` at the end.
    ///
    /// As in httpd, where symbolic links are followed, `<Directory>` with the path of a file holds for that file.
    pub filename: Option<&'q str>,
    /// Whether there is such a file or directory, and the URL goes on with nothing after it. If not, `<Directory>` with its
    /// path does not hold for it.
    pub exact: bool,
}

/// What a query itself says of a request, for conditions.
pub(crate) struct Asked<'q> {
    pub(crate) host: Option<&'q str>,
    pub(crate) path: &'q str,
    pub(crate) filename: Option<&'q str>,
}

impl Facts for Asked<'_> {
    fn variable(&self, name: &str) -> Option<Cow<'_, str>> {
        let found = match name {
            "HTTP_HOST" => self.host,
            "REQUEST_URI" => Some(self.path),
            "REQUEST_FILENAME" | "SCRIPT_FILENAME" => self.filename,
            _ => None,
        };
        found.map(Cow::Borrowed)
    }

    fn header(&self, name: &str) -> Option<Cow<'_, str>> {
        self.host.filter(|_| name.eq_ignore_ascii_case("host")).map(Cow::Borrowed)
    }
}
