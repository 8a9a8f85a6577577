//! The state types as scripts meet them: in linked modules, as constants, on many threads.

use std::thread;

use crate::site::Site;

/// `expression` in a function of a module whose constants are one handle of each type.
#[track_caller]
fn check(expression: &str, expected: &str) {
    let constants = "const T = table(); const N = counter(); const C = cell(#{a: 1}); const Q = queue(2);
const K = cache(2, 60); const L = lock();";
    let site = Site::new(&format!("=== m.rhai\n{constants}\nfn f() {{ {expression} }}"));
    site.expect("m::f", expected);
}

#[test]
fn tables() {
    check(
        "T[\"k\"] = 1; T.set(\"j\", [2]); [T[\"k\"], T.get(\"j\"), T[\"none\"], T.get(\"none\", 5)]",
        "[1, [2], (), 5]",
    );
    check("T[\"k\"] = 1; [\"k\" in T, \"x\" in T, 5 in T]", "[true, false, false]");
    check("[T.update(\"k\", |old| if old == () { 1 } else { old + 1 }), T.update(\"k\", |old| old + 1)]", "[1, 2]");
    check("[T.incr(\"k\"), T.incr(\"k\", 4), T.remove(\"k\"), T.remove(\"k\"), T.len, T.len()]", "[1, 5, 5, (), 0, 0]");
    check(
        "T[\"b\"] = 1; T[\"a\"] = 2; let s = \"\"; for e in T { T.remove(\"b\"); s += e.key + e.value; } s + T.keys()",
        "a2b1[\"a\"]",
    );
    check("T[\"k\"] = [1]; T[\"k\"].push(2); let mine = T[\"k\"]; mine.push(3); T[\"k\"]", "[1, 2]");
    check("T.update(\"k\", |old| throw \"no\")", "error: m.rhai:3:30: no");
}

#[test]
fn counters_cells_queues_and_caches() {
    check("[N.incr(), N.add(4), N.get(), N.value]", "[1, 5, 5, 5]");
    check(
        "N.value += 1",
        "error: m.rhai:3:12: `value` of a counter cannot be assigned, for others may add meanwhile: use incr(), add(n) or set(n)",
    );
    check(
        "[C.update(|old| { old.a += 1; old }), C.compare_and_set(#{a: 1}, 5), C.compare_and_set(#{a: 2}, 5), C.get()]",
        "[#{\"a\": 2}, false, true, 5]",
    );
    check("C.value = 7; C.set(C.value + 1); C.get()", "8");
    check("[Q.push(1), Q.push(2), Q.push(3), Q.len, Q.pop(), Q.pop(), Q.pop()]", "[true, true, false, 2, 1, 2, ()]");
    check(
        "K.set(\"a\", 1); [K.get(\"a\"), K.get_or(\"b\", || 2), K.get_or(\"b\", || 3), K.get(\"c\")]",
        "[1, 2, 2, ()]",
    );
    check("for i in 0..99 { K.set(i, i); } K.len <= 2", "true");
}

#[test]
fn locks() {
    check("L.acquire(); let held = L.is_held(); L.release(); [held, L.is_held(), L.with(|| 5)]", "[true, false, 5]");
    check("try { L.with(|| throw 1) } catch { } L.is_held()", "false");
    check(
        "L.with(|| L.with(|| 1))",
        "error: m.rhai:3:22: this lock is held already, since m.rhai:3:12: a lock is not re-entrant, release() it first or do all under one with(..)",
    );
}

#[test]
fn what_is_stored_is_a_copy_that_shares_nothing() {
    check(
        "let x = [1]; let f = || x; T[\"k\"] = x; C.set(x); x.push(2); [T[\"k\"], C.get(), f.call()]",
        "[[1], [1], [1, 2]]",
    );
}

#[test]
fn no_operation_holds_a_lock_while_script_code_runs() {
    check("T[\"k\"] = 1; T.update(\"k\", |old| { T[\"other\"] = old; T.len + T.keys().len() })", "4");
    check("K.get_or(\"k\", || { K.set(\"j\", 1); K.get_or(\"i\", || 2) })", "2");
    check("C.update(|old| C.get().a + old.a)", "2");
}

#[test]
fn an_update_that_would_overtake_itself_is_refused_at_once() {
    #[track_caller]
    fn check_refused(update: &str, what: &str) {
        let why = "is changed inside the function that update(..) runs for it, which would overtake itself";
        let why = format!("{what} {why}: return the new value instead");
        check(&format!("let said = (); try {{ {update} }} catch (e) {{ said = e }} said"), &why);
    }
    for inside in ["C.set(1)", "C.value = 1", "C.swap(1)", "C.compare_and_set(0, 1)", "C.update(|other| 1)"] {
        check_refused(&format!("C.update(|old| {{ {inside}; 2 }})"), "the cell");
        check(&format!("try {{ C.update(|old| {{ {inside}; 2 }}) }} catch {{ }} C.get()"), "#{\"a\": 1}");
        // To change another one is no fault.
        check(&format!("cell(5).update(|old| {{ {inside}; 2 }})"), "2");
    }
    for inside in
        ["T.k = 1", "T[\"k\"] = 1", "T.incr(\"k\")", "T.remove(\"k\")", "T.clear()", "T.update(\"k\", |old| 1)"]
    {
        check_refused(&format!("T.update(\"k\", |old| {{ {inside}; 2 }})"), "the entry \"k\"");
        check(&format!("table().update(\"k\", |old| {{ {inside}; 2 }})"), "2");
    }
    check("T.update(\"k\", |old| { T.j = 1; T.update(\"i\", |old| 2) + T.incr(\"j\") })", "4");
}

/// How often each of eight threads adds, so that a run takes a second or two.
const TIMES: usize = if cfg!(debug_assertions) { 20 } else { 200 };

#[test]
fn totals_on_eight_threads_are_exact_while_the_module_is_reloaded() {
    let files = "=== m.rhai
keep N = counter(); keep T = table(); keep C = cell(0); keep L = lock(); keep P = cell(0); keep Q = queue(1000000);
fn add() {
    for i in 0..100 {
        N.incr(); T.incr(\"k\"); T.update(\"u\", |old| if old == () { 1 } else { old + 1 }); C.update(|old| old + 1);
        L.with(|| { P.set(P.get() + 1); });
        Q.push(i);
    }
}
fn totals() { [N.get(), T[\"k\"], T[\"u\"], C.get(), P.get(), Q.len] }";
    let site = Site::with(|builder| builder.time(std::time::Duration::from_secs(60)), files);
    let add = site.interpreter.handler("m::add").expect("found");
    add.load().expect("it loads");
    thread::scope(|scope| {
        let adding: Vec<_> = (0..8)
            .map(|_| {
                let add = add.clone();
                scope.spawn(move || (0..TIMES).for_each(|_| add.call::<()>(()).expect("it runs")))
            })
            .collect();
        let mut round = 0;
        while !adding.iter().all(thread::ScopedJoinHandle::is_finished) {
            round += 1;
            site.write(&format!("{files}// {round}"));
            assert_eq!(site.reload(), "reloaded m");
        }
    });
    let total = 8 * TIMES * 100;
    site.expect("m::totals", &format!("[{total}, {total}, {total}, {total}, {total}, {total}]"));
}
