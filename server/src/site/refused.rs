//! A refused configuration, for `samovar status`.

use std::time::SystemTime;

use samovar_config::Report;

use crate::error::OpenError;

/// The configuration in the files, if it was refused. The previous one stays in force.
#[derive(Clone, Debug)]
pub struct RefusedConfiguration {
    /// When it was refused.
    pub at: SystemTime,
    /// What is wrong, in one line.
    pub message: String,
    /// Everything that is wrong, with excerpts.
    pub rendered: String,
}

impl RefusedConfiguration {
    pub(crate) fn new(error: &OpenError) -> Self {
        let message = match error {
            OpenError::Configuration(report) => first(report),
            OpenError::Import { origin, diagnostic } => format!("{diagnostic} (imported by {origin})"),
            other => other.to_string(),
        };
        let message = message.replace(['\n', '\r'], " ");
        Self { at: SystemTime::now(), message, rendered: error.render(false).trim_end().to_owned() }
    }
}

/// The first error, with its place, and how many more there are.
fn first(report: &Report) -> String {
    let mut errors = report.records().filter(|finding| finding.severity == "error");
    let Some(first) = errors.next() else { return "the configuration is wrong".into() };
    let place = first.place.map(|place| format!("{}:{}:{}: ", place.file, place.line, place.column));
    let more = match errors.count() {
        0 => String::new(),
        1 => " (and 1 more error)".into(),
        more => format!(" (and {more} more errors)"),
    };
    format!("{}{}{more}", place.unwrap_or_default(), first.message)
}
