//! Are two arrays, or two maps, equal? Part by part, as Rhai compares them, but without recursion and not beyond the
//! deadline.

use rhai::{Array, Dynamic, EvalAltResult, Map, Module, NativeCallContext};

use crate::{
    standard::reading,
    thread::{Meter, drop_flat},
};

type Answer = Result<bool, Box<EvalAltResult>>;

const EQUALS: &str = "==";

pub(super) fn register(module: &mut Module) {
    for (name, wanted) in [(EQUALS, true), ("!=", false)] {
        reading(name).set_into_module(module, move |context: NativeCallContext<'_>, one: &mut Array, other: Array| {
            equal(&context, one.clone().into(), other.into()).map(|equal| equal == wanted)
        });
        reading(name).set_into_module(module, move |context: NativeCallContext<'_>, one: &mut Map, other: Map| {
            equal(&context, one.clone().into(), other.into()).map(|equal| equal == wanted)
        });
    }
}

fn equal(context: &NativeCallContext<'_>, one: Dynamic, other: Dynamic) -> Answer {
    let mut left = Pairs(vec![(one, other)]);
    let mut meter = Meter::new();
    while let Some((one, other)) = left.0.pop() {
        meter.step()?;
        let are_equal = match (one.is_array() && other.is_array(), one.is_map() && other.is_map()) {
            (true, _) => left.add_items(one, other),
            (_, true) => left.add_entries(one, other),
            _ => leaves_equal(context, one, other)?,
        };
        if !are_equal {
            return Ok(false);
        }
    }
    Ok(true)
}

/// What is still to be compared, the next last.
struct Pairs(Vec<(Dynamic, Dynamic)>);

impl Pairs {
    /// False if they differ in length.
    fn add_items(&mut self, one: Dynamic, other: Dynamic) -> bool {
        let (one, other) = (one.into_array().unwrap_or_default(), other.into_array().unwrap_or_default());
        let is_long_as = one.len() == other.len();
        self.0.extend(one.into_iter().zip(other).rev());
        is_long_as
    }

    /// False if they differ in their keys.
    fn add_entries(&mut self, one: Dynamic, other: Dynamic) -> bool {
        let (one, other) = (one.try_cast::<Map>().unwrap_or_default(), other.try_cast::<Map>().unwrap_or_default());
        let has_keys_of = one.len() == other.len() && one.keys().eq(other.keys());
        // Both are in the order of their keys.
        let values = one.into_values().zip(other.into_values()).collect::<Vec<_>>();
        self.0.extend(values.into_iter().rev());
        has_keys_of
    }
}

impl Drop for Pairs {
    fn drop(&mut self) {
        drop_flat(self.0.drain(..).flat_map(|(one, other)| [one, other]));
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
