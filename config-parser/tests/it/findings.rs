//! Every kind of mistake is a file in `tests/findings`, and what is said about it the text beside it.
//!
//! A line `#--- name` in a fixture begins another file of that name. `UPDATE=1 cargo test -p samovar-config` writes the
//! texts anew; read the difference before you keep it.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use samovar_config::{FindingCode, MemoryFiles, ReadLimits, Report};

use crate::site::reader;

/// Small, so that the fixtures that reach them are.
const LIMITS: ReadLimits = ReadLimits {
    line_bytes: 200,
    file_bytes: 4000,
    total_bytes: 20_000,
    files: 10,
    include_depth: 3,
    section_depth: 2,
};

fn fixtures() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/findings");
    let entries = fs::read_dir(folder).expect("the folder of fixtures").map(|entry| entry.expect("an entry").path());
    let mut fixtures: Vec<PathBuf> = entries.filter(|path| path.extension().is_some_and(|it| it == "conf")).collect();
    fixtures.sort();
    fixtures
}

fn report(fixture: &Path) -> Report {
    let name = fixture.file_name().and_then(|name| name.to_str()).expect("a name").to_owned();
    let bytes = fs::read(fixture).expect("a fixture");
    let mut parts = vec![(name.clone(), Vec::new())];
    for line in bytes.split_inclusive(|&byte| byte == b'\n') {
        match line.strip_prefix(b"#--- ") {
            Some(next) => parts.push((String::from_utf8_lossy(next).trim().to_owned(), Vec::new())),
            None => parts.last_mut().expect("a part").1.extend_from_slice(line),
        }
    }
    let files = parts.into_iter().fold(MemoryFiles::new(), |files, (name, text)| files.file(name, text));
    match reader().limits(LIMITS).read(&files, &name) {
        Ok(loaded) => loaded.report,
        Err(report) => *report,
    }
}

#[test]
fn mistakes_are_told_as_recorded() {
    let update = std::env::var_os("UPDATE").is_some();
    let mut different = Vec::new();
    for fixture in fixtures() {
        let (told, recorded) = (report(&fixture).render(false), fixture.with_extension("txt"));
        if update {
            fs::write(&recorded, &told).expect("a writable folder");
        } else if fs::read_to_string(&recorded).unwrap_or_default() != told {
            different.push(format!("{}:\n{told}", fixture.display()));
        }
    }
    assert!(different.is_empty(), "told differently (UPDATE=1 records it):\n{}", different.join("\n"));
}

#[test]
fn every_kind_of_mistake_has_a_fixture() {
    let found: Vec<Report> = fixtures().iter().map(|fixture| report(fixture)).collect();
    let told: BTreeSet<FindingCode> = found.iter().flat_map(Report::findings).map(|found| found.code).collect();
    let missing: Vec<_> = FindingCode::ALL.iter().filter(|code| !told.contains(code)).map(|code| code.slug()).collect();
    assert_eq!(missing, Vec::<&str>::new());
}

#[test]
fn ids_and_slugs_are_unique() {
    let ids: BTreeSet<_> = FindingCode::ALL.iter().map(|code| code.id()).collect();
    let slugs: BTreeSet<_> = FindingCode::ALL.iter().map(|code| code.slug()).collect();
    assert_eq!((ids.len(), slugs.len()), (FindingCode::ALL.len(), FindingCode::ALL.len()));
}

#[test]
fn findings_carry_lines_and_columns() {
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/findings/unknown-directive-in-include.conf");
    let finding = report(&fixture).records().next().expect("a finding");
    let place = finding.place.expect("a place");
    assert_eq!((finding.severity, finding.id, finding.slug), ("error", "E010", "unknown-directive"));
    assert_eq!((place.file.as_str(), place.line, place.column, place.end_column), ("deep.conf", 2, 5, 13));
    let chain: Vec<_> = finding.included_from.iter().map(|place| format!("{}:{}", place.file, place.line)).collect();
    assert_eq!(chain, ["hosts.conf:1", "unknown-directive-in-include.conf:2"]);
}
