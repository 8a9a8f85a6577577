//! Functions for pages that Rhai does not have: the time, tokens that cannot be guessed, and texts made safe where they
//! are put.

use std::{
    fmt::Write as _,
    time::{SystemTime, UNIX_EPOCH},
};

use rhai::{Dynamic, Engine, EvalAltResult, NativeCallContext};

use crate::{standard::text_of, thread::Meter};

type Text = Result<String, Box<EvalAltResult>>;

/// 128 bits: more than anybody can try out.
const TOKEN_BYTES: i64 = 16;
const MOST_TOKEN_BYTES: i64 = 1024;

pub(super) fn register(engine: &mut Engine) {
    engine.register_fn("unix_time", || seconds_and_millis().0);
    engine.register_fn("unix_millis", || seconds_and_millis().1);
    engine.register_fn("random_token", || random_token(TOKEN_BYTES));
    engine.register_fn("random_token", random_token);
    engine.register_fn("escape_html", |call: NativeCallContext<'_>, value: Dynamic| -> Text {
        metered(&text_of(&call, value)?, |part, escaped| escaped.push_str(&escape_html(part)))
    });
    engine.register_fn("encode_url", |text: &str| -> Text {
        metered(text, |part, encoded| encoded.push_str(&encode_url(part)))
    });
    engine.register_fn("decode_url", |text: &str| -> Text { decode_url(text) });
}

/// Since 1970, in seconds and in milliseconds. A clock before that stands at 0.
fn seconds_and_millis() -> (i64, i64) {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let number = |number: u128| i64::try_from(number).unwrap_or(i64::MAX);
    (number(since.as_secs().into()), number(since.as_millis()))
}

/// Returns this number of random bytes from the system, as two digits each.
fn random_token(bytes: i64) -> Text {
    let length = usize::try_from(bytes).ok().filter(|_| (TOKEN_BYTES..=MOST_TOKEN_BYTES).contains(&bytes));
    let Some(length) = length else {
        return Err(format!("a token has {TOKEN_BYTES} to {MOST_TOKEN_BYTES} bytes, not {bytes}").into());
    };
    let mut token = vec![0; length];
    getrandom::fill(&mut token).map_err(|error| format!("the system gives no random bytes: {error}"))?;
    Ok(token.iter().fold(String::with_capacity(2 * length), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    }))
}

/// Makes a text of each few kilobytes of `text`, while it is time.
fn metered(text: &str, mut make: impl FnMut(&str, &mut String)) -> Text {
    const PART: usize = 4096;
    let mut meter = Meter::new();
    let mut made = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let (part, after) = rest.split_at(rest.floor_char_boundary(PART));
        meter.step()?;
        make(part, &mut made);
        rest = after;
    }
    Ok(made)
}

/// For the text of an element, and for an attribute's value in either sort of quotes.
pub(super) fn escape_html(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() + text.len() / 8);
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

/// One segment of a path, or one name or value of a query: nothing in it means anything to a URL.
fn encode_url(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => encoded.push(byte.into()),
            other => {
                let _ = write!(encoded, "%{other:02X}");
            }
        }
    }
    encoded
}

/// Undoes [`encode_url`]. What is no `%xx` stays as it is, and what is no UTF-8 is replaced.
fn decode_url(text: &str) -> Text {
    let mut meter = Meter::new();
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        meter.step()?;
        let byte = (first == b'%').then(|| after.get(..2).and_then(hexadecimal)).flatten();
        decoded.push(byte.unwrap_or(first));
        rest = &after[if byte.is_some() { 2 } else { 0 }..];
    }
    Ok(String::from_utf8_lossy(&decoded).into_owned())
}

fn hexadecimal(digits: &[u8]) -> Option<u8> {
    let digit = |at: usize| char::from(*digits.get(at)?).to_digit(16);
    u8::try_from(digit(0)? * 16 + digit(1)?).ok()
}
