//! R43 to R49: what happens to state, whatever a hook or a new script does.

use std::{sync::mpsc, thread, time::Duration};

use samovar_rhai::{
    importer::Event,
    state::{Lock, Table},
};

use crate::site::Site;

/// So long hooks may take where one is to hang.
const SHORT: Duration = Duration::from_millis(30);

/// A module that counts, with this hook or whatever else.
fn module(rest: &str) -> String {
    let counting = "const N = if is_def_var(\"N\") { N } else { counter() };\nfn up() { N.incr() }";
    format!("=== m.rhai\n{counting}\n{rest}\n")
}

const GOOD: &str = "fn __mp_clone__(next) { next.N = N; }\nfn __mp_purge__() { note(`purged at ${N.get()}`); }";

/// Counts to 2 in a module with `rest`, reloads it, and says what happened, and what comes after 2.
#[track_caller]
fn check(rest: &str, trace: &str, next: &str) {
    let site = Site::with(|builder| builder.hook_times(SHORT, SHORT), &module(rest));
    site.expect("m::up", "1");
    site.expect("m::up", "2");
    site.change(&module(&format!("{rest} // new")), "reloaded m");
    assert_eq!(site.trace(), trace, "{rest}");
    site.expect("m::up", next);
}

#[test]
fn r43_what_the_hook_assigns_is_there() {
    check(GOOD, "carried m\npublished m", "3");
    check("fn __mp_clone__(next) { next[\"N\"] = N; }", "carried m\npublished m", "3");
    check("private fn __mp_clone__(next) { next.N = N; next.N = next.N; }", "carried m\npublished m", "3");
}

#[test]
fn r43_without_a_hook_everything_is_fresh() {
    check("", "published m", "1");
    check("fn __mp_purge__() { note(\"never\"); throw 1; }", "published m", "1");
}

#[test]
fn r45_a_hook_that_raises_before_it_assigns() {
    check(
        "fn __mp_clone__(next) { throw \"no\"; next.N = N; }",
        "carry failed m: m.rhai:3:25: no\npublished m\npurged m",
        "1",
    );
}

#[test]
fn r45_a_hook_that_raises_after_it_assigned() {
    check(
        "fn __mp_clone__(next) { next.N = N; throw \"no\"; }",
        "carry failed m: m.rhai:3:37: no\npublished m\npurged m",
        "1",
    );
}

#[test]
fn r45_a_hook_that_hangs() {
    for (hook, place) in [
        ("fn __mp_clone__(next) {\n  let n = 0;\n  loop { n += 1; }\n}", "5:10"),
        ("fn count() { let n = 0; loop { n += 1; } }\nfn __mp_clone__(next) { count() }", "3:32"),
        ("fn __mp_clone__(next) {\n  sleep(60);\n}", "4:3"),
        // Nothing tells the place but the function itself.
        ("fn __mp_clone__(next) { loop {} }", "3:23"),
        ("fn __mp_clone__(next) { try { sleep(60); } catch { note(\"caught\"); } note(\"after\"); }", "3:23"),
    ] {
        let ended = format!("carry failed m: m.rhai:{place}: the deadline has passed\npublished m\npurged m");
        check(hook, &ended, "1");
    }
}

#[test]
fn r45_a_hook_that_takes_too_long_is_told_its_own_limit() {
    let hanging = "fn __mp_clone__(next) { loop {} }\nfn __mp_purge__() { loop {} }";
    let site = Site::with(|builder| builder.hook_times(SHORT, SHORT), &module(hanging));
    let events = site.interpreter.subscribe();
    site.expect("m::up", "1");
    site.change(&module(""), "reloaded m");
    let helps: Vec<_> = events
        .try_iter()
        .filter_map(|event| match event {
            Event::CarryFailed { diagnostic, .. } | Event::Purged { diagnostic: Some(diagnostic), .. } => {
                Some(diagnostic.help.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))
            }
            _ => None,
        })
        .collect();
    assert_eq!(helps, ["a hook may take 30 ms; the host sets that, with `Builder::hook_times`"; 2]);
}

#[test]
fn r45_a_hook_that_is_no_function() {
    check(
        "const __mp_clone__ = 5;",
        "carry failed m: m.rhai:3:7: `__mp_clone__` is not a function but a variable of type i64\npublished m\npurged m",
        "1",
    );
}

