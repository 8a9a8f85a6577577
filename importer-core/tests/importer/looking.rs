//! The cost of comparing every stamp, as the tick does.

use std::{fs, sync::Arc, time::Instant};

use crate::toy::Toy;
use samovar_importer::{DiskTree, Hint, ImportOptions, Outcome, Registry, Scope};

const MODULES: usize = 100_000;
const IN_A_DIRECTORY: usize = 100;

/// `cargo test --release -p samovar-importer --test importer looking -- --ignored --nocapture`
#[test]
#[ignore = "a measurement, which takes its time"]
#[allow(clippy::print_stdout, reason = "what it measures is for people")]
fn cost_of_looking_at_every_stamp() {
    let site = tempfile::tempdir().expect("a directory");
    let registry = Registry::new("looking", Toy::default(), DiskTree::new([site.path()]));
    let scope = Arc::new(Scope::new("looking.conf:1").handler_root(site.path()));
    for number in 0..MODULES {
        let directory = format!("d{}", number / IN_A_DIRECTORY);
        if number % IN_A_DIRECTORY == 0 {
            fs::create_dir(site.path().join(&directory)).expect("made");
        }
        fs::write(site.path().join(format!("{directory}/m{number}.toy")), "version 1").expect("written");
        let name = format!("~/{directory}/m{number}");
        registry.pin(&scope).import(None, &name, &ImportOptions::default()).expect("loaded");
    }
    // The first look reads the files that were too young to be trusted when they were loaded.
    for look in 1..=5 {
        let started = Instant::now();
        assert!(matches!(registry.check(&Hint::Everything, false), Outcome::UpToDate));
        println!("look {look} at {MODULES} modules: {:?}", started.elapsed());
    }
    fs::write(site.path().join("d500/m50000.toy"), "version 2").expect("written");
    let started = Instant::now();
    assert!(matches!(registry.check(&Hint::Everything, false), Outcome::Published { .. }));
    println!("and one that finds a change: {:?}", started.elapsed());
}
