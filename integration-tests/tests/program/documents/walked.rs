//! Pages that a reader follows step by step: what is saved is saved, what is typed is run, and what is shown is what comes.

use std::process::{Command, Stdio};

use samovar_integration_tests::{Program, Site};

use super::{Block, document};
use crate::SAMOVAR;

/// Where the pages say that the program listens.
const SHOWN_ADDRESS: &str = "http://127.0.0.1:8080";

/// Where they say that the site is.
const SHOWN_DIRECTORY: &str = "/home/ada/tea";

#[test]
fn getting_started_gets_started() {
    walk("docs/getting-started.md", 20);
}

/// Goes through a page from the top.
///
/// A block of `rhai` begins with a comment that names its file, and is saved; a configuration is saved as `samovar.conf`. In a
/// block of `console`, lines that begin with `$ ` are typed, the others are what is printed.
#[track_caller]
fn walk(page: &str, at_least: usize) {
    let document = document(page);
    let site = Site::new("");
    let mut program = None;
    let mut steps = 0;
    for block in document.blocks() {
        let at = format!("{page}:{}", block.line);
        match block.language {
            "rhai" => {
                let file = block.text.lines().next().and_then(|line| line.strip_prefix("// "));
                site.write(file.unwrap_or_else(|| panic!("{at}: the file's name")), &block.text);
                // Whether it is served or refused: what comes next depends on it.
                if program.is_some() {
                    type_in(&site, program.as_ref(), "samovar reload");
                }
                steps += 1;
            }
            "" => {
                site.write("samovar.conf", &block.text);
                steps += 1;
            }
            "console" => steps += follow(&at, &block, &site, &mut program),
            _ => {}
        }
    }
    assert!(steps >= at_least, "{page} has {steps} steps");
}

/// Types what a block says, and compares what is printed.
#[track_caller]
fn follow(at: &str, block: &Block<'_>, site: &Site, program: &mut Option<Program>) -> usize {
    let mut steps = 0;
    for step in format!("\n{}", block.text).split("\n$ ").skip(1) {
        let (typed, expected) = step.split_once('\n').unwrap_or((step, ""));
        let printed = match typed.split(' ').next() {
            // Here is the directory already, and the program is built.
            Some("cargo" | "mkdir" | "cd") => continue,
            _ if typed == "samovar serve" => {
                *program = Some(Program::serve(SAMOVAR, site.path()));
                String::new()
            }
            _ => type_in(site, program.as_ref(), typed),
        };
        assert_eq!(printed.trim_end(), expected.trim_end(), "{at}: {typed}");
        steps += 1;
    }
    steps
}

/// What a command prints that is typed in the directory of the site.
#[track_caller]
fn type_in(site: &Site, program: Option<&Program>, typed: &str) -> String {
    let program = program.unwrap_or_else(|| panic!("{typed}: nothing is served yet"));
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    if typed.starts_with("curl ") {
        assert!(typed.contains(SHOWN_ADDRESS), "{typed}: an address");
        // By a shell, to the letter. Only the port is another.
        let typed = typed.replace(SHOWN_ADDRESS, &format!("http://{}", program.address()));
        let output = Command::new("sh").args(["-c", &typed]).stdin(Stdio::null()).output().expect("a shell");
        assert!(output.status.success(), "{typed}: {output:?}");
        return text(&output.stdout);
    }
    let arguments = typed.strip_prefix("samovar ").unwrap_or_else(|| panic!("{typed}: an unknown command"));
    let mut command = Command::new(SAMOVAR);
    command.args(arguments.split(' ')).current_dir(site.path());
    command.env("XDG_RUNTIME_DIR", program.runtime()).stdin(Stdio::null());
    let output = command.output().expect("the program starts");
    (text(&output.stdout) + &text(&output.stderr)).replace(&*site.path().to_string_lossy(), SHOWN_DIRECTORY)
}
