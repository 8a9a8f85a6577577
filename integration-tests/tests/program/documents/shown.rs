//! What the documents show: configurations are parsed, scripts are served, tables are whole.

use samovar_integration_tests::{Program, Site};

use super::{Document, documents};
use crate::SAMOVAR;

/// A script that a document shows: where, what it needs to be one, what is asked, what is answered.
struct Frame {
    document: &'static str,
    heading: &'static str,
    /// What it is saved as, and the files beside it.
    file: &'static str,
    beside: &'static str,
    asked: &'static str,
    answered: &'static str,
}

/// Pages with tests of their own, which save their scripts one after the other (`script-runtime`, `walked.rs`).
const FOLLOWED: [&str; 2] = ["docs/state-and-reloads.md", "docs/getting-started.md"];

const FRAMES: &[Frame] = &[
    Frame {
        document: "docs/coming-from-mod_python.md",
        heading: "A module, then and now",
        file: "visits.rhai",
        beside: "",
        asked: "/visits",
        answered: "200 visit 1",
    },
    Frame {
        document: "docs/coming-from-mod_python.md",
        heading: "A module, then and now",
        file: "visits.rhai",
        beside: "",
        asked: "/visits",
        answered: "200 visit 1",
    },
    Frame {
        document: "README.md",
        heading: "A script that keeps its state",
        file: "hello.rhai",
        beside: "",
        asked: "/hello?name=Ada",
        answered: "200 Hello, Ada! You are visitor 1.",
    },
    Frame {
        document: "docs/scripts.md",
        heading: "Middleware",
        file: "public/auth.rhai",
        beside: "=== samovar.conf\nDocumentRoot public\nSetHandler rhai\nRhaiAccessHandler auth::from_here\n=== public/page.rhai\nfn handler(req) { req.headers_out[\"Cache-Control\"] }\n",
        asked: "/page",
        answered: "200 no-store",
    },
    Frame {
        document: "docs/scripts.md",
        heading: "Imports",
        file: "page.rhai",
        beside: "=== store.rhai\nconst LINKS = table();\n=== lib/html.rhai\nfn page(count, title) { `<p>${count} ${title}</p>` }\n\
                 === dates.rhai\nlet x = 1;\n=== extra.rhai\nfn title() { \"links\" }\n",
        asked: "/page",
        answered: "200 <p>0 links</p>",
    },
];

#[test]
fn every_script_that_is_shown_runs() {
    let mut frames: Vec<_> = FRAMES.iter().collect();
    for document in documents().iter().filter(|document| !FOLLOWED.contains(&document.name.as_str())) {
        for block in document.blocks().iter().filter(|block| block.language == "rhai") {
            let fits = |frame: &&Frame| frame.document == document.name && frame.heading == block.heading;
            let at = frames.iter().position(fits);
            let at =
                at.unwrap_or_else(|| panic!("{}:{}: nothing is known about this script", document.name, block.line));
            let frame = frames.remove(at);
            let site = Site::new(frame.beside);
            site.write(frame.file, &block.text);
            let program = Program::serve(SAMOVAR, site.path());
            assert_eq!(program.get(frame.asked).brief(), frame.answered, "{}:{}", document.name, block.line);
            // Saved again, it is taken up, and keeps what it says that it keeps.
            site.write(frame.file, format!("{}// again\n", block.text));
            program.wait_for_reload(&[frame.file.rsplit('/').next().unwrap_or_default()]);
            assert_eq!(program.get(frame.asked).status, 200, "{}", program.log());
        }
    }
    assert!(frames.is_empty(), "the document has changed: {}", frames[0].document);
}

#[test]
fn every_configuration_that_is_shown_is_one() {
    /// What the configurations lead to.
    const BESIDE: &str = "=== public/auth.rhai\nfn who(req) { OK }\n";
    let mut shown = 0;
    for document in documents() {
        let is_configuration = |heading: &str, text: &str| {
            let first = text.split_whitespace().next().unwrap_or_default();
            // The synopsis of a directive stands below its name.
            first != heading && first.starts_with(|c: char| c.is_ascii_uppercase() || c == '<') && !text.contains('─')
        };
        for block in document
            .blocks()
            .iter()
            .filter(|block| ["", "apache"].contains(&block.language) && is_configuration(block.heading, &block.text))
        {
            shown += 1;
            let site = Site::new(BESIDE);
            site.write("samovar.conf", &block.text);
            let report = samovar::program::check(site.path(), &[]).expect("it can be read");
            let wrong: Vec<_> = report.records().map(|finding| finding.message).collect();
            assert!(wrong.is_empty(), "{}:{}: {wrong:?}", document.name, block.line);
        }
    }
    assert!(shown > 0, "nothing was shown");
}

#[test]
fn every_row_of_a_table_has_as_many_cells_as_its_head() {
    let cells = |line: &str| line.replace("\\|", "").matches('|').count();
    for Document { name, text } in documents() {
        let mut head = None;
        let mut is_block = false;
        let lines: Vec<_> = text.lines().collect();
        for (number, line) in lines.iter().enumerate() {
            is_block ^= line.starts_with("```");
            if is_block || !line.starts_with('|') {
                // Outside of tables, a bar needs no escape, and shows it.
                let escaped = line.split('`').skip(1).step_by(2).any(|code| code.contains("\\|"));
                assert!(is_block || !escaped, "{name}:{}: {line}", number + 1);
                head = None;
                continue;
            }
            if head.is_none() {
                let below = lines.get(number + 1).copied().unwrap_or_default();
                assert!(below.starts_with("|---"), "{name}:{}: a table without a head: {line}", number + 1);
            }
            assert_eq!(cells(line), *head.get_or_insert(cells(line)), "{name}:{}: {line}", number + 1);
        }
    }
}
