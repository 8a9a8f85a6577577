//! `samovar check`: says everything that is wrong with a configuration.

use std::{
    io::{IsTerminal, Write},
    path::PathBuf,
};

use clap::{Args, ValueEnum};
use samovar::config::{Finding, Report};
use serde_json::{Value, json};

use super::Failure;

/// Say everything that is wrong with a configuration, and what cannot be meant.
#[derive(Args)]
pub(crate) struct Check {
    /// A directory, or a configuration file.
    path: PathBuf,
    /// Print the findings as JSON, a list.
    #[arg(long)]
    json: bool,
    /// Take warnings for errors.
    #[arg(long, value_name = "WHAT")]
    deny: Option<Denied>,
    /// Define a name for the configuration.
    #[arg(short = 'D', value_name = "NAME[=VALUE]")]
    define: Vec<String>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Denied {
    Warnings,
}

pub(crate) fn run(arguments: &Check) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    let colour = out.is_terminal();
    let report = samovar::check(&arguments.path, &arguments.define);
    let report = report.map_err(|error| Failure(error.render(std::io::stderr().is_terminal())))?;
    let text = if arguments.json { pretty(&report) } else { told(&report, colour) };
    // Whoever closes the pipe has read enough.
    let _ = writeln!(out, "{}", text.trim_end());
    let denied = arguments.deny.is_some() && !report.is_empty();
    if report.errors() > 0 || denied { Err(Failure(String::new())) } else { Ok(()) }
}

fn told(report: &Report, colour: bool) -> String {
    let errors = report.errors();
    let warnings = report.diagnostics().len() - errors;
    let count = |number: usize, what: &str| format!("{number} {what}{}", if number == 1 { "" } else { "s" });
    let summary = match (errors, warnings) {
        (0, 0) => "The configuration is right.".to_owned(),
        (0, warnings) => format!("The configuration can be used; {}.", count(warnings, "warning")),
        (errors, 0) => format!("The configuration cannot be used: {}.", count(errors, "error")),
        (errors, warnings) => {
            let (errors, warnings) = (count(errors, "error"), count(warnings, "warning"));
            format!("The configuration cannot be used: {errors}, {warnings}.")
        }
    };
    format!("{}{summary}", report.render(colour))
}

fn pretty(report: &Report) -> String {
    let findings: Vec<Value> = report.findings().map(|finding| data(&finding)).collect();
    serde_json::to_string_pretty(&findings).unwrap_or_default()
}

fn data(finding: &Finding) -> Value {
    let place = finding.place.as_ref();
    let expected = finding.expected.as_deref();
    json!({
        "severity": finding.severity,
        "code": finding.id,
        "name": finding.slug,
        "file": place.map(|place| &place.file),
        "line": place.map(|place| place.line),
        "column": place.map(|place| place.column),
        "message": finding.message,
        "expected": expected,
        "help": finding.help,
    })
}
