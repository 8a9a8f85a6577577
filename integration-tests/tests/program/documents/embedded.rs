//! The programs that the documents show are those of `examples/`, which are compiled and have tests of their own:
//! `UPDATE=1 cargo test -p samovar --test program embedded` copies them.

use std::fmt::Write as _;

use super::{document, root};

const FENCE: &str = "```rust\n";

/// What of an example is shown: all of it but for the comment and the attributes at its beginning, and its tests.
fn shown(program: &str) -> String {
    let is_head = |line: &&str| line.starts_with("//!") || line.starts_with("#![") || line.is_empty();
    let program = program.split("\n#[cfg(test)]").next().unwrap_or_default();
    program.lines().skip_while(is_head).map(|line| format!("{line}\n")).collect()
}

#[test]
fn every_program_that_is_shown_is_the_text_of_an_example() {
    let manifest = std::fs::read_to_string(root().join("server/Cargo.toml")).expect("text");
    let mut programs = 0;
    for name in ["README.md", "docs/embedding.md"] {
        let text = document(name).text;
        let mut parts = text.split(FENCE);
        let mut expected = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            // The comment above a block names its example.
            let example = expected.trim_end().rsplit("<!-- ").next().and_then(|rest| rest.strip_suffix(" -->"));
            let example = example.unwrap_or_else(|| panic!("{name}: which example is it? {part:.80}"));
            let program = std::fs::read_to_string(root().join(example)).expect("text");
            assert!(manifest.contains(&format!("path = \"../{example}\"")), "{example} is compiled");
            assert!(program.contains("#[test]") || program.contains("#[tokio::test]"), "{example} has a test");
            let (_, after) = part.split_once("```\n").expect("a block ends");
            let _ = write!(expected, "{FENCE}{}```\n{after}", shown(&program));
            programs += 1;
        }
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(root().join(name), &expected).expect("written");
        }
        assert_eq!(std::fs::read_to_string(root().join(name)).expect("text"), expected, "{name}");
    }
    assert!(programs >= 6, "{programs}");
}
