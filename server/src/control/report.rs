//! Status and reloads as JSON.

use std::{
    path::Path,
    time::{Duration, SystemTime},
};

use samovar_importer::{Counts, Diagnostic, Disk, Outcome, Status, Watch, rfc3339};
use samovar_rhai::{Interpreter, graph_json};
use serde_json::{Value, json};

use crate::{remedy::worded, site::RefusedConfiguration};

/// The current configuration, and a refused one.
pub(crate) fn configuration(path: &Path, refused: Option<&RefusedConfiguration>) -> Value {
    let mut report = json!({"path": path.to_string_lossy(), "state": "up to date"});
    if let Some(refused) = refused {
        report["state"] = "refused".into();
        report["refused"] = rfc3339(refused.at).into();
        report["error"] = refused.message.as_str().into();
        report["rendered"] = refused.rendered.as_str().into();
    }
    report
}

/// An interpreter, and how its modules compare with their files.
pub(crate) fn status(status: &Status, interpreter: &Interpreter, colour: bool) -> Value {
    let disk = interpreter.compare_with_disk();
    let mut modules = graph_json(&status.modules)["modules"].take();
    for (report, module) in modules.as_array_mut().into_iter().flatten().zip(&status.modules) {
        report["disk"] = disk.get(&module.path).map(on_disk).into();
    }
    json!({
        "name": status.interpreter,
        "generation": status.generation,
        "release": status.release,
        "frozen": status.frozen,
        "modules": modules,
        "old_instances": status.retained.iter().map(|old| json!({
            "path": old.path.to_string_lossy(),
            "generation": old.record.generation,
            "loaded": rfc3339(old.record.loaded),
            "replaced": rfc3339(old.replaced),
            "holders": old.holders.iter().map(ToString::to_string).collect::<Vec<_>>(),
        })).collect::<Vec<_>>(),
        "refusals": status.refusals.iter().map(|it| diagnostics(it, colour)).collect::<Vec<_>>(),
        "counters": counters(&status.counts),
        "watch": watch(&status.watch),
    })
}

fn on_disk(disk: &Disk) -> String {
    match disk {
        Disk::Same => "same".into(),
        Disk::Differs => "differs".into(),
        Disk::Missing => "gone".into(),
        Disk::Unreadable(error) => error.to_string(),
    }
}

/// The result of a reload.
pub(crate) fn outcome(interpreter: &Interpreter, outcome: &Outcome, colour: bool) -> Value {
    let mut report = match outcome {
        Outcome::Published { modules, took, .. } => json!({
            "outcome": "reloaded",
            "took_ms": milliseconds(*took),
            "modules": modules.iter().map(|(path, reason)| json!({
                "path": path.to_string_lossy(),
                "reason": reason.to_string(),
            })).collect::<Vec<_>>(),
        }),
        Outcome::Refused(refused) => json!({"outcome": "refused", "diagnostics": diagnostics(refused, colour)}),
        Outcome::UpToDate => up_to_date(interpreter),
        Outcome::Frozen => json!({"outcome": "frozen"}),
    };
    report["name"] = interpreter.name().into();
    let status = interpreter.status();
    report["generation"] = status.generation.into();
    let loaded = status.modules.iter().filter_map(|module| Some(module.record.as_ref()?.loaded));
    if let Some(newest) = loaded.max() {
        report["age_ms"] = milliseconds(newest.elapsed().unwrap_or_default()).into();
    }
    report
}

/// How recent a published change must be for this request to be about it.
const RECENT: Duration = Duration::from_secs(10);

/// Nothing was left to reload; reports a change that was published a moment ago, which the user may have meant.
fn up_to_date(interpreter: &Interpreter) -> Value {
    let mut report = json!({"outcome": "up to date"});
    let is_recent = |at: SystemTime| at.elapsed().is_ok_and(|age| age < RECENT);
    let status = interpreter.status();
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

fn diagnostics(diagnostics: &[Diagnostic], colour: bool) -> Value {
    diagnostics.iter().map(|it| diagnostic(it, colour)).collect()
}

/// A diagnostic in parts, and `rendered` for people.
fn diagnostic(diagnostic: &Diagnostic, colour: bool) -> Value {
    let place = diagnostic.place.as_ref();
    json!({
        "message": diagnostic.message,
        "place": place.map(|it| json!({"file": it.file.to_string_lossy(), "line": it.line, "column": it.column})),
        "rendered": worded(diagnostic).render(colour),
    })
}

/// Milliseconds with three digits behind the point.
fn milliseconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 1_000_000.0).round() / 1000.0
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
