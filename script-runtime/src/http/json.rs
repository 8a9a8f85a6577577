//! JSON in and out. The format is `serde_json`'s affair; here are only the two translations.

use rhai::{Dynamic, Engine, EvalAltResult, Map, NativeCallContext};
use serde_json::Value;

use super::response::TypeNames;

pub(super) fn parse(text: &[u8]) -> Result<Dynamic, serde_json::Error> {
    serde_json::from_slice(text).map(from_json)
}

fn from_json(value: Value) -> Dynamic {
    match value {
        Value::Null => Dynamic::UNIT,
        Value::Bool(value) => value.into(),
        Value::Number(number) => {
            let float = || number.as_f64().unwrap_or(f64::NAN).into();
            number.as_i64().map_or_else(float, Dynamic::from)
        }
        Value::String(text) => text.into(),
        Value::Array(items) => Dynamic::from_array(items.into_iter().map(from_json).collect()),
        Value::Object(entries) => {
            let entries = entries.into_iter().map(|(key, value)| (key.into(), from_json(value)));
            Dynamic::from_map(entries.collect::<Map>())
        }
    }
}

/// Fails on what JSON has no form for: functions, handles, values of the host's own types.
pub(super) fn to_json(value: &Dynamic, type_name: TypeNames<'_>) -> Result<Value, String> {
    if value.is_unit() {
        return Ok(Value::Null);
    }
    if let Ok(value) = value.as_bool() {
        return Ok(value.into());
    }
    if let Ok(value) = value.as_int() {
        return Ok(value.into());
    }
    if let Ok(value) = value.as_float() {
        return serde_json::Number::from_f64(value).map(Value::Number).ok_or_else(|| format!("JSON has no {value}"));
    }
    if let Ok(items) = value.as_array_ref() {
        return items.iter().map(|item| to_json(item, type_name)).collect::<Result<_, _>>().map(Value::Array);
    }
    if let Ok(entries) = value.as_map_ref() {
        let entries = entries.iter().map(|(key, value)| Ok((key.to_string(), to_json(value, type_name)?)));
        return entries.collect::<Result<_, String>>().map(Value::Object);
    }
    if value.is_string() || value.is_char() {
        return Ok(value.to_string().into());
    }
    Err(format!("a value of type {} has no form in JSON", type_name(value)))
}

pub(super) fn register(engine: &mut Engine) {
    type Text<T> = Result<T, Box<EvalAltResult>>;
    engine.register_fn("parse_json", |text: &str| -> Text<Dynamic> {
        parse(text.as_bytes()).map_err(|error| format!("not JSON: {error}").into())
    });
    for name in ["to_json", "json"] {
        engine.register_fn(name, |context: NativeCallContext<'_>, value: Dynamic| -> Text<String> {
            to_json(&value, &type_names(context.engine())).map(|json| json.to_string()).map_err(Into::into)
        });
    }
}

/// Types as the engine's scripts know them.
pub(crate) fn type_names(engine: &Engine) -> impl Fn(&Dynamic) -> String + '_ {
    |value| engine.map_type_name(value.type_name()).to_owned()
}
