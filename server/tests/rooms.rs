//! The folders of the crate use only those that stand below them on its first page.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// The rows of the drawing in `lib.rs`, from the top: each with the modules that it names.
fn drawn() -> Vec<Vec<String>> {
    let page = fs::read_to_string(source().join("lib.rs")).expect("the first page");
    let drawing = page.split("```text").nth(1).and_then(|rest| rest.split("```").next()).expect("a drawing");
    let is_module = |word: &str| word.ends_with('/') || word.ends_with(".rs");
    let modules = |row: &str| {
        let words = row.trim_start_matches("//!").split([' ', ',']).filter(|word| !word.is_empty());
        let names = words.take_while(|word| is_module(word));
        names.map(|name| name.trim_end_matches('/').trim_end_matches(".rs").to_owned()).collect::<Vec<_>>()
    };
    drawing.lines().map(modules).filter(|row| !row.is_empty()).collect()
}

/// The modules of the crate that a text names, outside of its tests and comments.
fn used(text: &str) -> BTreeSet<String> {
    let code = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
    let code: String = code.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
    let mut found = BTreeSet::new();
    for rest in code.split("crate::").skip(1) {
        let Some(tree) = rest.strip_prefix('{') else {
            found.insert(word(rest));
            continue;
        };
        let (mut depth, mut is_first) = (0, true);
        for (at, letter) in tree.char_indices() {
            match letter {
                '{' => depth += 1,
                '}' if depth == 0 => break,
                '}' => depth -= 1,
                ',' if depth == 0 => is_first = true,
                _ if is_first && letter.is_alphabetic() => {
                    found.insert(word(&tree[at..]));
                    is_first = false;
                }
                _ => {}
            }
        }
    }
    found
}

fn word(text: &str) -> String {
    text.chars().take_while(|letter| letter.is_alphanumeric() || *letter == '_').collect()
}

/// The texts of a module: its file, or the files of its folder.
fn texts(module: &str) -> Vec<(PathBuf, String)> {
    let folder = source().join(module);
    let files = match folder.read_dir() {
        Ok(entries) => entries.map(|entry| entry.expect("an entry").path()).collect(),
        Err(_) => vec![folder.with_extension("rs")],
    };
    files.into_iter().map(|file| (file.clone(), fs::read_to_string(&file).expect("text"))).collect()
}

#[test]
fn each_room_uses_only_those_below_it() {
    let rows = drawn();
    let all: BTreeSet<_> = rows.iter().flatten().cloned().collect();
    assert!(all.len() >= 13, "{all:?}");
    let mut uses = 0;
    for (at, row) in rows.iter().enumerate() {
        let mut allowed: BTreeSet<_> = rows[at + 1..].iter().flatten().collect();
        // What stands in the last row is used by all, and within the row.
        allowed.extend(row.iter().filter(|_| at + 1 == rows.len() || row.len() == 1));
        for (file, text) in row.iter().flat_map(|module| texts(module)) {
            for used in used(&text) {
                uses += 1;
                assert!(all.contains(&used), "{}: `{used}` is not drawn", file.display());
                assert!(allowed.contains(&used), "{}: `{used}` stands above it, or beside it", file.display());
            }
        }
    }
    assert!(uses > 50, "{uses}");
}

#[test]
fn every_module_of_the_crate_is_drawn() {
    let all: BTreeSet<_> = drawn().into_iter().flatten().collect();
    let page = fs::read_to_string(source().join("lib.rs")).expect("the first page");
    let declared =
        page.lines().filter_map(|line| line.trim_start_matches("pub ").strip_prefix("mod ")?.strip_suffix(';'));
    let missing: Vec<_> = declared.filter(|module| !all.contains(*module)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn uses_are_recognised() {
    let text = "use crate::{a::{b, c}, d, e::f};\n// crate::x\nfn f() { crate::g::h() }\n#[cfg(test)]\nmod tests { use crate::z; }";
    assert_eq!(used(text), ["a", "d", "e", "g"].map(str::to_owned).into());
}
