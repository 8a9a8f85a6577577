//! A process that is killed while it writes leaves a history that can be read.

use std::{
    io::{BufRead, BufReader},
    path::PathBuf,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use super::{Bounds, Disk, History, LONG, hash, problems, record};

const DIRECTORY: &str = "SAMOVAR_TEST_STATE";
/// So few that releases and texts are dropped continuously.
const BOUNDS: Bounds = Bounds { releases: 5, bytes: u64::MAX };

/// Not a test of its own: the test below starts and kills it. It records releases, and prints which are on the disk.
#[test]
#[ignore = "runs until it is killed"]
fn writes_until_it_is_killed() {
    let Some(directory) = std::env::var_os(DIRECTORY) else { return };
    let history = History::open(PathBuf::from(directory), BOUNDS);
    assert_eq!(problems(&history), [""; 0]);
    let end = Instant::now() + LONG;
    while Instant::now() < end {
        let number = history.next_number();
        let own = format!("text of {number}").repeat(1 + (number % 7) as usize * 300);
        record(&history, &[("/s/common", "the same in all"), ("/s/own", &own), ("/s/mod", &(number % 3).to_string())]);
        if number.is_multiple_of(2) {
            assert!(history.flush(LONG), "{:?}", problems(&history));
            println!("written {number}");
        }
    }
}

#[test]
fn l3_a_process_that_is_killed_leaves_a_history_that_can_be_read() {
    let rounds = std::env::var("SAMOVAR_KILLS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(12);
    let disk = Disk::new();
    let mut written_before = 0;
    for round in 0..rounds {
        let mut child = Command::new(std::env::current_exe().expect("this program"))
            .args(["--exact", "release::tests::killed::writes_until_it_is_killed", "--ignored", "--nocapture"])
            .env(DIRECTORY, disk.path())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a child");
        let mut lines = BufReader::new(child.stdout.take().expect("its output")).lines();
        let number_in = |line: &str| line.split_once("written ")?.1.parse::<u64>().ok();
        let mut next = || lines.by_ref().find_map(|line| number_in(&line.ok()?));
        // Not before it works, then at some moment of its work, a different one each time.
        let mut written = next().expect("the child has written a release");
        std::thread::sleep(Duration::from_micros(u64::from(std::process::id() % 97) * 31 + round * 7_919 % 20_000));
        child.kill().expect("the child is killed");
        child.wait().expect("the child has ended");
        while let Some(number) = next() {
            written = number;
        }

        let history = disk.open_with(BOUNDS);
        assert_eq!(problems(&history), [""; 0], "round {round}");
        // Releases beyond the bounds and leftover files are removed first, so that the releases stay while they are read.
        assert!(history.flush(LONG), "{:?}", problems(&history));
        let releases = history.releases();
        let newest = releases.last().expect("a release").number();
        assert!(newest >= written, "round {round}: {written} was on the disk, {newest} is the newest");
        assert!(newest > written_before, "round {round}: numbers go on");
        let numbers: Vec<_> = releases.iter().map(|release| release.number()).collect();
        assert!(numbers.windows(2).all(|pair| pair[0] + 1 == pair[1]), "round {round}: {numbers:?}");
        for (_, text) in releases.iter().flat_map(|release| release.entries()) {
            assert_eq!(hash(&history.text(*text).expect("a text")), *text, "round {round}");
        }
        let named: std::collections::BTreeSet<_> = history
            .releases()
            .iter()
            .flat_map(|release| release.entries().to_vec())
            .map(|(_, hash)| hash.to_string())
            .collect();
        assert_eq!(disk.names("texts").into_iter().collect::<std::collections::BTreeSet<_>>(), named, "round {round}");
        written_before = newest;
    }
}
