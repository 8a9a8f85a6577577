//! How a handler's return value becomes a response.

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use rhai::{Blob, Dynamic, Engine, EvalAltResult, ImmutableString, Map};
use samovar_importer::{Diagnostic, slips};

use crate::{
    http::{
        headers::set_header,
        json::{TypeNames, to_json, type_names},
        reply::{HTML, Reply, TEXT, finish, status_code},
        request::Exchange,
        web::escape_html,
    },
    value::Html,
};

type Answer = Result<Response<Bytes>, Wrong>;

/// What is wrong with an answer.
pub(crate) struct Wrong {
    pub(crate) diagnostic: Box<Diagnostic>,
    /// The key of its map that it is about.
    pub(crate) key: Option<String>,
}

impl Wrong {
    fn key(key: &str, diagnostic: Diagnostic) -> Self {
        Self { diagnostic: diagnostic.into(), key: Some(key.to_owned()) }
    }
}

impl From<Diagnostic> for Wrong {
    fn from(diagnostic: Diagnostic) -> Self {
        Self { diagnostic: diagnostic.into(), key: None }
    }
}

/// The response that a handler's value means, together with what it wrote and set on the way.
///
/// A string is text and `html(..)` is HTML; a map with `status`, `headers` or `body` says it all; any other map, and an
/// array, is JSON; a blob is bytes; a number is a status; `()` is what was written.
pub(crate) fn respond(exchange: &Exchange, value: Dynamic, engine: &Engine) -> Answer {
    let reply = std::mem::take(&mut *exchange.reply());
    let value = value.flatten();
    if value.is_unit() {
        return Ok(finish(reply, None));
    }
    if let Ok(status) = value.as_int() {
        return answer_status(reply, status);
    }
    match value.try_cast_result::<Map>() {
        Ok(map) if is_response(&map)? => answer_map(reply, map, engine),
        Ok(map) => answer_body(reply, Dynamic::from_map(map), engine),
        Err(value) => answer_body(reply, value, engine),
    }
}

pub(super) const STATUS: &str = "status";
const HEADERS: &str = "headers";
const BODY: &str = "body";
/// What the map of an answer may say.
const KEYS: [&str; 3] = [STATUS, HEADERS, BODY];

/// Does the map say what to answer, or is it the data to answer with?
///
/// A map with a mistyped key is an error: sent as JSON, it would show the client what was meant for the server.
fn is_response(map: &Map) -> Result<bool, Wrong> {
    let is_known = |key: &str| KEYS.contains(&key);
    if !map.keys().any(|key| is_known(key)) {
        return match nothing_but_slips(map) {
            Some((key, meant)) => Err(Wrong::key(key, did_you_mean(key, meant))),
            None => Ok(false),
        };
    }
    let unknown: Vec<_> = map.iter().filter(|(key, _)| !is_known(key)).collect();
    let Some((key, value)) = unknown.first() else { return Ok(true) };
    if map.contains_key(BODY) && key.replace(['-', '_'], "").eq_ignore_ascii_case("contenttype") {
        let help = format!("it is a header: `headers: #{{\"Content-Type\": \"{value}\"}}`");
        return Err(Wrong::key(key, unknown_key(key).help(help).help(AS_DATA)));
    }
    let meant: Option<Vec<_>> = unknown.iter().map(|(key, value)| meant(map, key, value)).collect();
    match meant.as_deref() {
        Some([meant, ..]) => Err(Wrong::key(key, did_you_mean(key, meant))),
        _ => Ok(false),
    }
}

/// Keys that data may well have, though they differ from a key of an answer by one slip.
const WORDS: [&str; 8] = ["stats", "state", "states", "statue", "header", "bodys", "boy", "bod"];

/// If every key of the map is a mistyped key of an answer, returns the first of them and the key that was meant. A key in
/// another case is not mistyped: data may have such keys.
fn nothing_but_slips(map: &Map) -> Option<(&str, &'static str)> {
    let slips: Option<Vec<_>> = map
        .iter()
        .map(|(key, value)| {
            let meant = meant(map, key, value).filter(|known| !known.eq_ignore_ascii_case(key))?;
            (!WORDS.contains(&key.to_lowercase().as_str())).then_some((key.as_str(), meant))
        })
        .collect();
    slips?.first().copied()
}

fn did_you_mean(key: &str, meant: &str) -> Diagnostic {
    unknown_key(key).help(format!("did you mean `{meant}`?")).help(AS_DATA)
}

/// A map that was thrown and has a status, without what it has besides: that is for those who catch it.
pub(super) fn only_answer(mut map: Map) -> Result<Map, Diagnostic> {
    let slip = map.iter().filter(|(key, _)| !KEYS.contains(&key.as_str()));
    let slip = slip.filter_map(|(key, value)| Some((key, meant(&map, key, value)?))).next();
    if let Some((key, meant)) = slip {
        return Err(unknown_key(key).help(format!("did you mean `{meant}`?")));
    }
    map.retain(|key, _| KEYS.contains(&key.as_str()));
    Ok(map)
}

/// The key of an answer that is missing, differs from this one by a slip, and could have that value.
fn meant(map: &Map, key: &str, value: &Dynamic) -> Option<&'static str> {
    let fits = |known: &str| match known {
        STATUS => value.is_int(),
        HEADERS => value.is_map(),
        _ => true,
    };
    KEYS.into_iter().find(|known| !map.contains_key(*known) && slips(key, known) == 1 && fits(known))
}

