//! Functions of texts that go through all of one, or make a larger one.

use rhai::{Array, Dynamic, EvalAltResult, INT, ImmutableString, Module, NativeCallContext};

use crate::{
    standard::{
        form::{changing, reading},
        print::text_of,
        room::{self, Text, at_most, too_large},
    },
    thread::Meter,
};

type Fallible<T> = Result<T, Box<EvalAltResult>>;
type Call<'c> = NativeCallContext<'c>;

pub(super) fn register(module: &mut Module) {
    register_replacing(module);
    register_splitting(module);
    register_padding(module);
    register_joining(module);
    for name in ["debug", "to_debug"] {
        reading(name).set_into_module(module, |call: Call<'_>, text: &str| in_quotes(&call, text));
    }
    reading("to_chars").set_into_module(module, |call: Call<'_>, text: &str| room::array(&call, text.chars()));
    reading("to_upper").set_into_module(module, |call: Call<'_>, text: &str| in_case(&call, text, str::to_uppercase));
    reading("to_lower").set_into_module(module, |call: Call<'_>, text: &str| lowercase(&call, text));
    changing("make_upper").set_into_module(module, |call: Call<'_>, text: &mut ImmutableString| -> Fallible<()> {
        *text = in_case(&call, text, str::to_uppercase)?;
        Ok(())
    });
    changing("make_lower").set_into_module(module, |call: Call<'_>, text: &mut ImmutableString| -> Fallible<()> {
        *text = lowercase(&call, text)?;
        Ok(())
    });
    changing("pop").set_into_module(module, |text: &mut ImmutableString, count: INT| pop(text, count));
}

fn register_replacing(module: &mut Module) {
    fn put(call: &Call<'_>, text: &mut ImmutableString, from: &str, to: &str) -> Fallible<()> {
        *text = replace(call, text, from, to)?;
        Ok(())
    }
    type Changed<'t> = &'t mut ImmutableString;
    changing("replace")
        .set_into_module(module, |call: Call<'_>, text: Changed<'_>, from: &str, to: &str| put(&call, text, from, to));
    changing("replace").set_into_module(module, |call: Call<'_>, text: Changed<'_>, from: &str, to: char| {
        put(&call, text, from, to.encode_utf8(&mut [0; 4]))
    });
    changing("replace").set_into_module(module, |call: Call<'_>, text: Changed<'_>, from: char, to: &str| {
        put(&call, text, from.encode_utf8(&mut [0; 4]), to)
    });
    changing("replace").set_into_module(module, |call: Call<'_>, text: Changed<'_>, from: char, to: char| {
        put(&call, text, from.encode_utf8(&mut [0; 4]), to.encode_utf8(&mut [0; 4]))
    });
    changing("remove")
        .set_into_module(module, |call: Call<'_>, text: Changed<'_>, part: &str| put(&call, text, part, ""));
    changing("remove").set_into_module(module, |call: Call<'_>, text: Changed<'_>, part: char| {
        put(&call, text, part.encode_utf8(&mut [0; 4]), "")
    });
}

fn register_splitting(module: &mut Module) {
    fn count(parts: INT) -> usize {
        usize::try_from(parts).unwrap_or(0).max(1)
    }
    reading("split").set_into_module(module, |call: Call<'_>, text: &str| match text.is_empty() {
        true => Ok(vec![Dynamic::from(ImmutableString::default())]),
        false => room::array(&call, text.split_whitespace()),
    });
    reading("split").set_into_module(module, |call: Call<'_>, text: &str, by: &str| split(&call, text, text.split(by)));
    reading("split").set_into_module(module, |call: Call<'_>, text: &str, by: char| split(&call, text, text.split(by)));
    reading("split").set_into_module(module, |call: Call<'_>, text: &str, by: &str, most: INT| {
        split(&call, text, text.splitn(count(most), by))
    });
    reading("split").set_into_module(module, |call: Call<'_>, text: &str, by: char, most: INT| {
        split(&call, text, text.splitn(count(most), by))
    });
    reading("split_rev")
        .set_into_module(module, |call: Call<'_>, text: &str, by: &str| split(&call, text, text.rsplit(by)));
    reading("split_rev")
        .set_into_module(module, |call: Call<'_>, text: &str, by: char| split(&call, text, text.rsplit(by)));
    reading("split_rev").set_into_module(module, |call: Call<'_>, text: &str, by: &str, most: INT| {
        split(&call, text, text.rsplitn(count(most), by))
    });
    reading("split_rev").set_into_module(module, |call: Call<'_>, text: &str, by: char, most: INT| {
        split(&call, text, text.rsplitn(count(most), by))
    });
}

fn register_padding(module: &mut Module) {
    changing("pad").set_into_module(module, |call: Call<'_>, text: &mut ImmutableString, length: INT, by: char| {
        pad(&call, text, length, by.encode_utf8(&mut [0; 4]))
    });
    changing("pad").set_into_module(module, |call: Call<'_>, text: &mut ImmutableString, length: INT, by: &str| {
        pad(&call, text, length, by)
    });
}

