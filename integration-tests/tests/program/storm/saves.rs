//! Whatever a save can look like while requests are answered: written in pieces with pauses, refused and mended, removed
//! and made again, switched by a link; with callbacks in tables that are carried over, and pages that are new.
//!
//! `SAMOVAR_STORM_SEED` repeats what was chosen in an earlier run; the file system and the threads choose as well.

use std::{
    env, fs,
    io::Write,
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    thread::{self, ScopedJoinHandle},
    time::{Duration, Instant},
};

use samovar_integration_tests::{Program, Site, poll};

use crate::serve;

/// Three modules that say the version, one that counts, and a table of callbacks that a top level fills each time.
const SITE: &str = r#"=== version.rhai
const VERSION = 0;
=== bus.rhai
keep ON = table();
fn fire(name) { ON[name].call() }
=== totals.rhai
keep HITS = counter();
fn hit() { HITS.incr() }
fn handler(req) { `${HITS.get()}` }
=== child.rhai
import "./bus" as bus;
import "./version" as version;
const ZERO = 0;
bus::ON["child"] = callback(|| version::VERSION + ZERO + nothing());
let busy = 0;
for n in 0..300 { busy += n; }
fn nothing() { ZERO }
fn version() { version::VERSION }
=== friend.rhai
import "./version" as version;
fn version() { version::VERSION }
=== other.rhai
fn handler(req) { "other" }
=== storm.rhai
import "./version" as version;
import "./child" as child;
import "./bus" as bus;
import "./totals" as totals;
fn handler(req) {
    totals::hit();
    let first = version::VERSION;
    let called = bus::fire("child");
    sleep(0.001);
    let friend = import_module("./friend");
    `${first} ${child::version()} ${friend["version"].call()} ${version::VERSION} ${called}`
}
"#;

const CONNECTIONS: usize = 6;

#[test]
fn r59_r61_r62_in_a_storm_of_odd_saves_every_answer_is_whole() {
    let seconds = env::var("SAMOVAR_STORM_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(10.0);
    let seed = env::var("SAMOVAR_STORM_SEED").ok().and_then(|text| text.parse().ok());
    let seed = seed.unwrap_or_else(|| std::time::UNIX_EPOCH.elapsed().map_or(1, |now| u64::from(now.subsec_nanos())));
    println!("SAMOVAR_STORM_SEED={seed}");
    // All text that is there for half of a file would be a script; half of it is never to be seen.
    let (site, program) =
        serve(&SITE.replace("const ZERO = 0;\n", "const ZERO = 0;\nlet busy = 0;\nfor n in 0..300 { busy += n; }\n"));
    assert_eq!(program.get("/storm").brief(), "200 0 0 0 0 0");
    assert_eq!(program.get("/other").brief(), "200 other");
    let (over, pages, hits) = (AtomicBool::new(false), AtomicU64::new(0), AtomicU64::new(1));
    let last = thread::scope(|scope| {
        let mut clients: Vec<_> = (0..CONNECTIONS).map(|_| scope.spawn(|| ask(&over, &program, &hits))).collect();
        clients.push(scope.spawn(|| ask_for_new_pages(&over, &program, &pages)));
        let mut saver = Saver { site: &site, program: &program, random: seed, version: 0, pages: &pages };
        let end = Instant::now() + Duration::from_secs_f64(seconds);
        while Instant::now() < end && !clients.iter().any(ScopedJoinHandle::is_finished) {
            saver.save();
        }
        // Whatever was left half done is mended.
        saver.version += 1;
        site.write("version.rhai", saver.text());
        over.store(true, Ordering::Relaxed);
        for client in clients {
            client.join().unwrap_or_else(|_| panic!("SAMOVAR_STORM_SEED={seed}"));
        }
        saver.version
    });
    poll("the last version is served", || {
        hits.fetch_add(1, Ordering::Relaxed);
        (version(&program.get("/storm").brief()) == last).then_some(())
    });
    assert_eq!(program.get("/totals").text(), hits.load(Ordering::Relaxed).to_string(), "each request counts once");
    println!("{last} versions, {} pages, {} requests", pages.load(Ordering::Relaxed), hits.load(Ordering::Relaxed));
    assert!(last > 20, "{last} versions: this was no storm");
    let log = program.log();
    let errors = log.lines().filter(|line| line.contains(" ERROR "));
    let odd: Vec<_> = errors.filter(|line| !line.contains("a change was refused")).collect();
    assert!(odd.is_empty(), "{odd:?}");
    let status = program.ask(["status".as_ref(), site.path().as_os_str()]);
    assert!(!status.stdout.contains("stale"), "{}", status.stdout);
}

/// Makes saves of all kinds, one after the other.
struct Saver<'a> {
    site: &'a Site,
    program: &'a Program,
    random: u64,
    version: u64,
    /// How many pages there are.
    pages: &'a AtomicU64,
}

