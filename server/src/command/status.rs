//! `samovar status`: what a running server is doing.

use std::fmt::Write as _;

use clap::Args;
use serde_json::{Value, json};

use super::{
    Failure,
    server::{Server, ago, count, interpreters, list, print, print_json, table, text},
};

/// Show what a running server has loaded, and what it refuses.
#[derive(Args)]
pub(crate) struct Status {
    #[command(flatten)]
    server: Server,
    /// Write JSON, for programs.
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(arguments: &Status) -> Result<(), Failure> {
    let mut answer = arguments.server.ask_at_once(json!({"command": "status"}))?;
    match arguments.json {
        true => print_json(&answer),
        false => {
            arguments.server.shorten(&mut answer);
            print(&describe(&answer));
        }
    }
    Ok(())
}

fn describe(answer: &Value) -> String {
    let addresses: Vec<_> = list(&answer["listens"]).map(|address| format!("http://{}", text(address))).collect();
    let up = ago(answer["uptime_s"].as_f64().unwrap_or_default() * 1000.0);
    let mut page = format!("samovar {}, process {}, up {up}", text(&answer["version"]), answer["pid"]);
    let _ = writeln!(page, ", {}", addresses.join(", "));
    let requests = &answer["requests"];
    let received = usize::try_from(requests["received"].as_u64().unwrap_or_default()).unwrap_or(usize::MAX);
    let _ = write!(page, "{}, {} under way", count(received, "request"), requests["under_way"]);
    let _ = writeln!(page, ", {} answered with an error of the server", requests["failed"]);
    if interpreters(answer).next().is_none() {
        page += "\nNothing is loaded yet: interpreters start with the first request that needs them.\n";
    }
    for interpreter in interpreters(answer) {
        page += &describe_interpreter(interpreter);
    }
    page
}

fn describe_interpreter(interpreter: &Value) -> String {
    let modules: Vec<_> = list(&interpreter["modules"]).collect();
    let counters = &interpreter["counters"];
    let reloads = usize::try_from(counters["reloads"].as_u64().unwrap_or_default()).unwrap_or(usize::MAX);
    let mut page = format!("\n{}: generation {}", text(&interpreter["name"]), interpreter["generation"]);
    let _ = write!(page, ", {}", count(modules.len(), "module"));
    let _ = write!(page, ", {}, {} refused", count(reloads, "reload"), counters["refused"]);
    let _ = writeln!(page, ", {}", watch(interpreter));
    if !modules.is_empty() {
        let head = ["MODULE", "STATE", "GENERATION", "LOADS", "LOADED", "TOOK", "WHY"].map(String::from).to_vec();
        let rows: Vec<_> = std::iter::once(head).chain(modules.iter().map(|module| row(module))).collect();
        page += &table(&rows);
    }
    for old in list(&interpreter["old_instances"]) {
        let holders: Vec<_> = list(&old["holders"]).map(text).collect();
        let _ = write!(page, "  still alive: {} of generation {}", text(&old["path"]), old["generation"]);
        let _ = writeln!(page, ", held by {}", holders.join(" and "));
    }
    for diagnostic in list(&interpreter["refusals"]).flat_map(list) {
        let _ = writeln!(page, "\n{}", text(&diagnostic["rendered"]));
    }
    page
}

fn watch(interpreter: &Value) -> String {
    let watch = &interpreter["watch"];
    match (interpreter["frozen"].as_bool(), text(&watch["by"])) {
        (Some(true), _) => "frozen".into(),
        (_, "polling") => format!("changes are found by looking: {}", text(&watch["reason"])),
        (_, "nobody") => "changes are found when asked for".into(),
        _ => "changes are found by events".into(),
    }
}

fn row(module: &Value) -> Vec<String> {
    let state = match (text(&module["state"]), text(&module["last_good_since"])) {
        ("stale", since) => format!("stale: last good since {}", since.split('.').next().unwrap_or(since)),
        (state, _) => state.to_owned(),
    };
    let mut row = vec![text(&module["path"]).to_owned(), state];
    if module["generation"].is_null() {
        row.extend([String::new(), String::new(), String::new(), String::new(), text(&module["error"]).to_owned()]);
        return row;
    }
    row.push(module["generation"].to_string());
    row.push(module["instances"].to_string());
    row.push(format!("{} ago", ago(module["age_ms"].as_f64().unwrap_or_default())));
    row.push(format!("{:.1} ms", module["took_ms"].as_f64().unwrap_or_default()));
    row.push(text(&module["reason"]).to_owned());
    row
}
