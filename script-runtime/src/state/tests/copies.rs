//! What is stored shares nothing, and what cannot be stored is refused without harm.

use rhai::{Array, Dynamic, FnPtr, Map};

use super::{check, engine};
use crate::state::value::{detach, same};
use crate::state::{Cache, Cell, Queue, StateError, Table};

/// Is anything in `value` a Rhai shared value?
fn shares(value: &Dynamic) -> bool {
    value.is_shared()
        || value.read_lock::<Array>().is_some_and(|array| array.iter().any(shares))
        || value.read_lock::<Map>().is_some_and(|map| map.values().any(shares))
        || value.read_lock::<FnPtr>().is_some_and(|function| function.iter_curry().any(shares))
}

/// `[#{ inner: 1 }, Fn(f) that captured 2]`, all of whose parts are shared.
fn shared_throughout() -> Dynamic {
    let inner = Dynamic::from(1_i64).into_shared();
    let map = Dynamic::from(Map::from([("inner".into(), inner)])).into_shared();
    let mut function = FnPtr::new("f").unwrap();
    function.add_curry(Dynamic::from(2_i64).into_shared());
    Dynamic::from(vec![map, Dynamic::from(function).into_shared()]).into_shared()
}

#[test]
fn nothing_stored_is_a_shared_value() {
    let value = shared_throughout();
    let (cell, table) = (Cell::new(value.clone()).unwrap(), Table::new());
    let queue = Queue::new(1).unwrap();
    let cache = Cache::new(1, std::time::Duration::from_secs(9)).unwrap();
    table.set("set", value.clone()).unwrap();
    drop(table.update("updated", |_| Ok::<_, StateError>(value.clone())).unwrap());
    queue.push(value.clone()).unwrap();
    let made = cache.get_or("k", || Ok::<_, StateError>(value.clone())).unwrap();
    let swapped = cell.swap(value.clone()).unwrap();
    let stored = [
        cell.get(),
        swapped,
        table.get("set").unwrap(),
        table.get("updated").unwrap(),
        queue.pop().unwrap(),
        made,
        cache.get("k").unwrap(),
    ];
    for stored in stored {
        assert!(shares(&value) && !shares(&stored));
        assert!(same(&stored, &detach(value.clone()).unwrap()));
    }
}

#[test]
fn what_goes_in_and_what_comes_out_are_copies() {
    check(
        "const T = table(); let a = [1]; let f = || a; T[\"a\"] = a; a.push(2); let b = T[\"a\"]; b.push(3); T[\"a\"]",
        "[1]",
    );
    check("const C = cell([1]); let a = C.get(); a.push(2); C.value", "[1]");
    check("const T = table(); const C = counter(); T[\"c\"] = [C]; T[\"c\"][0].incr(); C.get()", "1");
    check("const T = table(); const I = table(); T[\"i\"] = I; T[\"i\"][\"k\"] = 1; I[\"k\"]", "1");
}

#[test]
fn a_value_that_contains_itself_is_refused() {
    let mut value = Dynamic::from(Array::new()).into_shared();
    let itself = value.clone();
    value.write_lock::<Array>().unwrap().push(itself);
    assert_eq!(Cell::new(value.clone()).unwrap_err(), StateError::TooDeep);
    value.write_lock::<Array>().unwrap().clear();
}

#[test]
fn shared_values_that_double_at_each_level_are_refused() {
    let mut value = Dynamic::from(1_i64);
    for _ in 0..30 {
        let half = value.into_shared();
        value = Dynamic::from(vec![half.clone(), half]);
    }
    assert_eq!(Cell::new(value).unwrap_err(), StateError::TooDeep);
}

#[test]
fn deep_values_are_refused_by_their_depth() {
    let nested = |levels| format!("let v = 1; for n in 0..{levels} {{ v = [v] }} cell(v); true");
    check(&nested(64), "true");
    check(&nested(65), "error: Runtime error: a value nested deeper than 64 levels");
}

#[test]
fn a_long_chain_of_handles_is_dropped_without_overflow() {
    let new = ["cell(())", "table()", "queue(1)", "cache(1, 9)"];
    let link = [
        "let d = cell(c)",
        "let d = table(); d[0] = [c]",
        "let d = queue(1); d.push(#{c: c})",
        "let d = cache(1, 9); d.set(0, c)",
    ];
    for (new, link) in new.into_iter().zip(link) {
        // Each test has a thread with a stack of 2 MiB; dropped link in link, this takes far more.
        let script = format!("let c = {new}; for n in 0..30000 {{ {link}; c = d; }} true");
        assert!(engine().eval::<bool>(&script).unwrap());
    }
}

#[test]
fn what_is_removed_or_replaced_is_dropped_at_once() {
    let held = std::sync::Arc::new(());
    let value = || Dynamic::from(held.clone());
    let (table, cell, queue) = (Table::new(), Cell::new(value()).unwrap(), Queue::new(1).unwrap());
    let cache = Cache::new(1, std::time::Duration::from_secs(9)).unwrap();
    table.set("replaced", value()).unwrap();
    table.set("removed", value()).unwrap();
    queue.push(value()).unwrap();
    cache.set("k", value()).unwrap();
    assert_eq!(std::sync::Arc::strong_count(&held), 6);
    table.set("replaced", 1.into()).unwrap();
    drop(table.remove("removed"));
    cell.set(1.into()).unwrap();
    drop(queue.drain());
    cache.clear();
    assert_eq!(std::sync::Arc::strong_count(&held), 1);
}
