//! What a cache forgets, and how it makes a value once.

use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use crate::state::{
    Cache, Counter, StateError,
    tests::{check, on_eight_threads},
};
use crate::thread::call::CallScope;

const MINUTE: Duration = Duration::from_secs(60);

#[test]
fn a_cache_reads_like_a_table() {
    check(
        "const C = cache(9, 60); C[\"a\"] = [1]; C[5] = 6; [C[\"a\"], C[\"5\"], C[\"b\"], \"a\" in C, 5 in C, \"b\" in C]",
        "[[1], 6, (), true, true, false]",
    );
}

#[test]
fn no_value_is_given_out_once_its_time_is_over() {
    let cache = Cache::new(4, MINUTE).unwrap();
    cache.set("k", 1.into()).unwrap();
    let before = Instant::now() + MINUTE / 2;
    assert!(cache.get_at("k", before).is_some() && cache.len_at(before) == 1);
    let after = Instant::now() + MINUTE;
    assert!(cache.get_at("k", after).is_none());
    assert!(cache.get("k").is_none(), "it was dropped when it was found to be old");
    cache.set("k", 1.into()).unwrap();
    assert_eq!(cache.len_at(Instant::now() + MINUTE), 0);
}

#[test]
fn an_old_value_is_made_again() {
    let brief = Cache::new(4, Duration::from_nanos(1)).unwrap();
    let runs = Counter::new(0);
    for _ in 0..3 {
        drop(brief.get_or("k", || Ok::<_, StateError>(runs.add(1)?.into())).unwrap());
        // The clock that tells old from new has to tick.
        let start = Instant::now();
        while start.elapsed().is_zero() {}
    }
    assert_eq!(runs.get(), 3);
}

#[test]
fn there_are_never_more_than_its_capacity() {
    for capacity in [1, 2, 7, 100, 1_000, 1_024, 5_003] {
        let cache = Cache::new(capacity, MINUTE).unwrap();
        for key in 0..3 * capacity {
            cache.set(key.to_string(), 1.into()).unwrap();
            if key == 0 {
                assert!(cache.get("0").is_some(), "{capacity}");
            }
        }
        assert!(cache.len() <= capacity && cache.len() * 2 >= capacity, "{} of {capacity}", cache.len());
    }
}

#[test]
fn many_who_ask_make_one_value() {
    let (cache, runs) = (Cache::new(100, MINUTE).unwrap(), Counter::new(0));
    on_eight_threads(|| {
        for key in 0..100 {
            let value = cache.get_or(key.to_string(), || {
                runs.add(1)?;
                Ok::<_, StateError>(key.into())
            });
            assert_eq!(value.unwrap().as_int(), Ok(key));
        }
    });
    assert_eq!(runs.get(), 100);
}

#[test]
fn a_value_that_could_not_be_made_is_made_by_the_next() {
    check("const C = cache(2, 9); try { C.get_or(\"k\", || throw 5) } catch { } C.get_or(\"k\", || 1)", "1");
}

#[test]
fn asking_for_the_key_that_is_being_made_is_an_error() {
    check(
        "fn again(c) { c.get_or(\"k\", Fn(\"again\").curry(c)) } again(cache(2, 9))",
        "error: Runtime error: get_or(\"k\") inside its own function",
    );
    check(
        "fn other(c) { c.get_or(\"x\", || 1) + 1 } let c = cache(2, 9); c.get_or(\"k\", Fn(\"other\").curry(c))",
        "2",
    );
}

#[test]
fn waiting_for_a_value_ends_at_the_deadline() {
    let cache = Cache::new(4, MINUTE).unwrap();
    let (started, starts) = channel();
    let (finish, finishes) = channel::<()>();
    std::thread::scope(|threads| {
        let (maker, finishes) = (&cache, finishes);
        threads.spawn(move || {
            maker.get_or("k", || {
                started.send(()).unwrap();
                finishes.recv().unwrap();
                Ok::<_, StateError>(1.into())
            })
        });
        starts.recv().unwrap();
        let _call = CallScope::enter(Some(Instant::now()));
        assert!(cache.get("k").is_none());
        let outcome = cache.get_or("k", || Ok::<_, StateError>(2.into()));
        assert!(matches!(outcome, Err(StateError::Deadline(_))), "{outcome:?}");
        finish.send(()).unwrap();
    });
    assert_eq!(cache.get("k").unwrap().as_int(), Ok(1));
}

#[test]
fn what_is_set_while_a_value_is_made_wins() {
    let cache = Cache::new(4, MINUTE).unwrap();
    let made = cache.get_or("k", || {
        cache.set("k", 2.into())?;
        Ok::<_, StateError>(1.into())
    });
    assert_eq!((made.unwrap().as_int(), cache.get("k").unwrap().as_int()), (Ok(1), Ok(2)));
}
