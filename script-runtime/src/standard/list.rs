//! Functions that make an array or a blob of a given length.

use rhai::{Array, Blob, Dynamic, EvalAltResult, INT, Module, NativeCallContext};

use crate::{
    standard::{
        form::{changing, reading},
        room::{at_most, no_memory, too_large},
    },
    thread::Meter,
};

type Fallible<T> = Result<T, Box<EvalAltResult>>;

pub(super) fn register(module: &mut Module) {
    changing("pad").set_into_module(
        module,
        |context: NativeCallContext<'_>, array: &mut Array, length: INT, item: Dynamic| {
            pad(&context, array, length, &item)
        },
    );
    changing("pad").set_into_module(
        module,
        |context: NativeCallContext<'_>, blob: &mut Blob, length: INT, byte: INT| {
            pad_blob(&context, blob, length, byte)
        },
    );
    reading("blob")
        .set_into_module(module, |context: NativeCallContext<'_>, length: INT| make_blob(&context, length, 0));
    reading("blob").set_into_module(module, |context: NativeCallContext<'_>, length: INT, byte: INT| {
        make_blob(&context, length, byte)
    });
}

fn pad(context: &NativeCallContext<'_>, array: &mut Array, length: INT, item: &Dynamic) -> Fallible<()> {
    let Some(missing) = usize::try_from(length).ok().and_then(|length| length.checked_sub(array.len())) else {
        return Ok(());
    };
    // One item may be an array of its own.
    context.engine().ensure_data_size_within_limits(item)?;
    if array.len() + missing > at_most(context.engine().max_array_size()) {
        return Err(too_large("Size of array/BLOB"));
    }
    array.try_reserve(missing).map_err(|_| no_memory())?;
    let mut meter = Meter::new();
    for _ in 0..missing {
        meter.step()?;
        array.push(item.clone());
    }
    Ok(())
}

fn make_blob(context: &NativeCallContext<'_>, length: INT, byte: INT) -> Fallible<Blob> {
    let mut blob = Blob::new();
    pad_blob(context, &mut blob, length, byte)?;
    Ok(blob)
}

fn pad_blob(context: &NativeCallContext<'_>, blob: &mut Blob, length: INT, byte: INT) -> Fallible<()> {
    let Some(missing) = usize::try_from(length).ok().and_then(|length| length.checked_sub(blob.len())) else {
        return Ok(());
    };
    if blob.len() + missing > at_most(context.engine().max_array_size()) {
        return Err(too_large("Size of array/BLOB"));
    }
    blob.try_reserve(missing).map_err(|_| no_memory())?;
    // As Rhai does: the lowest eight bits.
    blob.resize(blob.len() + missing, byte.to_le_bytes()[0]);
    Ok(())
}
