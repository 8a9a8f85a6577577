//! What the documents name: files, items of the program, flags of its commands, directives, functions of scripts.

use std::collections::{BTreeMap, BTreeSet};

use super::{Document, document, documents, files, root};
use crate::SAMOVAR;

/// Everything at once: whoever renames something wants to see all that is to be changed.
#[track_caller]
fn check_none(what: &str, wrong: &[String]) {
    assert!(wrong.is_empty(), "{what}:\n  {}", wrong.join("\n  "));
}

/// A heading as GitHub makes an anchor of it.
fn anchor(heading: &str) -> String {
    let kept = heading.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.collect::<String>().to_lowercase().replace(' ', "-")
}

#[test]
fn every_link_leads_somewhere() {
    let mut wrong = Vec::new();
    let mut links = 0;
    for Document { name, text } in documents() {
        let directory = name.rsplit_once('/').map_or("", |(directory, _)| directory);
        for target in text.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(target, _)| target) {
            if target.starts_with("http") || target.contains(' ') {
                continue;
            }
            links += 1;
            let (file, heading) = target.split_once('#').unwrap_or((target, ""));
            let file = if file.is_empty() { root().join(&name) } else { root().join(directory).join(file) };
            let headings = || {
                let text = std::fs::read_to_string(&file).unwrap_or_default();
                let headings = text
                    .lines()
                    .filter(|line| line.starts_with('#'))
                    .map(|line| anchor(line.trim_start_matches('#').trim()));
                headings.collect::<Vec<_>>()
            };
            if !file.exists() || !(heading.is_empty() || headings().iter().any(|it| it == heading)) {
                wrong.push(format!("{name}: {target}"));
            }
        }
    }
    assert!(links > 100, "{links}");
    check_none("links that lead nowhere", &wrong);
}

/// The book has every page of the guide, and no other.
#[test]
fn the_summary_lists_every_page() {
    let summary = document("docs/SUMMARY.md").text;
    let listed: BTreeSet<_> = summary.split("](").skip(1).filter_map(|rest| rest.split(')').next()).collect();
    let all = documents();
    let pages: BTreeSet<_> =
        all.iter().filter_map(|page| page.name.strip_prefix("docs/")).filter(|page| *page != "SUMMARY.md").collect();
    assert_eq!(listed, pages);
}

/// Is it a path in the repository, or the end of one? `src` may be left out.
fn is_file(files: &[String], named: &str) -> bool {
    let named = named.trim_end_matches('/');
    let fits = |path: &str| path == named || path.strip_suffix(named).is_some_and(|before| before.ends_with('/'));
    let directories = |path: &str| path.match_indices('/').map(|(at, _)| path[..at].to_owned()).collect::<Vec<_>>();
    files.iter().any(|path| {
        let short = path.replace("/src/", "/");
        [path, &short].into_iter().any(|path| fits(path) || directories(path).iter().any(|directory| fits(directory)))
    })
}

#[test]
fn every_file_that_is_named_is_there() {
    let files = files();
    let ends = [".rs", ".toml", ".md", ".sh"];
    let is_path = |token: &str| {
        let is_word = token.chars().all(|c| c.is_ascii_alphanumeric() || "/._-".contains(c));
        let is_ours =
            ends.iter().any(|end| token.ends_with(end)) || token.starts_with("examples/") || token.starts_with("docs/");
        // `srv/app.toml` of somebody else begins with a `/`.
        is_word && is_ours && !token.starts_with(['/', '.'])
    };
    let mut wrong = Vec::new();
    let mut paths = 0;
    for document in documents() {
        let diagrams = document.blocks().into_iter().filter(|block| block.language.is_empty()).map(|block| block.text);
        let tokens = document.code().into_iter().chain(diagrams);
        for token in tokens.flat_map(|text| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>()) {
            let token = token.trim_matches(['(', ')', ',', ';', '"']);
            if is_path(token) {
                paths += 1;
                if !is_file(&files, token) {
                    wrong.push(format!("{}: {token}", document.name));
                }
            }
        }
    }
    assert!(paths > 40, "{paths}");
    check_none("files that are not there", &wrong);
    let rooms = document("ARCHITECTURE.md");
    let crates = rooms
        .text
        .lines()
        .skip_while(|line| !line.starts_with("| crate |"))
        .skip(2)
        .take_while(|line| line.starts_with('|'));
    for line in crates {
        let room = line.split('`').nth(1).expect("a directory");
        assert!(root().join(room).join("Cargo.toml").exists(), "{room}");
    }
}

