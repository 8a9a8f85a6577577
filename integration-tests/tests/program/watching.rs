//! Watchers in trouble: limits of the system, events that are lost, more changes than anybody can follow.

use std::{
    fs,
    io::Write,
    os::unix::fs::PermissionsExt,
    process::Command,
    time::{Duration, Instant},
};

use samovar_integration_tests::{Program, Site, poll};

use crate::{SAMOVAR, serve};

/// Says that a test proves nothing here, also where the output of tests is kept back.
fn skip(reason: &str) {
    let _ = writeln!(std::io::stderr(), "SKIPPED: {reason}");
}

/// A site of some directories with a script each, served where the user may have so many of these.
///
/// `None` where that cannot be arranged: it takes a user namespace of one's own.
fn serve_limited(what: &str, most: u32) -> Option<(Site, Program)> {
    let limit = format!("echo {most} > /proc/sys/user/max_inotify_{what}");
    let tried = Command::new("unshare").args(["-Ur", "sh", "-c", &limit]).output();
    if !tried.is_ok_and(|tried| tried.status.success()) {
        skip("no user namespace with limits of its own is to be had here");
        return None;
    }
    let site = Site::new("");
    for directory in 0..8 {
        site.write(&format!("d{directory}/h.rhai"), "fn handler(req) { \"one\" }");
    }
    site.write(
        "serve.sh",
        format!("#!/bin/sh\nexec unshare -Ur sh -c '{limit} && exec \"$0\" \"$@\"' {SAMOVAR} \"$@\"\n"),
    );
    fs::set_permissions(site.file("serve.sh"), fs::Permissions::from_mode(0o755)).expect("executable");
    let program = Program::serve(&site.file("serve.sh").to_string_lossy(), site.path());
    Some((site, program))
}

#[track_caller]
fn check_limited(what: &str, most: u32, remedy: &str) {
    let Some((site, program)) = serve_limited(what, most) else { return };
    let targets = (0..8).map(|directory| format!("d{directory}/h"));
    for target in targets.clone() {
        assert_eq!(program.get(&format!("/{target}")).brief(), "200 one");
    }
    program.wait_for(remedy);
    for target in targets.clone() {
        site.write(&format!("{target}.rhai"), "fn handler(req) { \"two\" }");
    }
    for target in targets {
        poll("what nobody told of is found", || {
            (program.get(&format!("/{target}")).brief() == "200 two").then_some(())
        });
    }
    let status = program.ask(["status".as_ref(), site.path().as_os_str()]);
    assert!(status.stdout.contains("changes are found by looking") && status.stdout.contains(remedy), "{status:?}");
    assert_eq!(program.log().matches("WARN").count(), 1, "{}", program.log());
}

#[test]
fn beyond_the_limit_of_watches_changes_are_found_by_looking() {
    check_limited("watches", 3, "sysctl fs.inotify.max_user_watches=");
}

#[test]
fn without_an_instance_of_inotify_changes_are_found_by_looking() {
    check_limited("instances", 0, "sysctl fs.inotify.max_user_instances=");
}

/// More than the kernel keeps for a reader who does not read.
fn overflow() -> usize {
    let most = fs::read_to_string("/proc/sys/fs/inotify/max_queued_events").unwrap_or_default();
    most.trim().parse::<usize>().unwrap_or(16_384) / 2
}

#[test]
fn when_the_queue_has_overflowed_everything_is_looked_at() {
    let (site, program) = serve("=== a.rhai\nfn handler(req) { \"a\" }\n=== lib/b.rhai\nfn handler(req) { \"b\" }\n");
    assert_eq!((program.get("/a").brief(), program.get("/lib/b").brief()), ("200 a".into(), "200 b".into()));
    program.suspend();
    for number in 0..overflow() {
        // Names that differ: equal events that follow each other are one.
        fs::write(site.file(&format!("noise{}", number % 2)), "noise").expect("written");
    }
    site.write("a.rhai", "fn handler(req) { \"a2\" }");
    site.write("lib/b.rhai", "fn handler(req) { \"b2\" }");
    program.resume();
    program.wait_for_reload(&["a.rhai", "b.rhai"]);
    assert_eq!((program.get("/a").brief(), program.get("/lib/b").brief()), ("200 a2".into(), "200 b2".into()));
    assert!(!program.log().contains("WARN"), "{}", program.log());
}

