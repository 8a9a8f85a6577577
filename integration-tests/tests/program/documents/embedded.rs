//! The programs that the documents show are those of `examples/`, which are compiled and have tests of their own.

use super::{Document, document, root};

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
        let Document { text, .. } = document(name);
        for (before, block) in text.match_indices("```rust\n").map(|(at, _)| text.split_at(at)) {
            let example = before.trim_end().rsplit("<!-- ").next().and_then(|rest| rest.strip_suffix(" -->"));
            let example = example.unwrap_or_else(|| panic!("{name}: which example is it? {block:.80}"));
            let program = std::fs::read_to_string(root().join(example)).expect("text");
            let block = block.trim_start_matches("```rust\n").split("```").next().unwrap_or_default();
            assert_eq!(block, shown(&program), "{name}: {example}");
            assert!(manifest.contains(&format!("path = \"../{example}\"")), "{example} is compiled");
            assert!(program.contains("#[test]") || program.contains("#[tokio::test]"), "{example} has a test");
            programs += 1;
        }
    }
    assert!(programs >= 6, "{programs}");
}
