//! Are two arrays, or two maps, equal? Part by part, as Rhai compares them, but without recursion beyond a few levels, and
//! not beyond the deadline.

use rhai::{Array, Dynamic, EvalAltResult, Map, Module, NativeCallContext};

use crate::{
    standard::form::reading,
    thread::{Meter, drop_flat},
};

type Answer = Result<bool, Box<EvalAltResult>>;

const EQUALS: &str = "==";

/// What is nested more deeply is compared when all else is: recursion ends here.
const LEVELS: usize = 64;

pub(super) fn register(module: &mut Module) {
    #[allow(clippy::needless_pass_by_value, reason = "the form of a native function")]
    fn arrays(context: NativeCallContext<'_>, one: &mut Array, other: Array) -> Answer {
        let mut comparing = Comparing::new(&context);
        let are_equal = comparing.items(one, &other, 0)? && comparing.deeper_parts()?;
        Ok(are_equal)
    }
    #[allow(clippy::needless_pass_by_value, reason = "the form of a native function")]
    fn maps(context: NativeCallContext<'_>, one: &mut Map, other: Map) -> Answer {
        let mut comparing = Comparing::new(&context);
        let are_equal = comparing.entries(one, &other, 0)? && comparing.deeper_parts()?;
        Ok(are_equal)
    }
    reading(EQUALS).set_into_module(module, arrays);
    reading(EQUALS).set_into_module(module, maps);
    reading("!=").set_into_module(module, |context: NativeCallContext<'_>, one: &mut Array, other: Array| {
        arrays(context, one, other).map(|equal| !equal)
    });
    reading("!=").set_into_module(module, |context: NativeCallContext<'_>, one: &mut Map, other: Map| {
        maps(context, one, other).map(|equal| !equal)
    });
}

/// A comparison of two values, which stay where they are.
struct Comparing<'c> {
    context: &'c NativeCallContext<'c>,
    meter: Meter,
    /// Copies of what is nested too deeply to go on there.
    deeper: Vec<(Dynamic, Dynamic)>,
}

impl<'c> Comparing<'c> {
    fn new(context: &'c NativeCallContext<'c>) -> Self {
        Self { context, meter: Meter::new(), deeper: Vec::new() }
    }

    fn deeper_parts(&mut self) -> Answer {
        while let Some((one, other)) = self.deeper.pop() {
            let are_equal = self.parts(&one, &other, 0);
            drop_flat([one, other]);
            if !are_equal? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn parts(&mut self, one: &Dynamic, other: &Dynamic, level: usize) -> Answer {
        self.meter.step()?;
        let are_nested = (one.is_array() && other.is_array()) || (one.is_map() && other.is_map());
        if are_nested && level == LEVELS {
            self.deeper.push((one.clone(), other.clone()));
            return Ok(true);
        }
        if let (Some(one), Some(other)) = (one.read_lock::<Array>(), other.read_lock::<Array>()) {
            return self.items(&one, &other, level);
        }
        if let (Some(one), Some(other)) = (one.read_lock::<Map>(), other.read_lock::<Map>()) {
            return self.entries(&one, &other, level);
        }
        leaves_equal(self.context, one.clone(), other.clone())
    }

    /// Those of different lengths are not equal.
    fn items(&mut self, one: &Array, other: &Array, level: usize) -> Answer {
        if one.len() != other.len() {
            return Ok(false);
        }
        for (one, other) in one.iter().zip(other) {
            if !self.parts(one, other, level + 1)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Those with different keys are not equal. Both are in the order of these.
    fn entries(&mut self, one: &Map, other: &Map, level: usize) -> Answer {
        if one.len() != other.len() {
            return Ok(false);
        }
        for ((key, one), (other_key, other)) in one.iter().zip(other) {
            if key != other_key || !self.parts(one, other, level + 1)? {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

impl Drop for Comparing<'_> {
    fn drop(&mut self) {
        drop_flat(self.deeper.drain(..).flat_map(|(one, other)| [one, other]));
    }
}

/// By the engine's `==`, which the host may have defined for a type. Different types that have none are not equal.
fn leaves_equal(context: &NativeCallContext<'_>, mut one: Dynamic, mut other: Dynamic) -> Answer {
    let types_differ = one.type_id() != other.type_id();
    match context.call_native_fn_raw(EQUALS, true, &mut [&mut one, &mut other]) {
        Ok(answer) => Ok(answer.as_bool().unwrap_or(false)),
        Err(error) => match &*error {
            EvalAltResult::ErrorFunctionNotFound(called, _) if types_differ && called.starts_with(EQUALS) => Ok(false),
            _ => Err(error),
        },
    }
}
