//! `docs/limitations.md` names the tests that execute each statement, or says why there is none.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace").to_path_buf()
}

/// The names of all tests of the repository.
fn tests() -> BTreeSet<String> {
    let mut tests = BTreeSet::new();
    let mut todo = vec![root()];
    while let Some(directory) = todo.pop() {
        for path in std::fs::read_dir(&directory).expect("a directory").map(|entry| entry.expect("an entry").path()) {
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            match path.is_dir() {
                true if name == "target" || name.starts_with('.') => {}
                true => todo.push(path),
                false if name.ends_with(".rs") => collect(&std::fs::read_to_string(&path).expect("text"), &mut tests),
                false => {}
            }
        }
    }
    tests
}

/// The functions of a file that are marked as tests.
fn collect(text: &str, tests: &mut BTreeSet<String>) {
    for (_, after) in text.split("#[test]").skip(1).map(|rest| rest.split_once("fn ").unwrap_or_default()) {
        tests.insert(after.split('(').next().unwrap_or_default().to_owned());
    }
}

#[test]
fn each_statement_names_its_tests_or_says_why_it_has_none() {
    let page = std::fs::read_to_string(root().join("docs/limitations.md")).expect("text");
    let tests = tests();
    assert!(tests.len() > 500, "{}", tests.len());
    let mut wrong = Vec::new();
    let mut statements = 0;
    for statement in page.split("\n- ").skip(1) {
        statements += 1;
        let statement = statement.split("\n\n").next().unwrap_or_default();
        let shown = statement.lines().next().unwrap_or_default();
        let named = statement.split_once("<!-- ").and_then(|(_, rest)| rest.split_once(" -->")).map(|(names, _)| names);
        match named {
            Some(names) => {
                let missing = names.split(",").map(str::trim).filter(|name| !tests.contains(*name));
                wrong.extend(missing.map(|name| format!("there is no test `{name}`: {shown}")));
            }
            None if statement.contains("*Not tested: ") => {}
            None => wrong.push(format!("neither a test nor a reason: {shown}")),
        }
    }
    assert!(statements > 40, "{statements}");
    assert!(wrong.is_empty(), "{wrong:#?}");
}
