//! What happened and what is, as JSON.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use samovar_importer::{Counts, Diagnostic, Loader, Outcome, Registry, Status, Watch, rfc3339};
use samovar_rhai::{milliseconds, module_json};
use serde_json::{Value, json};

/// An interpreter.
pub(crate) fn status(status: &Status) -> Value {
    json!({
        "name": status.interpreter,
        "generation": status.generation,
        "frozen": status.frozen,
        "modules": status.modules.iter().map(module_json).collect::<Vec<_>>(),
        "old_instances": status.retained.iter().map(|old| json!({
            "path": old.path.to_string_lossy(),
            "generation": old.record.generation,
            "loaded": rfc3339(old.record.loaded),
            "replaced": rfc3339(old.replaced),
            "holders": old.holders.iter().map(ToString::to_string).collect::<Vec<_>>(),
        })).collect::<Vec<_>>(),
        "refusals": status.refusals.iter().map(|it| diagnostics(it)).collect::<Vec<_>>(),
        "counters": counters(&status.counts),
        "watch": watch(&status.watch),
    })
}

/// What a reload came to.
pub(crate) fn outcome<L: Loader>(name: &str, outcome: &Outcome, registry: &Arc<Registry<L>>) -> Value {
    let mut report = match outcome {
        Outcome::Published { modules, took, .. } => json!({
            "outcome": "reloaded",
            "took_ms": milliseconds(*took),
            "modules": modules.iter().map(|(path, reason)| json!({
                "path": path.to_string_lossy(),
                "reason": reason.to_string(),
            })).collect::<Vec<_>>(),
        }),
        Outcome::Refused(refused) => json!({"outcome": "refused", "diagnostics": diagnostics(refused)}),
        Outcome::UpToDate => up_to_date(registry),
        Outcome::Frozen => json!({"outcome": "frozen"}),
    };
    report["name"] = name.into();
    let snapshot = registry.snapshot();
    report["generation"] = snapshot.generation().into();
    if let Some(newest) = snapshot.iter().map(|module| module.record().loaded).max() {
        report["age_ms"] = milliseconds(newest.elapsed().unwrap_or_default()).into();
    }
    report
}

/// So long ago a change was published at most that this may have been asked for because of it.
const RECENT: Duration = Duration::from_secs(10);

/// Nothing is left to do: whoever has just saved something wants to know what came of it all the same.
fn up_to_date<L: Loader>(registry: &Arc<Registry<L>>) -> Value {
    let mut report = json!({"outcome": "up to date"});
    let is_recent = |at: SystemTime| at.elapsed().is_ok_and(|age| age < RECENT);
    let status = registry.status();
    if let Some(latest) = status.latest.filter(|latest| is_recent(latest.at)) {
        let records = status.modules.iter().filter_map(|module| Some((&module.path, module.record.as_ref()?)));
        let reloaded = records.filter(|(_, record)| record.instances > 1 && is_recent(record.loaded));
        let modules =
            reloaded.map(|(path, record)| json!({"path": path.to_string_lossy(), "reason": record.reason.to_string()}));
        report["modules"] = modules.collect();
        report["took_ms"] = milliseconds(latest.took).into();
        report["reloaded_ms_ago"] = milliseconds(latest.at.elapsed().unwrap_or_default()).into();
    }
    report
}

fn diagnostics(diagnostics: &[Diagnostic]) -> Value {
    diagnostics.iter().map(diagnostic).collect()
}

/// What is wrong, in parts, and `rendered` for people.
fn diagnostic(diagnostic: &Diagnostic) -> Value {
    let place = diagnostic.place.as_ref();
    json!({
        "message": diagnostic.message,
        "place": place.map(|it| json!({"file": it.file.to_string_lossy(), "line": it.line, "column": it.column})),
        "rendered": diagnostic.render(false),
    })
}

fn counters(counts: &Counts) -> Value {
    json!({
        "reloads": counts.reloads,
        "refused": counts.refused,
        "first_loads": counts.first_loads,
        "failed_loads": counts.failed_loads,
        "runs": counts.runs,
        "carried": counts.carried,
        "carry_failed": counts.carry_failed,
        "dropped": counts.dropped,
    })
}

fn watch(watch: &Watch) -> Value {
    match watch {
        Watch::Events => json!({"by": "events"}),
        Watch::Polling { reason } => json!({"by": "polling", "reason": reason}),
        Watch::Off => json!({"by": "nobody"}),
    }
}
