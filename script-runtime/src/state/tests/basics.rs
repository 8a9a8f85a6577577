//! What each type does for one script.

use rhai::INT;

use crate::state::{
    Cache, Counter, Queue, StateError, Table,
    tests::{check, engine},
};

#[test]
fn counter() {
    check("const C = counter(); [C.incr(), C.add(41), C.get(), C.value]", "[1, 42, 42, 42]");
    check("const C = counter(5); [C.swap(0), C.get()]", "[5, 0]");
    check("const C = counter(5); C.set(7); C.value", "7");
    check("const C = counter(); C.value += 1", "error: Runtime error: `value` of a counter cannot be assigned");
    check("const C = counter(9223372036854775807); try { C.incr() } catch {} C.get()", "9223372036854775807");
    check("counter(9223372036854775807).incr()", "error: Runtime error: 9223372036854775807 + 1 does not fit");
}

#[test]
fn cell() {
    check("const C = cell(1); C.value = 2; C.value += 1; [C.get(), C.value]", "[3, 3]");
    check("const C = cell(#{a: 1}); C.value.a = 2; C.get().a", "2");
    check("const C = cell(20); [C.update(|old| old * 2), C.get()]", "[40, 40]");
    check("const C = cell(1); [C.swap(2), C.value]", "[1, 2]");
    check("const C = cell(1); try { C.update(|old| throw 5) } catch {} C.value", "1");
    check("const C = cell([1, #{a: 2}]); [C.compare_and_set([1, #{a: 2}], 3), C.value]", "[true, 3]");
    check("const C = cell([1, #{a: 2}]); [C.compare_and_set([1, #{a: 3}], 3), C.value[0]]", "[false, 1]");
    check("const C = cell(1); [C.compare_and_set(1.0, 2), C.compare_and_set(\"2\", 3)]", "[true, false]");
    check(
        "const L = lock(); const C = cell(L); [C.compare_and_set(lock(), 1), C.compare_and_set(L, 1)]",
        "[false, true]",
    );
}

#[test]
fn queue() {
    check("const Q = queue(2); [Q.push(1), Q.push(2), Q.push(3), Q.len, Q.is_full]", "[true, true, false, 2, true]");
    check("const Q = queue(2); Q.push(1); Q.push(2); [Q.pop(), Q.pop(), Q.pop()]", "[1, 2, ()]");
    check("const Q = queue(2); Q.push(1); Q.push(2); [Q.drain(), Q.len(), Q.capacity]", "[[1, 2], 0, 2]");
    check("queue(0)", "error: Runtime error: capacity 0: give a number from 1 to 1000000");
    check("queue(-1)", "error: Runtime error: capacity -1");
    assert!(matches!(Queue::new(usize::MAX), Err(StateError::Capacity { .. })));
}

#[test]
fn table_entries() {
    check("const T = table(); T[\"k\"] = 1; T[\"k\"] += 1; [T[\"k\"], T.get(\"k\"), T[\"none\"]]", "[2, 2, ()]");
    check("const T = table(); T.set(\"k\", 1); [T.get(\"k\", 5), T.get(\"none\", 5)]", "[1, 5]");
    check("const T = table(); T.set(\"k\", ()); [\"k\" in T, \"none\" in T, \"none\" !in T]", "[true, false, true]");
    check("const T = table(); [T.incr(\"k\"), T.incr(\"k\", 4), T.incr(\"k\", -2)]", "[1, 5, 3]");
    check("const T = table(); [T.update(\"k\", |old| old ?? 1), T.update(\"k\", |old| old + 1)]", "[1, 2]");
    check("const T = table(); T[\"k\"] = 1; [T.remove(\"k\"), T.remove(\"k\"), T.len]", "[1, (), 0]");
    check("const T = table(); T[\"a\"] = [1]; T[\"a\"].push(2); T[\"a\"]", "[1, 2]");
    check("const T = table(); T[\"k\"] = 1; try { T.update(\"k\", |old| throw 5) } catch {} T[\"k\"]", "1");
}

#[test]
fn table_keys_are_strings_and_integers_their_digits() {
    check("const T = table(); T[404] = 1; T.incr(404); [T[\"404\"], 404 in T, T.keys()]", "[2, true, [\"404\"]]");
    check("const T = table(); T[1.5] = 1", "error: Runtime error: a key is a string or an integer, not f64");
    check("const T = table(); T.get(())", "error: Runtime error: a key is a string or an integer, not ()");
}

