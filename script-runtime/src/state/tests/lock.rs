//! Who holds a lock, for how long, and how waits end.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Barrier;
use std::time::Instant;

use rhai::{Dynamic, Scope};

use crate::{
    state::{
        DeadlineReached, Lock, StateError,
        tests::{check, engine, run, tell},
    },
    thread::call::{self, CallScope},
};

/// Runs `script` with `L` and returns what came out and what was reported at its end. `L` is free afterwards.
#[track_caller]
fn call_with_lock(script: &str) -> (String, Vec<String>) {
    let reports = RefCell::new(Vec::new());
    let lock = Lock::new();
    let report = |held: &call::StillHeld| reports.borrow_mut().push(held.since.clone());
    let outcome = {
        let _call = CallScope::enter_reporting(None, &report);
        let mut scope = Scope::new();
        scope.push_constant("L", lock.clone());
        tell(engine().eval_with_scope::<Dynamic>(&mut scope, script))
    };
    assert!(!lock.is_held(), "{script}");
    (outcome, reports.into_inner())
}

#[test]
fn acquire_and_release() {
    check("const L = lock(); L.acquire(); let held = L.is_held(); L.release(); [held, L.is_held()]", "[true, false]");
    check("const L = lock(); [L.with(|| 42), L.is_held()]", "[42, false]");
    check("const L = lock(); L.with(|| 1) + L.with(|| 2)", "3");
}

#[test]
fn misuse_is_an_error_with_a_remedy() {
    for (script, expected) in [
        ("L.release()", "release() of a lock that this call does not hold"),
        ("L.acquire(); L.release(); L.release()", "release() of a lock that this call does not hold"),
        ("L.acquire(); L.acquire()", "this lock is held already, since script:1:3"),
        ("L.acquire(); L.with(|| 1)", "this lock is held already, since script:1:3"),
        ("fn f(l) { l.with(|| 1) } let l = L; l.with(f.curry(L))", "this lock is held already"),
        ("fn f(l) { l.release() } let l = L; l.with(Fn(\"f\").curry(L))", "release() inside with(..)"),
    ] {
        let script = script.replace("l.with(f.curry", "l.with(Fn(\"f\").curry");
        let (found, _) = call_with_lock(&script);
        assert!(found.starts_with("error: ") && found.contains(expected), "{script}: {found}");
    }
    // They can be caught, and the lock is as it was.
    check("const L = lock(); L.acquire(); try { L.acquire() } catch { return L.is_held() }", "true");
}

#[test]
fn who_does_not_hold_it_cannot_release_it() {
    let lock = Lock::new();
    let _outer = CallScope::enter(None);
    let mut scope = Scope::new();
    scope.push_constant("L", lock.clone());
    let engine = engine();
    engine.run_with_scope(&mut scope, "L.acquire()").unwrap();
    {
        let _inner = CallScope::enter(None);
        for script in ["L.release()", "L.acquire()"] {
            assert!(engine.run_with_scope(&mut scope.clone(), script).is_err(), "{script}");
        }
    }
    // The inner call's end released nothing of the outer one's.
    assert!(lock.is_held());
    std::thread::scope(|threads| {
        threads.spawn(|| {
            let _other = CallScope::enter(None);
            assert!(engine.run_with_scope(&mut scope.clone(), "L.release()").is_err());
        });
    });
    assert!(lock.is_held());
    engine.run_with_scope(&mut scope, "L.release()").unwrap();
}

#[test]
fn with_releases_whatever_the_function_does() {
    let (outcome, reports) = call_with_lock("try { L.with(|| throw 5) } catch (e) { return [e, L.is_held()] }");
    assert_eq!((outcome.as_str(), reports), ("[5, false]", vec![]));
    let (outcome, _) = call_with_lock("L.with(Fn(\"missing\"))");
    assert!(outcome.contains("Function not found: missing"), "{outcome}");
}

#[test]
fn the_end_of_a_call_releases_and_reports_what_acquire_took() {
    for script in ["L.acquire()", "L.acquire(); throw 5", "fn f(l) { l.acquire() } f(L)"] {
        let (_, reports) = call_with_lock(script);
        assert_eq!(reports.len(), 1, "{script}");
        assert!(reports[0].starts_with("script:1:"), "{reports:?}");
    }
    let (_, reports) = call_with_lock("L.acquire(); L.release(); L.with(|| 1)");
    assert!(reports.is_empty());
}

