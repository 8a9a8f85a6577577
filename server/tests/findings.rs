//! Every kind of finding that only the files of a site can tell: a site in `tests/findings`, and what is said about it in the
//! text beside it.
//!
//! `UPDATE=1 cargo test -p samovar --test findings` writes the texts anew; read the difference before you keep it.

use std::{collections::BTreeSet, fs, path::PathBuf};

use samovar_integration_tests::Site;

fn sites() -> Vec<PathBuf> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/findings");
    let entries = fs::read_dir(folder).expect("the folder of sites").map(|entry| entry.expect("an entry").path());
    let mut sites: Vec<_> = entries.filter(|path| path.extension().is_some_and(|it| it == "site")).collect();
    sites.sort();
    sites
}

/// What is said, with `{ROOT}` for the site's directory, and the names of what was found.
fn check(site: &PathBuf) -> (String, BTreeSet<String>) {
    let site = Site::new(&fs::read_to_string(site).expect("a site"));
    let report = samovar::program::check(site.path(), &[]).expect("it can be read");
    let names = report.records().map(|finding| finding.slug.to_owned()).collect();
    (report.render(false).replace(&*site.path().to_string_lossy(), "{ROOT}"), names)
}

#[test]
fn sites_are_checked_as_recorded() {
    let update = std::env::var_os("UPDATE").is_some();
    let mut different = Vec::new();
    for site in sites() {
        let (said, names) = check(&site);
        let name = site.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        if names != BTreeSet::from([name]) {
            different.push(format!("{} has findings of other kinds:\n{said}", site.display()));
        }
        let recorded = site.with_extension("txt");
        if update {
            fs::write(&recorded, &said).expect("a writable folder");
        } else if fs::read_to_string(&recorded).unwrap_or_default() != said {
            different.push(format!("{}:\n{said}", site.display()));
        }
    }
    assert!(different.is_empty(), "checked differently (UPDATE=1 records it):\n{}", different.join("\n"));
}

#[test]
fn every_kind_has_a_site() {
    let guide = samovar::program::guide();
    let own = guide.lines().filter_map(|line| line.strip_prefix("### E1").or_else(|| line.strip_prefix("### W1")));
    let named: BTreeSet<_> = sites().iter().filter_map(|site| Some(site.file_stem()?.to_str()?.to_owned())).collect();
    for name in own.filter_map(|line| line.split_once(' ').map(|(_, name)| name)) {
        assert!(named.contains(name), "{name} has no site");
    }
}
