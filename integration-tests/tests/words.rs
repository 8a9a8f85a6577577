//! One word for each thing: the names of types, and NAMES.md.
//!
//! The sources are formatted, so a line tells what it declares: `pub struct Name`, `pub(crate) enum Name`.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

/// The crates that are published, by their folders.
const CRATES: [&str; 4] = ["importer-core", "script-runtime", "config-parser", "server"];

/// A type that other files can name.
#[derive(Debug)]
struct Type {
    name: String,
    /// Its file, with the folder of its crate.
    file: String,
    is_public: bool,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace").to_path_buf()
}

/// The sources of a crate without its tests, by their paths in the repository.
fn sources(folder: &str) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut todo = vec![root().join(folder).join("src")];
    while let Some(directory) = todo.pop() {
        for entry in std::fs::read_dir(&directory).expect("a directory") {
            let path = entry.expect("an entry").path();
            let name = path.file_name().and_then(|name| name.to_str()).expect("a name");
            match path.is_dir() {
                true if name == "tests" => {}
                true => todo.push(path),
                false if name.ends_with(".rs") && name != "tests.rs" => {
                    let text = std::fs::read_to_string(&path).expect("text");
                    let path = path.strip_prefix(root()).expect("below the root").to_string_lossy().into_owned();
                    found.insert(path, without_tests(&text));
                }
                false => {}
            }
        }
    }
    found
}

/// The text without the items that only tests and models have.
fn without_tests(text: &str) -> String {
    let mut kept = String::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let indent = &line[..line.len() - line.trim_start().len()];
        if !["#[cfg(test)]", "#[cfg(loom)]"].contains(&line.trim()) {
            kept.push_str(line);
            kept.push('\n');
            continue;
        }
        // To the end of the item: a line at the same depth that closes it, or the item's only line.
        let end = format!("{indent}}}");
        let is_end =
            |line: &str| line == end || line == format!("{end};") || (line.starts_with(indent) && line.ends_with(';'));
        let _ = lines.by_ref().find(|line| is_end(line));
    }
    kept
}

/// The name of the type that the line declares for other files, and whether for other crates, too.
fn declared(line: &str) -> Option<(&str, bool)> {
    let rest = line.trim_start().strip_prefix("pub")?;
    let (rest, is_public) = match rest.strip_prefix('(') {
        Some(rest) => (rest.split_once(')')?.1, false),
        None => (rest, true),
    };
    let mut words = rest.split(|c: char| !(c.is_alphanumeric() || c == '_')).filter(|word| !word.is_empty());
    let kind = words.find(|word| *word != "unsafe")?;
    let name = words.next()?;
    ["struct", "enum", "trait", "type", "union"].contains(&kind).then_some((name, is_public))
}

/// All types of a crate that other files can name. Public are those that a public module declares, or lets through.
fn types(folder: &str) -> Vec<Type> {
    let sources = sources(folder);
    let mut public = BTreeSet::new();
    collect_public(&format!("{folder}/src/lib.rs"), &sources, &mut public);
    let mut types = Vec::new();
    for (file, text) in &sources {
        for (name, is_public) in text.lines().filter_map(declared) {
            let is_public = is_public && public.contains(name);
            types.push(Type { name: name.to_owned(), file: file.clone(), is_public });
        }
    }
    types
}

/// The names that a public file offers, and the public modules that it declares.
fn collect_public(file: &str, sources: &BTreeMap<String, String>, public: &mut BTreeSet<String>) {
    let Some(text) = sources.get(file) else { return };
    let (parent, _) = file.rsplit_once('/').expect("a folder");
    let children = match file.rsplit_once('/').map(|(_, name)| name) {
        Some("lib.rs" | "mod.rs") => parent.to_owned(),
        _ => file.trim_end_matches(".rs").to_owned(),
    };
    public
        .extend(text.lines().filter_map(declared).filter(|(_, is_public)| *is_public).map(|(name, _)| name.to_owned()));
    for item in text.split("\npub use ").skip(1).filter_map(|rest| rest.split(';').next()) {
        // `a::{B, C as D}`: what it is called where it is used.
        for part in item.split(['{', ',', '}']) {
            let name = part.rsplit([':', ' ']).find(|word| !word.is_empty()).unwrap_or_default();
            public.insert(name.trim().to_owned());
        }
    }
    for module in text.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';')) {
        for child in [format!("{children}/{module}.rs"), format!("{children}/{module}/mod.rs")] {
            collect_public(&child, sources, public);
        }
    }
}

/// Names that types in more than one file have, with all files that declare one. One file may declare a type for each system.
fn shared<'a>(types: impl IntoIterator<Item = &'a Type>) -> BTreeMap<&'a str, BTreeSet<&'a str>> {
    let mut files: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for Type { name, file, .. } in types {
        files.entry(name).or_default().insert(file);
    }
    files.retain(|_, files| files.len() > 1);
    files
}

#[track_caller]
fn check_none(shared: &BTreeMap<&str, BTreeSet<&str>>) {
    assert!(shared.is_empty(), "one name for several types, of which all but one need another:\n{shared:#?}");
}

#[test]
fn public_types_of_two_crates_have_different_names() {
    let types: Vec<_> = CRATES.into_iter().flat_map(types).filter(|it| it.is_public).collect();
    assert!(types.len() > 100, "{}", types.len());
    check_none(&shared(&types));
}

#[test]
fn types_of_a_crate_that_other_files_see_have_different_names() {
    let all: Vec<_> = CRATES.into_iter().map(types).collect();
    let shared = all.iter().flat_map(shared).collect();
    check_none(&shared);
}