#[test]
fn table_incr_needs_room_in_an_integer() {
    check(
        "const T = table(); T[\"k\"] = \"x\"; T.incr(\"k\")",
        "error: Runtime error: incr(\"k\") needs an integer, but the entry holds string",
    );
    check(
        "const T = table(); T[\"k\"] = 9223372036854775807; try { T.incr(\"k\") } catch {} T[\"k\"]",
        "9223372036854775807",
    );
}

#[test]
fn table_as_a_whole_is_in_the_order_of_keys() {
    const FILLED: &str = "const T = table(); T[\"b\"] = 2; T[\"a\"] = 1; ";
    let check = |script: &str, expected| check(&format!("{FILLED}{script}"), expected);
    check("[T.keys(), T.values(), T.len, T.len(), T.is_empty]", "[[\"a\", \"b\"], [1, 2], 2, 2, false]");
    check("T.to_map()", "#{\"a\": 1, \"b\": 2}");
    check("let all = \"\"; for e in T { all += `${e.key}=${e.value};` } all", "\"a=1;b=2;\"");
    check("T.clear(); T.is_empty()", "true");
}

#[test]
fn cache() {
    check("const C = cache(9, 60); C.set(\"k\", 1); [C.get(\"k\"), C.get(\"none\"), C.len]", "[1, (), 1]");
    check("const C = cache(9, 0.5); C.get_or(\"k\", || 1) + C.get_or(\"k\", || 100)", "2");
    check("const C = cache(9, 60); C.set(1, 1); [C.remove(\"1\"), C.remove(1), C.len()]", "[1, (), 0]");
    check("const C = cache(9, 60); C.set(1, 1); C.clear(); C.len", "0");
    check("cache(0, 1)", "error: Runtime error: capacity 0");
    check("cache(1, 0)", "error: Runtime error: a cache keeps values for more than 0");
    check("cache(1, -1)", "error: Runtime error: a cache keeps values for more than 0");
    check("cache(1, 1e300)", "error: Runtime error: a cache keeps values for more than 0");
    assert!(matches!(Cache::new(1, Cache::MAX_TIME_TO_LIVE * 2), Err(StateError::Seconds { .. })));
}

#[test]
fn handles_share_are_equal_by_identity_and_print_without_what_they_hold() {
    for new in ["lock()", "table()", "cache(2, 1)", "counter()", "cell(1)", "queue(2)"] {
        check(&format!("const A = {new}; let b = A; [A == b, A != b, A == {new}]"), "[true, false, false]");
    }
    check("const T = table(); let t = T; t[\"k\"] = 1; T[\"k\"]", "1");
    check(
        "const T = table(); T[\"self\"] = T; const C = cell(()); C.value = C; `${T} ${C}`",
        "\"table(1 entry) cell(..)\"",
    );
    check(
        "`${[lock(), cache(2, 1), counter(3), queue(2)]}`",
        "\"[lock(free), cache(0 of 2), counter(3), queue(0 of 2)]\"",
    );
    check("type_of(table())", "\"table\"");
    assert_eq!(format!("{:?}", Counter::new(3)), "counter(3)");
}

#[test]
fn reads_keep_to_the_limits_of_the_engine_that_reads() {
    let mut strict = engine();
    strict.set_max_array_size(3).set_max_map_size(3).set_max_string_size(20);
    let table = Table::new();
    for key in ["a", "b", "c", "d"] {
        table.set(key, 1.into()).unwrap();
    }
    table.set("long", "x".repeat(21).into()).unwrap();
    for read in ["T.keys()", "T.values()", "T.to_map()", "T[\"long\"]", "T.get(\"long\", 1)"] {
        let mut scope = rhai::Scope::new();
        scope.push_constant("T", table.clone());
        let error = strict.eval_with_scope::<rhai::Dynamic>(&mut scope, read).unwrap_err();
        assert!(error.to_string().contains("too large"), "{read}: {error}");
    }
    let mut scope = rhai::Scope::new();
    scope.push_constant("T", table);
    assert_eq!(strict.eval_with_scope::<INT>(&mut scope, "T[\"a\"] + T.len").unwrap(), 6);
}
