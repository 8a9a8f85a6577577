//! The example with a lock and two tables, edited two hundred times while eight clients count.

use std::{
    collections::BTreeMap,
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

use samovar_integration_tests::{Program, Site};

const CLIENTS: usize = 8;
const RELOADS: usize = 200;

/// The example's script as its version number `version`.
fn script(version: usize) -> String {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/carry/count.rhai");
    let text = std::fs::read_to_string(file).expect("the example is there");
    let changed = text.replace("const VERSION = 1;", &format!("const VERSION = {version};"));
    assert!(version == 1 || changed != text, "the example declares its version");
    changed
}

/// Reloads the script again and again while clients count. Returns, for each version that began with empty tables, the
/// counts that clients were told, in order.
fn hammer(program: &Program, site: &Site, script: impl Fn(usize) -> String) -> BTreeMap<usize, Vec<usize>> {
    /// Lets the clients end, also when a test fails in between.
    struct Done<'a>(&'a AtomicBool);
    impl Drop for Done<'_> {
        fn drop(&mut self) {
            self.0.store(true, Ordering::SeqCst);
        }
    }
    let done = AtomicBool::new(false);
    let count = |client: usize| {
        let mut connection = program.connect();
        let mut told = Vec::new();
        while !done.load(Ordering::SeqCst) {
            let answer = connection.get(&format!("/count?page=p{}&who=w{client}", told.len() % 3));
            assert_eq!(answer.status, 200, "{}", answer.brief());
            let text = answer.text();
            let (since, visit) = text.split_once(' ').expect("two numbers");
            told.push((since.parse().expect("a version"), visit.parse().expect("a count")));
        }
        told
    };
    let told: Vec<(usize, usize)> = thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS).map(|client| scope.spawn(move || count(client))).collect();
        let counting = Done(&done);
        for version in 2..=RELOADS + 1 {
            site.write("count.rhai", script(version));
            program.wait_for(&format!("ms, generation {version}"));
        }
        drop(counting);
        clients.into_iter().flat_map(|client| client.join().expect("each was answered")).collect()
    });
    let mut by_beginning = BTreeMap::<_, Vec<_>>::new();
    for (since, visit) in told {
        by_beginning.entry(since).or_default().push(visit);
    }
    by_beginning.values_mut().for_each(|visits| visits.sort_unstable());
    by_beginning
}

#[test]
fn r44_two_hundred_reloads_lose_no_increment() {
    let site = Site::new(&format!("=== count.rhai\n{}", script(1)));
    let program = Program::serve(crate::SAMOVAR, site.path());
    assert_eq!(program.get("/count?page=p&who=w").text(), "1 1");
    let told = hammer(&program, &site, script);
    assert_eq!(told.keys().collect::<Vec<_>>(), [&1], "the tables were never lost");
    let visits = &told[&1];
    assert!(visits.iter().copied().eq(2..visits.len() + 2), "each visit was counted once");
    let total = visits.len() + 1;
    assert_eq!(program.get("/count/sums").text(), format!("{total} {total}"));
    assert!(!program.log().contains("purged"), "R49");
}

#[test]
fn r45_a_hook_that_raises_on_every_fifth_reload_purges_and_starts_afresh_each_time() {
    let raising = |version: usize| {
        script(version).replace(
            "    LOCK.with(|| {\n        next.LOCK",
            "    LOCK.with(|| {\n        if VERSION % 5 == 0 { throw `no ${VERSION}`; }\n        next.LOCK",
        )
    };
    assert_ne!(raising(1), script(1));
    let site = Site::new(&format!("=== count.rhai\n{}", raising(1)));
    let program = Program::serve(crate::SAMOVAR, site.path());
    assert_eq!(program.get("/count?page=p&who=w").text(), "1 1");
    let mut told = hammer(&program, &site, raising);
    told.entry(1).or_default().insert(0, 1);
    // The clients may have ended before they met the last version.
    let after = program.get("/count?page=p&who=w").text();
    let (since, visit) = after.split_once(' ').expect("two numbers");
    told.entry(since.parse().expect("a version")).or_default().push(visit.parse().expect("a count"));
    for (since, visits) in &told {
        assert_eq!(since % 5, 1, "only the hooks of versions 5, 10 .. raised");
        assert!(visits.iter().copied().eq(1..=visits.len()), "each visit since {since} was counted once: {visits:?}");
    }
    let last = *told.keys().last().expect("the first");
    assert_eq!(last, RELOADS + 1, "version {RELOADS} raised last");
    let log = program.log();
    for version in (5..=RELOADS).step_by(5) {
        assert_eq!(log.matches(&format!("purged {version} after")).count(), 1, "version {version}");
    }
    assert_eq!(log.matches("purged ").count(), RELOADS / 5);
    let total = told[&last].len();
    assert_eq!(program.get("/count/sums").text(), format!("{total} {total}"));
}

/// Whoever asks for it holds the lock until somebody opens the gate.
const GATE: &str = r#"=== samovar.conf
SetHandler rhai
RhaiLimit time 60000
=== gate.rhai
keep PASSED = counter();
const GATE = lock();
const OPEN = cell(false);
fn handler(req) {
    if req.path_info == "/open" { OPEN.set(true); return `opened, ${PASSED.get()} passed`; }
    GATE.with(|| { print("at the gate"); while !OPEN.get() { sleep(0.001); } `number ${PASSED.incr()}` })
}
fn __mp_clone__(next) { GATE.with(|| next.PASSED = PASSED); }
"#;

#[test]
fn r45_a_hook_that_waited_in_vain_is_tried_again_though_no_file_changes() {
    let (site, program) = crate::serve(GATE);
    let mut waiting = program.connect();
    waiting.send("GET", "/gate", &[], b"");
    program.wait_for("at the gate");
    let script = GATE.split("=== gate.rhai\n").nth(1).expect("the script");
    site.write("gate.rhai", format!("{script}// edited\n"));
    program.wait_for("the deadline passed while waiting for a lock held since");
    assert_eq!(program.get("/gate/open").text(), "opened, 0 passed");
    assert_eq!(waiting.receive(false).text(), "number 1");
    program.wait_for("ms, generation 2");
    assert_eq!(program.get("/gate/open").text(), "opened, 1 passed");
}
