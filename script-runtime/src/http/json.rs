//! JSON in and out. How a text or a number is read and written is `serde_json`'s affair; what is nested is written here,
//! since a script nests it as deeply as it likes.

use rhai::{Dynamic, Engine, EvalAltResult, Map, NativeCallContext, Position};
use serde_json::Value;

use crate::{
    http::from_json::{NotRead, read},
    state::{Path, Step},
    thread::Meter,
    value::{
        Html,
        parts::{At, Part, Parts},
    },
};

/// The JSON of a value, written without recursion, not beyond the deadline, and no longer than `most` bytes, if that is
/// not 0.
///
/// # Errors
///
/// JSON has no form for a part: functions, handles, values of the host's own types, infinities. It is too long, or the
/// time of the call is over.
pub(super) fn to_json(value: Dynamic, type_name: TypeNames<'_>, most: usize) -> Result<String, Box<EvalAltResult>> {
    let (mut parts, mut json, mut meter) = (Parts::default(), Vec::new(), Meter::new());
    let mut part = Some(parts.enter(value));
    let mut is_first = true;
    while let Some(next) = part {
        if !matches!(next, Part::EndOfArray | Part::EndOfMap) {
            if !is_first {
                json.push(b',');
            }
            if let Some(At::Key(key)) = parts.at() {
                serde_json::to_writer(&mut json, key.as_str()).map_err(|error| error.to_string())?;
                json.push(b':');
            }
        }
        is_first = matches!(next, Part::Array | Part::Map);
        match next {
            Part::Array => json.push(b'['),
            Part::Map => json.push(b'{'),
            Part::EndOfArray => json.push(b']'),
            Part::EndOfMap => json.push(b'}'),
            Part::Leaf(value) => push_leaf(&mut json, &value).map_err(|message| {
                let what =
                    message.unwrap_or_else(|| format!("a value of type {} has no form in JSON", type_name(&value)));
                format!("{what}{}", whereabouts(&parts))
            })?,
        }
        meter.step()?;
        if most > 0 && json.len() > most {
            return Err(EvalAltResult::ErrorDataTooLarge("Length of string".to_owned(), Position::NONE).into());
        }
        part = parts.next();
    }
    String::from_utf8(json).map_err(|error| error.to_string().into())
}

/// `: it is at ["a"][1]`; nothing for the value itself.
fn whereabouts(parts: &Parts) -> String {
    let mut path = Path::default();
    for at in parts.way() {
        path.push(match at {
            At::Index(index) => Step::Index(*index),
            At::Key(key) => Step::Key(key.as_str().into()),
        });
    }
    match path.steps().is_empty() {
        true => String::new(),
        false => format!(": it is at {path}"),
    }
}

/// The reason for a failure, if it is not the type.
fn push_leaf(json: &mut Vec<u8>, value: &Dynamic) -> Result<(), Option<String>> {
    let written = if value.is_unit() {
        serde_json::to_writer(json, &Value::Null)
    } else if let Ok(value) = value.as_bool() {
        serde_json::to_writer(json, &value)
    } else if let Ok(value) = value.as_int() {
        serde_json::to_writer(json, &value)
    } else if let Ok(value) = value.as_float() {
        if !value.is_finite() {
            return Err(Some(format!("JSON has no {value}")));
        }
        serde_json::to_writer(json, &value)
    } else if let Ok(text) = value.as_immutable_string_ref() {
        serde_json::to_writer(json, text.as_str())
    } else if let Ok(character) = value.as_char() {
        serde_json::to_writer(json, &character)
    } else if let Some(html) = value.read_lock::<Html>() {
        serde_json::to_writer(json, html.0.as_str())
    } else {
        return Err(None);
    };
    written.map_err(|error| Some(error.to_string()))
}

pub(super) fn register(engine: &mut Engine) {
    type Text<T> = Result<T, Box<EvalAltResult>>;
    engine.register_fn("parse_json", |context: NativeCallContext<'_>, text: &str| -> Text<Dynamic> {
        read(text.as_bytes(), context.engine()).map_err(|not_read| match not_read {
            NotRead::Malformed(error) => format!("not JSON: {error}").into(),
            NotRead::Ended(error) => error,
        })
    });
    for name in ["to_json", "json"] {
        engine.register_fn(name, |context: NativeCallContext<'_>, value: Dynamic| json_of(&context, value));
        // Rhai has one of its own for maps, which goes into what functions captured.
        engine.register_fn(name, |context: NativeCallContext<'_>, map: &mut Map| json_of(&context, map.clone().into()));
    }
}

fn json_of(context: &NativeCallContext<'_>, value: Dynamic) -> Result<String, Box<EvalAltResult>> {
    let engine = context.engine();
    to_json(value, &type_names(engine), engine.max_string_size())
}

/// How scripts call the types of values.
pub(super) type TypeNames<'a> = &'a dyn Fn(&Dynamic) -> String;

/// Types as the engine's scripts know them.
pub(crate) fn type_names(engine: &Engine) -> impl Fn(&Dynamic) -> String + '_ {
    |value| engine.map_type_name(value.type_name()).to_owned()
}
