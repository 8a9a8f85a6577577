//! `req`: one request and the answer that is being prepared for it.

use std::{collections::VecDeque, fmt, net::IpAddr, sync::Arc};

use bytes::Bytes;
use http::{HeaderMap, Method, Response, StatusCode, header};
use parking_lot::Mutex;
use rhai::{Array, Blob, Dynamic, Engine, EvalAltResult, FnPtr, ImmutableString, Map, NativeCallContext, Position};
use samovar_importer::RegistryId;

use crate::{
    http::{
        from_json::{self, NotRead},
        reply::{Reply, finish, header_value, status_code},
    },
    thread::{Meter, importing, under_way::Request},
    value::{self, Html},
};

type ScriptResult<T> = Result<T, Box<EvalAltResult>>;

/// What is known of a request before its body was read.
#[derive(Clone, Debug)]
pub struct RequestHead {
    /// The method.
    pub method: Method,
    /// The request target as the client sent it, with the query.
    pub uri: String,
    /// The path, decoded and normalised.
    pub path: String,
    /// What follows the handler's own path.
    pub path_info: String,
    /// What follows `?`, as sent.
    pub query: String,
    /// The header fields.
    pub headers: HeaderMap,
    /// The address of the client.
    pub remote_ip: Option<IpAddr>,
    /// The file that the path leads to.
    pub filename: String,
}

/// A request with its body, and what its handler has said so far. Scripts know it as `req`.
///
/// Cloning gives another handle on the same exchange.
#[derive(Clone, Debug)]
pub struct Exchange(Arc<Inner>, Options);

#[derive(Debug)]
struct Inner {
    head: RequestHead,
    body: Bytes,
    user: Mutex<ImmutableString>,
    /// Callbacks for when the answer was sent, each with the interpreter whose script gave it.
    finish: Mutex<VecDeque<(Option<RegistryId>, FnPtr)>>,
    reply: Mutex<Reply>,
    /// The last error about a malformed body: a 400, unless the script catches it.
    malformed: Mutex<Option<ImmutableString>>,
}

impl fmt::Display for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.head.method, self.head.uri)
    }
}

/// What the configuration says to scripts: `req.options["key"]`. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Options(Arc<Map>);

impl<K: AsRef<str>, V: AsRef<str>> FromIterator<(K, V)> for Options {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(pairs: I) -> Self {
        let pair = |(key, value): (K, V)| (key.as_ref().into(), value.as_ref().into());
        Self(Arc::new(pairs.into_iter().map(pair).collect()))
    }
}

/// A request that is to be cleaned up after more often than this is a loop.
const MAX_FINISH: usize = 1_000;

/// The most bytes that `write` adds to one response: the limits on values do not count what was written before.
const MAX_WRITTEN: usize = 64 << 20;

impl Exchange {
    /// An exchange in which nothing has been answered yet.
    #[must_use]
    pub fn new(head: RequestHead, body: Bytes) -> Self {
        Self::with_options(head, body, Options::default())
    }

    /// As [`new`](Self::new), with options for the scripts to read.
    #[must_use]
    pub fn with_options(head: RequestHead, body: Bytes, options: Options) -> Self {
        let inner = Inner {
            head,
            body,
            user: Mutex::default(),
            finish: Mutex::default(),
            reply: Mutex::default(),
            malformed: Mutex::default(),
        };
        Self(Arc::new(inner), options)
    }

    /// The same exchange as scripts see it for whom other options hold.
    #[must_use]
    pub fn under(&self, options: Options) -> Self {
        Self(self.0.clone(), options)
    }

