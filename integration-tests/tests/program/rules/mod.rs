//! The importer's rules, seen from outside: files are saved, requests are made, and what was run is read from the log.
//!
//! `docs/rules.md` says what each rule promises. Cases are odd on purpose; whatever is usual is in the other files here.

mod deciding;
mod files;
mod identity;
mod names;
mod reloading;
mod search;
mod seeing;
mod strict;
mod texts;
mod under_way;
mod view;

use std::sync::atomic::{AtomicUsize, Ordering};

use samovar_integration_tests::{Program, Response, Said, Site};
use serde_json::Value;

use crate::SAMOVAR;

/// A site whose changes are told one after the other, each settled before the next.
struct Story {
    site: Site,
    program: Program,
    /// How much of the log has been told.
    told: AtomicUsize,
    marks: AtomicUsize,
}

impl Story {
    /// Serves files in which `$SITE` stands for their directory.
    #[track_caller]
    fn of(files: &str) -> Self {
        Self::at(site(files))
    }

    /// Serves what [`site`] made.
    #[track_caller]
    fn at(site: Site) -> Self {
        let program = Program::serve(SAMOVAR, site.path());
        Self { site, program, told: AtomicUsize::new(0), marks: AtomicUsize::new(0) }
    }

    #[track_caller]
    fn get(&self, target: &str) -> Response {
        self.program.get(target)
    }

    /// Targets and what they answer, in this order; 200 unless it says otherwise.
    #[track_caller]
    fn check(&self, answers: &[(&str, &str)]) {
        for (target, expected) in answers {
            let answer = self.get(target).brief();
            assert_eq!(answer.strip_prefix("200 ").unwrap_or(&answer), *expected, "{target}\n{}", self.program.log());
        }
    }

    /// The answer is 500, and the log says these things of it in this order.
    #[track_caller]
    fn check_fails(&self, target: &str, told: &[&str]) {
        self.told();
        let answer = self.get(target);
        assert_eq!(answer.status, 500, "{target} {}", answer.brief());
        check_in_order(&self.told(), told);
    }

    fn ask(&self, arguments: &[&str]) -> Said {
        let (command, more) = arguments.split_first().expect("a command");
        let site = self.site.path().to_string_lossy();
        self.program.ask([*command, &*site].into_iter().chain(more.iter().copied()))
    }

    #[track_caller]
    fn ask_json(&self, command: &str) -> Value {
        let said = self.ask(&[command, "--json"]);
        serde_json::from_str(&said.stdout).unwrap_or_else(|error| panic!("{error}: {said:?}"))
    }

    /// Waits until whatever was saved is served. Says what the scripts printed meanwhile, one word for each line.
    #[track_caller]
    fn settle(&self) -> String {
        let said = self.ask(&["reload"]);
        assert_eq!(said.code, Some(0), "{said:?}");
        self.printed()
    }

    /// As [`settle`](Self::settle), where the change is refused: gives what is wrong.
    #[track_caller]
    fn settle_refused(&self) -> String {
        let said = self.ask(&["reload"]);
        assert_eq!(said.code, Some(1), "{said:?}");
        said.stderr
    }

    /// Saves a file, and settles.
    #[track_caller]
    fn save(&self, name: &str, text: &str) -> String {
        self.site.write(name, text);
        self.settle()
    }

    /// The lines of the log since the last time.
    #[track_caller]
    fn told(&self) -> String {
        // The log keeps the order of what happens: what happened before this request is told before its line.
        let mark = self.marks.fetch_add(1, Ordering::Relaxed);
        assert_eq!(self.get(&format!("/mark?{mark}")).status, 200, "{}", self.program.log());
        self.program.wait_for(&format!("{MARK}{mark}."));
        let log = self.program.log();
        let lines = log.lines().skip(self.told.swap(log.lines().count(), Ordering::Relaxed));
        lines.filter(|line| !line.contains("mark")).map(|line| format!("{line}\n")).collect()
    }

    /// What scripts have printed since the last time, as one line: they print words that begin with `+`.
    #[track_caller]
    fn printed(&self) -> String {
        let told = self.told();
        let words = told.lines().filter_map(|line| line.split_once(" INFO +"));
        words.map(|(_, word)| word).collect::<Vec<_>>().join(" ")
    }

    /// The newest generation of the interpreter `main`.
    #[track_caller]
    fn generation(&self) -> u64 {
        self.ask_json("status")["interpreters"][0]["generation"].as_u64().expect("a number")
    }
}

/// What [`Story::told`] finds its place by. It has an interpreter of its own, so that nothing is seen of it in `main`.
const MARK: &str = "mark number ";
const MARKS: &str = "fn handler(req) { print(`mark number ${req.query}.`) }";
const MARKS_APART: &str = "\n<Location /mark>\nRhaiInterpreter mark\n</Location>\n";

/// The files of a story, in which `$SITE` stands for their directory.
#[track_caller]
fn site(files: &str) -> Site {
    let site = Site::new(files);
    let root = site.path().to_string_lossy().into_owned();
    let names = files.split("=== ").skip(1).filter_map(|file| Some(file.split_once('\n')?.0.trim()));
    for name in names.filter(|_| files.contains("$SITE")) {
        let text = std::fs::read_to_string(site.file(name)).expect("a text");
        site.write(name, text.replace("$SITE", &root));
    }
    let configuration = std::fs::read_to_string(site.file("samovar.conf")).unwrap_or("SetHandler rhai\n".into());
    let root = configuration.lines().find_map(|line| line.strip_prefix("DocumentRoot ")).unwrap_or(".");
    site.write("samovar.conf", configuration.clone() + MARKS_APART);
    if root != "current" {
        site.write(&format!("{root}/mark.rhai"), MARKS);
    }
    site
}

#[track_caller]
fn check_in_order(text: &str, expected: &[&str]) {
    let mut rest = text;
    for part in expected {
        let at = rest.find(part).unwrap_or_else(|| panic!("`{part}` is missing, or not in this order:\n{text}"));
        rest = &rest[at + part.len()..];
    }
}
