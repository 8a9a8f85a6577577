//! `samovar check`: checks a configuration.

use std::{io::Write, path::PathBuf};

use clap::{Args, ValueEnum};
use samovar::config::{FindingRecord, Report};
use serde_json::{Value, json};

use super::{Failure, colour};

/// Check a configuration and its scripts, and report all errors and warnings.
#[derive(Args)]
pub(crate) struct Check {
    /// A directory, or a configuration file.
    #[arg(default_value = ".")]
    path: PathBuf,
    /// How to print the findings: for people, as a JSON list, or as GitHub's workflow commands.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
    /// The same as `--format json`.
    #[arg(long, conflicts_with = "format")]
    json: bool,
    /// Treat warnings as errors.
    #[arg(long, value_name = "WHAT")]
    deny: Option<Denied>,
    /// Define a name for the configuration.
    #[arg(short = 'D', value_name = "NAME[=VALUE]")]
    define: Vec<String>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    Text,
    Json,
    Github,
}

#[derive(Clone, Copy, ValueEnum)]
enum Denied {
    Warnings,
}

pub(crate) fn run(arguments: &Check) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    let report = samovar::program::check(&arguments.path, &arguments.define);
    let report = report.map_err(|error| Failure(error.render(colour::of_errors())))?;
    let text = match arguments.format {
        _ if arguments.json => pretty(&report),
        Format::Json => pretty(&report),
        Format::Text => told(&report, colour::of_output()),
        Format::Github => report.records().map(|finding| command(&finding)).collect(),
    };
    // A closed pipe is no error.
    let _ = writeln!(out, "{}", text.trim_end());
    let denied = arguments.deny.is_some() && !report.is_empty();
    if report.errors() > 0 || denied { Err(Failure(String::new())) } else { Ok(()) }
}

fn told(report: &Report, colour: bool) -> String {
    let errors = report.errors();
    let warnings = report.findings().len() - errors;
    let count = |number: usize, what: &str| format!("{number} {what}{}", if number == 1 { "" } else { "s" });
    let summary = match (errors, warnings) {
        (0, 0) => "The configuration is right.".to_owned(),
        (0, warnings) => format!("The configuration can be used; {}.", count(warnings, "warning")),
        (errors, 0) => format!("The configuration is not right: {}.", count(errors, "error")),
        (errors, warnings) => {
            let (errors, warnings) = (count(errors, "error"), count(warnings, "warning"));
            format!("The configuration is not right: {errors}, {warnings}.")
        }
    };
    format!("{}{summary}", report.render(colour))
}

fn pretty(report: &Report) -> String {
    let findings: Vec<Value> = report.records().map(|finding| data(&finding)).collect();
    serde_json::to_string_pretty(&findings).unwrap_or_default()
}

/// A finding as a workflow command of GitHub, which shows it beside its line.
fn command(finding: &FindingRecord) -> String {
    let title = format!("{} {}", finding.id, finding.slug);
    let place = finding.place.as_ref().map(|place| {
        let number = |number: u32| number.to_string();
        let mut fields =
            vec![("file", seen_from_here(&place.file)), ("line", number(place.line)), ("col", number(place.column))];
        fields.extend([("endLine", number(place.end_line)), ("endColumn", number(place.end_column))]);
        fields
    });
    let fields = place.into_iter().flatten().chain([("title", title)]);
    let fields: Vec<_> = fields.map(|(name, value)| format!("{name}={}", escape(&value, &[':', ',']))).collect();
    let parts = [Some(&finding.message), finding.expected.as_ref(), finding.help.as_ref()];
    let message: Vec<_> = parts.into_iter().flatten().map(String::as_str).collect();
    format!("::{} {}::{}\n", finding.severity, fields.join(","), escape(&message.join("\n"), &[]))
}

/// Escapes what would end a command, or a field of one.
fn escape(text: &str, more: &[char]) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '%' | '\r' | '\n' => out.push_str(&format!("%{:02X}", u32::from(character))),
            _ if more.contains(&character) => out.push_str(&format!("%{:02X}", u32::from(character))),
            _ => out.push(character),
        }
    }
    out
}

/// GitHub expects paths relative to the repository, where such commands run.
fn seen_from_here(file: &str) -> String {
    let here = std::env::current_dir().ok();
    let below = here.and_then(|here| Some(std::path::Path::new(file).strip_prefix(here).ok()?.to_str()?.to_owned()));
    below.unwrap_or_else(|| file.to_owned())
}

fn data(finding: &FindingRecord) -> Value {
    let place = finding.place.as_ref();
    let expected = finding.expected.as_deref();
    json!({
        "severity": finding.severity,
        "code": finding.id,
        "name": finding.slug,
        "file": place.map(|place| &place.file),
        "line": place.map(|place| place.line),
        "column": place.map(|place| place.column),
        "end_line": place.map(|place| place.end_line),
        "end_column": place.map(|place| place.end_column),
        "message": finding.message,
        "expected": expected,
        "help": finding.help,
    })
}
