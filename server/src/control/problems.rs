//! The problems of a server, for monitoring: whatever is refused or degraded.
//!
//! Reloading that is off or frozen is no problem, since the configuration says so; nor is a file that differs from what is
//! served. Old code that is kept in memory may be a leak or a long request, so it is no problem either.

use samovar_importer::{State, Status, Watch};
use serde_json::{Value, json};

use crate::site::RefusedConfiguration;

/// One object for each problem: its `kind`, the `interpreter` if it has one, and a `message` of one line.
pub(super) fn problems(configuration: Option<&RefusedConfiguration>, interpreters: &[Status]) -> Vec<Value> {
    let mut problems = Vec::new();
    if let Some(refused) = configuration {
        let message = format!("the configuration is refused: {}", refused.message);
        problems.push(json!({"kind": "refused configuration", "message": message}));
    }
    for status in interpreters {
        let mut add = |kind: &str, message: String| {
            problems.push(json!({"kind": kind, "interpreter": status.interpreter, "message": message}));
        };
        for refusal in &status.refusals {
            let first = refusal.first().map(ToString::to_string).unwrap_or_default();
            let more = match refusal.len() {
                0 | 1 => String::new(),
                several => format!(" (and {} more)", several - 1),
            };
            add("refused change", format!("a change is refused: {}{more}", in_line(&first)));
        }
        for module in &status.modules {
            if let State::Failed(diagnostic) = &module.state {
                add(
                    "failed load",
                    format!("{} is not loaded: {}", module.path.display(), in_line(&diagnostic.to_string())),
                );
            }
        }
        for problem in &status.history {
            add("history", in_line(&problem.to_string()));
        }
        if let Watch::Polling { reason } = &status.watch {
            add("degraded watching", format!("changes are found by looking: {}", in_line(reason)));
        }
    }
    problems
}

fn in_line(text: &str) -> String {
    text.replace(['\n', '\r'], " ")
}
