//! What is published can be found, understood and used by somebody who has the package alone.

use std::path::{Path, PathBuf};

/// The crates that are published, each by its folder and its name.
const PUBLISHED: [(&str, &str); 4] = [
    ("importer-core", "samovar-importer"),
    ("script-runtime", "samovar-rhai"),
    ("config-parser", "samovar-config"),
    ("server", "samovar"),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace").to_path_buf()
}

fn text(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The value of a key of the manifest's first section.
fn value<'a>(manifest: &'a str, key: &str) -> Option<&'a str> {
    let package = manifest.split("\n[").find(|section| section.contains("name = "))?;
    package.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(" = "))
}

#[test]
fn each_package_says_what_it_is_and_brings_its_licences() {
    for (folder, name) in PUBLISHED {
        let manifest = text(&format!("{folder}/Cargo.toml"));
        assert_eq!(value(&manifest, "name"), Some(&*format!("{name:?}")));
        for key in ["description", "keywords", "categories"] {
            assert!(value(&manifest, key).is_some_and(|value| value.len() > 10), "{folder}: {key}");
        }
        let keywords = value(&manifest, "keywords").expect("some").matches('"').count() / 2;
        assert!(keywords <= 5, "{folder}: a registry takes five keywords");
        assert_eq!(value(&manifest, "readme"), Some("\"README.md\""), "{folder}");
        assert!(manifest.contains("license.workspace = true"), "{folder}");
        assert_eq!(value(&manifest, "include"), Some("[\"/src\", \"/README.md\", \"/LICENSE-*\"]"), "{folder}");
        for licence in ["LICENSE-MIT", "LICENSE-APACHE"] {
            assert_eq!(text(&format!("{folder}/{licence}")), text(licence), "{folder}");
        }
    }
}

#[test]
fn each_readme_has_an_example_that_is_compiled_and_says_what_the_crate_does_not_do() {
    let workspace = text("Cargo.toml");
    let rust = workspace.split("rust-version = \"").nth(1).and_then(|rest| rest.split('"').next()).expect("a version");
    for (folder, name) in PUBLISHED {
        let readme = text(&format!("{folder}/README.md"));
        assert!(readme.starts_with(&format!("# {name}\n")), "{folder}");
        assert!(readme.contains("\n```rust\n"), "{folder}: an example");
        assert!(readme.contains("\n## What it does not do\n"), "{folder}");
        assert!(readme.contains(&format!("Rust {rust} or later")), "{folder}: {rust}");
        let library = text(&format!("{folder}/src/lib.rs"));
        let first = library.lines().next().unwrap_or_default();
        assert!(first.contains(&format!("`{folder}/`")) && first.contains(&format!("`{name}`")), "{folder}: {first}");
        assert!(library.contains("#[cfg(doctest)]\n#[doc = include_str!(\"../README.md\")]"), "{folder}: compiled");
    }
}

#[test]
fn what_is_internal_is_not_published() {
    let workspace = text("Cargo.toml");
    let members = workspace.split("members = [").nth(1).and_then(|rest| rest.split(']').next()).expect("members");
    for folder in members.split('"').skip(1).step_by(2) {
        let is_published = PUBLISHED.iter().any(|(published, _)| *published == folder);
        let manifest = text(&format!("{folder}/Cargo.toml"));
        assert_eq!(value(&manifest, "publish") == Some("false"), !is_published, "{folder}");
    }
}
