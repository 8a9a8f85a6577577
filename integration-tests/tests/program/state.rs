//! Scripts that wait, and who does not wait for them.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

use crate::serve;

/// More than there are script threads, and less than fit into the queue before them.
const ASKING: usize = 128;
/// So many script threads there are at least.
const THREADS: usize = 8;

/// The first who asks holds the gate until the script is edited: its hook opens the gate.
const GATE: &str = r#"=== samovar.conf
SetHandler rhai
RhaiLimit time 60000
=== gate.rhai
const GATE = lock();
const OPEN = cell(false);
fn handler(req) {
    print("at the gate");
    GATE.with(|| { while !OPEN.get() { sleep(0.001); } "through" })
}
fn __mp_clone__(next) { OPEN.set(true); }
=== open.txt
a file
"#;

#[test]
fn while_every_script_waits_for_a_lock_files_are_served_and_scripts_reloaded() {
    let (site, program) = serve(GATE);
    let answered = AtomicUsize::new(0);
    thread::scope(|scope| {
        let asking: Vec<_> = (0..ASKING)
            .map(|_| {
                let mut client = program.connect();
                client.send("GET", "/gate", &[], b"");
                scope.spawn(|| {
                    let mut client = client;
                    let answer = client.receive(false);
                    answered.fetch_add(1, Ordering::SeqCst);
                    answer.brief()
                })
            })
            .collect();
        for _ in 0..THREADS {
            program.wait_for("at the gate");
        }
        for _ in 0..20 {
            assert_eq!(program.get("/open.txt").brief(), "200 a file\n");
        }
        assert_eq!(answered.load(Ordering::SeqCst), 0, "the gate was not closed, which proves nothing");
        site.write("gate.rhai", "fn handler(req) { \"no gate\" }");
        program.wait_for_reload(&["gate.rhai"]);
        for answer in asking {
            let answer = answer.join().expect("the client got an answer");
            assert!(answer == "200 through" || answer == "200 no gate", "{answer}");
        }
    });
    assert_eq!(program.get("/gate").brief(), "200 no gate");
}

#[test]
fn what_many_requests_count_is_counted_once_each() {
    let (_site, program) = serve("=== n.rhai\nconst N = counter();\nfn handler(req) { N.incr().to_string() }");
    let mut counted: Vec<u32> = thread::scope(|scope| {
        let clients: Vec<_> = (0..8)
            .map(|_| {
                scope.spawn(|| {
                    let mut client = program.connect();
                    (0..50).map(|_| client.get("/n").text().parse().expect("a number")).collect::<Vec<_>>()
                })
            })
            .collect();
        clients.into_iter().flat_map(|client| client.join().expect("all answered")).collect()
    });
    counted.sort_unstable();
    assert!(counted.into_iter().eq(1..=400), "each number once");
}
