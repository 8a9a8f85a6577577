//! `req.headers_in` and `req.headers_out`: header fields by name, whatever its case.

use http::{HeaderMap, HeaderName};
use rhai::{Array, Dynamic, Engine, EvalAltResult, FuncRegistration, Map, Module};

use super::request::{Exchange, header_value};

type ScriptResult<T> = Result<T, Box<EvalAltResult>>;

/// What the client sent.
#[derive(Clone)]
pub(super) struct Received(pub(super) Exchange);

/// What the client will get.
#[derive(Clone)]
pub(super) struct Sent(pub(super) Exchange);

impl Received {
    fn get(&self, name: &str) -> Dynamic {
        let values = self.0.head().headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
        match values.collect::<Vec<_>>().as_slice() {
            [] => Dynamic::UNIT,
            // Fields that are given twice mean the same as one with a list (RFC 9110, 5.3).
            values => values.join(", ").into(),
        }
    }

    fn to_map(&self) -> Map {
        let names = self.0.head().headers.keys();
        names.map(|name| (name.as_str().into(), self.get(name.as_str()))).collect()
    }
}

impl Sent {
    fn get(&self, name: &str) -> Dynamic {
        let reply = self.0.reply();
        let value = reply.headers.get(name).and_then(|value| value.to_str().ok());
        value.map_or(Dynamic::UNIT, |value| value.to_owned().into())
    }

    fn set(&self, name: &str, value: &str) -> ScriptResult<()> {
        let (name, value) = (header_name(name)?, header_value(name, value)?);
        let mut reply = self.0.reply();
        check_room(&reply.headers)?;
        reply.headers.insert(name, value);
        Ok(())
    }

    fn add(&self, name: &str, value: &str) -> ScriptResult<()> {
        let (name, value) = (header_name(name)?, header_value(name, value)?);
        let mut reply = self.0.reply();
        check_room(&reply.headers)?;
        reply.headers.append(name, value);
        Ok(())
    }
}

/// More than clients take.
const MOST: usize = 256;

/// Is there room for one more field?
pub(super) fn check_room(headers: &HeaderMap) -> Result<(), String> {
    match headers.len() < MOST {
        true => Ok(()),
        false => Err(format!("the response has {MOST} header fields; no more are sent")),
    }
}

/// Fields that say how a message is framed are the server's alone.
pub(super) fn header_name(name: &str) -> Result<HeaderName, String> {
    let parsed = HeaderName::try_from(name).map_err(|_| format!("`{name}` is no header name"))?;
    match parsed.as_str() {
        "connection" | "content-length" | "transfer-encoding" | "upgrade" | "keep-alive" => {
            Err(format!("the header {name} is set by the server itself"))
        }
        _ => Ok(parsed),
    }
}

pub(super) fn register(engine: &mut Engine) {
    engine.register_type_with_name::<Received>("headers_in");
    engine.register_indexer_get(|headers: &mut Received, name: &str| headers.get(name));
    engine.register_fn("contains", |headers: &mut Received, name: &str| headers.0.head().headers.contains_key(name));
    engine.register_fn("keys", |headers: &mut Received| -> Array {
        headers.0.head().headers.keys().map(|name| name.as_str().into()).collect()
    });
    engine.register_fn("to_map", |headers: &mut Received| headers.to_map());

    engine.register_type_with_name::<Sent>("headers_out");
    engine.register_indexer_get(|headers: &mut Sent, name: &str| headers.get(name));
    engine.register_fn("contains", |headers: &mut Sent, name: &str| headers.0.reply().headers.contains_key(name));
    engine.register_fn("add", |headers: &mut Sent, name: &str, value: &str| headers.add(name, value));
    // `req.headers_out[..] = ..` assigns into what a getter returned, which Rhai takes for a constant unless told.
    let mut module = Module::new();
    FuncRegistration::new_index_setter()
        .with_purity(true)
        .in_global_namespace()
        .set_into_module(&mut module, |headers: &mut Sent, name: &str, value: &str| headers.set(name, value));
    engine.register_global_module(module.into());
}
