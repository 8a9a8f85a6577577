//! The documents are true as far as a program can tell: what they name is there, what they show runs.

mod embedded;
mod migrated;
mod named;
mod shown;
mod walked;

use std::path::{Path, PathBuf};

/// A document, by its path in the repository.
struct Document {
    name: String,
    text: String,
}

/// The repository.
fn root() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    root.canonicalize().expect("the repository")
}

/// All files of the repository, by their paths in it, without what was built.
fn files() -> Vec<String> {
    let root = root();
    let mut found = Vec::new();
    let mut todo = vec![root.clone()];
    while let Some(directory) = todo.pop() {
        for entry in std::fs::read_dir(directory).expect("it can be read") {
            let path = entry.expect("an entry").path();
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            match path.is_dir() && !path.is_symlink() {
                true if name == "target" || name == ".git" => {}
                true => todo.push(path),
                false => found.push(path.strip_prefix(&root).expect("below it").to_string_lossy().into_owned()),
            }
        }
    }
    found.sort();
    found
}

/// What people read: the guide, and what stands at the root.
fn documents() -> Vec<Document> {
    let is_one = |name: &String| {
        name.ends_with(".md")
            && (!name.contains('/') || ["docs/", "benches/", "examples/"].iter().any(|at| name.starts_with(at)))
    };
    let read = |name: String| {
        let text = std::fs::read_to_string(root().join(&name)).expect("text");
        Document { name, text }
    };
    files().into_iter().filter(is_one).map(read).collect()
}

#[track_caller]
fn document(name: &str) -> Document {
    documents().into_iter().find(|document| document.name == name).unwrap_or_else(|| panic!("no {name}"))
}

impl Document {
    /// Its blocks, each with its language, the heading above it, and the comment that stands right below it, if there is one.
    fn blocks(&self) -> Vec<Block<'_>> {
        let mut blocks = Vec::new();
        let mut heading = "";
        let mut lines = self.text.lines().enumerate();
        while let Some((number, line)) = lines.next() {
            if line.starts_with('#') {
                heading = line.trim_start_matches('#').trim();
            }
            let Some(language) = line.strip_prefix("```") else { continue };
            let text: Vec<_> = lines.by_ref().map(|(_, line)| line).take_while(|line| *line != "```").collect();
            blocks.push(Block { language, heading, line: number + 1, text: text.join("\n") + "\n" });
        }
        blocks
    }

    /// Its text without blocks.
    fn prose(&self) -> String {
        let mut is_block = false;
        let prose = self.text.lines().filter(|line| {
            let is_edge = line.starts_with("```");
            is_block ^= is_edge;
            !is_block && !is_edge
        });
        prose.collect::<Vec<_>>().join("\n")
    }

    /// What stands between backticks, as it is written in the source: in tables a bar is escaped.
    fn code(&self) -> Vec<String> {
        let prose = self.prose();
        let mut found = Vec::new();
        let mut rest = &*prose;
        while let Some(at) = rest.find('`') {
            rest = &rest[at..];
            let fence = rest.len() - rest.trim_start_matches('`').len();
            let (fence, inner) = rest.split_at(fence);
            let Some(end) = inner.find(fence) else { break };
            found.push(inner[..end].trim().replace("\\|", "|").replace('\n', " "));
            rest = &inner[end + fence.len()..];
        }
        found
    }
}

struct Block<'a> {
    language: &'a str,
    heading: &'a str,
    line: usize,
    text: String,
}
