//! Logs the events of interpreters.
//!
//! At level info, messages stay short however many modules there are; at debug each module has a line.

use std::{
    io,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::Receiver,
    },
    time::Duration,
};

use samovar_importer::{Diagnostic, Event, Reason};
use samovar_rhai::Interpreter;

use super::repeated;
use crate::remedy::worded;

/// Follows an interpreter's events until it is gone.
///
/// `shows_refusals`: is `RhaiDebug` on anywhere, so that clients see a refused change?
pub(crate) fn follow(interpreter: &Interpreter, shows_refusals: Arc<AtomicBool>) -> io::Result<()> {
    let events = interpreter.subscribe();
    let name = interpreter.name().to_owned();
    let follow = move || {
        let mut next = None;
        while let Some(event) = next.take().or_else(|| events.recv().ok()) {
            match gone(&event) {
                Some(first) => next = tell_of_gone(&name, first, &events),
                None => tell(&name, event, shows_refusals.load(Ordering::Relaxed)),
            }
        }
    };
    std::thread::Builder::new().name("samovar-events".into()).spawn(follow).map(drop)
}

fn tell(interpreter: &str, event: Event, shows_refusals: bool) {
    // Paths are relative to the working directory of the program.
    let here = std::env::current_dir().unwrap_or_default();
    let name = |path: &Path| path.strip_prefix(&here).unwrap_or(path).display().to_string();
    match event {
        Event::Loaded { path, reason, generation, took, log } => {
            let what = if reason == Reason::First { "importing" } else { "reimporting" };
            let (path, took) = (name(&path), milliseconds(took));
            let reason = match &reason {
                Reason::Child(child) => format!("{} changed", name(child)),
                other => other.to_string(),
            };
            detail(log, format_args!("{interpreter}: {what} {path} for generation {generation} in {took}: {reason}"));
        }
        Event::Carried { path, generation, took, log } => {
            let (path, took) = (name(&path), milliseconds(took));
            detail(log, format_args!("{interpreter}: cloning {path} of generation {generation} in {took}"));
        }
        Event::Purged { path, generation, took, log, diagnostic: None } => {
            let (path, took) = (name(&path), milliseconds(took));
            detail(log, format_args!("{interpreter}: purging {path} of generation {generation} in {took}"));
        }
        // Modules were dropped, which has events of its own, or a module has another name.
        Event::Published { modules, .. } if modules.is_empty() => {}
        Event::Published { generation, modules, reload: true, took } => {
            let took = milliseconds(took);
            tracing::info!("{interpreter}: reloaded {} in {took}, generation {generation}", names(&modules, &here));
        }
        Event::Published { generation, modules, reload: false, took } => {
            let took = milliseconds(took);
            // The module that a request asked for comes last, after its imports.
            let modules: Vec<_> = modules.into_iter().rev().collect();
            tracing::info!("{interpreter}: loaded {} in {took}, generation {generation}", names(&modules, &here));
        }
        Event::Refused { generation, diagnostics } => {
            let rendered = rendered(&diagnostics, |diagnostic| worded(diagnostic).render(false));
            let but = match shows_refusals {
                true => ", but where RhaiDebug is On, clients see this in place of the page",
                false => "",
            };
            tracing::error!(
                "{interpreter}: a change was refused, generation {generation} is served on{but}\n{rendered}"
            );
        }
        Event::Warned { generation, diagnostics } => {
            let count =
                if diagnostics.len() == 1 { "a warning".to_owned() } else { format!("{} warnings", diagnostics.len()) };
            let rendered = rendered(&diagnostics, |diagnostic| worded(diagnostic).render_warning(false));
            tracing::warn!("{interpreter}: {count} about generation {generation}\n{rendered}");
        }
        // The request that asked for the module logs its error.
        Event::LoadFailed { path, diagnostic } => {
            tracing::debug!("{interpreter}: {} was not loaded: {}", name(&path), repeated::line(&diagnostic));
        }
        Event::CarryFailed { path, diagnostic } => {
            let rendered = worded(&diagnostic).render(false);
            tracing::error!("{interpreter}: __mp_clone__ of {} failed, its state is lost\n{rendered}", name(&path));
        }
        Event::Purged { path, diagnostic: Some(diagnostic), .. } => {
            tracing::error!(
                "{interpreter}: __mp_purge__ of {} failed\n{}",
                name(&path),
                worded(&diagnostic).render(false)
            );
        }
        Event::Mended { generation } => {
            tracing::info!(
                "{interpreter}: the refused change was taken back, the files are those of generation {generation} again"
            );
        }
        Event::LeftOpen { path } => {
            let path = name(&path);
            tracing::warn!("{interpreter}: {path} is still open for writing; it is loaded once it is closed");
        }
        Event::MixedReloading { path, origins: [on, off] } => {
            tracing::warn!(
                "{interpreter}: {} is imported with RhaiAutoReload On ({on}) and Off ({off}); it is reloaded",
                name(&path)
            );
        }
        Event::WatchDegraded { reason } => {
            tracing::warn!("{interpreter}: the system does not report all changes, so some are found later: {reason}");
        }
        Event::WatchRestored => tracing::info!("{interpreter}: the system reports all changes again"),
        Event::CodeCarried { path, diagnostic } => {
            // It is a warning: nothing has failed yet.
            let rendered = worded(&diagnostic).render_warning(false);
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
        // Events about missing files are handled by `tell_of_gone`; events that later versions of the importer add are ignored.
        _ => {}
    }
}

/// One of the two events about a missing file.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Gone {
    Removed,
    Dropped,
}

