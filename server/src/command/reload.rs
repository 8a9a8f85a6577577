//! `samovar reload`: the last step of a deployment script.

use std::fmt::Write as _;

use clap::Args;
use serde_json::{Value, json};

use super::{
    Failure, colour,
    server::{Server, ago, count, interpreters, list, print, print_json, rendered, table, text},
};

/// Reload everything that was saved until now, also where reloading is off.
///
/// Returns when that is done. Exits with 1 if a change was refused, with the errors on standard error, or if all
/// interpreters are frozen.
#[derive(Args)]
pub(crate) struct Reload {
    #[command(flatten)]
    server: Server,
    /// Write JSON, for programs.
    #[arg(long)]
    json: bool,
}

/// How many modules of an interpreter are shown, children first: the changed ones are among them.
const SHOWN: usize = 10;

pub(crate) fn run(arguments: &Reload) -> Result<(), Failure> {
    let mut answer =
        arguments.server.ask(json!({"command": "reload", "colour": !arguments.json && colour::of_errors()}))?;
    match arguments.json {
        true => print_json(&answer),
        false => {
            arguments.server.shorten(&mut answer);
            print(&describe(&answer));
        }
    }
    let refused: Vec<_> = interpreters(&answer).flat_map(|interpreter| list(&interpreter["diagnostics"])).collect();
    if !refused.is_empty() {
        return Err(Failure(rendered(&refused)));
    }
    let mut outcomes = interpreters(&answer).map(|interpreter| text(&interpreter["outcome"])).peekable();
    match outcomes.peek().is_some() && outcomes.all(|outcome| outcome == "frozen") {
        true => Err(Failure("error: reloading has ended: start the server anew to serve what has changed".into())),
        false => Ok(()),
    }
}

fn describe(answer: &Value) -> String {
    if interpreters(answer).next().is_none() {
        return "nothing is loaded yet".into();
    }
    interpreters(answer).map(describe_interpreter).collect()
}

fn describe_interpreter(interpreter: &Value) -> String {
    let (name, generation) = (text(&interpreter["name"]), &interpreter["generation"]);
    let modules: Vec<_> = list(&interpreter["modules"]).collect();
    let mut page = format!("{name}: ");
    let took = interpreter["took_ms"].as_f64().unwrap_or_default();
    let reloaded = format!("reloaded {} in {took:.1} ms", count(modules.len(), "module"));
    let _ = match text(&interpreter["outcome"]) {
        "reloaded" => writeln!(page, "{reloaded}, generation {generation}"),
        "refused" => writeln!(page, "the change was refused, generation {generation} is served on"),
        "frozen" => writeln!(page, "frozen, generation {generation} stays until the server is restarted"),
        _ if !interpreter["reloaded_ms_ago"].is_null() => {
            let age = ago(interpreter["reloaded_ms_ago"].as_f64().unwrap_or_default());
            writeln!(page, "up to date, generation {generation}: {reloaded}, {age} ago")
        }
        _ => match interpreter["age_ms"].as_f64() {
            Some(age) => writeln!(page, "up to date, generation {generation} has been served for {}", ago(age)),
            None => writeln!(page, "nothing is loaded yet"),
        },
    };
    let row = |module: &&Value| vec![text(&module["path"]).to_owned(), text(&module["reason"]).to_owned()];
    page += &table(&modules.iter().take(SHOWN).map(row).collect::<Vec<_>>());
    if let Some(more) = modules.len().checked_sub(SHOWN).filter(|more| *more > 0) {
        let _ = writeln!(page, "  and {more} more; --json lists them all");
    }
    page
}