#[test]
fn a_panic_releases() {
    let lock = Lock::new();
    let mut engine = engine();
    engine.register_fn("explode", || -> () { std::panic::resume_unwind(Box::new("on purpose")) });
    for script in ["L.acquire(); explode()", "L.with(|| explode())"] {
        let mut scope = Scope::new();
        scope.push_constant("L", lock.clone());
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            let _call = CallScope::enter(None);
            engine.run_with_scope(&mut scope, script)
        }));
        assert!(outcome.is_err() && !lock.is_held() && call::id().is_none(), "{script}");
    }
}

#[test]
fn acquire_outside_of_a_call_is_refused_and_with_is_not() {
    let engine = engine();
    let error = engine.run("lock().acquire()").unwrap_err().to_string();
    assert!(error.contains("acquire() outside of a call"), "{error}");
    engine.run("lock().with(|| 1)").unwrap();
}

#[test]
fn a_wait_ends_at_the_deadline_and_try_does_not_catch_it() {
    let lock = Lock::new();
    let _held = lock.hold(None).unwrap();
    for wait in ["L.acquire()", "L.with(|| 1)"] {
        std::thread::scope(|threads| {
            threads.spawn(|| {
                let _call = CallScope::enter(Some(Instant::now()));
                let mut scope = Scope::new();
                scope.push_constant("L", lock.clone());
                let script = format!("fn f(l) {{ try {{ {} }} catch {{ }} }} f(L); 1", wait.replace('L', "l"));
                let error = engine().run_with_scope(&mut scope, &script).unwrap_err();
                let reached = DeadlineReached::in_error(&error).expect("it waited");
                assert!(reached.on_lock);
                assert_eq!(reached.waited_for, "a lock held since a step of the host");
            });
        });
    }
}

#[test]
fn a_free_lock_needs_no_time() {
    assert_eq!(run("lock().with(|| 1)", Some(Instant::now())), "1");
}

#[test]
fn a_deadlock_ends() {
    let (one, other, both) = (Lock::new(), Lock::new(), Barrier::new(2));
    let cross = |mine: &Lock, theirs: &Lock| {
        let _call = CallScope::enter(Some(Instant::now()));
        let _mine = mine.hold(None).unwrap();
        both.wait();
        let outcome = theirs.hold(None).map(drop);
        both.wait();
        outcome
    };
    let ends = std::thread::scope(|threads| {
        let first = threads.spawn(|| cross(&one, &other));
        let second = threads.spawn(|| cross(&other, &one));
        [first.join().unwrap(), second.join().unwrap()]
    });
    assert!(ends.iter().all(|end| matches!(end, Err(StateError::Deadline(_)))), "{ends:?}");
    assert!(!one.is_held() && !other.is_held());
}

#[test]
fn an_inner_call_has_no_more_time_than_the_outer() {
    let now = Instant::now();
    let later = now + std::time::Duration::from_secs(1);
    for (outer, inner, expected) in [
        (None, None, None),
        (None, Some(now), Some(now)),
        (Some(now), None, Some(now)),
        (Some(now), Some(later), Some(now)),
        (Some(later), Some(now), Some(now)),
    ] {
        let _outer = CallScope::enter(outer);
        let _inner = CallScope::enter(inner);
        assert_eq!(call::deadline(), expected);
    }
    assert_eq!((call::id(), call::deadline()), (None, None));
}

#[test]
fn who_waits_gets_a_turn_however_many_hurry() {
    let (lock, done) = (Lock::new(), std::sync::atomic::AtomicBool::new(false));
    let soon = std::time::Duration::from_secs(5);
    std::thread::scope(|threads| {
        for _ in 0..8 {
            threads.spawn(|| {
                while !done.load(std::sync::atomic::Ordering::SeqCst) {
                    let held = lock.hold(Some(Instant::now() + soon)).unwrap();
                    std::thread::yield_now();
                    drop(held);
                }
            });
        }
        let turns = (0..50).map(|_| lock.hold(Some(Instant::now() + soon)).map(drop));
        let outcome: Result<Vec<()>, StateError> = turns.collect();
        done.store(true, std::sync::atomic::Ordering::SeqCst);
        assert_eq!(outcome.map(|turns| turns.len()), Ok(50));
    });
    assert!(!lock.is_held());
}

#[test]
fn whoever_gives_up_hands_the_turn_on() {
    let lock = Lock::new();
    let held = lock.hold(None).unwrap();
    std::thread::scope(|threads| {
        let patient = threads.spawn(|| lock.hold(Some(Instant::now() + call::WAIT_WITHOUT_DEADLINE)).map(drop));
        for _ in 0..20 {
            threads.spawn(|| assert!(lock.hold(Some(Instant::now())).is_err())).join().unwrap();
        }
        drop(held);
        assert_eq!(patient.join().unwrap(), Ok(()));
    });
}