/// The time between two changes: so short that no quiet time comes between them, on a machine that keeps up.
const PAUSE: Duration = Duration::from_millis(1);

#[test]
fn a_thousand_writes_a_second_are_not_a_thousand_reloads() {
    let (site, program) = serve("=== a.rhai\nfn handler(req) { \"0\" }\n");
    let mut client = program.connect();
    assert_eq!(client.get("/a").brief(), "200 0");
    let start = Instant::now();
    let mut last = 0;
    while start.elapsed() < Duration::from_secs(4) {
        last += 1;
        site.write("a.rhai", format!("fn handler(req) {{ \"{last}\" }}"));
        fs::write(site.file("log.txt"), last.to_string()).expect("written");
        if last % 50 == 0 {
            assert_eq!(client.get("/a").status, 200);
        }
        std::thread::sleep(PAUSE);
    }
    let quiet_times = usize::try_from(start.elapsed().as_millis() / 20).expect("few");
    poll("the last write is served", || (client.get("/a").text() == last.to_string()).then_some(()));
    // At most one after each quiet time, and one for each look at everything.
    let reloads = program.reloads("a.rhai");
    assert!(reloads <= quiet_times + 8, "{reloads} reloads of {last} writes, {quiet_times} times to be quiet");
    assert!(!program.log().contains("ERROR") && !program.log().contains("WARN"), "{}", program.log());
}

#[test]
fn a_checkout_of_many_files_ends_with_what_was_checked_out() {
    let modules = 300;
    let version = |version: u32| {
        let imports = |number: u32| format!("import \"./m{}\" as next;\n", number + 1);
        (0..modules).map(move |number| {
            let (import, below) = match number + 1 < modules && number % 30 != 29 {
                true => (imports(number), "${next::here}"),
                false => (String::new(), "end"),
            };
            (
                format!("m{number}.rhai"),
                format!("{import}let here = `{version} {below}`;\nfn handler(req) {{ here }}\n"),
            )
        })
    };
    let site = Site::new("");
    let git = |arguments: &[&str]| {
        let identity = ["-c", "user.name=test", "-c", "user.email=test@localhost", "-c", "init.defaultBranch=main"];
        let done = Command::new("git").arg("-C").arg(site.path()).args(identity).args(arguments).output();
        done.is_ok_and(|done| done.status.success())
    };
    if !git(&["init", "-q"]) {
        skip("there is no git here");
        return;
    }
    for number in 1..=2 {
        version(number).for_each(|(name, text)| fs::write(site.file(&name), text).expect("written"));
        assert!(git(&["add", "-A"]) && git(&["commit", "-q", "-m", "all"]) && git(&["tag", &format!("v{number}")]));
    }
    assert!(git(&["checkout", "-q", "v1"]));
    let program = Program::serve(SAMOVAR, site.path());
    let first: Vec<_> = (0..modules).step_by(30).map(|number| format!("/m{number}")).collect();
    let expected = |version: &str| format!("200 {}end", format!("{version} ").repeat(30));
    for target in &first {
        assert_eq!(program.get(target).brief(), expected("1"));
    }
    for round in 0..6 {
        let next = if round % 2 == 0 { "2" } else { "1" };
        assert!(git(&["checkout", "-q", &format!("v{next}")]));
        for target in &first {
            poll("what was checked out is served", || (program.get(target).brief() == expected(next)).then_some(()));
        }
    }
    // Git removes a file before it writes it anew. An importer that is loaded in between on a busy machine is refused (R34),
    // until the file is there; nothing else is wrong on the way.
    let log = program.log();
    let wrong = |lines: &[&str]| lines[0].contains("ERROR") && !lines[1].starts_with("error: module `./m");
    let lines: Vec<_> = log.lines().collect();
    assert!(!lines.windows(2).any(wrong), "{log}");
}
