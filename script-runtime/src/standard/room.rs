//! What is made part by part: no larger than may be, not beyond the deadline, and never more than there is memory for.

use rhai::{Array, Dynamic, EvalAltResult, ImmutableString, NativeCallContext, Position};

use crate::thread::Meter;

type Fallible<T> = Result<T, Box<EvalAltResult>>;

/// How much of a text is gone through between two looks at the tick.
pub(super) const PART: usize = 16 << 10;

/// A text that is being made.
pub(super) struct Text {
    text: String,
    most: usize,
    meter: Meter,
}

impl Text {
    pub(super) fn new(context: &NativeCallContext<'_>) -> Self {
        Self { text: String::new(), most: at_most(context.engine().max_string_size()), meter: Meter::new() }
    }

    pub(super) fn push(&mut self, part: &str) -> Fallible<()> {
        self.meter.step()?;
        if part.len() > self.most - self.text.len() {
            return Err(too_large("Length of string"));
        }
        self.text.try_reserve(part.len()).map_err(|_| no_memory())?;
        self.text.push_str(part);
        Ok(())
    }

    /// Adds what `make` makes of each few kilobytes of a text.
    pub(super) fn push_parts(&mut self, text: &str, mut make: impl FnMut(&str, &mut String)) -> Fallible<()> {
        let mut made = String::new();
        for part in parts(text) {
            made.clear();
            make(part, &mut made);
            self.push(&made)?;
        }
        Ok(())
    }

    pub(super) fn done(self) -> ImmutableString {
        self.text.into()
    }
}

/// A text in pieces of a few kilobytes.
pub(super) fn parts(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let (part, after) = rest.split_at(rest.floor_char_boundary(PART));
        rest = after;
        (!part.is_empty()).then_some(part)
    })
}

/// Collects no more items than an array may have.
pub(super) fn array(
    context: &NativeCallContext<'_>,
    items: impl IntoIterator<Item = impl Into<Dynamic>>,
) -> Fallible<Array> {
    let most = at_most(context.engine().max_array_size());
    let (mut array, mut meter) = (Array::new(), Meter::new());
    for item in items {
        meter.step()?;
        if array.len() == most {
            return Err(too_large("Size of array/BLOB"));
        }
        array.try_reserve(1).map_err(|_| no_memory())?;
        array.push(item.into());
    }
    Ok(array)
}

/// A limit of the engine, where 0 means no limit.
pub(super) fn at_most(limit: usize) -> usize {
    if limit == 0 { usize::MAX } else { limit }
}

/// Rhai's error for what is larger than may be.
pub(super) fn too_large(what: &str) -> Box<EvalAltResult> {
    EvalAltResult::ErrorDataTooLarge(what.to_owned(), Position::NONE).into()
}

pub(super) fn no_memory() -> Box<EvalAltResult> {
    EvalAltResult::ErrorRuntime("there is not enough memory for a value as large as this".into(), Position::NONE).into()
}