/// Names that the program defines, by the crate that does.
struct Defined {
    /// The names in each file, with those of variants and fields.
    files: Vec<BTreeSet<String>>,
    sources: String,
}

impl Defined {
    fn new() -> Self {
        let is_source =
            |name: &&String| name.ends_with(".rs") && (name.contains("/src/") || name.starts_with("benches/"));
        let texts: Vec<_> = files()
            .iter()
            .filter(is_source)
            .map(|name| std::fs::read_to_string(root().join(name)).expect("text"))
            .collect();
        Self { files: texts.iter().map(|text| definitions(text)).collect(), sources: texts.concat() }
    }

    fn has(&self, name: &str) -> bool {
        self.files.iter().any(|names| names.contains(name))
    }

    /// Does a file that speaks of the type define the other name?
    fn has_in(&self, kind: &str, name: &str) -> bool {
        self.has(kind) && self.files.iter().any(|names| names.contains(kind) && names.contains(name))
    }

    /// Is it written as a text, as the names are by which scripts know what is registered?
    fn registers(&self, name: &str) -> bool {
        self.sources.contains(&format!("\"{name}\""))
    }
}

fn definitions(text: &str) -> BTreeSet<String> {
    const BEFORE: [&str; 9] = ["fn", "struct", "enum", "trait", "type", "const", "static", "mod", "impl"];
    let mut names = BTreeSet::new();
    for line in text.lines().map(str::trim).filter(|line| !line.starts_with("//")) {
        let words: Vec<_> =
            line.split(|c: char| !(c.is_alphanumeric() || c == '_')).filter(|word| !word.is_empty()).collect();
        names.extend(words.windows(2).filter(|pair| BEFORE.contains(&pair[0])).map(|pair| pair[1].to_owned()));
        // `impl<L: Loader> Registry<L>`, `impl Loader for Scripts`.
        if line.starts_with("impl") {
            names.extend(words.iter().map(|&word| word.to_owned()));
        }
        // A variant, or a field.
        names.extend(words.first().filter(|_| line.ends_with([',', '{'])).map(|&word| word.to_owned()));
        names.extend(
            words.get(1).filter(|_| line.starts_with("pub") && line.ends_with(',')).map(|&word| word.to_owned()),
        );
    }
    names
}

/// What belongs to Rhai and to tokio, and whoever asks in an example.
const OF_OTHERS: &[&str] = &[
    "Engine::call_fn",
    "GlobalRuntimeState::tag",
    "call_fn",
    "block_in_place",
    "spawn_blocking",
    "tower_http",
    "Ada",
    "Send",
    "Sync",
];

fn is_type(name: &str) -> bool {
    let mut letters = name.chars();
    letters.next().is_some_and(|first| first.is_ascii_uppercase())
        && name.chars().any(|c| c.is_ascii_lowercase())
        && name.chars().all(|c| c.is_ascii_alphanumeric())
}

/// The words of the diagrams and of the code in the text.
fn names(document: &Document) -> BTreeSet<String> {
    let diagrams = document.blocks().into_iter().filter(|block| block.language.is_empty()).map(|block| block.text);
    let texts = document.code().into_iter().chain(diagrams);
    let words = texts.flat_map(|text| {
        let is_part = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
        text.split(|c: char| !is_part(c)).map(|word| word.trim_matches(':').to_owned()).collect::<Vec<_>>()
    });
    words.collect()
}

