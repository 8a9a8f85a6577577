//! The configuration that Debian's apache2 package ships: all of it can be read, and what this program does not know is
//! said to be unknown, and nothing worse.

use std::fs;
use std::path::{Path, PathBuf};

use samovar_config::{FindingCode, MemoryFiles};

use crate::site::reader;

#[path = "../../fuzz/attempt.rs"]
mod attempt;

/// What a server has to know better than a parser: its own directives, and what stands in its environment.
const UNKNOWN: [FindingCode; 3] =
    [FindingCode::UNKNOWN_DIRECTIVE, FindingCode::UNKNOWN_SECTION, FindingCode::UNDEFINED_VARIABLE];
/// Directives that this program has as well, but with fewer liberties.
const OTHERWISE: [FindingCode; 3] = [FindingCode::BAD_ARGUMENT, FindingCode::EXTRA_ARGUMENT, FindingCode::BAD_ADDRESS];

fn below(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    let mut found: Vec<_> = entries.flat_map(|path| if path.is_dir() { below(&path) } else { vec![path] }).collect();
    found.sort();
    found
}

fn shipped() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/debian");
    let files = below(&folder).into_iter().filter(|path| path.extension().is_some_and(|it| it != "md"));
    let name = |path: &Path| path.strip_prefix(&folder).expect("a file in it").to_string_lossy().into_owned();
    files.map(|path| (name(&path), fs::read_to_string(&path).expect("a text"))).collect()
}

#[track_caller]
fn check(files: &MemoryFiles, file: &str) -> usize {
    let report = match reader().define("APACHE_LOG_DIR=/var/log/apache2").read(files, file) {
        Ok(loaded) => loaded.report,
        Err(report) => *report,
    };
    for found in report.findings() {
        let known = UNKNOWN.contains(&found.code) || OTHERWISE.contains(&found.code);
        assert!(known, "{file}: {:?}\n{}", found.code, report.render(false));
    }
    report.findings().iter().filter(|found| found.code == FindingCode::UNKNOWN_DIRECTIVE).count()
}

#[test]
fn each_file_by_itself_is_read_to_its_end() {
    let shipped = shipped();
    assert!(shipped.len() > 100, "some are missing");
    let alone = |name: &str| !matches!(name, "apache2.conf");
    let unknown: usize = shipped
        .iter()
        .filter(|(name, _)| alone(name))
        .map(|(name, text)| {
            check(
                &MemoryFiles::new().file(format!("/etc/apache2/{name}"), text.as_str()),
                &format!("/etc/apache2/{name}"),
            )
        })
        .sum();
    assert!(unknown > 300, "{unknown} directives are not known");
}

#[test]
fn all_of_it_together_is_read_with_everything_enabled() {
    let files = shipped().into_iter().fold(MemoryFiles::new(), |files, (name, text)| {
        files.file(format!("/etc/apache2/{}", name.replace("-available", "-enabled")), text)
    });
    assert!(check(&files, "/etc/apache2/apache2.conf") > 300);
}

#[test]
fn the_corpus_of_the_fuzzer_is_survived_whole_and_in_parts() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let fixtures =
        below(&folder.join("findings")).into_iter().filter(|path| path.extension().is_some_and(|it| it == "conf"));
    let corpus = below(&folder.join("debian")).into_iter().chain(fixtures);
    for file in corpus {
        let bytes = fs::read(&file).expect("a file");
        let parts = (1..8).map(|part| part * bytes.len() / 8);
        for cut in parts {
            attempt::attempt(&bytes[..cut]);
            attempt::attempt(&bytes[cut..]);
        }
        attempt::attempt(&bytes);
    }
}
