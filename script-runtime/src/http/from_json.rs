//! JSON read into a value as it is parsed: not beyond the deadline, and no more of it than may be.

use std::{borrow::Cow, fmt};

use rhai::{Array, Dynamic, Engine, EvalAltResult, Map, Position};
use serde_core::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use crate::thread::Meter;

/// Why a text became no value.
pub(super) enum NotRead {
    /// It is not JSON.
    Malformed(serde_json::Error),
    /// The time of the call is over, or the value would be larger than may be.
    Ended(Box<EvalAltResult>),
}

/// The value of a JSON text.
pub(super) fn read(text: &[u8], engine: &Engine) -> Result<Dynamic, NotRead> {
    let mut reader = Reader {
        meter: Meter::new(),
        items: Left::of(engine.max_array_size(), "Size of array/BLOB"),
        entries: Left::of(engine.max_map_size(), "Size of object map"),
        bytes: Left::of(engine.max_string_size(), "Length of string"),
        ended: None,
    };
    let mut json = serde_json::Deserializer::from_slice(text);
    let read = Part(&mut reader).deserialize(&mut json).and_then(|value| json.end().map(|()| value));
    match (read, reader.ended) {
        (_, Some(ended)) => Err(NotRead::Ended(ended)),
        (Ok(value), None) => Ok(value),
        (Err(error), None) => Err(NotRead::Malformed(error)),
    }
}

struct Reader {
    meter: Meter,
    items: Left,
    entries: Left,
    bytes: Left,
    ended: Option<Box<EvalAltResult>>,
}

/// How much more there may be, of what a limit counts.
struct Left {
    count: usize,
    what: &'static str,
}

impl Left {
    fn of(limit: usize, what: &'static str) -> Self {
        Self { count: if limit == 0 { usize::MAX } else { limit }, what }
    }

    fn take(&mut self, count: usize) -> Result<(), Box<EvalAltResult>> {
        let left = self.count.checked_sub(count);
        self.count = left.ok_or_else(|| EvalAltResult::ErrorDataTooLarge(self.what.to_owned(), Position::NONE))?;
        Ok(())
    }
}

impl Reader {
    /// Keeps the error itself, of which the parser would only keep the text.
    fn go_on<E: Error>(&mut self, result: Result<(), Box<EvalAltResult>>) -> Result<(), E> {
        result.and_then(|()| self.meter.step()).map_err(|error| {
            let said = E::custom(&error);
            self.ended = Some(error);
            said
        })
    }

    fn text<E: Error>(&mut self, text: &str) -> Result<(), E> {
        let taken = self.bytes.take(text.len());
        self.go_on(taken)
    }
}

/// Reads one value.
struct Part<'r>(&'r mut Reader);

impl<'de> DeserializeSeed<'de> for Part<'_> {
    type Value = Dynamic;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Dynamic, D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Part<'_> {
    type Value = Dynamic;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Dynamic, E> {
        Ok(Dynamic::UNIT)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Dynamic, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Dynamic, E> {
        Ok(value.into())
    }

    #[allow(clippy::cast_precision_loss, reason = "as with all numbers that are no `i64`")]
    fn visit_u64<E>(self, value: u64) -> Result<Dynamic, E> {
        Ok(i64::try_from(value).map_or_else(|_| (value as f64).into(), Dynamic::from))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Dynamic, E> {
        Ok(value.into())
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Dynamic, E> {
        self.0.text(text)?;
        Ok(text.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut json: A) -> Result<Dynamic, A::Error> {
        let mut items = Array::new();
        while let Some(item) = json.next_element_seed(Part(self.0))? {
            let taken = self.0.items.take(1);
            self.0.go_on(taken)?;
            items.push(item);
        }
        Ok(Dynamic::from_array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut json: A) -> Result<Dynamic, A::Error> {
        let mut entries = Map::new();
        while let Some(key) = json.next_key::<Cow<'de, str>>()? {
            let taken = self.0.entries.take(1);
            self.0.go_on(taken)?;
            entries.insert(key.as_ref().into(), json.next_value_seed(Part(self.0))?);
        }
        Ok(Dynamic::from_map(entries))
    }
}
