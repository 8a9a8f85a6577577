//! The names of what a request has, and what other systems call it: for messages about names that it does not have.

use samovar_importer::closest;

/// The properties of a request.
const PROPERTIES: [&str; 19] = [
    "method",
    "uri",
    "path",
    "path_info",
    "query",
    "filename",
    "remote_ip",
    "host",
    "options",
    "user",
    "args",
    "form",
    "body",
    "bytes",
    "headers_in",
    "headers_out",
    "status",
    "content_type",
    "cookies",
];
/// The methods of a request.
const METHODS: [&str; 5] = ["args_of", "form_of", "on_finish", "json", "write"];

/// The properties that scripts can set.
const SETTABLE: [&str; 3] = ["user", "status", "content_type"];

/// Is it a property that scripts cannot set?
pub(crate) fn is_read_only(name: &str) -> bool {
    PROPERTIES.contains(&name) && !SETTABLE.contains(&name)
}

/// Names that other systems use, and what stands for them here.
const OTHER_WORDS: &[(&str, &str)] = &[
    ("header", "`headers_in[\"name\"]`, or `headers_out` for the answer"),
    ("headers", "`headers_in[\"name\"]`, or `headers_out` for the answer"),
    ("params", "`args.name`, or `form.name`"),
    ("parameters", "`args.name`, or `form.name`"),
    ("get", "`args.name`"),
    ("query_string", "`query`"),
    ("url", "`uri`"),
    ("post", "`form.name`"),
    ("data", "`body`"),
    ("text", "`body`"),
    ("verb", "`method`"),
    ("ip", "`remote_ip`"),
    ("remote_addr", "`remote_ip`"),
    ("cookie", "`cookies.name`"),
    ("print", "`write(..)`"),
    ("send", "`write(..)`"),
];

/// Suggests a property or method for a name that a request does not have. `was_called` tells a call from a read or a write.
pub(crate) fn instead_of(name: &str, was_called: bool) -> Option<String> {
    if let Some((_, instead)) = OTHER_WORDS.iter().find(|(word, _)| word.eq_ignore_ascii_case(name)) {
        return Some(format!("a request has {instead}"));
    }
    if PROPERTIES.contains(&name) {
        return was_called.then(|| format!("it is a property: `req.{name}`"));
    }
    if METHODS.contains(&name) {
        return (!was_called).then(|| format!("it is called: `req.{name}(..)`"));
    }
    let near = closest(name, PROPERTIES.into_iter().chain(METHODS))?;
    let call = if METHODS.contains(&near) { "(..)" } else { "" };
    Some(format!("did you mean `{near}{call}`?"))
}
