//! Functions of maps that go through all of one.

use rhai::{Array, Dynamic, EvalAltResult, FnPtr, Identifier, Map, Module, NativeCallContext};

use crate::{
    standard::{
        form::{changing, reading},
        room,
    },
    thread::Meter,
};

type Fallible<T> = Result<T, Box<EvalAltResult>>;

pub(super) fn register(module: &mut Module) {
    reading("keys").set_into_module(module, |context: NativeCallContext<'_>, map: &mut Map| {
        room::array(&context, map.keys().cloned())
    });
    reading("values").set_into_module(module, |context: NativeCallContext<'_>, map: &mut Map| -> Fallible<Array> {
        room::array(&context, map.values().cloned())
    });
    reading("+").set_into_module(module, |one: Map, other: Map| -> Fallible<Map> {
        let mut merged = one;
        add(&mut merged, other)?;
        Ok(merged)
    });
    for name in ["+=", "mixin"] {
        changing(name).set_into_module(module, add);
    }
    changing("fill_with").set_into_module(module, fill);
    for (name, takes) in [("drain", true), ("retain", false)] {
        changing(name).set_into_module(module, move |context: NativeCallContext<'_>, map: &mut Map, which: FnPtr| {
            take_out(&context, name, map, &which, takes)
        });
    }
}

/// Puts all entries of `other` into a map, also in the place of those that are there.
fn add(map: &mut Map, other: Map) -> Fallible<()> {
    if map.is_empty() {
        *map = other;
        return Ok(());
    }
    let mut meter = Meter::new();
    for (key, value) in other {
        meter.step()?;
        map.insert(key, value);
    }
    Ok(())
}

/// Puts those entries of `other` into a map that it does not have.
fn fill(map: &mut Map, other: Map) -> Fallible<()> {
    if map.is_empty() {
        *map = other;
        return Ok(());
    }
    let mut meter = Meter::new();
    for (key, value) in other {
        meter.step()?;
        map.entry(key).or_insert(value);
    }
    Ok(())
}

/// Takes the entries out for which a function returns `takes`. Nothing is taken out if it raises.
fn take_out(context: &NativeCallContext<'_>, name: &str, map: &mut Map, which: &FnPtr, takes: bool) -> Fallible<Map> {
    let mut taken: Vec<Identifier> = Vec::new();
    for (key, value) in map.iter_mut() {
        let arguments: [Dynamic; 1] = [key.clone().into()];
        let answer = which.call_raw_with_extra_args(name, context, Some(value), arguments, [], Some(1))?;
        if answer.as_bool().unwrap_or(false) == takes {
            taken.push(key.clone());
        }
    }
    let (mut out, mut meter) = (Map::new(), Meter::new());
    for key in taken {
        meter.step()?;
        out.extend(map.remove_entry(&key));
    }
    Ok(out)
}