    /// The path, decoded and normalised.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.0.head.path
    }

    /// Lets scripts that run after the answer see what it was.
    pub fn answered(&self, status: StatusCode, headers: &HeaderMap) {
        *self.reply() = Reply { status: Some(status), headers: headers.clone(), ..Reply::default() };
    }

    /// The user, as a script set it; empty if no script did.
    #[must_use]
    pub fn user(&self) -> String {
        self.0.user.lock().to_string()
    }

    /// Have scripts given anything to `req.on_finish(..)` that was not called yet? See [`Pin::finish`](crate::Pin::finish).
    #[must_use]
    pub fn has_callbacks(&self) -> bool {
        !self.0.finish.lock().is_empty()
    }

    /// Lets go of what was given to `req.on_finish(..)` and can be called no more: it may hold this exchange in turn.
    pub fn forget_callbacks(&self) {
        // Dropped when the list is free.
        let forgotten = std::mem::take(&mut *self.0.finish.lock());
        drop(forgotten);
    }

    /// What scripts have written and set so far, as a response. Takes it: what they write from now on is lost.
    #[must_use]
    pub fn written(&self) -> Response<Bytes> {
        finish(std::mem::take(&mut *self.reply()), None)
    }

    /// The next callback of that interpreter's that is to be called now that the response was made.
    pub(crate) fn take_finish(&self, interpreter: RegistryId) -> Option<FnPtr> {
        let mut finish = self.0.finish.lock();
        let next = finish.iter().position(|(given_by, _)| given_by.is_none_or(|it| it == interpreter))?;
        finish.remove(next).map(|(_, callback)| callback)
    }

    fn on_finish(&self, callback: FnPtr) -> ScriptResult<()> {
        if value::owner(&callback.clone().into()).is_none() {
            return Err("on_finish takes a callback, which brings its module along: on_finish(callback(|| ..))".into());
        }
        let mut finish = self.0.finish.lock();
        if finish.len() == MAX_FINISH {
            return Err(format!("on_finish was called {MAX_FINISH} times for one request").into());
        }
        finish.push_back((importing::interpreter(), callback));
        Ok(())
    }

    pub(crate) fn head(&self) -> &RequestHead {
        &self.0.head
    }

    /// The request, for those who only name it.
    pub(crate) fn request(&self) -> Request {
        self.0.clone()
    }

    pub(crate) fn reply(&self) -> parking_lot::MutexGuard<'_, Reply> {
        self.0.reply.lock()
    }

    /// All values of one field of the query.
    fn values(encoded: &[u8], name: &str) -> Result<Array, Box<EvalAltResult>> {
        let (mut values, mut meter) = (Array::new(), Meter::new());
        for (key, value) in form_urlencoded::parse(encoded) {
            meter.step()?;
            if key == name {
                values.push(value.into_owned().into());
            }
        }
        Ok(values)
    }

    /// Fields by name; of a field that is given more than once, the first.
    fn fields(encoded: &[u8]) -> Result<Map, Box<EvalAltResult>> {
        let (mut fields, mut meter) = (Map::new(), Meter::new());
        for (key, value) in form_urlencoded::parse(encoded) {
            meter.step()?;
            fields.entry(key.as_ref().into()).or_insert_with(|| value.into_owned().into());
        }
        Ok(fields)
    }

    /// Cookies by name; of one that is sent more than once, the first, which is the one for the longest path.
    fn cookies(&self) -> Map {
        let mut cookies = Map::new();
        let sent = self.0.head.headers.get_all(header::COOKIE).iter().filter_map(|cookies| cookies.to_str().ok());
        for (name, value) in sent.flat_map(|sent| sent.split(';')).filter_map(|cookie| cookie.split_once('=')) {
            let value = value.trim();
            let value = value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap_or(value);
            cookies.entry(name.trim().into()).or_insert_with(|| value.to_owned().into());
        }
        cookies
    }

    fn form_body(&self) -> &[u8] {
        let kind = self.0.head.headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or("");
        let is_form = kind
            .split(';')
            .next()
            .is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/x-www-form-urlencoded"));
        if is_form { &self.0.body } else { &[] }
    }

    fn body(&self) -> Dynamic {
        match std::str::from_utf8(&self.0.body) {
            Ok(text) => text.into(),
            Err(_) => Dynamic::from_blob(self.0.body.to_vec()),
        }
    }

    fn json(&self, engine: &Engine) -> ScriptResult<Dynamic> {
        from_json::read(&self.0.body, engine).map_err(|not_read| match not_read {
            NotRead::Malformed(error) => {
                let message = ImmutableString::from(format!("the body is not JSON: {error}"));
                *self.0.malformed.lock() = Some(message.clone());
                EvalAltResult::ErrorRuntime(message.into(), Position::NONE).into()
            }
            NotRead::Ended(error) => error,
        })
    }

    /// Is it the very text that was raised about the client's body? Scripts see a text like any other, and one that
    /// catches it and throws it on means the same.
    pub(super) fn is_malformed(&self, thrown: &Dynamic) -> bool {
        let malformed = self.0.malformed.lock();
        let thrown = thrown.read_lock::<ImmutableString>();
        malformed.as_ref().zip(thrown).is_some_and(|(malformed, thrown)| malformed.ptr_eq(&thrown))
    }

    fn write(&self, bytes: &[u8], is_html: bool) -> ScriptResult<()> {
        let mut reply = self.reply();
        if !bytes.is_empty() {
            reply.is_html = is_html && (reply.is_html || reply.written.is_empty());
        }
        if reply.written.len() + bytes.len() > MAX_WRITTEN {
            return Err(format!("an answer is written in at most {} MiB", MAX_WRITTEN >> 20).into());
        }
        reply.written.extend_from_slice(bytes);
        Ok(())
    }

    fn set_status(&self, status: i64) -> ScriptResult<()> {
        self.reply().status = Some(status_code(status)?);
        Ok(())
    }

    fn content_type(&self) -> String {
        let reply = self.reply();
        let value = reply.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        value.unwrap_or_default().to_owned()
    }

    fn set_content_type(&self, value: &str) -> ScriptResult<()> {
        let value = header_value("Content-Type", value)?;
        self.reply().headers.insert(header::CONTENT_TYPE, value);
        Ok(())
    }
}