#[test]
fn every_item_that_the_architecture_names_is_there() {
    let defined = Defined::new();
    let mut wrong = Vec::new();
    let mut items = 0;
    for name in ["ARCHITECTURE.md", "benches/README.md", "README.md", "SECURITY.md", "NAMES.md", "docs/embedding.md"] {
        let document = document(name);
        for item in names(&document).iter().filter(|item| !OF_OTHERS.contains(&item.as_str())) {
            let is_there = match item.split_once("::") {
                Some((kind, member)) if is_type(kind) => defined.has_in(kind, member),
                Some((_, member)) if is_type(member) => defined.has(member),
                None if item.contains('_') && !item.contains("__") && !item.starts_with("SAMOVAR_") => {
                    defined.has(item) || defined.registers(item)
                }
                None if is_type(item) => defined.has(item) || is_directive(item) || is_word(&document, item),
                _ => continue,
            };
            items += 1;
            if !is_there {
                wrong.push(format!("{name}: {item}"));
            }
        }
    }
    assert!(items > 15, "{items}");
    check_none("items that are not there", &wrong);
}

/// The rows of the tables under "the way of ..": a step, and the files that define it.
#[test]
fn every_step_of_the_corridors_is_where_the_architecture_says() {
    let document = document("ARCHITECTURE.md");
    let rows = document.text.lines().filter_map(|line| {
        let cells: Vec<_> = line.strip_prefix("| `")?.split('`').collect();
        let files: Vec<_> = cells.iter().skip(2).step_by(2).copied().collect();
        let is_step = cells.get(1).is_some_and(|between| between.contains(" | "));
        (is_step && !files.is_empty() && files.iter().all(|file| file.ends_with(".rs"))).then(|| (cells[0], files))
    });
    let rows: Vec<_> = rows.collect();
    assert!(rows.len() >= 14, "{rows:?}");
    let mut wrong = Vec::new();
    for (step, files) in rows {
        let texts = files.iter().map(|file| std::fs::read_to_string(root().join(file)).unwrap_or_default());
        let defined = definitions(&texts.collect::<Vec<_>>().join("\n"));
        if !step.split("::").all(|name| defined.contains(name)) {
            wrong.push(format!("{step} in {}", files.join(", ")));
        }
    }
    check_none("steps that are elsewhere", &wrong);
}

/// The rooms use each other as the arrows say, and in no other way.
#[test]
fn the_arrows_are_those_of_the_manifests() {
    let rooms = [
        ("importer-core", "samovar-importer"),
        ("script-runtime", "samovar-rhai"),
        ("config-parser", "samovar-config"),
        ("server", "samovar"),
    ];
    let text = document("ARCHITECTURE.md").text;
    for (room, _) in rooms {
        let manifest = std::fs::read_to_string(root().join(room).join("Cargo.toml")).expect("text");
        let dependencies =
            manifest.split("[dependencies]").nth(1).and_then(|rest| rest.split("\n[").next()).expect("some");
        let uses = |package: &str| dependencies.lines().any(|line| line.split(['.', ' ', '=']).next() == Some(package));
        let used: BTreeSet<_> = rooms.iter().filter(|(_, package)| uses(package)).map(|(other, _)| *other).collect();
        let arrow = text.lines().find_map(|line| line.strip_prefix(&format!("- `{room}` → "))).unwrap_or_default();
        let drawn: BTreeSet<_> = arrow.split('`').skip(1).step_by(2).collect();
        assert_eq!(used, drawn, "{room}");
    }
}

fn is_directive(name: &str) -> bool {
    let guide = samovar::program::guide();
    guide.contains(&format!("\n### {name}\n")) || guide.contains(&format!("`<{name}"))
}

/// Parts of headers (`Content-Length`), values (`On`), and what stands in a command for Rust's tools are no items.
fn is_word(document: &Document, name: &str) -> bool {
    let around = |text: &str| {
        text.match_indices(name).all(|(at, _)| {
            let (before, after) = (text[..at].chars().next_back(), text[at + name.len()..].chars().next());
            [before, after].contains(&Some('-')) || ["On", "Off"].contains(&name)
        })
    };
    document.code().iter().filter(|code| code.contains(name)).all(|code| around(code))
}

