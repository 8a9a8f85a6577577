//! What the guide says about state is true: its scripts are saved one after the other, and answer as it says.

use bytes::Bytes;
use samovar_rhai::{Exchange, RequestHead};

use crate::site::Site;

const GUIDE: &str = include_str!("../../../docs/state-and-reloads.md");

/// One step through the guide.
#[derive(Debug)]
enum Step<'a> {
    /// Save this text under this name.
    Save(&'a str, &'a str),
    /// Ask this module for these answers.
    Ask(&'a str, Vec<&'a str>),
}

/// Blocks of Rhai, whose first line names their file, and what is expected: `<!-- module: answer · answer -->`.
fn steps(guide: &str) -> Vec<Step<'_>> {
    let mut steps = Vec::new();
    let mut rest = guide;
    while let Some(at) = ["```rhai\n", "<!-- "].iter().filter_map(|start| rest.find(start)).min() {
        rest = &rest[at..];
        let (step, end) = match rest.strip_prefix("```rhai\n") {
            Some(block) => {
                let (text, _) = block.split_once("```").expect("a block ends");
                let file =
                    text.lines().next().and_then(|line| line.strip_prefix("// ")).expect("a block names its file");
                (Step::Save(file, text), "```\n")
            }
            None => {
                let (text, _) = rest["<!-- ".len()..].split_once(" -->").expect("a comment ends");
                let (module, answers) = text.split_once(": ").expect("a module and its answers");
                (Step::Ask(module, answers.split(" · ").collect()), "-->")
            }
        };
        steps.push(step);
        let end = rest.match_indices(end).find(|(at, _)| *at > 3).map_or(rest.len(), |(at, found)| at + found.len());
        rest = &rest[end..];
    }
    steps
}

#[test]
fn the_guide_s_scripts_do_what_it_says() {
    let site = Site::new("");
    let steps = steps(GUIDE);
    assert!(steps.len() > 15, "{steps:?}");
    for step in steps {
        match step {
            Step::Save(file, text) => {
                site.write(&format!("=== {file}\n{text}"));
                let said = site.reload();
                assert!(said.starts_with("reloaded") || said == "UpToDate", "{text}: {said}");
            }
            Step::Ask(module, answers) => {
                let handler = site.interpreter.handler(module).expect("found");
                for expected in answers {
                    let answer = handler.respond(&request()).expect("an answer");
                    let answer = String::from_utf8_lossy(answer.body()).replace(',', ", ").replace(",  ", ", ");
                    assert_eq!(answer, expected, "{module}");
                }
            }
        }
    }
    let trace = site.trace();
    assert!(!trace.contains("failed") && !trace.contains("code"), "{trace}");
}

fn request() -> Exchange {
    let head = RequestHead {
        method: http::Method::GET,
        uri: "/".into(),
        path: "/".into(),
        path_info: String::new(),
        query: String::new(),
        headers: http::HeaderMap::new(),
        remote_ip: None,
        filename: String::new(),
    };
    Exchange::new(head, Bytes::new())
}
