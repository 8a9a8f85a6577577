//! What is found inside values, and where.

use rhai::{Array, Dynamic};

use crate::{
    state::{
        Cache, Cell, Queue, Table,
        missed::MissedKind,
        tests::engine,
        walk::{MAX_PATH, walk},
    },
    thread::call::CallScope,
};

#[derive(Clone)]
struct Unknown;

fn eval(script: &str) -> Dynamic {
    let mut engine = engine();
    engine.register_fn("unknown", || Unknown);
    let _call = CallScope::enter(None);
    engine.eval(script).unwrap()
}

/// The leaves that a walk visits, each with its path.
#[track_caller]
fn check_walk(script: &str, expected: &[&str]) {
    let mut leaves = Vec::new();
    let complete = walk(&eval(script), |path, leaf| {
        let name = leaf.type_name().rsplit("::").next().unwrap_or_default().to_owned();
        leaves.push(format!("v{path}: {name}"));
    });
    assert_eq!(leaves, expected, "{script}");
    assert_eq!(complete, Ok(()), "{script}");
}

#[test]
fn a_walk_enters_all_that_holds_values() {
    check_walk("5", &["v: i64"]);
    check_walk("[1, #{a: \"x\"}, ()]", &["v[0]: i64", "v[1][\"a\"]: string", "v[2]: ()"]);
    check_walk("let t = table(); t[\"on_done\"] = [1, || 2]; t", &["v[\"on_done\"][0]: i64", "v[\"on_done\"][1]: Fn"]);
    check_walk("let q = queue(2); q.push(1); q.push(unknown()); q", &["v[0]: i64", "v[1]: Unknown"]);
    check_walk("let c = cache(9, 9); c.set(\"k\", cell(true)); c", &["v[\"k\"].value: bool"]);
    check_walk("[lock(), counter(1)]", &["v[0]: Lock", "v[1]: Counter"]);
    check_walk("let x = [1]; let f = || x; [f]", &["v[0]: Fn", "v[0] (captured value 0)[0]: i64"]);
}

#[test]
fn a_walk_enters_each_handle_once() {
    check_walk("let c = cell(1); [c, c]", &["v[0].value: i64"]);
    check_walk("let t = table(); t[\"me\"] = t; let c = cell(t); t[\"c\"] = [c, 1]; c", &["v.value[\"c\"][1]: i64"]);
}

#[test]
fn a_walk_says_where_it_could_not_go_on() {
    let mut chain = Cell::new(1.into()).unwrap();
    for _ in 0..100_000 {
        chain = Cell::new(Dynamic::from(chain)).unwrap();
    }
    let missed = walk(&Dynamic::from(chain), |_, _| panic!("no leaf is near enough")).unwrap_err();
    assert_eq!((missed.path.steps().len(), missed.kind), (MAX_PATH + 1, MissedKind::TooDeep));

    let mut itself = Dynamic::from(Array::new()).into_shared();
    let shared = itself.clone();
    itself.write_lock::<Array>().unwrap().push(shared);
    assert_eq!(walk(&itself, |_, _| {}), Ok(()));
    itself.write_lock::<Array>().unwrap().clear();
}

/// How many leaves a search for code looks at, and what it does meanwhile.
fn looked_at(value: &Dynamic, mut meanwhile: impl FnMut()) -> usize {
    let mut leaves = 0;
    crate::state::find_code(value, |_, _| {
        leaves += 1;
        meanwhile();
    })
    .unwrap();
    leaves
}

#[test]
fn a_handle_is_searched_for_code_until_none_is_left() {
    let functions = eval("[|| 1]");
    let function = || functions.as_array_ref().unwrap()[0].clone();
    let (table, cell, queue) = (Table::new(), Cell::new(1.into()).unwrap(), Queue::new(5).unwrap());
    let cache = Cache::new(5, std::time::Duration::from_secs(60)).unwrap();
    table.set("plain", 1.into()).unwrap();
    let all = [
        Dynamic::from(table.clone()),
        Dynamic::from(cell.clone()),
        Dynamic::from(queue.clone()),
        Dynamic::from(cache.clone()),
    ];
    let leaves = |at: usize| looked_at(&all[at], || {});
    assert_eq!([0, 1, 2, 3].map(leaves), [0; 4], "nothing but plain values so far");

    table.set("f", function()).unwrap();
    cell.set(function()).unwrap();
    queue.push(function()).unwrap();
    cache.set("f", function()).unwrap();
    assert_eq!([0, 1, 2, 3].map(leaves), [2, 1, 1, 1]);
    assert_eq!([0, 1, 2, 3].map(leaves), [2, 1, 1, 1], "for as long as it is there");

    table.remove("f");
    cell.set(1.into()).unwrap();
    assert!(queue.pop().is_some());
    cache.remove("f");
    assert_eq!([0, 1, 2, 3].map(leaves), [1, 1, 0, 0], "once more");
    assert_eq!([0, 1, 2, 3].map(leaves), [0; 4]);

    // What comes during a search, behind its back, is found by the next.
    table.set("f", function()).unwrap();
    table.remove("f");
    assert_eq!(looked_at(&all[0], || table.set("g", function()).unwrap()), 1);
    assert_eq!(leaves(0), 2);
}
