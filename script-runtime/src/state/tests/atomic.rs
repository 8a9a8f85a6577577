//! What holds while many threads use one handle.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use rhai::{AST, CallFnOptions, Dynamic, INT, Scope};

use crate::state::{
    Cell, Counter, DeadlineReached, Lock, Queue, StateError, Table,
    tests::{check, engine, on_eight_threads},
};
use crate::thread::call::CallScope;

fn call(engine: &rhai::Engine, ast: &AST, function: &str, args: impl rhai::FuncArgs) {
    let _call = CallScope::enter(None);
    let options = CallFnOptions::new().eval_ast(false);
    drop(engine.call_fn_with_options::<Dynamic>(options, &mut Scope::new(), ast, function, args).unwrap());
}

#[test]
fn no_increment_is_lost() {
    const EACH: INT = 100_000;
    let engine = engine();
    let ast = engine.compile("fn hit(counter, table) { counter.incr(); table.incr(\"k\"); }").unwrap();
    let (counter, table) = (Counter::new(0), Table::new());
    on_eight_threads(|| {
        for _ in 0..EACH {
            call(&engine, &ast, "hit", (counter.clone(), table.clone()));
        }
    });
    assert_eq!(counter.get(), 8 * EACH);
    assert_eq!(table.get("k").unwrap().as_int().unwrap(), 8 * EACH);
}

#[test]
fn no_update_is_lost() {
    const EACH: INT = 2_000;
    let engine = engine();
    let ast = engine
        .compile(
            "fn hit(cell, table) { cell.update(|n| n + 1); table.update(\"k\", |n| (n ?? 0) + 1); table.incr(\"k\") }",
        )
        .unwrap();
    let (cell, table) = (Cell::new(0.into()).unwrap(), Table::new());
    on_eight_threads(|| {
        for _ in 0..EACH {
            call(&engine, &ast, "hit", (cell.clone(), table.clone()));
        }
    });
    assert_eq!(cell.get().as_int().unwrap(), 8 * EACH);
    assert_eq!(table.get("k").unwrap().as_int().unwrap(), 16 * EACH);
}

#[test]
fn one_compare_and_set_wins() {
    let (cell, won) = (Cell::new(0.into()).unwrap(), Counter::new(0));
    on_eight_threads(|| {
        if cell.compare_and_set(&0.into(), 1.into()).unwrap() {
            won.add(1).unwrap();
        }
    });
    assert_eq!(won.get(), 1);
}

#[test]
fn a_lock_excludes() {
    const EACH: INT = 1_000;
    let engine = engine();
    let ast = engine
        .compile(
            "fn with_with(lock, cell) { lock.with(|| cell.value += 1) }
             fn with_acquire(lock, cell) { lock.acquire(); cell.value += 1; lock.release() }
             fn forgetful(lock, cell) { lock.acquire(); cell.value += 1 }",
        )
        .unwrap();
    let (lock, cell) = (Lock::new(), Cell::new(0.into()).unwrap());
    on_eight_threads(|| {
        for _ in 0..EACH {
            for function in ["with_with", "with_acquire", "forgetful"] {
                call(&engine, &ast, function, (lock.clone(), cell.clone()));
            }
        }
    });
    assert_eq!(cell.get().as_int().unwrap(), 24 * EACH);
}

#[test]
fn each_value_of_a_queue_is_taken_once() {
    const EACH: INT = 10_000;
    let (queue, total, taken) = (Queue::new(16).unwrap(), Counter::new(0), Counter::new(0));
    let take = |value: Dynamic| {
        total.add(value.as_int().unwrap()).unwrap();
        taken.add(1).unwrap();
    };
    on_eight_threads(|| {
        for n in 0..EACH {
            while !queue.push(n.into()).unwrap() {
                assert!(queue.len() <= 16);
                queue.drain().into_iter().for_each(take);
            }
            queue.pop().into_iter().for_each(take);
        }
    });
    queue.drain().into_iter().for_each(take);
    assert_eq!((taken.get(), total.get()), (8 * EACH, 8 * (EACH * (EACH - 1) / 2)));
}

/// Does it on another thread.
fn elsewhere<R: Send>(work: impl FnOnce() -> R + Send) -> R {
    std::thread::scope(|threads| threads.spawn(work).join().unwrap())
}

#[test]
fn an_overtaken_update_runs_again() {
    let cell = Cell::new(1.into()).unwrap();
    let mut seen = Vec::new();
    let new = cell.update(|old| {
        seen.push(old.as_int().unwrap());
        if seen.len() == 1 {
            elsewhere(|| cell.set(10.into()))?;
        }
        Ok::<_, StateError>((old.as_int().unwrap() + 1).into())
    });
    assert_eq!((seen, new.unwrap().as_int().unwrap()), (vec![1, 10], 11));

    // An increment in place, a removal and a new entry overtake as well.
    let table = Table::new();
    let mut seen = Vec::new();
    let new = table.update("k", |old| {
        seen.push(old.as_int().ok());
        match seen.len() {
            1 => drop(elsewhere(|| table.incr("k", 5))?),
            2 => drop(elsewhere(|| table.incr("k", 1))?),
            3 => drop(elsewhere(|| table.remove("k"))),
            _ => {}
        }
        Ok::<_, StateError>((old.as_int().unwrap_or(0) + 1).into())
    });
    assert_eq!((seen, new.unwrap().as_int().unwrap()), (vec![None, Some(5), Some(6), None], 1));
}

#[test]
fn an_update_that_is_always_overtaken_ends_at_the_deadline() {
    let _call = CallScope::enter(Some(Instant::now()));
    let table = Table::new();
    let outcome = table.update("k", |_| Ok::<_, StateError>(elsewhere(|| table.incr("k", 1))?.into()));
    assert!(matches!(outcome, Err(StateError::Deadline(DeadlineReached { .. }))));
}

#[test]
fn going_over_a_table_sees_the_entries_of_its_start() {
    check(
        "const T = table(); for k in 0..100 { T[k] = k }
         let n = 0; for e in T { T.remove(e.key); T[`${e.key}x`] = 1; n += 1 } [n, T.len, T[\"0x\"], T[0]]",
        "[100, 100, 1, ()]",
    );
}

#[test]
fn an_entry_that_stays_is_seen_once_whatever_else_comes_and_goes() {
    let (table, done) = (Table::new(), AtomicBool::new(false));
    for key in 0..50 {
        table.set(format!("stays {key:02}"), key.into()).unwrap();
    }
    std::thread::scope(|threads| {
        threads.spawn(|| {
            for round in 0.. {
                if done.load(Ordering::Relaxed) {
                    break;
                }
                // Enough to make the map grow, at first.
                let key = format!("goes {}", round % 500);
                table.set(key.as_str(), round.into()).unwrap();
                table.remove(&format!("goes {}", (round + 100) % 500));
            }
        });
        for _ in 0..200 {
            let stays: Vec<_> =
                table.clone().into_iter().filter(|e| e["key"].to_string().starts_with("stays")).collect();
            assert_eq!(stays.len(), 50);
            assert!(stays.iter().enumerate().all(|(n, e)| e["value"].as_int() == Ok(n as INT)));
        }
        done.store(true, Ordering::Relaxed);
    });
}