impl Saver<'_> {
    /// A number below `n`.
    fn below(&mut self, n: u64) -> u64 {
        self.random = self.random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.random >> 33) % n
    }

    fn pause(&mut self, most: u64) {
        let milliseconds = self.below(most);
        thread::sleep(Duration::from_millis(milliseconds));
    }

    fn text(&self) -> String {
        format!("const VERSION = {};\n", self.version)
    }

    fn save(&mut self) {
        match self.below(10) {
            0 => self.new_version(|saver| saver.site.write("version.rhai", saver.text())),
            1 => self.new_version(|saver| saver.in_place(&saver.text())),
            2 | 3 => self.new_version(Self::in_pieces),
            4 | 5 => self.new_version(Self::refused_and_mended),
            6 => self.new_version(|saver| {
                fs::remove_file(saver.site.file("version.rhai")).expect("removed");
                saver.pause(20);
                saver.in_place(&saver.text());
            }),
            7 => self.new_version(|saver| {
                let target = format!("v/{}.rhai", saver.version);
                saver.site.write(&target, saver.text());
                saver.site.link(".link", &target);
                fs::rename(saver.site.file(".link"), saver.site.file("version.rhai")).expect("switched");
            }),
            8 => self.page_itself(),
            _ => self.new_page(),
        }
        self.pause(40);
    }

    fn new_version(&mut self, save: impl Fn(&mut Self)) {
        self.version += 1;
        save(self);
    }

    fn in_place(&self, text: &str) {
        fs::write(self.site.file("version.rhai"), text).expect("written");
    }

    /// The half would say a version that never was.
    fn in_pieces(&mut self) {
        let mut file = self.site.open("version.rhai");
        self.pause(20);
        file.write_all(b"const VERSION = -1;\n").expect("written");
        self.look_elsewhere();
        self.pause(60);
        file.write_all(self.text().as_bytes()).expect("written");
    }

    fn refused_and_mended(&mut self) {
        let raises = self.below(2) == 0;
        self.site.write("version.rhai", if raises { "const VERSION = -2; throw \"no\";" } else { "const VERSION = (" });
        self.pause(60);
        self.in_pieces();
    }

    /// Has the program look at its files for another reason.
    fn look_elsewhere(&mut self) {
        match self.below(3) {
            0 => self.site.write("other.rhai", format!("fn handler(req) {{ \"other\" }} // {}\n", self.version)),
            // What it answers depends on what is refused at the moment.
            1 => drop(self.program.ask(["reload".as_ref(), self.site.path().as_os_str()])),
            _ => {}
        }
    }

    /// A page that is removed and made again, and the module that keeps the total.
    fn page_itself(&mut self) {
        let name = ["storm.rhai", "totals.rhai"][usize::from(self.below(2) == 0)];
        let text = fs::read_to_string(self.site.file(name)).expect("read");
        let text =
            text.lines().filter(|line| !line.starts_with("//")).fold(String::new(), |all, line| all + line + "\n");
        let again = format!("{text}// {}\n", self.random);
        fs::remove_file(self.site.file(name)).expect("removed");
        self.pause(20);
        fs::write(self.site.file(name), again).expect("written");
    }

    fn new_page(&mut self) {
        let number = self.pages.load(Ordering::Relaxed) + 1;
        let mut file = self.site.open(&format!("page{number}.rhai"));
        self.pages.store(number, Ordering::Relaxed);
        file.write_all(b"import \"./child\" as child;\nconst SAID = \"half\";\nfn handler(req) { SAID }\n")
            .expect("written");
        self.pause(30);
        file.write_all(b"const SAID = \"whole\";\n").expect("written");
    }
}

/// Asks for the page until the storm is over.
fn ask(over: &AtomicBool, program: &Program, hits: &AtomicU64) {
    let mut client = program.connect();
    let mut newest = 0;
    while !over.load(Ordering::Relaxed) {
        let answer = client.get("/storm").brief();
        hits.fetch_add(1, Ordering::Relaxed);
        let found = version(&answer);
        assert!(found >= newest, "version {found} after {newest}");
        newest = found;
    }
}

/// Asks for pages as soon as there is something of them. None is answered by half of it.
fn ask_for_new_pages(over: &AtomicBool, program: &Program, pages: &AtomicU64) {
    let mut client = program.connect();
    let mut answered = 0;
    while !over.load(Ordering::Relaxed) {
        let newest = pages.load(Ordering::Relaxed);
        if newest == answered {
            thread::sleep(Duration::from_millis(1));
            continue;
        }
        match client.get(&format!("/page{newest}")).brief().as_str() {
            "200 whole" => answered = newest,
            answer => assert!(answer.starts_with("503 "), "{answer}\n{}", program.log()),
        }
    }
}

/// The one version that a response was made of. What a callback says that another load has put into the table may be
/// newer, or that of a change which was refused then; an error it is never.
#[track_caller]
fn version(answer: &str) -> u64 {
    let parts: Vec<_> = answer.split(' ').collect();
    let ["200", first, rest @ .., called] = parts.as_slice() else { panic!("a request failed: {answer}") };
    assert!(rest.len() == 3 && rest.iter().all(|part| part == first), "versions are mixed: {answer}");
    assert!(called.parse::<i64>().is_ok_and(|called| called >= 0), "no version was ever called that: {answer}");
    first.parse().unwrap_or_else(|_| panic!("half of a file was served: {answer}"))
}