fn gone(event: &Event) -> Option<(Gone, Arc<Path>)> {
    match event {
        Event::Removed { path } => Some((Gone::Removed, path.clone())),
        Event::Dropped { path } => Some((Gone::Dropped, path.clone())),
        _ => None,
    }
}

/// The longest pause between events about files that were removed together.
const TOGETHER: Duration = Duration::from_millis(50);

/// Writes one line about all files that went together. Returns the event that came after theirs.
fn tell_of_gone(interpreter: &str, first: (Gone, Arc<Path>), events: &Receiver<Event>) -> Option<Event> {
    let (what, path) = first;
    let mut paths = vec![path];
    let next = loop {
        let Ok(event) = events.recv_timeout(TOGETHER) else { break None };
        match gone(&event).filter(|(same, _)| *same == what) {
            Some((_, path)) => paths.push(path),
            None => break Some(event),
        }
    };
    let here = std::env::current_dir().unwrap_or_default();
    let names = names(&paths, &here);
    match (what, paths.len()) {
        (Gone::Removed, 1) => {
            tracing::warn!("{interpreter}: {names} was removed; its loaded version is still served");
        }
        (Gone::Removed, _) => {
            tracing::warn!("{interpreter}: {names} were removed; their loaded versions are still served");
        }
        (Gone::Dropped, 1) => tracing::info!("{interpreter}: dropped {names}, whose file is gone"),
        (Gone::Dropped, _) => tracing::info!("{interpreter}: dropped {names}, whose files are gone"),
    }
    let what = if what == Gone::Removed { "removed" } else { "dropped" };
    for path in paths.iter().filter(|_| paths.len() > NAMED) {
        tracing::debug!("{interpreter}: {what} {}", path.strip_prefix(&here).unwrap_or(path).display());
    }
    next
}

/// Logs at info if a scope asks for it (R52), else at debug.
fn detail(log: bool, text: std::fmt::Arguments<'_>) {
    match log {
        true => tracing::info!("{text}"),
        false => tracing::debug!("{text}"),
    }
}

/// The most modules that a line names.
const NAMED: usize = 5;
/// The most diagnostics that one message shows.
const IN_FULL: usize = 10;

/// The first names, and the number of the others.
fn names(paths: &[Arc<Path>], here: &Path) -> String {
    let named = if paths.len() > NAMED { NAMED - 2 } else { paths.len() };
    let mut names: Vec<_> =
        paths[..named].iter().map(|path| path.strip_prefix(here).unwrap_or(path).display().to_string()).collect();
    if paths.len() > named {
        let last = names.pop().unwrap_or_default();
        names.push(format!("{last} and {} more", paths.len() - named));
    }
    names.join(", ")
}

fn rendered(diagnostics: &[Diagnostic], render: impl Fn(&Diagnostic) -> String) -> String {
    let mut rendered: Vec<_> = diagnostics.iter().take(IN_FULL).map(render).collect();
    match diagnostics.len().saturating_sub(IN_FULL) {
        0 => {}
        more => rendered.push(format!("and {more} more")),
    }
    rendered.join("\n\n")
}

fn milliseconds(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1000.0)
}
