//! `table()` in a script.

use std::any::TypeId;

use rhai::{Array, Dynamic, Engine, EvalAltResult, FnPtr, FuncRegistration, INT, Map, Module, NativeCallContext};

use super::table::{Table, entry, key};
use crate::{
    state::{
        error::{StateError, waiting_at},
        handle::{self, Handle, room_for, within_limits},
    },
    thread::changing::{refuse_inside, refuse_inside_any},
};

type Fallible<T> = Result<T, Box<EvalAltResult>>;

/// Makes `table` known to `engine`.
pub(super) fn register(engine: &mut Engine) {
    handle::register::<Table>(engine);
    // Volatile: no optimiser may make one table of two calls.
    FuncRegistration::new("table").with_volatility(true).register_into_engine(engine, Table::new);
    register_entries(engine);
    register_whole(engine);
}

/// What concerns one entry.
#[allow(clippy::needless_pass_by_value)] // Rhai hands arguments over by value
fn register_entries(engine: &mut Engine) {
    fn get(context: NativeCallContext<'_>, table: &mut Table, k: Dynamic) -> Fallible<Dynamic> {
        get_or(context, table, k, Dynamic::UNIT)
    }
    fn get_or(context: NativeCallContext<'_>, table: &mut Table, k: Dynamic, default: Dynamic) -> Fallible<Dynamic> {
        within_limits(context.engine(), table.get(&key(&k)?).unwrap_or(default))
    }
    fn set(table: &mut Table, k: Dynamic, value: Dynamic) -> Fallible<()> {
        Ok(table.set(key(&k)?, value)?)
    }
    fn update(context: NativeCallContext<'_>, table: &mut Table, k: Dynamic, change: FnPtr) -> Fallible<Dynamic> {
        let new = table.update(key(&k)?, |old| change.call_within_context(&context, (old,)));
        new.map_err(|error| waiting_at(&context, error))
    }
    fn remove(table: &mut Table, k: Dynamic) -> Fallible<Dynamic> {
        let key = key(&k)?;
        refuse_inside(table.address(), Some(&key)).map_err(StateError::from)?;
        Ok(table.remove(&key).unwrap_or_default())
    }

    engine
        .register_fn("get", get)
        .register_fn("get", get_or)
        .register_indexer_get(get)
        .register_fn("set", set)
        .register_fn("update", update)
        .register_fn("remove", remove)
        .register_fn("contains", |table: &mut Table, k: Dynamic| -> Fallible<bool> { Ok(table.contains(&key(&k)?)) })
        .register_fn("incr", |table: &mut Table, k: Dynamic| -> Fallible<INT> { Ok(table.incr(key(&k)?, 1)?) })
        .register_fn("incr", |table: &mut Table, k: Dynamic, n: INT| -> Fallible<INT> { Ok(table.incr(key(&k)?, n)?) });
    FuncRegistration::new_index_setter().with_purity(true).register_into_engine(engine, set);
}

/// What concerns all entries.
#[allow(clippy::needless_pass_by_value)] // Rhai hands arguments over by value
fn register_whole(engine: &mut Engine) {
    #[allow(clippy::cast_possible_wrap)] // no memory holds as many entries
    fn len(table: &mut Table) -> INT {
        table.len() as INT
    }
    fn keys(context: NativeCallContext<'_>, table: &mut Table) -> Fallible<Array> {
        room_for(context.engine(), table.len())?;
        Ok(table.keys_in_time()?.into_iter().map(Dynamic::from).collect())
    }
    fn clear(table: &mut Table) -> Fallible<()> {
        refuse_inside_any(table.address()).map_err(StateError::from)?;
        table.clear_in_time()
    }
    fn values(context: NativeCallContext<'_>, table: &mut Table) -> Fallible<Dynamic> {
        room_for(context.engine(), table.len())?;
        let values: Array = table.entries_in_time()?.into_iter().map(|(_, value)| value).collect();
        within_limits(context.engine(), values.into())
    }
    fn to_map(context: NativeCallContext<'_>, table: &mut Table) -> Fallible<Dynamic> {
        let map: Map = table.entries_in_time()?.into_iter().map(|(key, value)| (key.as_str().into(), value)).collect();
        within_limits(context.engine(), map.into())
    }

    engine
        .register_fn("len", len)
        .register_get("len", len)
        .register_fn("is_empty", |table: &mut Table| table.is_empty())
        .register_get("is_empty", |table: &mut Table| table.is_empty())
        .register_fn("keys", keys)
        .register_fn("values", values)
        .register_fn("to_map", to_map)
        .register_fn("clear", clear);
    let mut module = Module::new();
    module.set_iter_result(TypeId::of::<Table>(), |table| {
        let entries = table.try_cast::<Table>().map(|table| table.entries_in_time());
        match entries.unwrap_or_else(|| Ok(Vec::new())) {
            Ok(entries) => Box::new(entries.into_iter().map(|it| Ok(entry(it).into()))),
            Err(error) => Box::new(std::iter::once(Err(error))),
        }
    });
    engine.register_global_module(module.into());
}