/// A text and any other value. What cannot be a text raises, as `to_string` does; in Rhai it is written in some other way.
fn register_joining(module: &mut Module) {
    reading("+").set_into_module(module, |call: Call<'_>, text: &mut ImmutableString, value: Dynamic| {
        join(&call, text, &text_of(&call, value)?)
    });
    reading("+").set_into_module(module, |call: Call<'_>, value: Dynamic, text: &str| {
        join(&call, &text_of(&call, value)?, text)
    });
    for name in ["+=", "append"] {
        changing(name).set_into_module(
            module,
            |call: Call<'_>, text: &mut ImmutableString, value: Dynamic| -> Fallible<()> {
                *text = join(&call, text, &text_of(&call, value)?)?;
                Ok(())
            },
        );
    }
}

fn join(call: &Call<'_>, one: &str, other: &str) -> Fallible<ImmutableString> {
    let mut joined = Text::new(call);
    joined.push(one)?;
    joined.push(other)?;
    Ok(joined.done())
}

fn replace(call: &Call<'_>, text: &str, from: &str, to: &str) -> Fallible<ImmutableString> {
    if text.is_empty() {
        return Ok(ImmutableString::default());
    }
    let (mut made, mut after) = (Text::new(call), 0);
    for (at, found) in text.match_indices(from) {
        made.push(&text[after..at])?;
        made.push(to)?;
        after = at + found.len();
    }
    made.push(&text[after..])?;
    Ok(made.done())
}

/// The parts of a text. An empty one is one part, whatever it is split by.
fn split<'t>(call: &Call<'_>, text: &str, parts: impl Iterator<Item = &'t str>) -> Fallible<Array> {
    match text.is_empty() {
        true => Ok(vec![Dynamic::from(ImmutableString::default())]),
        false => room::array(call, parts),
    }
}

fn pad(call: &Call<'_>, text: &mut ImmutableString, length: INT, by: &str) -> Fallible<()> {
    if length <= 0 {
        return Ok(());
    }
    let most = at_most(call.engine().max_string_size());
    let length = usize::try_from(length).ok().filter(|length| *length <= most);
    let length = length.ok_or_else(|| too_large("Length of string"))?;
    let missing = length.saturating_sub(text.chars().count());
    let characters = by.chars().count();
    if missing == 0 || characters == 0 {
        return Ok(());
    }
    let mut padded = Text::new(call);
    padded.push(text)?;
    // Many at a time: padding of one character to a million is common.
    let often = (room::PART / by.len()).max(1);
    let block = by.repeat(often);
    let mut left = missing / characters;
    while left > 0 {
        let now = left.min(often);
        padded.push(&block[..now * by.len()])?;
        left -= now;
    }
    let end: String = by.chars().take(missing % characters).collect();
    padded.push(&end)?;
    *text = padded.done();
    Ok(())
}

/// As it is written in a script.
fn in_quotes(call: &Call<'_>, text: &str) -> Fallible<ImmutableString> {
    let mut made = Text::new(call);
    made.push("\"")?;
    made.push_parts(text, |part, made| {
        let quoted = format!("{part:?}");
        made.push_str(&quoted[1..quoted.len() - 1]);
    })?;
    made.push("\"")?;
    Ok(made.done())
}

fn in_case(call: &Call<'_>, text: &str, of: fn(&str) -> String) -> Fallible<ImmutableString> {
    let mut made = Text::new(call);
    made.push_parts(text, |part, made| made.push_str(&of(part)))?;
    Ok(made.done())
}

/// What a capital sigma becomes depends on whether it ends a word, so that a text with one is not taken in parts.
fn lowercase(call: &Call<'_>, text: &str) -> Fallible<ImmutableString> {
    match text.contains('Σ') {
        true => Ok(text.to_lowercase().into()),
        false => in_case(call, text, str::to_lowercase),
    }
}

/// Takes the last characters off a text, and returns them.
fn pop(text: &mut ImmutableString, count: INT) -> Fallible<ImmutableString> {
    let Ok(count) = usize::try_from(count) else { return Ok(ImmutableString::default()) };
    if count == 0 {
        return Ok(ImmutableString::default());
    }
    let mut meter = Meter::new();
    let mut start = text.len();
    for (at, _) in text.char_indices().rev().take(count) {
        meter.step()?;
        start = at;
    }
    let end = text[start..].into();
    *text = text[..start].into();
    Ok(end)
}
