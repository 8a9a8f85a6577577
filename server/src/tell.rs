//! What happens in the interpreters, told to the log in the words of people.

use std::{io, path::Path, sync::Arc, time::Duration};

use samovar_importer::{Event, Reason};
use samovar_rhai::Interpreter;

/// Follows an interpreter's events until it is gone.
pub(crate) fn follow(interpreter: &Interpreter) -> io::Result<()> {
    let events = interpreter.subscribe();
    let name = interpreter.name().to_owned();
    let follow = move || events.iter().for_each(|event| tell(&name, event));
    std::thread::Builder::new().name("samovar-events".into()).spawn(follow).map(drop)
}

fn tell(interpreter: &str, event: Event) {
    // As short as it can be typed from where the program was started.
    let here = std::env::current_dir().unwrap_or_default();
    let name = |path: &Path| path.strip_prefix(&here).unwrap_or(path).display().to_string();
    let names = |paths: &[Arc<Path>]| paths.iter().map(|path| name(path)).collect::<Vec<_>>().join(", ");
    match event {
        Event::Loaded { path, reason, generation, took, log: true } => {
            let what = if reason == Reason::First { "importing" } else { "reimporting" };
            let (path, took) = (name(&path), milliseconds(took));
            tracing::info!("{interpreter}: {what} {path} for generation {generation} in {took}: {reason}");
        }
        Event::Carried { path, generation, took, log: true } => {
            let (path, took) = (name(&path), milliseconds(took));
            tracing::info!("{interpreter}: cloning {path} of generation {generation} in {took}");
        }
        Event::Purged { path, generation, took, log: true, diagnostic: None } => {
            let (path, took) = (name(&path), milliseconds(took));
            tracing::info!("{interpreter}: purging {path} of generation {generation} in {took}");
        }
        // Only modules were dropped, which is told for each of them, or another name of one was met, which is no news.
        Event::Published { modules, .. } if modules.is_empty() => {}
        Event::Published { generation, modules, reload: true, took } => {
            let took = milliseconds(took);
            tracing::info!("{interpreter}: reloaded {} in {took}, generation {generation}", names(&modules));
        }
        Event::Published { generation, modules, reload: false, took } => {
            let took = milliseconds(took);
            tracing::info!("{interpreter}: loaded {} in {took}, generation {generation}", names(&modules));
        }
        Event::Refused { generation, diagnostics } => {
            let rendered: Vec<_> = diagnostics.iter().map(|diagnostic| diagnostic.render(false)).collect();
            let rendered = rendered.join("\n\n");
            tracing::error!("{interpreter}: a change was refused, generation {generation} is served on\n{rendered}");
        }
        Event::CarryFailed { path, diagnostic } => {
            let rendered = diagnostic.render(false);
            tracing::error!("{interpreter}: __mp_clone__ of {} failed, its state is lost\n{rendered}", name(&path));
        }
        Event::Purged { path, diagnostic: Some(diagnostic), .. } => {
            tracing::error!("{interpreter}: __mp_purge__ of {} failed\n{}", name(&path), diagnostic.render(false));
        }
        Event::Mended { generation } => {
            tracing::info!(
                "{interpreter}: the refused change was taken back, generation {generation} is what the files say"
            );
        }
        Event::Removed { path } => {
            tracing::warn!("{interpreter}: {} was removed; what is loaded of it is served on", name(&path));
        }
        Event::Dropped { path } => tracing::info!("{interpreter}: dropped {}, whose file is gone", name(&path)),
        Event::MixedPolicy { path, origins: [on, off] } => {
            tracing::warn!(
                "{interpreter}: {} is imported with RhaiAutoReload On ({on}) and Off ({off}); it is reloaded",
                name(&path)
            );
        }
        Event::WatchDegraded { reason } => {
            tracing::warn!("{interpreter}: not all changes are told by the system, so they are found later: {reason}");
        }
        Event::WatchRestored => tracing::info!("{interpreter}: all changes are told by the system again"),
        Event::CodeCarried { path, diagnostic } => {
            // Nothing went wrong yet, and the excerpt should not say so.
            let rendered = diagnostic.render_warning(false);
            tracing::warn!("{interpreter}: reloading {}\n{rendered}", name(&path));
        }
        Event::Retained(old) => {
            let holders = old.holders.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
            let (path, generation) = (name(&old.path), old.record.generation);
            tracing::warn!(
                "{interpreter}: old code of {path}, from generation {generation}, is kept in memory by {holders}"
            );
        }
        Event::Frozen => tracing::info!("{interpreter}: frozen, nothing is reloaded any more"),
        other => tracing::debug!("{interpreter}: {other:?}"),
    }
}

fn milliseconds(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1000.0)
}