pub(super) fn register(engine: &mut Engine) {
    engine.register_type_with_name::<Exchange>("request");
    let head = |of: fn(&RequestHead) -> String| move |req: &mut Exchange| of(req.head());
    engine.register_get("method", head(|head| head.method.as_str().to_owned()));
    engine.register_get("uri", head(|head| head.uri.clone()));
    engine.register_get("path", head(|head| head.path.clone()));
    engine.register_get("path_info", head(|head| head.path_info.clone()));
    engine.register_get("query", head(|head| head.query.clone()));
    engine.register_get("filename", head(|head| head.filename.clone()));
    engine.register_get("remote_ip", head(|head| head.remote_ip.map(|ip| ip.to_string()).unwrap_or_default()));
    engine.register_get("host", head(host));

    // A copy, since maps are values; its entries are shared text.
    engine.register_get("options", |req: &mut Exchange| Map::clone(&req.1.0));
    engine.register_get("user", |req: &mut Exchange| req.0.user.lock().clone());
    engine.register_set("user", |req: &mut Exchange, user: ImmutableString| *req.0.user.lock() = user);
    engine.register_get("args", |req: &mut Exchange| Exchange::fields(req.head().query.as_bytes()));
    engine.register_get("form", |req: &mut Exchange| Exchange::fields(req.form_body()));
    engine.register_fn("args_of", |req: &mut Exchange, name: &str| Exchange::values(req.head().query.as_bytes(), name));
    engine.register_fn("form_of", |req: &mut Exchange, name: &str| Exchange::values(req.form_body(), name));
    engine.register_get("cookies", |req: &mut Exchange| req.cookies());
    engine.register_get("body", |req: &mut Exchange| req.body());
    engine.register_get("bytes", |req: &mut Exchange| -> Blob { req.0.body.to_vec() });
    engine.register_fn("on_finish", |req: &mut Exchange, callback: FnPtr| req.on_finish(callback));
    engine.register_fn("json", |context: NativeCallContext<'_>, req: &mut Exchange| req.json(context.engine()));

    engine
        .register_get("status", |req: &mut Exchange| i64::from(req.reply().status.unwrap_or(StatusCode::OK).as_u16()));
    engine.register_set("status", |req: &mut Exchange, status: i64| req.set_status(status));
    engine.register_get("content_type", |req: &mut Exchange| req.content_type());
    engine.register_set("content_type", |req: &mut Exchange, value: &str| req.set_content_type(value));
    engine.register_fn("write", |req: &mut Exchange, text: ImmutableString| req.write(text.as_bytes(), false));
    engine.register_fn("write", |req: &mut Exchange, html: Html| req.write(html.0.as_bytes(), true));
    engine.register_fn("write", |req: &mut Exchange, blob: Blob| req.write(&blob, false));
    engine.register_fn("to_string", |req: &mut Exchange| format!("{} {}", req.head().method, req.head().uri));
    engine.register_fn("to_debug", |req: &mut Exchange| format!("{} {}", req.head().method, req.head().uri));
}

/// The host that the client asked for, without the port.
fn host(head: &RequestHead) -> String {
    let host = head.headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let without_port = host.rsplit_once(':').filter(|(_, port)| port.bytes().all(|byte| byte.is_ascii_digit()));
    without_port.map_or(host, |(host, _)| host).to_owned()
}
