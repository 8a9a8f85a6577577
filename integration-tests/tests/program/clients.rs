//! Clients that take their time, or nothing at all.

use std::{
    io::Read,
    net::TcpStream,
    time::{Duration, Instant},
};

use samovar_integration_tests::PATIENCE;

use crate::serve;

/// More than the buffers of both ends of a connection hold.
const LARGE: usize = 32 << 20;

const SITE: &str = r#"=== samovar.conf
SetHandler rhai
Timeout 1
RhaiLimit time 30000
RhaiLogHandler after::log
=== after.rhai
fn log(req) { print(`ended ${req.path} ${req.status}`); }
=== big.rhai
fn handler(req) { let b = blob(1000000, 65); for i in 0..32 { req.write(b); } }
=== small.rhai
fn handler(req) { "small" }
"#;

/// A connection of which nobody reads what comes, but the caller.
#[track_caller]
fn ask(address: std::net::SocketAddr, target: &str) -> TcpStream {
    use std::io::Write;
    let mut stream = TcpStream::connect(address).expect("the program accepts connections");
    stream.set_read_timeout(Some(PATIENCE)).expect("a time-out can be set");
    write!(stream, "GET {target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").expect("sent");
    stream
}

#[test]
fn a_client_that_takes_nothing_is_cut_off() {
    let (site, program) = serve(SITE);
    std::fs::File::create(site.file("big.bin")).expect("made").set_len(LARGE as u64).expect("grown");
    for target in ["/big", "/big.bin"] {
        let mut silent = ask(program.address(), target);
        // Without an end of it, this would never be told.
        program.wait_for(&format!("ended {target} 200"));
        assert_eq!(program.get("/small").brief(), "200 small");
        program.wait_for("ended /small");
        let mut taken = Vec::new();
        let _ = silent.read_to_end(&mut taken);
        assert!(taken.len() < LARGE, "{target}: it was cut off after {} bytes", taken.len());
    }
}

#[test]
fn a_client_that_takes_its_time_is_served_to_the_end() {
    let (site, program) = serve(SITE);
    std::fs::File::create(site.file("big.bin")).expect("made").set_len(LARGE as u64).expect("grown");
    std::thread::scope(|threads| {
        for target in ["/big", "/big.bin"] {
            let program = &program;
            threads.spawn(move || {
                let mut slow = ask(program.address(), target);
                let (start, mut taken, mut piece) = (Instant::now(), 0, vec![0; 600 << 10]);
                loop {
                    let read = slow.read(&mut piece).unwrap_or_else(|error| panic!("{target} at {taken}: {error}"));
                    taken += read;
                    if read == 0 {
                        break;
                    }
                    // Some bytes within each time-out, and many time-outs in all.
                    if taken < LARGE / 2 {
                        std::thread::sleep(Duration::from_millis(200));
                    }
                }
                assert!(taken > 32_000_000, "{target}: {taken} bytes");
                assert!(start.elapsed() > Duration::from_secs(3), "{target}: that was not slow");
            });
        }
    });
}

#[test]
fn many_clients_that_take_nothing_cost_little_memory() {
    const CLIENTS: usize = 60;
    let (_site, program) = serve(
        r#"=== samovar.conf
SetHandler rhai
RhaiLimit time 30000
=== written.rhai
const N = counter();
fn handler(req) { let b = blob(1000000, 65); for i in 0..16 { req.write(b); } print(`made ${N.incr()}`); }
=== text.rhai
const N = counter();
fn handler(req) { let s = "0123456789abcdef"; while s.len < 10000000 { s += s; } print(`text ${N.incr()}`); s }
=== small.rhai
fn handler(req) { "small" }
"#,
    );
    assert_eq!(program.get("/small").brief(), "200 small");
    let mut silent: Vec<_> = (0..CLIENTS).map(|_| ask(program.address(), "/written")).collect();
    program.wait_for(&format!("made {CLIENTS}"));
    let mut texts: Vec<_> = (0..CLIENTS / 3).map(|_| ask(program.address(), "/text")).collect();
    program.wait_for(&format!("text {}", CLIENTS / 3));
    assert_eq!(program.get("/small").brief(), "200 small");
    let peak = program.peak_memory() >> 20;
    assert!(peak < 600, "{peak} MiB for {CLIENTS} answers of 16 MB, and others");
    // Everything is there for those who come back for it.
    for (client, len) in [(&mut silent, 16_000_000), (&mut texts, 16 << 20)] {
        for client in client.iter_mut().step_by(7) {
            let mut taken = Vec::new();
            client.read_to_end(&mut taken).expect("the whole answer");
            let head = taken.windows(4).position(|end| end == b"\r\n\r\n").expect("a head") + 4;
            assert_eq!(taken.len() - head, len);
        }
    }
}
