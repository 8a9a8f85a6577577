//! What is stored shares nothing, and what cannot be stored is refused without harm.

use rhai::{Array, Dynamic, FnPtr, Map};

use crate::state::{
    Cache, Cell, Queue, StateError, Table,
    bounds::{MAX_DEPTH, MAX_PARTS},
    copy::detach,
    tests::{check, engine},
    value::same,
    walk::walk,
};
use crate::thread::drop_flat;

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
fn r58_a_value_that_contains_itself_is_refused_with_the_way_to_where_it_does() {
    let mut value = Dynamic::from(Array::new()).into_shared();
    let itself = value.clone();
    value.write_lock::<Array>().unwrap().extend([Dynamic::UNIT, itself]);
    assert_eq!(Cell::new(value.clone()).unwrap_err(), StateError::ContainsItself { path: "[1]".to_owned() });
    value.write_lock::<Array>().unwrap().clear();

    let at = |way: &str| {
        format!(
            "error: Runtime error: a value that contains itself cannot outlive its call, and the one at {way} does:"
        )
    };
    let get = "[\"get\"] (captured value 0)";
    check("let o = #{n: 1}; o.get = || o.n; cell(o); 1", &at(&get.repeat(2)));
    let in_steps = "let m = #{back: ()}; let f = || m; let g = || f; m.back = [0, g]; table().set(0, [f])";
    check(in_steps, &at("[0] (captured value 0)[\"back\"][1] (captured value 0) (captured value 0)"));
}

#[test]
fn r58_shared_parts_are_counted_for_each_place_without_being_copied() {
    let shared_at = |levels: u32| {
        let mut value = Dynamic::from(1_i64);
        for _ in 0..levels {
            let half = value.into_shared();
            value = Dynamic::from(vec![half.clone(), half]);
        }
        value
    };
    let start = std::time::Instant::now();
    assert_eq!(Cell::new(shared_at(60)).unwrap_err(), StateError::TooLarge);
    // 2^61 parts, of which nobody counts each.
    assert!(start.elapsed() < std::time::Duration::from_secs(5));
    let stored = Cell::new(shared_at(10)).unwrap();
    let mut leaves = 0;
    walk(&stored.get(), |_, _| leaves += 1).unwrap();
    assert_eq!(leaves, 1 << 10);
}

#[test]
fn r58_a_copy_has_so_many_parts_at_most() {
    let wide = |parts: usize| Dynamic::from(vec![Dynamic::UNIT; parts - 1]);
    assert!(Cell::new(wide(MAX_PARTS)).is_ok());
    assert_eq!(Cell::new(wide(MAX_PARTS + 1)).unwrap_err(), StateError::TooLarge);
    assert_eq!(Cell::new(wide(MAX_PARTS + 1).into_shared()).unwrap_err(), StateError::TooLarge);
    let twice = wide(MAX_PARTS / 2 + 1).into_shared();
    assert_eq!(Cell::new(vec![twice.clone(), twice].into()).unwrap_err(), StateError::TooLarge);
}

#[test]
fn deep_values_are_refused_by_their_depth() {
    let nested = |levels| format!("let v = 1; for n in 0..{levels} {{ v = [v] }} cell(v); true");
    check(&nested(MAX_DEPTH), "true");
    check(&nested(MAX_DEPTH + 1), "error: Runtime error: a value nested deeper than 128 levels");
    let captured =
        |levels| format!("fn f(x) {{}} let v = 1; for n in 0..{levels} {{ v = Fn(\"f\").curry(v) }} cell(v); true");
    check(&captured(MAX_DEPTH), "true");
    check(&captured(MAX_DEPTH + 1), "error: Runtime error: a value nested deeper than 128 levels");
}

/// `[[[..]]]`.
fn nested(levels: usize) -> Dynamic {
    (0..levels).fold(Dynamic::UNIT, |inner, _| Dynamic::from(vec![inner]))
}

#[test]
fn r58_deep_values_are_refused_and_dropped_on_a_small_stack() {
    // Each test has a thread with a stack of 2 MiB; dropped level by level, this takes far more.
    let deep = || nested(1_000_000);
    assert_eq!(detach(deep()).unwrap_err(), StateError::TooDeep);
    assert_eq!(Cell::new(deep()).unwrap_err(), StateError::TooDeep);
    let beside = Dynamic::from(vec![deep(), nested(MAX_DEPTH + 1), deep()]);
    assert_eq!(Table::new().set("k", beside).unwrap_err(), StateError::TooDeep);
    drop_flat([deep(), Dynamic::from(Map::from([("a".into(), deep())]))]);
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
