//! `req.headers_in` and `req.headers_out`: header fields by name, whatever its case.

use http::{HeaderMap, HeaderName, header};
use rhai::{Array, Dynamic, Engine, EvalAltResult, FuncRegistration, Map, Module, NativeCallContext};

use crate::http::{
    json::{TypeNames, type_names},
    location::encode_location,
    reply::header_value,
    request::Exchange,
};

type ScriptResult<T> = Result<T, Box<EvalAltResult>>;

/// What the client sent.
#[derive(Clone)]
struct Received(Exchange);

/// What the client will get.
#[derive(Clone)]
struct Sent(Exchange);

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

    fn set(&self, name: &str, value: Dynamic, type_name: TypeNames<'_>) -> ScriptResult<()> {
        Ok(set_header(&mut self.0.reply().headers, name, value, type_name)?)
    }

    fn add(&self, name: &str, value: &Dynamic, type_name: TypeNames<'_>) -> ScriptResult<()> {
        Ok(append(&mut self.0.reply().headers, &header_name(name)?, value, type_name)?)
    }
}

/// Sets a header in place of what it was. An array sends it once for each item: cookies need that. `()` takes it away.
pub(super) fn set_header(
    headers: &mut HeaderMap,
    name: &str,
    value: Dynamic,
    type_name: TypeNames<'_>,
) -> Result<(), String> {
    let name = header_name(name)?;
    headers.remove(&name);
    match value.try_cast_result::<Array>() {
        Ok(values) => values.iter().try_for_each(|value| append(headers, &name, value, type_name)),
        Err(value) if value.is_unit() => Ok(()),
        Err(value) => append(headers, &name, &value, type_name),
    }
}

fn append(headers: &mut HeaderMap, name: &HeaderName, value: &Dynamic, type_name: TypeNames<'_>) -> Result<(), String> {
    if !(value.is_string() || value.is_int() || value.is_float() || value.is_bool() || value.is_char()) {
        let found = type_name(value);
        return Err(format!(
            "the header {name} is a string, a number, or an array of these, not a value of type {found}"
        ));
    }
    let value = match value.to_string() {
        // A line break in an address is somebody's attempt at a second header, and no part of it.
        address if name == header::LOCATION && !address.contains(['\r', '\n', '\0']) => {
            header_value(name.as_str(), &encode_location(&address))?
        }
        value => header_value(name.as_str(), &value)?,
    };
    check_room(headers)?;
    headers.append(name.clone(), value);
    Ok(())
}

/// More than clients take.
const MOST: usize = 256;

/// Is there room for one more field?
fn check_room(headers: &HeaderMap) -> Result<(), String> {
    match headers.len() < MOST {
        true => Ok(()),
        false => Err(format!("the response has {MOST} header fields; no more are sent")),
    }
}

/// Fields that say how a message is framed are the server's alone.
fn header_name(name: &str) -> Result<HeaderName, String> {
    let parsed = HeaderName::try_from(name).map_err(|_| format!("`{name}` is no header name"))?;
    match parsed.as_str() {
        "connection" | "content-length" | "transfer-encoding" | "upgrade" | "keep-alive" => {
            Err(format!("the header {name} is set by the server itself"))
        }
        _ => Ok(parsed),
    }
}

pub(super) fn register(engine: &mut Engine) {
    engine.register_get("headers_in", |req: &mut Exchange| Received(req.clone()));
    engine.register_get("headers_out", |req: &mut Exchange| Sent(req.clone()));

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
    engine.register_fn("add", |context: NativeCallContext<'_>, headers: &mut Sent, name: &str, value: Dynamic| {
        headers.add(name, &value, &type_names(context.engine()))
    });
    // `req.headers_out[..] = ..` assigns into what a getter returned, which Rhai takes for a constant unless told.
    let mut module = Module::new();
    FuncRegistration::new_index_setter().with_purity(true).in_global_namespace().set_into_module(
        &mut module,
        |context: NativeCallContext<'_>, headers: &mut Sent, name: &str, value: Dynamic| {
            headers.set(name, value, &type_names(context.engine()))
        },
    );
    engine.register_global_module(module.into());
}