#[test]
fn r45_a_hook_with_another_number_of_parameters() {
    let failed = |counts: &str| {
        format!("carry failed m: m.rhai:3:4: `__mp_clone__` has {counts} parameters, not 1\npublished m\npurged m")
    };
    check("fn __mp_clone__() { }", &failed("0"), "1");
    check("fn __mp_clone__(old, next) { }", &failed("2"), "1");
    check("fn __mp_clone__() { } fn __mp_clone__(old, next) { }", &failed("0 or 2"), "1");
}

#[test]
fn r46_a_purge_that_raises_hangs_or_cannot_be_called_is_told_and_ignored() {
    let raising = "fn __mp_clone__(next) { throw 1; }";
    for (purge, said) in [
        ("fn __mp_purge__() { throw \"worse\"; }", ": m.rhai:3:56: worse"),
        ("fn __mp_purge__() { loop {} }", ": m.rhai:3:54: the deadline has passed"),
        ("fn __mp_purge__(x) { }", ": m.rhai:3:39: `__mp_purge__` has 1 parameter, not 0"),
        ("const __mp_purge__ = 5;", ": m.rhai:3:42: `__mp_purge__` is not a function but a variable of type i64"),
        ("fn __mp_purge__() { }", ""),
    ] {
        let trace = format!("carry failed m: m.rhai:3:25: the script threw 1\npublished m\npurged m{said}");
        check(&format!("{raising} {purge}"), &trace, "1");
    }
}

#[test]
fn r45_the_purge_hook_sees_the_old_state_after_the_new_one_is_served() {
    let rest = "fn __mp_clone__(next) { throw 1; }\nfn __mp_purge__() { note(`purged at ${N.get()}`); }";
    let site = Site::new(&module(rest));
    site.expect("m::up", "1");
    site.change(&module(GOOD), "reloaded m");
    assert_eq!(site.take_notes(), ["purged at 1"]);
    site.expect("m::up", "1");
    site.change(&module(""), "reloaded m");
    site.expect("m::up", "2");
    assert!(site.take_notes().is_empty(), "R49: not after a clone that worked");
}

/// After a clone with `hook`, the new script does not come to its end.
#[track_caller]
fn check_refused(hook: &str, new: &str, refused: &str) {
    let site = Site::with(|builder| builder.time(SHORT * 4), &module(hook));
    site.expect("m::up", "1");
    site.write(&format!("=== m.rhai\n{new}"));
    let said = site.reload();
    assert!(said.ends_with(refused), "{said}");
    assert!(!site.trace().contains("purged"), "the old instance serves on, unpurged");
    site.expect("m::up", "2");
    // And once the file is right again, its state is taken over.
    site.change(&format!("{}// right", module(GOOD)), "reloaded m");
    let next = if hook.contains("throw") { "1" } else { "3" };
    site.expect("m::up", next);
}

#[test]
fn r48_a_new_script_that_fails_after_a_clone_that_worked() {
    check_refused(GOOD, "const N = N; fn up() {", "Expecting '}' to terminate this block");
    check_refused(GOOD, "const N = N; throw \"top\";", "m.rhai:1:14: top");
    check_refused(GOOD, "const N = N; loop { }", "the deadline has passed");
    check_refused(GOOD, "import \"./nowhere\" as n;", "module `./nowhere` not found");
}

#[test]
fn r47_a_new_script_that_fails_after_a_clone_that_raised() {
    check_refused("fn __mp_clone__(next) { throw 1; }", "throw \"top\";", "m.rhai:1:1: top");
}

#[test]
fn r43_next_is_closed_when_the_hook_returns() {
    let site = Site::new(
        "=== keeper.rhai\nconst KEPT = cell(());
=== m.rhai\nimport \"./keeper\" as keeper;
fn late() { let next = keeper::KEPT.get(); if next != () { next.x = 1; } }\nfn __mp_clone__(next) { keeper::KEPT.set(next); }",
    );
    site.expect("m::late", "");
    site.change("=== m.rhai\nimport \"./keeper\" as keeper;\nfn late() { let next = keeper::KEPT.get(); if next != () { next.x = 1; } }", "reloaded m");
    let said = site.call("m::late");
    assert!(said.contains("`next` can be used until the hook returns"), "{said}");
}

