//! The facts about a request that conditions can use.

use std::borrow::Cow;

/// The variables that a condition can use, as `%{NAME}`.
pub const VARIABLES: [&str; 24] = [
    "REQUEST_METHOD",
    "REQUEST_SCHEME",
    "REQUEST_URI",
    "REQUEST_FILENAME",
    "SCRIPT_FILENAME",
    "DOCUMENT_ROOT",
    "PATH_INFO",
    "QUERY_STRING",
    "THE_REQUEST",
    "HTTP_ACCEPT",
    "HTTP_COOKIE",
    "HTTP_FORWARDED",
    "HTTP_HOST",
    "HTTP_REFERER",
    "HTTP_USER_AGENT",
    "HTTPS",
    "REMOTE_ADDR",
    "REMOTE_PORT",
    "REMOTE_HOST",
    "REMOTE_USER",
    "SERVER_ADDR",
    "SERVER_NAME",
    "SERVER_PORT",
    "SERVER_PROTOCOL",
];

/// The facts about a request that the conditions of `<If>` use.
///
/// ```
/// use std::borrow::Cow;
/// use samovar_config::Facts;
///
/// struct Request;
///
/// impl Facts for Request {
///     fn variable(&self, name: &str) -> Option<Cow<'_, str>> {
///         (name == "REQUEST_METHOD").then_some("GET".into())
///     }
///
///     fn header(&self, name: &str) -> Option<Cow<'_, str>> {
///         name.eq_ignore_ascii_case("accept").then_some("text/html".into())
///     }
/// }
/// assert_eq!(Request.variable("REQUEST_METHOD").as_deref(), Some("GET"));
/// ```
pub trait Facts {
    /// Returns the value of one of [`VARIABLES`]; `None` means the same as an empty text.
    fn variable(&self, name: &str) -> Option<Cow<'_, str>>;

    /// Returns the value of a header of the request.
    fn header(&self, name: &str) -> Option<Cow<'_, str>>;
}