fn unknown_key(key: &str) -> Diagnostic {
    Diagnostic::error(format!("the answer has a key `{key}`, and there are `status`, `headers` and `body` only"))
}

const AS_DATA: &str = "to answer with the map itself as JSON, return `#{body: map}`";

fn answer_status(mut reply: Reply, status: i64) -> Answer {
    let as_data = "to answer with the number itself, make a string of it: `value.to_string()`";
    let status = status_code(status).map_err(|message| Diagnostic::error(message).help(as_data))?;
    reply.status = Some(status);
    if reply.written.is_empty() && says_something(status) && !reply.headers.contains_key(header::LOCATION) {
        let page = status_page(status, None);
        // The page is ours, so whatever type was set is not its type.
        reply.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(HTML));
        return Ok(finish(reply, Some((page.into_body(), HTML))));
    }
    Ok(finish(reply, None))
}

/// Is there a page for people with that status?
fn says_something(status: StatusCode) -> bool {
    !status.is_success() && status != StatusCode::NOT_MODIFIED
}

fn answer_map(mut reply: Reply, mut map: Map, engine: &Engine) -> Answer {
    let type_name: TypeNames<'_> = &type_names(engine);
    if let Some(status) = map.remove(STATUS).filter(|status| !status.is_unit()) {
        let wrong = |message: String| Wrong::key(STATUS, Diagnostic::error(message));
        let found = || wrong(format!("`status` is a number, not a value of type {}", type_name(&status)));
        let status = status.as_int().map_err(|_| found())?;
        reply.status = Some(status_code(status).map_err(wrong)?);
    }
    if let Some(headers) = map.remove(HEADERS).filter(|headers| !headers.is_unit()) {
        let found = format!("`headers` is a map, not a value of type {}", type_name(&headers));
        let headers = headers.try_cast::<Map>().ok_or_else(|| Wrong::key(HEADERS, Diagnostic::error(found)))?;
        for (name, value) in headers {
            let set = set_header(&mut reply.headers, &name, value, type_name);
            set.map_err(|message| Wrong::key(&name, Diagnostic::error(message)))?;
        }
    }
    match map.remove(BODY) {
        Some(body) if !body.is_unit() => {
            answer_body(reply, body, engine).map_err(|wrong| Wrong::key(BODY, *wrong.diagnostic))
        }
        _ => Ok(finish(reply, None)),
    }
}

/// The bytes of a string, without a copy: all responses share a page that a module keeps.
struct Shared(ImmutableString);

impl AsRef<[u8]> for Shared {
    fn as_ref(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

/// No text that a script makes is longer than strings may be, and an answer in JSON is one.
fn json_of(body: Dynamic, engine: &Engine) -> Result<String, Diagnostic> {
    to_json(body, &type_names(engine), engine.max_string_size()).map_err(|error| match *error {
        EvalAltResult::ErrorRuntime(message, _) => Diagnostic::error(message.to_string()),
        error => Diagnostic::error(format!("the JSON of the answer is too long: {error}"))
            .help("answer with less, or page by page; the limit is that of strings"),
    })
}

fn answer_body(reply: Reply, body: Dynamic, engine: &Engine) -> Answer {
    let body = match body.try_cast_result::<ImmutableString>() {
        Ok(text) => return Ok(finish(reply, Some((Bytes::from_owner(Shared(text)), TEXT)))),
        Err(body) => body,
    };
    let body = match body.try_cast_result::<Html>() {
        Ok(Html(text)) => return Ok(finish(reply, Some((Bytes::from_owner(Shared(text)), HTML)))),
        Err(body) => body,
    };
    match body.try_cast_result::<Blob>() {
        Ok(blob) => Ok(finish(reply, Some((blob.into(), "application/octet-stream")))),
        Err(body) if body.is_array() || body.is_map() => {
            let json = json_of(body, engine)?;
            Ok(finish(reply, Some((json.into(), "application/json"))))
        }
        Err(body) => Err(no_answer(&body, &type_names(engine)(&body)).into()),
    }
}

/// A value that cannot be converted to a response.
fn no_answer(body: &Dynamic, type_name: &str) -> Diagnostic {
    let answer = "a handler answers with a string, html(..), a map, an array, a blob, a status number or ()";
    let diagnostic = Diagnostic::error(format!("{answer}, not with a value of type {type_name}"));
    match type_name {
        "counter" | "cell" => diagnostic.help("the handle is not its value: `value`, as in `N.value.to_string()`"),
        _ if body.is_bool() || body.is_float() || body.is_char() || body.is_int() => {
            diagnostic.help("make a string of it: `value.to_string()`, or JSON: `to_json(value)`")
        }
        _ => diagnostic,
    }
}

/// A plain page that names a status; `detail` is text for the developer, shown as it is.
#[must_use]
pub fn status_page(status: StatusCode, detail: Option<&str>) -> Response<Bytes> {
    let reason = status.canonical_reason().unwrap_or("Error");
    let detail = detail.map(|detail| format!("<pre>{}</pre>\n", escape_html(detail))).unwrap_or_default();
    let page = format!(
        "<!doctype html>\n<meta charset=\"utf-8\">\n<title>{status}</title>\n\
         <style>body {{ font: 16px/1.5 system-ui, sans-serif; margin: 4rem auto; max-width: 60rem; padding: 0 1rem }} \
         pre {{ background: #f6f3ee; padding: 1rem; overflow-x: auto }}</style>\n\
         <h1>{} {reason}</h1>\n{detail}",
        status.as_u16()
    );
    let mut response = Response::new(Bytes::from(page));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(HTML));
    response
}