#[test]
fn r44_requests_go_on_and_handles_are_the_same_object() {
    let rest = "const T = if is_def_var(\"T\") { T } else { table() };
fn table_of() { T }\nfn __mp_clone__(next) { T.set(\"during\", 1); next.T = T; }";
    let site = Site::new(&format!("=== m.rhai\n{rest}"));
    let get = || site.interpreter.handler("m::table_of").expect("found").call::<Table>(()).expect("a table");
    let old = get();
    site.change(&format!("=== m.rhai\n{rest} // new"), "reloaded m");
    assert_eq!(old, get());
    assert!(old.contains("during"));
}

#[test]
fn r43_a_migration_runs_forwards_and_backwards() {
    let one = "=== m.rhai
const __mp_version__ = 1;
// Back from 2: names were split there.
const NAMES = if __mp_from__ == 2 { NAMES.map(|n| `${n.first} ${n.last}`) } else if is_def_var(\"NAMES\") { NAMES } else { [\"Ada Lovelace\"] };
fn names() { NAMES.to_string() }
fn __mp_clone__(next) { next.NAMES = NAMES; }";
    let two = "=== m.rhai
const __mp_version__ = 2;
const NAMES = switch __mp_from__ { 1 => NAMES.map(|n| #{first: n.split(\" \")[0], last: n.split(\" \")[1]}), 2 => NAMES, _ => [] };
fn names() { NAMES.to_string() }
fn __mp_clone__(next) { next.NAMES = NAMES; }";
    let site = Site::new(one);
    site.expect("m::names", "[\"Ada Lovelace\"]");
    for round in 0..2 {
        site.change(&format!("{two}// {round}"), "reloaded m");
        site.expect("m::names", "[#{\"first\": \"Ada\", \"last\": \"Lovelace\"}]");
        site.change(&format!("{two}// again {round}"), "reloaded m");
        site.expect("m::names", "[#{\"first\": \"Ada\", \"last\": \"Lovelace\"}]");
        site.change(&format!("{one}// {round}"), "reloaded m");
        site.expect("m::names", "[\"Ada Lovelace\"]");
    }
}

#[test]
fn r43_a_child_s_change_carries_the_importer_s_state_too() {
    let importer = module(&format!("import \"./c\" as c;\n{GOOD}"));
    let site = Site::new(&format!("{importer}=== c.rhai\nconst X = 1;"));
    site.expect("m::up", "1");
    site.change("=== c.rhai\nconst X = 2;", "reloaded c, m");
    site.expect("m::up", "2");
}

/// A hook that takes a lock, and the lock.
const WAITING: &str = "
const L = if is_def_var(\"L\") { L } else { lock() };
const WAITS = cell(false);
fn lock_of() { L }
fn waits() { WAITS.get() }
fn __mp_clone__(next) { next.L = L; WAITS.set(true); L.with(|| next.N = N); }
fn __mp_purge__() { note(\"purged\"); }";

/// Runs `during` while another thread holds the lock of `m`.
fn while_locked<R>(site: &Site, during: impl FnOnce(&mpsc::Sender<()>) -> R) -> R {
    let lock = site.interpreter.handler("m::lock_of").expect("found").call::<Lock>(()).expect("a lock");
    let ((taken, is_taken), (release, released)) = (mpsc::channel::<()>(), mpsc::channel::<()>());
    thread::scope(|scope| {
        scope.spawn(move || {
            let held = lock.hold(None).expect("it is free");
            taken.send(()).expect("somebody waits");
            let _ = released.recv();
            drop(held);
        });
        is_taken.recv().expect("it is taken");
        let result = during(&release);
        drop(release);
        result
    })
}

const WAITED: &str = "m.rhai:8:56: the deadline passed while waiting for a lock held since a step of the host";

#[test]
fn r45_a_hook_that_waits_for_a_lock_is_tried_again_and_then_gives_up() {
    let retries = [Duration::ZERO; 3];
    let site = Site::with(|builder| builder.hook_times(SHORT, SHORT).hook_retries(retries), &module(WAITING));
    site.expect("m::up", "1");
    site.write(&module(&format!("{WAITING} // new")));
    while_locked(&site, |_| {
        for turn in 0..4 {
            if turn < 3 {
                assert_eq!(site.reload(), WAITED);
                assert_eq!(site.trace(), format!("refused {WAITED}"), "R32, turn {turn}");
            } else {
                assert_eq!(site.reload(), "reloaded m");
            }
        }
    });
    assert_eq!(site.trace(), format!("carry failed m: {WAITED}\npublished m\npurged m"));
    assert_eq!(site.take_notes(), ["purged"]);
    site.expect("m::up", "1");
}

#[test]
fn r45_a_hook_that_gets_its_lock_in_time_loses_nothing() {
    let site = Site::with(|builder| builder.hook_times(SHORT, SHORT), &module(WAITING));
    site.expect("m::up", "1");
    site.write(&module(&format!("{WAITING} // new")));
    while_locked(&site, |_| {
        // However often somebody asks: only the turns that are due count.
        (0..9).for_each(|_| assert_eq!(site.reload(), WAITED));
        site.expect("m::up", "2");
    });
    assert_eq!(site.reload(), "reloaded m");
    site.expect("m::up", "3");
    assert!(site.take_notes().is_empty());
}

#[test]
fn r45_a_lock_that_the_hook_needs_is_waited_for_while_it_is_time() {
    let site = Site::with(|builder| builder.hook_times(Duration::from_secs(60), SHORT), &module(WAITING));
    site.expect("m::up", "1");
    site.write(&module(&format!("{WAITING} // one")));
    let outcomes = while_locked(&site, |release| {
        thread::scope(|scope| {
            let first = scope.spawn(|| site.interpreter.reload());
            while site.call("m::waits") != "true" {
                thread::yield_now();
            }
            // Edited again, and asked for again, while the first one's hook still waits.
            site.write(&module(&format!("{WAITING} // two")));
            let second = scope.spawn(|| site.interpreter.reload());
            release.send(()).expect("it is held");
            [first.join().expect("ends"), second.join().expect("ends")].map(|outcome| format!("{outcome:?}"))
        })
    });
    assert!(outcomes.iter().all(|outcome| outcome.starts_with("Published")), "{outcomes:?}");
    assert_eq!(site.trace(), "carried m\npublished m\ncarried m\npublished m");
    site.expect("m::up", "2");
}

#[test]
fn r23_a_handler_that_loads_under_a_lock_that_a_hook_waits_for_ends() {
    let handler = "
fn load_under_lock() { L.with(|| { STARTED.set(true); while !WAITS.get() { } import_module(\"./late\")[\"x\"] }) }
const STARTED = cell(false);
fn started() { STARTED.get() }";
    let script = module(&format!("{WAITING}{handler}"));
    let long = Duration::from_secs(60);
    let site = Site::with(|builder| builder.hook_times(long, long), &format!("{script}=== late.rhai\nconst x = 7;"));
    site.expect("m::started", "false");
    let (outcome, said) = thread::scope(|scope| {
        let slow = site.interpreter.handler("m::load_under_lock").expect("found").time(long);
        let handler = scope.spawn(move || slow.call::<i64>(()));
        while site.call("m::started") != "true" {
            thread::yield_now();
        }
        site.write(&format!("{script} // new"));
        // The hook waits for what the handler holds; the handler's first load does not wait for the reload.
        let outcome = site.reload();
        (outcome, handler.join().expect("ends"))
    });
    assert_eq!(said, Ok(7));
    assert_eq!(outcome, "reloaded m");
}

#[test]
fn r49_purge_runs_when_a_module_is_dropped_and_at_the_end_importers_first() {
    let noting = |name: &str| format!("fn __mp_purge__() {{ note(\"{name}\"); }} fn f() {{ 1 }}");
    let files = format!(
        "=== gone.rhai\n{}\n=== c.rhai\n{}\n=== h.rhai\nimport \"./c\" as c;\n{}",
        noting("gone"),
        noting("c"),
        noting("h")
    );
    let site = Site::with(|builder| builder.grace(Duration::ZERO), &files);
    site.expect("gone::f", "1");
    site.expect("h::f", "1");
    site.remove("gone.rhai");
    site.reload();
    site.reload();
    assert_eq!(site.trace(), "purged gone\npublished \ndropped gone");
    assert_eq!(site.take_notes(), ["gone"]);
    let handler = site.interpreter.handler("h::f").expect("found");
    let Site { interpreter, notes, .. } = site;
    drop(interpreter);
    assert!(notes.lock().expect("no panic").is_empty(), "a handler can still be called");
    assert_eq!(handler.call::<i64>(()), Ok(1));
    drop(handler);
    assert_eq!(*notes.lock().expect("no panic"), ["h", "c"]);
}

#[test]
fn r49_on_purge_callbacks_follow_the_hook_the_last_first_whatever_raises() {
    let rest = "on_purge(|| note(\"first\"));
on_purge(callback(|| { note(\"second\"); throw \"second\" }));
fn late() { on_purge(|| note(`late at ${N.get()}`)); }
fn __mp_purge__() { note(\"hook\"); throw \"hook\"; }
fn __mp_clone__(next) { throw 1; }";
    let site = Site::new(&module(rest));
    site.expect("m::up", "1");
    site.expect("m::late", "");
    site.change(&module(""), "reloaded m");
    assert_eq!(site.take_notes(), ["hook", "late at 1", "second", "first"]);
    let trace = site.trace();
    assert!(trace.ends_with("purged m: m.rhai:6:35: hook"), "{trace}");
}
