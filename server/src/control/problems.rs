//! The problems of a server, for monitoring: whatever is refused or degraded.
//!
//! Reloading that is off or frozen is no problem, since the configuration says so; nor is a file that differs from what is
//! served. Old code that is kept in memory may be a leak or a long request, so it is no problem either.

use std::sync::Arc;

use samovar_importer::{Diagnostic, ModuleStatus, State, Status, Watch};
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
            if let State::Failed(diagnostic) = &module.state
                && !waits(module, &status.refusals)
            {
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

/// Does a module that nobody has loaded yet fail for the very reason for which a change is refused? Then it was saved together
/// with that change, and is loaded once the change is corrected (L2): it is no problem of its own.
pub(super) fn waits(module: &ModuleStatus, refusals: &[Arc<[Diagnostic]>]) -> bool {
    let State::Failed(failure) = &module.state else { return false };
    let is_its = |refused: &Diagnostic| refused.message == failure.message && refused.place == failure.place;
    refusals.iter().flat_map(|refusal| refusal.iter()).any(is_its)
}

fn in_line(text: &str) -> String {
    text.replace(['\n', '\r'], " ")
}
