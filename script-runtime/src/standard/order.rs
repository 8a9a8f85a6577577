//! `sort`, `order` and `dedup`.
//!
//! They differ from Rhai's in this: an error that a comparer raises is raised, and then the array is as it was; a comparer
//! of `sort` may return a float, and what is neither number nor bool is an error. In Rhai all these are orders of some kind.

use std::cmp::Ordering;

use rhai::{Array, Dynamic, EvalAltResult, FnPtr, ImmutableString, Module, NativeCallContext, Position};

use crate::{
    standard::form::{changing, reading},
    state::type_name,
    thread::Meter,
    value::merge_sort,
};

type Fallible<T> = Result<T, Box<EvalAltResult>>;

pub(super) fn register(module: &mut Module) {
    // Rhai also takes the name of a function.
    changing("sort").set_into_module(module, |context: NativeCallContext<'_>, array: &mut Array, by: &str| {
        let by = FnPtr::new(by)?;
        put(array, |array| by_comparer(&context, "sort", array, &by))
    });
    changing("dedup").set_into_module(module, |context: NativeCallContext<'_>, array: &mut Array, by: &str| {
        let by = FnPtr::new(by)?;
        dedup(array, |one, other| Ok(by.call_raw(&context, None, [one, other])?.as_bool().unwrap_or(false)))
    });
    for name in ["sort", "sort_by"] {
        changing(name).set_into_module(module, |context: NativeCallContext<'_>, array: &mut Array, by: FnPtr| {
            put(array, |array| by_comparer(&context, name, array, &by))
        });
    }
    for name in ["order", "order_by"] {
        reading(name).set_into_module(module, |context: NativeCallContext<'_>, array: &mut Array, by: FnPtr| {
            by_comparer(&context, name, array.clone(), &by)
        });
    }
    changing("sort").set_into_module(module, |array: &mut Array| put(array, |array| by_value(array, |it| it)));
    changing("sort_desc")
        .set_into_module(module, |array: &mut Array| put(array, |array| by_value(array, Ordering::reverse)));
    reading("order").set_into_module(module, |array: &mut Array| by_value(array.clone(), |it| it));
    reading("order_desc").set_into_module(module, |array: &mut Array| by_value(array.clone(), Ordering::reverse));
    changing("dedup").set_into_module(module, |context: NativeCallContext<'_>, array: &mut Array| {
        dedup(array, |one, other| equal(&context, one, other))
    });
    changing("dedup").set_into_module(module, |context: NativeCallContext<'_>, array: &mut Array, by: FnPtr| {
        dedup(array, |one, other| Ok(by.call_raw(&context, None, [one, other])?.as_bool().unwrap_or(false)))
    });
}

/// Puts what is made of a copy of the array in its place.
fn put(array: &mut Array, make: impl FnOnce(Array) -> Fallible<Array>) -> Fallible<()> {
    *array = make(array.clone())?;
    Ok(())
}

fn by_comparer(context: &NativeCallContext<'_>, name: &str, array: Array, by: &FnPtr) -> Fallible<Array> {
    merge_sort(array, &mut |one, other| {
        let compared = by.call_raw(context, None, [one.clone(), other.clone()])?;
        if let Ok(number) = compared.as_int() {
            Ok(number.cmp(&0))
        } else if let Ok(is_first) = compared.as_bool() {
            Ok(if is_first { Ordering::Less } else { Ordering::Greater })
        } else if let Ok(number) = compared.as_float() {
            Ok(number.partial_cmp(&0.0).unwrap_or(Ordering::Equal))
        } else {
            let found = type_name(&compared);
            let message =
                format!("the function given to `{name}` returns a number or a bool, not a value of type {found}");
            Err(wrong(message))
        }
    })
}

/// Sorts values of one type that has an order.
fn by_value(array: Array, direction: fn(Ordering) -> Ordering) -> Fallible<Array> {
    let Some(first) = array.first().filter(|_| array.len() > 1) else { return Ok(array) };
    if array.iter().any(|item| item.type_id() != first.type_id()) {
        return Err(wrong("elements of different types cannot be sorted".into()));
    }
    let compare: fn(&Dynamic, &Dynamic) -> Option<Ordering> = match () {
        () if first.is_int() => |one, other| Some(one.as_int().ok()?.cmp(&other.as_int().ok()?)),
        () if first.is_float() => |one, other| one.as_float().ok()?.partial_cmp(&other.as_float().ok()?),
        () if first.is_char() => |one, other| Some(one.as_char().ok()?.cmp(&other.as_char().ok()?)),
        () if first.is_bool() => |one, other| Some(one.as_bool().ok()?.cmp(&other.as_bool().ok()?)),
        () if first.is_string() => {
            |one, other| Some(one.read_lock::<ImmutableString>()?.cmp(&*other.read_lock::<ImmutableString>()?))
        }
        () if first.is_unit() => |_, _| Some(Ordering::Equal),
        () => return Err(wrong(format!("elements of {} cannot be sorted", type_name(first)))),
    };
    let mut meter = Meter::new();
    merge_sort(array, &mut |one, other| {
        meter.step()?;
        Ok(direction(compare(one, other).unwrap_or(Ordering::Equal)))
    })
}

fn wrong(message: String) -> Box<EvalAltResult> {
    EvalAltResult::ErrorRuntime(message.into(), Position::NONE).into()
}

/// Removes each item that equals the one that is kept on its left.
fn dedup(array: &mut Array, mut equal: impl FnMut(Dynamic, Dynamic) -> Fallible<bool>) -> Fallible<()> {
    let mut kept: Vec<usize> = Vec::new();
    for (index, item) in array.iter().enumerate() {
        let is_repeated = match kept.last() {
            Some(last) => equal(array[*last].clone(), item.clone())?,
            None => false,
        };
        if !is_repeated {
            kept.push(index);
        }
    }
    for (to, from) in kept.iter().enumerate() {
        array.swap(to, *from);
    }
    array.truncate(kept.len());
    Ok(())
}

/// What `==` says; values that it knows nothing of are not equal.
fn equal(context: &NativeCallContext<'_>, mut one: Dynamic, mut other: Dynamic) -> Fallible<bool> {
    match context.call_native_fn_raw("==", true, &mut [&mut one, &mut other]) {
        Ok(equal) => Ok(equal.as_bool().unwrap_or(false)),
        Err(error) if matches!(*error, EvalAltResult::ErrorFunctionNotFound(..)) => Ok(false),
        Err(error) => Err(error),
    }
}