#[test]
fn every_flag_and_command_that_is_named_is_there() {
    let help = |command: &str| {
        let output =
            std::process::Command::new(SAMOVAR).args([command, "--help"]).output().expect("the program starts");
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let commands: BTreeMap<_, _> =
        ["serve", "status", "reload", "graph", "freeze", "check", "explain"].map(|it| (it, help(it))).into();
    let mut wrong = Vec::new();
    let mut flags = 0;
    for document in documents() {
        let shown = document
            .blocks()
            .into_iter()
            .filter(|block| ["sh", "console"].contains(&block.language))
            .map(|block| block.text);
        // Comments are not for readers of the page.
        let code = document.code().into_iter().filter(|code| !code.starts_with("UPDATE="));
        let lines = code.chain(shown).flat_map(|text| text.lines().map(str::to_owned).collect::<Vec<_>>());
        for line in lines.filter(|line| {
            !["cargo", "just", "rsync", "git ", "curl "]
                .iter()
                .any(|tool| line.trim_start_matches("$ ").starts_with(tool))
        }) {
            let words: Vec<_> =
                line.split_whitespace().map(|word| word.trim_matches(['`', ',', '(', ')', '\'', '"'])).collect();
            let command =
                words.windows(2).find(|pair| pair[0].rsplit('/').next() == Some("samovar")).map(|pair| pair[1]);
            let command = command.filter(|command| command.chars().all(|c| c.is_ascii_lowercase()));
            if let Some(command) = command.filter(|command| !commands.contains_key(command)) {
                wrong.push(format!("{}: samovar {command}", document.name));
            }
            for flag in words.iter().filter(|word| word.starts_with("--") && **word != "-->" && word.len() > 2) {
                flags += 1;
                let flag = flag.split('=').next().unwrap_or(flag);
                let is_in = |help: &String| help.split_whitespace().any(|word| word.trim_matches(',') == flag);
                let is_there = match command.and_then(|command| commands.get(command)) {
                    Some(help) => is_in(help),
                    None => commands.values().any(is_in),
                };
                if !is_there {
                    wrong.push(format!("{}: {line}: {flag}", document.name));
                }
            }
        }
    }
    assert!(flags > 10, "{flags}");
    check_none("flags and commands that are not there", &wrong);
}

const MIGRATION: &str = "docs/coming-from-mod_python.md";

/// Functions that Rhai has, and what only stands for one.
const OF_RHAI: &[&str] = &["handler", "f", "sort", "total", "area", "slow", "to_string", "len", "is_def_fn", "g", "h"];

#[test]
fn every_function_and_directive_that_the_guide_names_is_there() {
    let defined = Defined::new();
    let mut wrong = Vec::new();
    let mut functions = 0;
    for name in [
        "docs/scripts.md",
        "docs/state-and-reloads.md",
        "docs/limitations.md",
        "docs/operating.md",
        "docs/getting-started.md",
        "docs/embedding.md",
        "docs/how-it-works.md",
        MIGRATION,
        "README.md",
        "SECURITY.md",
    ] {
        let mut document = document(name);
        if name == MIGRATION {
            // The other cells are in Python.
            let cells = document.text.lines().filter_map(|line| line.strip_prefix("| ")?.split(" | ").nth(1));
            document.text = cells.collect::<Vec<_>>().join("\n");
        }
        for code in document.code() {
            // A call, or a property of the request.
            let called = code.match_indices('(').filter_map(|(at, _)| {
                let word = code[..at].rsplit(|c: char| !(c.is_alphanumeric() || c == '_')).next().unwrap_or("");
                word.starts_with(|c: char| c.is_ascii_lowercase() || c == '_').then(|| word.to_owned())
            });
            let read = code.match_indices("req.").map(|(at, start)| {
                code[at + start.len()..]
                    .split(|c: char| !(c.is_alphanumeric() || c == '_'))
                    .next()
                    .unwrap_or("")
                    .to_owned()
            });
            for function in called.chain(read).filter(|function| !OF_RHAI.contains(&function.as_str())) {
                functions += 1;
                if !defined.registers(&function) && !defined.has(&function) {
                    wrong.push(format!("{name}: `{code}`: {function}"));
                }
            }
            let directive =
                code.split([' ', '<', '>', '"']).find(|word| !word.is_empty()).filter(|word| word.starts_with("Rhai"));
            if let Some(directive) = directive.filter(|word| is_type(word) && !is_directive(word)) {
                wrong.push(format!("{name}: {directive}"));
            }
        }
    }
    assert!(functions > 60, "{functions}");
    check_none("functions and directives that are not there", &wrong);
}