#[test]
fn what_is_declared_is_recognised() {
    for (line, expected) in [
        ("pub struct Name<'a> {", Some(("Name", true))),
        ("    pub(super) enum Name {", Some(("Name", false))),
        ("pub(in crate::link) type Name = u8;", Some(("Name", false))),
        ("pub unsafe trait Name: Sized {}", Some(("Name", true))),
        ("pub fn name() {}", None),
        ("struct Name;", None),
        ("pub use name::Name;", None),
        ("publish struct Name", None),
    ] {
        assert_eq!(declared(line), expected, "{line}");
    }
    let text = "a\n#[cfg(test)]\nmod tests;\nb\n#[cfg(test)]\nmod tests {\n    fn x() {\n    }\n}\nc\n";
    assert_eq!(without_tests(text), "a\nb\nc\n");
}

/// A row of NAMES.md: words that stand beside each other, and those that are not used for what they mean.
struct Row {
    words: Vec<String>,
    instead_of: Vec<String>,
}

fn rows() -> Vec<Row> {
    let text = std::fs::read_to_string(root().join("NAMES.md")).expect("text");
    let rows = text.lines().filter(|line| line.starts_with("| ")).skip(1);
    let row = |line: &str| {
        let cells: Vec<_> = line.trim_matches('|').split(" | ").map(str::trim).collect();
        // A word with an explanation in parentheses is one that means something else, and may.
        let words = |cell: &str| cell.split(", ").map(|word| word.trim().to_owned()).collect::<Vec<_>>();
        let [first, _, not] = cells.as_slice() else { panic!("three cells: {line}") };
        let not = words(&without_parentheses(not));
        Row { words: words(first), instead_of: not.into_iter().filter(|word| !word.is_empty()).collect() }
    };
    rows.map(row).collect()
}

/// `file, script (those are texts)` without what is explained: no word is left of `script`.
fn without_parentheses(cell: &str) -> String {
    let mut kept = Vec::new();
    let mut depth = 0;
    for part in cell.split_inclusive(", ") {
        let opened = part.matches('(').count();
        if depth == 0 && opened == 0 {
            kept.push(part.trim_end_matches(", "));
        }
        depth = (depth + opened).saturating_sub(part.matches(')').count());
    }
    kept.join(", ")
}

/// The words of a name: `ControlSocket`, `control_socket`.
fn parts(name: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    for letter in name.chars() {
        if (letter == '_' || letter.is_uppercase()) && parts.last().is_some_and(|part| !part.is_empty()) {
            parts.push(String::new());
        }
        if letter != '_' {
            parts.last_mut().expect("one").extend(letter.to_lowercase());
        }
    }
    parts
}

#[test]
fn every_word_of_the_list_is_one_that_the_code_uses() {
    let texts: Vec<_> = CRATES.into_iter().flat_map(|folder| sources(folder).into_values()).collect();
    let is_name = |c: char| c.is_alphanumeric() || c == '_';
    let code = texts.iter().flat_map(|text| text.lines()).map(|line| line.split("//").next().unwrap_or_default());
    let names: BTreeSet<_> = code.flat_map(|line| line.split(|c| !is_name(c))).map(parts).collect();
    let rows = rows();
    assert!(rows.len() > 50, "{}", rows.len());
    let mut unused = Vec::new();
    for word in rows.iter().flat_map(|row| &row.words) {
        let wanted: Vec<_> = word.split(' ').collect();
        // `retain` is in `Retained`.
        let fits = |parts: &[String]| {
            parts.iter().zip(&wanted).all(|(part, word)| part.starts_with(word.trim_end_matches('e')))
        };
        if !names.iter().any(|parts| parts.windows(wanted.len()).any(fits)) {
            unused.push(word);
        }
    }
    assert!(unused.is_empty(), "no name in the code has them: {unused:?}");
}

#[test]
fn no_type_is_named_by_a_word_that_the_list_rules_out() {
    let rows = rows();
    let meant: BTreeSet<_> = rows.iter().flat_map(|row| row.words.iter().map(String::as_str)).collect();
    let types: Vec<_> = CRATES.into_iter().flat_map(types).collect();
    let mut wrong = Vec::new();
    for row in &rows {
        for word in row.instead_of.iter().filter(|word| !meant.contains(word.as_str())) {
            let is_one = |it: &&Type| parts(&it.name).join(" ").split(' ').next_back() == Some(word);
            wrong.extend(
                types
                    .iter()
                    .filter(is_one)
                    .map(|it| format!("{} ({}): {} is the word", it.name, it.file, row.words.join(", "))),
            );
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// The importer and scripts know of no configuration: what a host could change is data, and each host words it.
#[test]
fn crates_below_the_server_name_no_directive() {
    let directives = std::fs::read_to_string(root().join("server/src/settings/directives.rs")).expect("the directives");
    let directives: BTreeSet<_> = directives
        .split('"')
        .filter(|word| word.starts_with("Rhai") && word.chars().all(char::is_alphanumeric))
        .collect();
    assert!(directives.contains("RhaiLimit"), "{directives:?}");
    let mut named = Vec::new();
    for folder in ["importer-core", "script-runtime"] {
        // The reference of scripts is for people who have the server.
        for (file, text) in sources(folder).into_iter().filter(|(file, _)| !file.contains("/reference/")) {
            let words = text.split(|letter: char| !letter.is_alphanumeric());
            named.extend(words.filter(|word| directives.contains(word)).map(|word| format!("{file}: {word}")));
        }
    }
    assert!(named.is_empty(), "{named:#?}");
}

#[test]
fn the_crates_suggest_names_by_one_rule() {
    let rules = ["importer-core", "config-parser"].map(|folder| {
        let file = root().join(folder).join("src/suggest.rs");
        let text = std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        // The one is used by other crates as well.
        text.replace("pub(crate) fn", "pub fn")
    });
    assert!(rules[0] == rules[1], "the two files `suggest.rs` differ");
}
