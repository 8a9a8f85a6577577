//! `samovar status`: what a running server is doing.

use std::fmt::Write as _;

use clap::Args;
use serde_json::{Value, json};

use super::{
    Failure, colour,
    server::{Server, ago, count, interpreters, list, print, print_json, rendered, table, text},
};

/// Show what a running server has loaded, and what it refuses.
#[derive(Args)]
pub(crate) struct Status {
    #[command(flatten)]
    server: Server,
    /// Write JSON, for programs.
    #[arg(long)]
    json: bool,
    /// Exit with 1 if anything is refused or degraded, and say only that: for monitoring.
    ///
    /// That is: a configuration or a change that is refused, a module that could not be loaded, changes that the system
    /// does not report, and a server that does not run or does not answer.
    #[arg(long)]
    check: bool,
    /// List all modules, however many.
    #[arg(long)]
    all: bool,
}

/// How many modules of an interpreter are listed; those that differ from their files come first.
const SHOWN: usize = 40;

pub(crate) fn run(arguments: &Status) -> Result<(), Failure> {
    let mut answer =
        arguments.server.ask_at_once(json!({"command": "status", "colour": !arguments.json && colour::of_output()}))?;
    if arguments.json {
        print_json(&answer);
        let is_fine = !arguments.check || list(&answer["problems"]).next().is_none();
        return if is_fine { Ok(()) } else { Err(Failure(String::new())) };
    }
    arguments.server.shorten(&mut answer);
    if arguments.check {
        return check(&answer);
    }
    print(&describe(&answer, if arguments.all { usize::MAX } else { SHOWN }));
    Ok(())
}

fn check(answer: &Value) -> Result<(), Failure> {
    let line = |problem: &Value| match problem["interpreter"].as_str() {
        Some(interpreter) => format!("error: {interpreter}: {}", text(&problem["message"])),
        None => format!("error: {}", text(&problem["message"])),
    };
    let problems: Vec<_> = list(&answer["problems"]).map(line).collect();
    if !problems.is_empty() {
        return Err(Failure(problems.join("\n")));
    }
    let modules = interpreters(answer).map(|interpreter| list(&interpreter["modules"]).count()).sum();
    print(&format!("nothing is refused or degraded: {}", count(modules, "module")));
    Ok(())
}

fn describe(answer: &Value, shown: usize) -> String {
    let addresses: Vec<_> = list(&answer["listens"]).map(|address| format!("http://{}", text(address))).collect();
    let up = ago(answer["uptime_s"].as_f64().unwrap_or_default() * 1000.0);
    let mut page = format!("samovar {}, process {}, up {up}", text(&answer["version"]), answer["pid"]);
    let _ = writeln!(page, ", {}", addresses.join(", "));
    let requests = &answer["requests"];
    let received = usize::try_from(requests["received"].as_u64().unwrap_or_default()).unwrap_or(usize::MAX);
    let _ = write!(page, "{}, {} under way", count(received, "request"), requests["under_way"]);
    let _ = writeln!(page, ", {} answered with an error of the server", requests["failed"]);
    let configuration = &answer["configuration"];
    if configuration["state"] == "refused" {
        let since = short(text(&configuration["refused"]));
        let _ = writeln!(page, "\nThe configuration was refused at {since}, the one before holds on:");
        let _ = writeln!(page, "{}", text(&configuration["rendered"]));
    }
    if interpreters(answer).next().is_none() {
        page += "\nNothing is loaded yet: interpreters start with the first request that needs them.\n";
    }
    for interpreter in interpreters(answer) {
        page += &describe_interpreter(interpreter, shown);
    }
    page
}

fn describe_interpreter(interpreter: &Value, shown: usize) -> String {
    let mut modules: Vec<_> = list(&interpreter["modules"]).collect();
    let counters = &interpreter["counters"];
    let reloads = usize::try_from(counters["reloads"].as_u64().unwrap_or_default()).unwrap_or(usize::MAX);
    let mut page = format!("\n{}: generation {}", text(&interpreter["name"]), interpreter["generation"]);
    let _ = write!(page, ", release {}", interpreter["release"]);
    let _ = write!(page, ", {}", count(modules.len(), "module"));
    let _ = write!(page, ", {}, {} refused", count(reloads, "reload"), counters["refused"]);
    let _ = writeln!(page, ", {}", watch(interpreter));
    if !modules.is_empty() {
        let head = ["MODULE", "STATE", "GENERATION", "LOADS", "LOADED", "TOOK", "WHY"].map(String::from).to_vec();
        if modules.len() > shown {
            modules.sort_by_key(|module| is_as_saved(module));
        }
        let rows: Vec<_> = std::iter::once(head).chain(modules.iter().take(shown).map(|module| row(module))).collect();
        page += &table(&rows);
        if let Some(rest) = modules.get(shown..).filter(|rest| !rest.is_empty()) {
            let wrong = rest.iter().filter(|module| !is_as_saved(module)).count();
            let what = if wrong == 0 { "up to date".into() } else { format!("{wrong} of them not up to date") };
            let _ = writeln!(page, "  and {} more, {what}; --all lists them", rest.len());
        }
    }
    for old in list(&interpreter["old_instances"]) {
        let holders: Vec<_> = list(&old["holders"]).map(text).collect();
        let _ = write!(page, "  still alive: {} of generation {}", text(&old["path"]), old["generation"]);
        let _ = writeln!(page, ", held by {}", holders.join(" and "));
    }
    let refused: Vec<_> = list(&interpreter["refusals"]).flat_map(list).collect();
    if !refused.is_empty() {
        let _ = writeln!(page, "\n{}", rendered(&refused));
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

/// Is the module up to date with its file, as far as is known?
fn is_as_saved(module: &Value) -> bool {
    module["state"] == "up to date" && matches!(text(&module["disk"]), "" | "same")
}

/// A time, to the second.
fn short(time: &str) -> &str {
    time.split('.').next().unwrap_or(time)
}

fn row(module: &Value) -> Vec<String> {
    let state = match (text(&module["state"]), text(&module["disk"])) {
        ("stale", _) => format!("stale: last good since {}", short(text(&module["last_good_since"]))),
        ("up to date", "differs") => "the file differs".to_owned(),
        ("up to date", "gone") => "the file is gone".to_owned(),
        ("up to date", other) if !matches!(other, "" | "same") => format!("the file {other}"),
        (state, _) => state.to_owned(),
    };
    let mut row = vec![text(&module["path"]).to_owned(), state];
    if module["generation"].is_null() {
        let why = match text(&module["state"]) {
            "waiting" => "it was saved together with a refused change, and is loaded once that is corrected",
            _ => text(&module["error"]),
        };
        row.extend([String::new(), String::new(), String::new(), String::new(), why.to_owned()]);
        return row;
    }
    row.push(module["generation"].to_string());
    row.push(module["instances"].to_string());
    row.push(format!("{} ago", ago(module["age_ms"].as_f64().unwrap_or_default())));
    row.push(format!("{:.1} ms", module["took_ms"].as_f64().unwrap_or_default()));
    row.push(text(&module["reason"]).to_owned());
    row
}
