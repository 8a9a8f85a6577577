//! Arrays and maps as texts: no deeper recursion than one level, an end at the deadline, and no text longer than may be.

use std::fmt::Write as _;

use rhai::{Array, Dynamic, EvalAltResult, ImmutableString, Map, Module, NativeCallContext, Position};

use crate::{
    standard::form::reading,
    thread::Meter,
    value::parts::{At, Part, Parts},
};

type Text = Result<ImmutableString, Box<EvalAltResult>>;

const DEBUG: &str = "to_debug";

pub(super) fn register(module: &mut Module) {
    for name in ["print", "to_string", "debug", DEBUG] {
        reading(name).set_into_module(module, |context: NativeCallContext<'_>, array: &mut Array| {
            text(&context, array.clone().into())
        });
        reading(name).set_into_module(module, |context: NativeCallContext<'_>, map: &mut Map| {
            text(&context, map.clone().into())
        });
    }
}

/// The text of any value, as `to_string` makes it.
pub(crate) fn text_of(context: &NativeCallContext<'_>, mut value: Dynamic) -> Text {
    match value.is_string() {
        true => Ok(value.into_immutable_string().unwrap_or_default()),
        false => {
            let text = context.call_native_fn_raw("to_string", true, &mut [&mut value])?;
            Ok(text.into_immutable_string().unwrap_or_default())
        }
    }
}

/// The text of an array or a map, as Rhai writes it.
fn text(context: &NativeCallContext<'_>, value: Dynamic) -> Text {
    let most = context.engine().max_string_size();
    let (mut parts, mut text, mut meter) = (Parts::default(), String::new(), Meter::new());
    let mut part = Some(parts.enter(value));
    let mut is_first = true;
    while let Some(next) = part {
        let begins = !matches!(next, Part::EndOfArray | Part::EndOfMap);
        if begins {
            if !is_first {
                text.push_str(", ");
            }
            if let Some(At::Key(key)) = parts.at() {
                let _ = write!(text, "{key:?}: ");
            }
        }
        is_first = matches!(next, Part::Array | Part::Map);
        match next {
            Part::Array => text.push('['),
            Part::Map => text.push_str("#{"),
            Part::EndOfArray => text.push(']'),
            Part::EndOfMap => text.push('}'),
            Part::Leaf(mut value) => push_leaf(context, &mut text, &mut value),
        }
        meter.step()?;
        if most > 0 && text.len() > most {
            return Err(EvalAltResult::ErrorDataTooLarge("Length of string".to_owned(), Position::NONE).into());
        }
        part = parts.next();
    }
    Ok(text.into())
}

/// How a part that has no parts is written: as scripts see it, also where the host says how a type looks.
fn push_leaf(context: &NativeCallContext<'_>, text: &mut String, value: &mut Dynamic) {
    if let Ok(number) = value.as_int() {
        let _ = write!(text, "{number}");
        return;
    }
    let shown = context.call_native_fn_raw(DEBUG, true, &mut [value]);
    match shown.map(Dynamic::into_immutable_string) {
        Ok(Ok(shown)) => text.push_str(&shown),
        _ => text.push_str(context.engine().map_type_name(value.type_name())),
    }
}
