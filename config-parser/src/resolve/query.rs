//! The request for which settings are resolved.

use std::borrow::Cow;
use std::net::SocketAddr;

use crate::section::expression::Facts;

/// The request for which settings are resolved.
#[derive(Debug, Clone, Copy)]
pub struct Query<'q> {
    /// The local address that the client connected to.
    pub address: SocketAddr,
    /// The `Host` header, as it was sent.
    pub host: Option<&'q str>,
    /// The path of the URL, decoded and normalised by [`normalize`](crate::url::normalize).
    pub path: &'q str,
    /// The absolute path of the file that the URL names, if it names one; a directory has a `/` at its end.
    ///
    /// As in httpd when it follows symbolic links, `<Directory>` with the path of a file matches that file.
    pub filename: Option<&'q str>,
    /// Whether the file or directory exists and the URL names nothing below it. If not, `<Directory>` with this very path
    /// does not match.
    pub exact: bool,
}

/// The facts that a query itself contains.
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
